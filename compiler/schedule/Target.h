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
#include "llvm/ADT/SmallVector.h"
#include "llvm/ADT/StringRef.h"
#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace rnn {

/// What processors have in common that run each other's programs.
enum class Architecture { X86_64, AArch64, Wasm32 };

/// What LLVM calls an architecture with its system: "x86_64-unknown-linux-gnu".
llvm::StringRef tripleOf(Architecture architecture);

/// Bytes of a pointer, and of a size_t.
int64_t pointerBytesOf(Architecture architecture);

/// A CPU level that kernels are made for.
struct Target {
  std::string name; ///< as `--cpu` names it: "avx512"
  Architecture architecture;
  std::string features; ///< for LLVM: "+avx512f,+fma,.."
  int64_t vectorBytes;  ///< of a vector register
  /// Vector registers for the sums of a product, besides those that its
  /// operands need.
  int64_t accumulators;
  int64_t l2Bytes;      ///< of the cache that a thread has to itself
  bool hasMasks = true; ///< can load and store some lanes of a vector
  /// Adds up products of pairs of bf16. All that such a level has over the one
  /// before it, so that only cells whose products are in bf16 have kernels for
  /// it.
  bool hasBf16 = false;
  bool hasMatrixUnit = false; ///< multiplies tiles of pairs of bf16
  /// For tests: code for vectors does what the matrix unit would.
  bool isPlayed = false;

  /// The most rows of a tile of so many vectors that its registers hold; of one
  /// vector, no more than of two.
  int64_t mostRows(int64_t vectors) const {
    return std::max<int64_t>(1, accumulators / std::max<int64_t>(vectors, 2));
  }

  /// How many products, each of so many vectors, a tile of few rows computes at
  /// once, so that sums do not wait for sums.
  int64_t groupsAtOnce(int64_t rows, int64_t vectors) const;
};

/// The level, for tests alone, that does what `amx` does on a machine that has
/// the level `playedOn`.
inline constexpr llvm::StringLiteral playedLevel = "amx-played",
                                     playedOn = "avx512bf16";

/// All CPU levels: architecture by architecture, each with all that the one
/// before it has.
llvm::ArrayRef<Target> cpuLevels();

/// Those of one architecture. Every processor of it has the first.
llvm::ArrayRef<Target> levelsOf(Architecture architecture);

/// Those of one architecture that cells have kernels for, whose products are in
/// bf16 or not.
std::vector<Target> levelsFor(Architecture architecture, bool bf16);

/// The architecture of this machine, if there are levels of it.
std::optional<Architecture> architectureHere();

/// The level of that name, or for `native` the best that this machine has for
/// cells whose products are in bf16 or not.
std::optional<Target> targetFor(llvm::StringRef cpu, bool bf16 = false);

} // namespace rnn

#endif // RNNCC_COMPILER_SCHEDULE_TARGET_H
