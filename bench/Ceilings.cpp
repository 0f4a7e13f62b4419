//===- Ceilings.cpp - what the machine can do at most ---------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Compiled for the processor that it runs on: vectors are as wide as that has
// them. Each figure is the best of several tries, since the machine can do what
// it did once; empty asm keeps the compiler from doing less than what is
// counted.
//
//===----------------------------------------------------------------------===//

#include "Ceilings.h"
#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <fstream>
#include <new>
#include <sched.h>
#include <string>
#include <sys/mman.h>
#include <thread>
#include <vector>
#ifdef __x86_64__
#include <immintrin.h>
#endif
#ifdef __AMX_BF16__
#include <sys/syscall.h>
#include <unistd.h>
#endif

namespace {

#if defined(__AVX512F__)
constexpr size_t vectorBytes = 64;
#elif defined(__AVX__)
constexpr size_t vectorBytes = 32;
#else
constexpr size_t vectorBytes = 16;
#endif
using Vector __attribute__((vector_size(vectorBytes))) = float;
constexpr size_t vectorFloats = vectorBytes / sizeof(float);

/// Makes the compiler believe that `v` changes here.
#ifdef __aarch64__
#define CHANGE(v) asm volatile("" : "+w"(v))
#else
#define CHANGE(v) asm volatile("" : "+v"(v))
#endif

/// Enough to fill two units of four cycles' latency, few enough for the
/// registers of every level.
constexpr int chains = 12;

double seconds() {
  using namespace std::chrono;
  return duration<double>(steady_clock::now().time_since_epoch()).count();
}

/// The smallest time of a call.
template <typename Work> double fastest(int tries, Work work) {
  double best = 1e30;
  for (int i = 0; i < tries; ++i) {
    double start = seconds();
    work();
    best = std::min(best, seconds() - start);
  }
  return best;
}

/// Operations per second of multiply-adds, which count two.
double f32Peak() {
  constexpr int64_t repeats = 400000;
  double time = fastest(15, [] {
    Vector sums[chains] = {}, a = {}, b = {};
    CHANGE(a);
    CHANGE(b);
    for (int64_t i = 0; i < repeats; ++i) {
#pragma GCC unroll 12
      for (int k = 0; k < chains; ++k) {
        sums[k] = sums[k] * a + b;
        CHANGE(sums[k]);
      }
    }
  });
  return 2.0 * vectorFloats * chains * repeats / time;
}

#ifdef __AVX512BF16__
double avx512Bf16Peak() {
  constexpr int64_t repeats = 400000;
  double time = fastest(15, [] {
    __m512 sums[chains] = {};
    __m512bh a = {}, b = {};
    for (int64_t i = 0; i < repeats; ++i) {
#pragma GCC unroll 12
      for (int k = 0; k < chains; ++k) {
        sums[k] = _mm512_dpbf16_ps(sums[k], a, b);
        CHANGE(sums[k]);
      }
    }
  });
  return 64.0 * chains * repeats / time;
}
#endif

#ifdef __AMX_BF16__
/// Four tiles of sums, operands in the other four; 0 if the system refuses.
double amxBf16Peak() {
  constexpr int64_t repeats = 200000;
  constexpr long request = 0x1023 /* ARCH_REQ_XCOMP_PERM */, tiles = 18;
  if (syscall(SYS_arch_prctl, request, tiles))
    return 0;
  struct __attribute__((packed)) {
    uint8_t palette = 1, start = 0, reserved[14] = {};
    uint16_t rowBytes[16] = {64, 64, 64, 64, 64, 64, 64, 64};
    uint8_t rows[16] = {16, 16, 16, 16, 16, 16, 16, 16};
  } config;
  _tile_loadconfig(&config);
  _tile_zero(4);
  _tile_zero(5);
  _tile_zero(6);
  _tile_zero(7);
  double time = fastest(15, [] {
    for (int64_t i = 0; i < repeats; ++i) {
      _tile_dpbf16ps(0, 4, 6);
      _tile_dpbf16ps(1, 4, 7);
      _tile_dpbf16ps(2, 5, 6);
      _tile_dpbf16ps(3, 5, 7);
    }
  });
  _tile_release();
  return 4.0 * 2 * 16 * 16 * 32 * repeats / time;
}
#endif

/// An array in huge pages, where the system gives some.
class Buffer {
public:
  explicit Buffer(size_t bytes) : bytes(bytes) {
    void *memory = mmap(nullptr, bytes, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED)
      throw std::bad_alloc();
    madvise(memory, bytes, MADV_HUGEPAGE);
    data = static_cast<float *>(memory);
    std::fill_n(data, bytes / sizeof(float), 1.0f);
  }
  ~Buffer() { munmap(data, bytes); }
  Buffer(const Buffer &) = delete;
  Buffer &operator=(const Buffer &) = delete;

