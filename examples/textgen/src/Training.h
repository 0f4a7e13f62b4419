//===- Training.h - learning to predict the next character ------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TEXTGEN_TRAINING_H
#define TEXTGEN_TRAINING_H

#include "Model.h"
#include "Text.h"
#include <string>

namespace textgen {

struct TrainingOptions {
  int64_t steps = 600; ///< updates of the parameters
  double seconds = 0;  ///< if not 0, train this long instead of `steps`
  double rate = 5e-3;  ///< of learning, at the start; falls to 0 at the end
  int64_t batch = 32;  ///< places of the text read side by side
  int64_t window = 64; ///< characters that gradients flow back over
  double clip = 1;     ///< largest norm of the gradient
};

struct TrainingResult {
  double loss;        ///< nats per character over the last steps
  double heldOutLoss; ///< the same on the text held out
  double charactersPerSecond;
  double seconds;
};

/// Trains `model` on `text`, showing progress on standard output. Throws
/// std::runtime_error if the loss stops being a number.
TrainingResult train(Model &model, const Text &text,
                     const TrainingOptions &options, rnncc_team *team);

/// Nats per character when reading the held-out text from its start.
double heldOutLoss(Model &model, const Text &text, rnncc_team *team);

} // namespace textgen

#endif // TEXTGEN_TRAINING_H
