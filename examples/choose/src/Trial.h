//===- Trial.h - a cell trained from one seed -------------------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef CHOOSE_TRIAL_H
#define CHOOSE_TRIAL_H

#include "Task.h"
#include "rnncc/train.h"
#include <functional>

namespace choose {

/// The protocol, the same for all cells.
struct Protocol {
  int64_t epochs = 30, batch = 32, patience = 6;
  double rate = 0.003;
  int32_t threads = 1;
};

/// What has come of it.
struct Trial {
  bool diverged = false;
  double quality = 0;            ///< in validation, with the best weights
  double tested = 0;             ///< and in the test
  std::vector<double> losses;    ///< in validation, after each epoch
  double sequencesPerSecond = 0; ///< in updates
  double microseconds = 0;       ///< of a step, see measureStep
  std::vector<double> gradients; ///< [steps]; empty if the cell has none
  std::string noGradients;       ///< why
};

/// Told after each epoch: its number from 1 and the loss in validation.
using AfterEpoch = std::function<void(int64_t, double)>;

/// Trains, validates and tests. Order of examples and initial values come from
/// `seed`. Throws std::runtime_error.
Trial train(const rnncc_descriptor &model, const Task &task,
            const Protocol &protocol, uint64_t seed,
            const AfterEpoch &afterEpoch);

} // namespace choose

#endif // CHOOSE_TRIAL_H
