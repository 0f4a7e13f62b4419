//===- Schedule.h - learning rates ------------------------------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef RNNCC_RUNTIME_TRAIN_SCHEDULE_H
#define RNNCC_RUNTIME_TRAIN_SCHEDULE_H

#include "rnncc/train.h"

namespace rnn::train {

/// Throws Failure if an option is out of range.
void checkSchedule(const rnncc_train_schedule &schedule);

/// Where training is, as far as learning rates are concerned.
struct ScheduleTime {
  int64_t epoch;     ///< from 0
  double part;       ///< of all epochs that lies behind, 0 to below 1
  int64_t step;      ///< updates so far
  double rateFactor; ///< what plateaus have made of the rate
};

/// The learning rate of an update that starts from `rate`.
double scheduled(const rnncc_train_schedule &schedule, double rate,
                 const ScheduleTime &time);

} // namespace rnn::train

#endif // RNNCC_RUNTIME_TRAIN_SCHEDULE_H
