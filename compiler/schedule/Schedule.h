//===- Schedule.h - how the loops of a cell are made ------------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What the directives of a cell's schedules ask for, and the compiler's choice
// of what they leave open. Whatever makes code asks here.
//
//===----------------------------------------------------------------------===//

#ifndef RNNCC_COMPILER_SCHEDULE_SCHEDULE_H
#define RNNCC_COMPILER_SCHEDULE_SCHEDULE_H

#include "compiler/schedule/Target.h"
#include "dialect/Rnn.h"
#include <optional>
#include <set>
#include <string>

namespace rnn {

/// The name that a schedule has for all CPU levels.
inline constexpr llvm::StringLiteral everyLevel = "cpu";

/// The sums that stay in registers: rows times vectors of units.
struct RegisterTile {
  int64_t vectors = 0;
  int64_t rows = 0;
};

/// The decisions for one CPU level.
class Schedule {
public:
  /// Vectors of a tile that is not given, at most.
  static constexpr int64_t widestTile = 4;

  /// `kernels`: another code generator makes the kernels of stages.
  Schedule(CellOp cell, const Target &target, bool kernels);

  Target target;
  int64_t lanes; ///< elements in a vector
  /// The loop over rows is the outer one, that over panels the inner one.
  bool rowsOutside = false;
  /// Steps of k in a turn of a tile's loop; nothing: fewer for larger tiles.
  std::optional<int64_t> unroll;
  /// Fetch the next panel; nothing: where weights are larger than the cache.
  std::optional<bool> prefetch;
  /// Products over all steps multiply factors in three parts of bf16, which add
  /// up to f32.
  bool inParts = false;
  /// How many threads share the work. Nothing: all of a team where it is large
  /// enough; 0: always all.
  std::optional<int64_t> threads;

  /// The tile of products that give `count` units.
  RegisterTile tile(int64_t count) const;
  /// How many of so many vectors a tile has beside each other. The more, the
  /// fewer loads per multiplication; but narrow tiles waste less of an odd
  /// number.
  int64_t vectorsOfTile(int64_t vectors, int64_t widest = widestTile) const;
  /// The most rows of a tile of so many vectors that its registers hold.
  int64_t mostRows(int64_t vectors) const;

private:
  struct GivenTile {
    int64_t units, rows, of; ///< of: 0 for all sizes
  };
  llvm::SmallVector<GivenTile> tiles;
  bool kernels, isBf16;

  int64_t vectorsOfPanel(int64_t vectors) const;
};

/// Rows, about, of the even chunks in which the steps of a scan are computed:
/// few enough for what stages give each other to stay in the cache, and so many
/// that products over all of them are efficient.
int64_t rowsOfChunk(ScanOp scan, const Target &target);

/// Why the level cannot do what a directive asks for; empty if it can.
std::string whyIllegal(ScheduleOp directive, const Target &target);

/// The inputs whose products run before the loop: those that `hoist` names, or
/// all of them.
std::set<llvm::StringRef> hoistedInputs(CellOp cell);

/// Elementwise work has stages of its own, apart from products.
bool hasElementwiseApart(CellOp cell);

/// How many units the results of products have, and everything else that is
/// laid out in panels.
std::set<int64_t> unitCounts(CellOp cell);

} // namespace rnn

#endif // RNNCC_COMPILER_SCHEDULE_SCHEDULE_H
