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

#include "llvm/ADT/ArrayRef.h"
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
  /// Vector registers for the sums of a product, besides those that its
  /// operands need.
  int64_t accumulators;
  int64_t l2Bytes; ///< of the cache that a thread has to itself
};

/// All CPU levels, each with all that the one before it has.
llvm::ArrayRef<Target> cpuLevels();

/// The level of that name, or for `native` the best that this machine has.
std::optional<Target> targetFor(llvm::StringRef cpu);

} // namespace rnn

#endif // RNNCC_COMPILER_SCHEDULE_TARGET_H
