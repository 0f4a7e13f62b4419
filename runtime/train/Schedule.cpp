//===- Schedule.cpp - learning rates --------------------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/train/Schedule.h"
#include "runtime/train/Failure.h"
#include <algorithm>
#include <cmath>

using namespace rnn::train;

void rnn::train::checkSchedule(const rnncc_train_schedule &schedule) {
  auto need = [](bool holds, const char *name, double value,
                 const char *range) {
    if (!holds)
      fail(RNNCC_TRAIN_BAD_OPTION, "schedule: ", name, " is ", value, ", but ",
           range);
  };
  need(schedule.kind >= RNNCC_TRAIN_CONSTANT &&
           schedule.kind <= RNNCC_TRAIN_PLATEAU,
       "kind", schedule.kind, "is none");
  need(schedule.factor > 0 && schedule.factor <= 1, "factor", schedule.factor,
       "has to be above 0, up to 1");
  need(schedule.every >= 1, "every", double(schedule.every),
       "has to be 1 or more");
  need(schedule.patience >= 1, "patience", double(schedule.patience),
       "has to be 1 or more");
  need(schedule.min_delta >= 0, "min_delta", schedule.min_delta,
       "has to be 0 or more");
  need(schedule.minimum >= 0, "minimum", schedule.minimum,
       "has to be 0 or more");
  need(schedule.warmup >= 0, "warmup", double(schedule.warmup),
       "has to be 0 or more");
}

/// The rate without warm-up and minimum.
static double rateAt(const rnncc_train_schedule &schedule, double rate,
                     const ScheduleTime &time) {
  switch (schedule.kind) {
  case RNNCC_TRAIN_STEP:
    return rate * std::pow(schedule.factor, time.epoch / schedule.every);
  case RNNCC_TRAIN_EXPONENTIAL:
    return rate * std::pow(schedule.factor, time.epoch);
  case RNNCC_TRAIN_COSINE: {
    double low = std::min(rate, schedule.minimum);
    return low +
           (rate - low) * (1 + std::cos(3.141592653589793 * time.part)) / 2;
  }
  case RNNCC_TRAIN_PLATEAU:
    return rate * time.rateFactor;
  default:
    return rate;
  }
}

double rnn::train::scheduled(const rnncc_train_schedule &schedule, double rate,
                             const ScheduleTime &time) {
  // A rate that starts below the minimum stays where it is.
  double now =
      std::max(rateAt(schedule, rate, time), std::min(rate, schedule.minimum));
  if (time.step < schedule.warmup)
    now *= double(time.step + 1) / double(schedule.warmup);
  return now;
}
