//===- Target.cpp - what a CPU level can do -------------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "compiler/schedule/Target.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/TargetParser/Host.h"

using namespace rnn;
using llvm::ArrayRef;
using llvm::StringRef;

// L2 is the smallest of the CPUs in use that have the level: code compiled for
// it prefetches a little too early on others, which costs less than the
// opposite.
#define AVX2 "+avx2,+fma,+f16c,+bmi,+bmi2,+popcnt,+movbe"

ArrayRef<Target> rnn::cpuLevels() {
  static const Target levels[] = {
      // Without FMA a product needs a register of its own, and the fallback for
      // old machines stays small.
      {"x86-64", "+sse2", 16, 8, 256 << 10},
      {"avx2", AVX2, 32, 12, 512 << 10},
      {"avx512",
       AVX2 ",+avx512f,+avx512vl,+avx512dq,+avx512bw,+avx512cd,"
            "-prefer-256-bit",
       64, 24, 2 << 20},
  };
  return levels;
}

std::optional<Target> rnn::targetFor(StringRef cpu) {
  if (cpu == "native") {
    llvm::StringMap<bool> has = llvm::sys::getHostCPUFeatures();
    cpu = "x86-64";
    if (has.lookup("avx2") && has.lookup("fma"))
      cpu = "avx2";
    if (has.lookup("avx512f") && has.lookup("avx512vl") &&
        has.lookup("avx512dq") && has.lookup("avx512bw"))
      cpu = "avx512";
  }
  for (const Target &level : cpuLevels())
    if (level.name == cpu)
      return level;
  return std::nullopt;
}
