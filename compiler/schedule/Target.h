//===- Target.h - what a CPU level can do -----------------------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The facts about a CPU that decide how loops are made.
//
//===----------------------------------------------------------------------===//

#ifndef RNNCC_COMPILER_SCHEDULE_TARGET_H
#define RNNCC_COMPILER_SCHEDULE_TARGET_H

#include "llvm/ADT/StringRef.h"
#include <cstdint>
#include <optional>
#include <string>

namespace rnn {

/// A CPU level that kernels are made for.
struct Target {
  std::string name;     ///< as `--cpu` names it: "avx512"
  std::string features; ///< for LLVM: "+avx512f,+fma,.."
  int64_t vectorBytes;  ///< of a vector register
  int64_t registers;    ///< number of vector registers
  int64_t l2Bytes;      ///< of the cache that a thread has to itself
};

/// The CPU level of that name (`avx2`, `avx512`), or of this machine for
/// `native`; nothing for another name or a machine without AVX2 and FMA.
std::optional<Target> targetFor(llvm::StringRef cpu);

} // namespace rnn

#endif // RNNCC_COMPILER_SCHEDULE_TARGET_H
