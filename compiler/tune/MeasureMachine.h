//===- MeasureMachine.h - the figures of this machine -----------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef RNNCC_COMPILER_TUNE_MEASUREMACHINE_H
#define RNNCC_COMPILER_TUNE_MEASUREMACHINE_H

#include "compiler/schedule/Machine.h"

namespace rnn {

/// The figures of a level as this machine has them, which must have the level,
/// in less than a second. `threads`: those of the team whose barrier counts.
Machine measureMachine(const Target &target, int64_t threads);

} // namespace rnn

#endif // RNNCC_COMPILER_TUNE_MEASUREMACHINE_H
