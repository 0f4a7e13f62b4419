//===- Trainer.h - all that a trainer is ------------------------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef RNNCC_RUNTIME_TRAIN_TRAINER_H
#define RNNCC_RUNTIME_TRAIN_TRAINER_H

#include "runtime/train/Model.h"
#include "runtime/train/Optimizer.h"
#include "runtime/train/Run.h"
#include <limits>
#include <memory>
#include <string>
#include <vector>

namespace rnn::train {

/// A number that should improve, and for how many epochs it has not.
struct Monitor {
  double best = std::numeric_limits<double>::quiet_NaN(); ///< NaN: none yet
  int64_t wait = 0;

  /// Takes the number of another epoch; true if it is better than the best by
  /// more than `delta`.
  bool improves(double value, double delta, bool maximize);
};

/// Where a fit is: what comes next.
struct Position {
  int64_t epoch = 0;   ///< of this fit
  int64_t batch = 0;   ///< in the epoch
  int64_t start = 0;   ///< first step of the window, in the batch
  int64_t stopped = 0; ///< 1: the fit has stopped early
};

/// What goes into a checkpoint beside parameters and moments.
struct Progression {
  int64_t epochs = 0; ///< begun in all fits: numbers the orders of examples
  Position position;
  Monitor stopping, plateau;
  double rateFactor = 1; ///< what plateaus have made of the learning rate
  double seconds = 0;    ///< of this epoch
  bool hasBest = false;  ///< Param::best is of the best epoch so far
  std::vector<std::vector<double>> history; ///< of this fit, by epoch
  std::vector<std::string> states; ///< bytes of states to go on from, or none
  std::string run;                 ///< what of a fit may not change
};

struct Trainer {
  Trainer(const rnncc_descriptor &descriptor,
          const rnncc_train_options &options);

  Model model;
  uint64_t seed;
  std::unique_ptr<rnncc_team, void (*)(rnncc_team *)> team;
  Optimizer optimizer;
  Progression progress;
  Sums sums; ///< of this epoch so far
  bool isFitting = false;

  /// Names of the columns of the history.
  std::vector<std::string> columns() const;

  /// Brings all parameters up to date and packs them.
  void pack();

  /// Losses and metrics over examples `order`; the parameters are packed.
  Sums evaluate(const Examples &examples, const std::vector<int64_t> &order,
                int64_t batchSize);

  void predict(const Examples &examples, int64_t batchSize,
               const std::vector<rnncc_train_output> &outputs);

  void saveWeights(const std::string &path);
  void loadWeights(const std::string &path);
  void saveCheckpoint(const std::string &path);

  /// `run` NULL, or the Progression::run that the file has to have.
  void loadCheckpoint(const std::string &path, const std::string *run);

  void fit(const rnncc_train_data &data,
           const rnncc_train_fit_options &options);

  /// As rnncc_train_gradient_norms.
  void gradientNorms(const Examples &examples, double *norms);
};

/// 0, 1, .. count - 1.
std::vector<int64_t> inOrder(int64_t count);

} // namespace rnn::train

#endif // RNNCC_RUNTIME_TRAIN_TRAINER_H
