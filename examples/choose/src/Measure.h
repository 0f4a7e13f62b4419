//===- Measure.h - what a model costs ---------------------------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef CHOOSE_MEASURE_H
#define CHOOSE_MEASURE_H

#include "rnncc/runtime.h"

namespace choose {

/// What a model costs on this machine.
struct Cost {
  double flops; ///< of a step of one row; a multiply-add counts two
  double bytes; ///< weights, tape and scratch, to train a batch
};

/// What training sequences of `steps` in batches costs.
Cost costOf(const rnncc_descriptor &model, int64_t steps, int64_t batch);

/// Microseconds of a step of one row on one thread, median of many. Throws
/// std::runtime_error.
double measureStep(const rnncc_descriptor &model);

} // namespace choose

#endif // CHOOSE_MEASURE_H
