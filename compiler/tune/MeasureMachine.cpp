//===- MeasureMachine.cpp - the figures of this machine -------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Loops for each width of vectors, compiled for the level that has it. A figure
// is the best of several tries, since the machine can do what it did once;
// empty asm keeps the compiler from doing less than what is counted.
//
//===----------------------------------------------------------------------===//

#include "compiler/tune/MeasureMachine.h"
#include "rnncc/runtime.h"
#include <chrono>
#include <fstream>
#include <memory>
#include <new>

using namespace rnn;

namespace {
/// Enough to fill two units of four cycles' latency, few enough for the
/// registers of every level.
constexpr int chains = 12;

/// The loops of one width.
struct Loops {
  /// `repeats` times as many multiply-adds as there are chains.
  void (*independent)(int64_t repeats);
  /// `repeats` multiply-adds of which each needs the one before.
  void (*dependent)(int64_t repeats);
  /// Reads bytes; `count` is a multiple of eight vectors.
  void (*read)(const float *from, int64_t count);
};
} // namespace

#ifdef __aarch64__
#define CHANGE(v) asm volatile("" : "+w"(v))
#else
#define CHANGE(v) asm volatile("" : "+v"(v))
#endif

#define LOOPS(NAME, BYTES, ATTRIBUTES)                                         \
  namespace NAME {                                                             \
  using Vector __attribute__((vector_size(BYTES), aligned(BYTES))) = float;    \
  ATTRIBUTES static void independent(int64_t repeats) {                        \
    Vector sums[chains] = {}, a = {}, b = {};                                  \
    CHANGE(a);                                                                 \
    CHANGE(b);                                                                 \
    for (int64_t i = 0; i < repeats; ++i) {                                    \
      _Pragma("GCC unroll 12") for (int k = 0; k < chains; ++k) {              \
        sums[k] = sums[k] * a + b;                                             \
        CHANGE(sums[k]);                                                       \
      }                                                                        \
    }                                                                          \
  }                                                                            \
  ATTRIBUTES static void dependent(int64_t repeats) {                          \
    Vector sum = {}, a = {}, b = {};                                           \
    CHANGE(a);                                                                 \
    CHANGE(b);                                                                 \
    for (int64_t i = 0; i < repeats; ++i) {                                    \
      sum = sum * a + b;                                                       \
      CHANGE(sum);                                                             \
    }                                                                          \
  }                                                                            \
  ATTRIBUTES static void read(const float *from, int64_t count) {              \
    auto *vectors = reinterpret_cast<const Vector *>(from);                    \
    Vector sums[8] = {};                                                       \
    for (int64_t i = 0; i < count / int64_t(BYTES); i += 8) {                  \
      _Pragma("GCC unroll 8") for (int k = 0; k < 8; ++k) sums[k] +=           \
          vectors[i + k];                                                      \
    }                                                                          \
    _Pragma("GCC unroll 8") for (int k = 0; k < 8; ++k) CHANGE(sums[k]);       \
  }                                                                            \
  static constexpr Loops loops = {independent, dependent, read};               \
  }

LOOPS(narrow, 16, )
#ifdef __x86_64__
LOOPS(avx2, 32, __attribute__((target("avx2,fma"))))
LOOPS(avx512, 64, __attribute__((target("avx512f,avx512vl"))))
#endif

/// The loops of vectors of so many bytes.
static const Loops &loopsFor([[maybe_unused]] int64_t bytes) {
#ifdef __x86_64__
  if (bytes == 64)
    return avx512::loops;
  if (bytes == 32)
    return avx2::loops;
#endif
  return narrow::loops;
}

/// The smallest time of a call, in seconds.
template <typename Work> static double fastest(int tries, Work work) {
  using Clock = std::chrono::steady_clock;
  double best = 1e30;
  for (int i = 0; i < tries; ++i) {
    auto start = Clock::now();
    work();
    std::chrono::duration<double> time = Clock::now() - start;
    best = std::min(best, time.count());
  }
  return best;
}

