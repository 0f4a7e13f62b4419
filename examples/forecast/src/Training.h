//===- Training.h - learning to say what comes next -------------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef FORECAST_TRAINING_H
#define FORECAST_TRAINING_H

#include "Series.h"
#include "rnncc/train.h"
#include <memory>

namespace forecast {

/// How to train.
struct Training {
  int64_t epochs = 40;
  int64_t window = 50; ///< steps that gradients flow back over
  double rate = 0.01;  ///< of learning, at the start; falls to 0
  uint64_t seed = 1;
  int32_t threads = 1;
};

using Trainer = std::unique_ptr<rnncc_trainer, void (*)(rnncc_trainer *)>;

/// Trains `model` on windows of the rows to learn from: after each step, it
/// says what the next row is. Throws std::runtime_error with the training
/// library's message.
Trainer train(const rnncc_descriptor &model, const Series &series,
              const Training &training);

} // namespace forecast

#endif // FORECAST_TRAINING_H
