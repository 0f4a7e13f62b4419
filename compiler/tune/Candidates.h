//===- Candidates.h - schedules that are worth a try ------------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef RNNCC_COMPILER_TUNE_CANDIDATES_H
#define RNNCC_COMPILER_TUNE_CANDIDATES_H

#include "compiler/schedule/CostModel.h"
#include "compiler/schedule/Decisions.h"
#include <set>
#include <string>
#include <vector>

namespace rnn {

/// What may be varied of one cell on one level. Directives that are given stand
/// and are not varied; nor is whether backward keeps gates, which is about
/// memory.
struct SearchSpace {
  Target target;
  Workload work;
  std::set<std::string> inputs;
  int64_t leastLanes = 0, mostLanes = 0;
  /// The directives that are given; a tile of some units with their number.
  std::set<std::string> given;

  bool isFree(const std::string &directive) const {
    return !given.count(directive);
  }
};

SearchSpace searchSpaceOf(CellOp cell, const Target &target,
                          const Workload &work);

/// The decisions that differ from these in one directive; the same ones in the
/// same order each time.
std::vector<Decisions> neighbours(const SearchSpace &space,
                                  const Decisions &from);

/// The directives of `to` that `from` does not have, with commas between them.
std::string differences(const Decisions &from, const Decisions &to);

/// The units whose tile is another one, if there are such.
std::optional<int64_t> changedTile(const Decisions &from, const Decisions &to);

/// What `to` has otherwise than `from`, done to `base`.
Decisions merged(Decisions base, const Decisions &from, const Decisions &to);

} // namespace rnn

#endif // RNNCC_COMPILER_TUNE_CANDIDATES_H
