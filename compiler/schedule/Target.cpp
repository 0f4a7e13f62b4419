//===- Target.cpp - what a CPU level can do -------------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "compiler/schedule/Target.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/TargetParser/Host.h"
#include "llvm/TargetParser/Triple.h"

using namespace rnn;
using llvm::ArrayRef;
using llvm::StringRef;

StringRef rnn::tripleOf(Architecture architecture) {
  switch (architecture) {
  case Architecture::X86_64:
    return "x86_64-unknown-linux-gnu";
  case Architecture::AArch64:
    return "aarch64-unknown-linux-gnu";
  case Architecture::Wasm32:
    return "wasm32-unknown-unknown";
  }
  llvm_unreachable("all architectures are above");
}

int64_t rnn::pointerBytesOf(Architecture architecture) {
  return architecture == Architecture::Wasm32 ? 4 : 8;
}

// L2 is the smallest of the CPUs in use that have the level: code compiled for
// it prefetches a little too early on others, which costs less than the
// opposite.
#define AVX2 "+avx2,+fma,+f16c,+bmi,+bmi2,+popcnt,+movbe"
#define AVX512                                                                 \
  AVX2 ",+avx512f,+avx512vl,+avx512dq,+avx512bw,+avx512cd,-prefer-256-bit"

ArrayRef<Target> rnn::cpuLevels() {
  constexpr Architecture x86 = Architecture::X86_64;
  static const Target levels[] = {
      // Without FMA a product needs a register of its own, and the fallback for
      // old machines stays small.
      {"x86-64", x86, "+sse2", 16, 8, 256 << 10, false},
      {"avx2", x86, AVX2, 32, 12, 512 << 10},
      {"avx512", x86, AVX512, 64, 24, 2 << 20},
      {"avx512bf16", x86, AVX512 ",+avx512bf16", 64, 24, 2 << 20,
       /*hasMasks=*/true, /*hasBf16=*/true},
      {"amx", x86, AVX512 ",+avx512bf16,+amx-tile,+amx-bf16", 64, 24, 2 << 20,
       /*hasMasks=*/true, /*hasBf16=*/true, /*hasMatrixUnit=*/true},
      {"aarch64", Architecture::AArch64, "+neon", 16, 24, 512 << 10, false},
      // Runs in the registers of SSE2 on many machines. Nothing can be
      // prefetched: no cache is too small.
      {"wasm32", Architecture::Wasm32, "+simd128", 16, 8, int64_t(1) << 40,
       false},
  };
  return levels;
}

ArrayRef<Target> rnn::levelsOf(Architecture architecture) {
  ArrayRef<Target> levels = cpuLevels();
  auto isOther = [&](const Target &level) {
    return level.architecture != architecture;
  };
  return levels.drop_while(isOther).take_until(isOther);
}

std::vector<Target> rnn::levelsFor(Architecture architecture, bool bf16) {
  std::vector<Target> levels;
  for (const Target &level : levelsOf(architecture))
    if (bf16 || !level.hasBf16)
      levels.push_back(level);
  return levels;
}

int64_t Target::groupsAtOnce(int64_t rows, int64_t vectors) const {
  // Two fused multiply-adds a cycle, each of which takes four.
  constexpr int64_t sumsInFlight = 8, most = 4;
  int64_t groups = 1;
  while (groups < most && rows * vectors * groups < sumsInFlight &&
         2 * rows * vectors * groups <= accumulators)
    groups *= 2;
  return groups;
}

std::optional<Architecture> rnn::architectureHere() {
  switch (llvm::Triple(llvm::sys::getProcessTriple()).getArch()) {
  case llvm::Triple::x86_64:
    return Architecture::X86_64;
  case llvm::Triple::aarch64:
    return Architecture::AArch64;
  default:
    return std::nullopt;
  }
}

/// The name of the best level that this machine has, "" if it has none.
static StringRef nativeLevel(bool bf16) {
  std::optional<Architecture> architecture = architectureHere();
  if (!architecture)
    return "";
  if (*architecture != Architecture::X86_64)
    return levelsOf(*architecture).front().name;
  llvm::StringMap<bool> has = llvm::sys::getHostCPUFeatures();
  auto hasAll = [&](std::initializer_list<StringRef> features) {
    return llvm::all_of(features,
                        [&](StringRef name) { return has.lookup(name); });
  };
  if (hasAll({"avx512f", "avx512vl", "avx512dq", "avx512bw"}))
    return !bf16 || !hasAll({"avx512bf16"})   ? "avx512"
           : hasAll({"amx-tile", "amx-bf16"}) ? "amx"
                                              : "avx512bf16";
  return hasAll({"avx2", "fma"}) ? "avx2" : "x86-64";
}

std::optional<Target> rnn::targetFor(StringRef cpu, bool bf16) {
  if (cpu == "native")
    cpu = nativeLevel(bf16);
  for (const Target &level : cpuLevels())
    if (level.name == cpu)
      return level;
  if (cpu != playedLevel)
    return std::nullopt;
  Target played = *targetFor("amx"), host = *targetFor(playedOn);
  played.name = playedLevel;
  played.features = host.features;
  played.isPlayed = true;
  return played;
}