/// Bytes of the processor's data cache of this level, as the kernel tells it.
static int64_t cacheBytes(int level, int64_t otherwise) {
  for (int index = 0; index < 8; ++index) {
    std::string folder = "/sys/devices/system/cpu/cpu0/cache/index" +
                         std::to_string(index) + "/";
    std::string type;
    int its = 0;
    int64_t kilobytes = 0;
    std::ifstream(folder + "type") >> type;
    std::ifstream(folder + "level") >> its;
    std::ifstream(folder + "size") >> kilobytes;
    if (its == level && type != "Instruction" && kilobytes)
      return kilobytes << 10;
  }
  return otherwise;
}

/// Bytes a second of reading so many over and over; nothing if there is no
/// memory for it.
static double readSpeed(const Loops &loops, int64_t bytes, double otherwise) {
  bytes = bytes / 4096 * 4096;
  void *memory = rnncc_alloc(size_t(bytes));
  if (!memory)
    return otherwise;
  auto *floats = static_cast<float *>(memory);
  std::fill_n(floats, bytes / int64_t(sizeof(float)), 1.0f);
  const int64_t repeats = std::max<int64_t>(1, (8 << 20) / bytes);
  double time = fastest(bytes > (16 << 20) ? 3 : 8, [&] {
    for (int64_t i = 0; i < repeats; ++i)
      loops.read(floats, bytes);
  });
  rnncc_free(memory);
  return double(bytes * repeats) / time;
}

/// Seconds that a team of so many threads needs to meet.
static double barrierSeconds(int64_t threads, double otherwise) {
  rnncc_team *team = nullptr;
  if (threads < 2 || rnncc_team_create(int(threads), &team) != RNNCC_OK)
    return otherwise;
  constexpr int repeats = 2000;
  double time = fastest(3, [&] {
    team->run(
        team,
        [](void *argument, int64_t) {
          auto *team = static_cast<rnncc_team *>(argument);
          for (int i = 0; i < repeats; ++i)
            team->barrier(team);
        },
        team);
  });
  rnncc_team_destroy(team);
  return time / repeats;
}

Machine rnn::measureMachine(const Target &target, int64_t threads) {
  Machine machine = machineOf(target);
  const Loops &loops = loopsFor(target.vectorBytes);
  constexpr int64_t repeats = 40000;
  auto multiplyAdd = [&](const Loops &its) {
    return fastest(10, [&] { its.independent(repeats); }) / (repeats * chains);
  };
  machine.multiplyAdd = multiplyAdd(loops);
  machine.latency =
      fastest(10, [&] { loops.dependent(repeats); }) / double(repeats);
  machine.l1Bytes = cacheBytes(1, machine.l1Bytes);
  machine.l2Bytes = cacheBytes(2, machine.l2Bytes);
  machine.l3Bytes = std::max(cacheBytes(3, 0), machine.l2Bytes);
  auto read = [&](int64_t bytes, double &speed) {
    speed = readSpeed(loops, bytes, speed);
  };
  read(machine.l1Bytes / 4 * 3, machine.l1Read);
  if (target.vectorBytes == 64) {
    const Loops &half = loopsFor(target.vectorBytes / 2);
    machine.halfMultiplyAdd = multiplyAdd(half);
    machine.halfRead =
        readSpeed(half, machine.l1Bytes / 4 * 3, machine.halfRead);
  } else {
    // With 16 bytes there is no loop of fused ones; whole vectors issue as
    // fast.
    machine.halfMultiplyAdd = machine.multiplyAdd;
    machine.halfRead = machine.l1Read / 2;
  }
  read(machine.l2Bytes / 2, machine.l2Read);
  read(std::min(machine.l3Bytes / 4, 4 * machine.l2Bytes), machine.l3Read);
  read(std::clamp<int64_t>(2 * machine.l3Bytes, 64 << 20, 256 << 20),
       machine.memoryRead);
  machine.barrier = barrierSeconds(threads, machine.barrier);
  return machine;
}
