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
  double flops;        ///< of a step of one row; a multiply-add counts two
  double microseconds; ///< of a step of one row on one thread, median
  double bytes;        ///< weights, tape and scratch, to train a batch
};

/// Times single steps and asks for the rest. Throws std::runtime_error.
Cost measure(const rnncc_descriptor &model, int64_t steps, int64_t batch);

} // namespace choose

#endif // CHOOSE_MEASURE_H
