//===- CostModel.h - how long a schedule will take --------------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Predicts the time of a call from the stages of a cell, its schedule, the
// sizes of the call and figures of the machine. No more is asked of it than to
// tell good schedules from bad ones: what it finds is measured.
//
//===----------------------------------------------------------------------===//

#ifndef RNNCC_COMPILER_SCHEDULE_COSTMODEL_H
#define RNNCC_COMPILER_SCHEDULE_COSTMODEL_H

#include "compiler/schedule/Machine.h"
#include "compiler/schedule/Schedule.h"
#include <vector>

namespace rnn {

/// What is run.
struct Workload {
  int64_t steps, batch;
  int64_t threads = 1;
  bool training = false; ///< forward with a tape, then backward

  /// "T=50,N=32,threads=1".
  std::string text() const;
};

/// A part of a call, all its runs together.
struct PartCost {
  std::string what; ///< "forward, in the loop: 4 products of 512 x 512"
  double seconds;
};

struct Cost {
  std::vector<PartCost> parts;
  double seconds = 0; ///< of the whole call
};

/// Predicts a call of a staged cell whose code rnncc makes itself.
Cost predict(CellOp cell, const Target &target, const Machine &machine,
             const Workload &work);
/// The same of a part of a model, forward and backward: a run forward.
Cost predict(RunOp run, const Target &target, const Machine &machine,
             const Workload &work);
/// The same of a model: what its runs take, and not what joins them.
Cost predict(ModelOp model, const Target &target, const Machine &machine,
             const Workload &work);

} // namespace rnn

#endif // RNNCC_COMPILER_SCHEDULE_COSTMODEL_H
