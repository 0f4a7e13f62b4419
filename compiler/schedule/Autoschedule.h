//===- Autoschedule.h - schedules that a search chooses ---------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A search of another compiler is asked, as text, for the loops of each product
// (docs/halide.md), and what it answers becomes directives.
//
//===----------------------------------------------------------------------===//

#ifndef RNNCC_COMPILER_SCHEDULE_AUTOSCHEDULE_H
#define RNNCC_COMPILER_SCHEDULE_AUTOSCHEDULE_H

#include "compiler/schedule/Target.h"
#include "dialect/Rnn.h"
#include "llvm/Support/Error.h"

namespace rnn {

/// A search, and for how many rows its choice shall be good.
struct Search {
  std::string name; ///< empty: none
  int64_t rows = 32;
};

/// The searches that there are.
llvm::ArrayRef<llvm::StringRef> searchNames();

/// What to ask for the products of cells in staged form; empty if they have
/// none.
std::string searchQuestion(mlir::ModuleOp module, llvm::ArrayRef<Target> levels,
                           const Search &search);

/// Adds what was chosen to the cells, as directives for each level. Those that
/// a cell has go before. What cannot be had is a remark.
llvm::Error addChoices(mlir::ModuleOp module, llvm::ArrayRef<Target> levels,
                       const Search &search, llvm::StringRef answer);

} // namespace rnn

#endif // RNNCC_COMPILER_SCHEDULE_AUTOSCHEDULE_H
