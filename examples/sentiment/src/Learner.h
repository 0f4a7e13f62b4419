//===- Learner.h - a model in training and in use ---------------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SENTIMENT_LEARNER_H
#define SENTIMENT_LEARNER_H

#include "Examples.h"
#include <memory>
#include <string>

namespace sentiment {

/// How to train.
struct Training {
  int64_t epochs = 4;
  uint64_t seed = 1;
  int32_t threads = 1;
  std::string checkpoint; ///< empty: none
  bool resume = false;    ///< go on from the checkpoint, if it is there
};

/// A compiled model with its parameters. What goes wrong is thrown as
/// std::runtime_error with the training library's message.
class Learner {
public:
  Learner(const rnncc_descriptor &model, const Training &training);

  /// Trains as Keras's fit does: Adam, batches of 32. Keeps the weights of the
  /// epoch that had the smallest loss over `validation`.
  void fit(Examples &examples, Examples &validation);

  /// The part of `examples` that is labelled right.
  double accuracy(Examples &examples);

  /// For each of `examples`, how probably its label is 1.
  std::vector<float> predict(Examples &examples);

  /// Writes and reads the weights as safetensors.
  void save(const std::string &path);
  void load(const std::string &path);

  /// Seconds that `fit` took, with those before it was resumed.
  double seconds() const;

  /// How many numbers are learnt.
  int64_t parameters() const;

private:
  void check(rnncc_train_status status) const;

  const rnncc_descriptor &model;
  Training training;
  std::unique_ptr<rnncc_trainer, void (*)(rnncc_trainer *)> trainer;
};

} // namespace sentiment

#endif // SENTIMENT_LEARNER_H
