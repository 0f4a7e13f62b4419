//===- Timing.h - compiled cells on the clock -------------------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Runs of a cell on random data, and how long they take.
//
//===----------------------------------------------------------------------===//

#ifndef RNNCC_COMPILER_RUN_TIMING_H
#define RNNCC_COMPILER_RUN_TIMING_H

#include "compiler/run/Call.h"
#include "llvm/ADT/STLFunctionalExtras.h"

namespace rnn {

/// A call with random data and drawn parameters; the same ones each time.
class RandomCall {
public:
  RandomCall(const rnncc_descriptor &cell, const CallSizes &sizes)
      : call(cell, sizes) {}

  /// Gets and fills all memory, and packs the weights.
  llvm::Error prepare();
  llvm::Error pack();
  /// Forward, and backward if the call is for gradients.
  llvm::Error run();

private:
  Call call;
  std::vector<Memory> values; ///< of parameters
  std::vector<const void *> params;
};

/// Milliseconds of each of several runs, from the least on, after one to warm
/// up.
llvm::Expected<std::vector<double>>
timeRuns(llvm::function_ref<llvm::Error()> run);

double median(llvm::ArrayRef<double> sorted);

/// Two programs on the clock by turns, which cancels what slows a machine for
/// a while.
struct Comparison {
  /// Milliseconds of a run, one figure a round, from the least on.
  std::vector<double> first, second;
  double ratio;  ///< second over first: the median of all rounds
  double spread; ///< of the ratio: half the distance between its quartiles
};
llvm::Expected<Comparison>
compareRuns(llvm::function_ref<llvm::Error()> first,
            llvm::function_ref<llvm::Error()> second);

} // namespace rnn

#endif // RNNCC_COMPILER_RUN_TIMING_H