  const size_t bytes;
  float *data;
};

/// Bytes per second of reading the buffer over and over; `ahead` bytes are
/// asked for before they are needed.
template <size_t ahead> double readSpeed(const Buffer &buffer) {
  constexpr size_t unroll = 8;
  const size_t count = buffer.bytes / vectorBytes / unroll * unroll;
  const size_t repeats = std::max<size_t>(1, (32u << 20) / buffer.bytes);
  double time = fastest(12, [&] {
    Vector sums[unroll] = {};
    for (size_t r = 0; r < repeats; ++r) {
      auto *vectors = reinterpret_cast<const Vector *>(buffer.data);
      for (size_t i = 0; i < count; i += unroll) {
#pragma GCC unroll 8
        for (size_t k = 0; k < unroll; ++k) {
          if (ahead)
            __builtin_prefetch(vectors + i + k + ahead / vectorBytes, 0, 2);
          sums[k] += vectors[i + k];
        }
      }
      for (Vector &sum : sums)
        CHANGE(sum);
      asm volatile("" ::: "memory");
    }
  });
  return double(count * vectorBytes * repeats) / time;
}

/// The sum of `measure()` of all threads, which start together.
template <typename Measure> double onAll(int threads, Measure measure) {
  cpu_set_t allowed;
  sched_getaffinity(0, sizeof allowed, &allowed);
  std::vector<int> processors;
  for (int cpu = 0; cpu < CPU_SETSIZE; ++cpu)
    if (CPU_ISSET(cpu, &allowed))
      processors.push_back(cpu);
  std::vector<double> found(size_t(threads), 0.0);
  std::atomic<int> waiting(threads);
  auto work = [&](size_t thread) {
    cpu_set_t one;
    CPU_ZERO(&one);
    CPU_SET(processors[thread % processors.size()], &one);
    sched_setaffinity(0, sizeof one, &one);
    --waiting;
    while (waiting)
      std::this_thread::yield();
    found[thread] = measure();
  };
  std::vector<std::thread> team;
  for (size_t thread = 0; thread < size_t(threads); ++thread)
    team.emplace_back(work, thread);
  double sum = 0;
  for (size_t thread = 0; thread < size_t(threads); ++thread) {
    team[thread].join();
    sum += found[thread];
  }
  return sum;
}

/// Bytes of the processor's data cache of this level, as the kernel tells it:
/// sysconf is wrong about the third level of some processors.
size_t cacheBytes(int level, size_t otherwise) {
  for (int index = 0; index < 8; ++index) {
    std::string folder = "/sys/devices/system/cpu/cpu0/cache/index" +
                         std::to_string(index) + "/";
    std::string type;
    int its = 0;
    size_t kilobytes = 0;
    std::ifstream(folder + "type") >> type;
    std::ifstream(folder + "level") >> its;
    std::ifstream(folder + "size") >> kilobytes;
    if (its == level && type != "Instruction" && kilobytes)
      return kilobytes << 10;
  }
  return otherwise;
}

} // namespace

void bench::printCeilings(int threads) {
  std::printf("peak f32 %.0f\n", onAll(threads, f32Peak));
#ifdef __AVX512BF16__
  std::printf("peak bf16-avx512 %.0f\n", onAll(threads, avx512Bf16Peak));
#endif
#ifdef __AMX_BF16__
  if (double peak = onAll(threads, amxBf16Peak))
    std::printf("peak bf16-amx %.0f\n", peak);
#endif

  const size_t l1 = cacheBytes(1, 32 << 10), l2 = cacheBytes(2, 1 << 20),
               l3 = std::max(cacheBytes(3, 0), 2 * l2);
  auto read = [&](const char *level, size_t capacity, size_t bytes) {
    double speed = onAll(threads, [&] {
      Buffer buffer(bytes);
      return std::max(readSpeed<0>(buffer), readSpeed<8192>(buffer));
    });
    std::printf("read %s %zu %.0f\n", level, capacity, speed);
  };
  // A level of its own for each thread, the third one shared.
  read("L1", l1 * size_t(threads), l1 / 4 * 3);
  read("L2", l2 * size_t(threads), l2 / 2);
  read("L3", l3, std::min<size_t>(l3 / 4, 4 * l2));
  read("memory", 0, std::clamp<size_t>(4 * l3, 128 << 20, 512 << 20));
}
