//===- Report.h - what a search by measuring has found ----------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef RNNCC_COMPILER_TUNE_REPORT_H
#define RNNCC_COMPILER_TUNE_REPORT_H

#include "compiler/tune/Candidates.h"
#include "llvm/Support/raw_ostream.h"

namespace rnn {

/// A schedule that was tried.
struct Tried {
  Decisions decisions;
  std::string what; ///< what it has otherwise than the compiler's choice
  double predicted; ///< milliseconds
  double measured;  ///< milliseconds, by its ratio to the choice
};

/// A table of predictions beside measurements, the fastest first, and how wrong
/// they are.
void printTried(llvm::StringRef cell, std::vector<Tried> tried,
                llvm::raw_ostream &os);

/// The parts of a prediction.
void printParts(const Cost &cost, llvm::raw_ostream &os);

/// What a search predicts with.
void printMachine(const Machine &machine, const Target &target,
                  llvm::raw_ostream &os);

} // namespace rnn

#endif // RNNCC_COMPILER_TUNE_REPORT_H
