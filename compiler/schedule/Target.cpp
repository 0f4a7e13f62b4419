//===- Target.cpp - what a CPU level can do -------------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "compiler/schedule/Target.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/TargetParser/Host.h"

using namespace rnn;

// L2 is the smallest of the CPUs in use that have the level: code compiled for
// it prefetches a little too early on others, which costs less than the
// opposite.
static Target avx2() {
  return {"avx2", "+avx2,+fma,+f16c,+bmi,+bmi2,+popcnt,+lzcnt,+movbe", 32, 16,
          512 << 10};
}
static Target avx512() {
  Target target = avx2();
  target.name = "avx512";
  target.features += ",+avx512f,+avx512vl,+avx512dq,+avx512bw,+avx512cd,"
                     "-prefer-256-bit";
  target.vectorBytes = 64;
  target.registers = 32;
  target.l2Bytes = 2 << 20;
  return target;
}

std::optional<Target> rnn::targetFor(llvm::StringRef cpu) {
  if (cpu == "avx2")
    return avx2();
  if (cpu == "avx512")
    return avx512();
  if (cpu != "native")
    return std::nullopt;
  llvm::StringMap<bool> has = llvm::sys::getHostCPUFeatures();
  if (has.lookup("avx512f") && has.lookup("avx512vl") &&
      has.lookup("avx512dq") && has.lookup("avx512bw"))
    return avx512();
  if (has.lookup("avx2") && has.lookup("fma"))
    return avx2();
  return std::nullopt;
}
