//===- Decisions.h - all that a schedule says -------------------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The decisions of a cell for one CPU level as plain values: what schedules
// give and what the compiler chooses, to be written in the language or changed
// and tried.
//
//===----------------------------------------------------------------------===//

#ifndef RNNCC_COMPILER_SCHEDULE_DECISIONS_H
#define RNNCC_COMPILER_SCHEDULE_DECISIONS_H

#include "compiler/schedule/Schedule.h"
#include <map>

namespace rnn {

struct Decisions {
  std::string cell, level;
  // About the stages, which all levels share.
  std::set<std::string> hoisted; ///< inputs
  bool elementwiseApart = false, recomputes = false;
  // About the level; what is open is decided late.
  int64_t lanes = 0;
  std::map<int64_t, RegisterTile> tiles; ///< by the number of units
  bool rowsOutside = false;
  std::optional<int64_t> unroll;
  std::optional<bool> prefetch;
  /// How products over all steps multiply: "f32", "bf16x3", or "" where there
  /// is nothing to decide.
  std::string multiply;
  std::optional<int64_t> threads;

  /// Writes the part about the stages, and that about the level.
  void printCommon(llvm::raw_ostream &os) const;
  void printLevel(llvm::raw_ostream &os) const;
};

/// `kernels`: another code generator makes the kernels of stages.
Decisions decisionsOf(CellOp cell, const Target &target, bool kernels);

/// Writes the decisions as schedules in the language, all of them given.
void printSchedules(CellOp cell, llvm::ArrayRef<Target> targets, bool kernels,
                    llvm::raw_ostream &os);

} // namespace rnn

#endif // RNNCC_COMPILER_SCHEDULE_DECISIONS_H
