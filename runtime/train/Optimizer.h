//===- Optimizer.h - gradients to steps -------------------------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Each step updates all elements of all parameters, except those that are read
// by rows: of them, the rows that the batch has read. The other rows have a
// gradient of zero, but momentum and decay go on moving them. What they have
// missed is made up for in one go, when a batch is about to read them
// (`catchUp`), and before anybody else looks (`catchUpAll`).
//
//===----------------------------------------------------------------------===//

#ifndef RNNCC_RUNTIME_TRAIN_OPTIMIZER_H
#define RNNCC_RUNTIME_TRAIN_OPTIMIZER_H

#include "rnncc/train.h"
#include "runtime/train/Elements.h"
#include "runtime/train/Model.h"
#include <functional>
#include <string>
#include <vector>

namespace rnn::train {

/// Throws Failure if an option is out of range.
void checkOptimizer(const rnncc_train_optimizer &options);

/// "keras:adam": what decides which moments there are and how they are used.
std::string optimizerText(const rnncc_train_optimizer &options);

class Optimizer {
public:
  Optimizer(Model &model, rnncc_team *team,
            const rnncc_train_optimizer &options);

  rnncc_train_optimizer options;
  int64_t step = 0; ///< updates so far

  bool hasFirst() const;
  bool hasSecond() const;

  /// True if updates leave rows out that were not read.
  bool skipsRows(const Param &param) const;

  /// Makes up for what rows have missed; `rows` has a list per parameter.
  void catchUp(const std::vector<std::vector<int64_t>> &rows);
  void catchUpAll();

  /// One step from the parameters' gradients, which are zeros afterwards. Of
  /// parameters that are read by rows, `rows` says which were.
  void update(const std::vector<std::vector<int64_t>> &rows, double rate);

  /// Says that all parameters are what they should be after `step` steps:
  /// values have come from elsewhere.
  void begin(int64_t step);

private:
  struct Piece;
  std::vector<Piece> split(const std::vector<std::vector<int64_t>> &rows) const;
  void forEach(int64_t count, const std::function<void(int64_t)> &body);
  Update makeUpdate(double rate) const;
  double gradientNorm(const std::vector<Piece> &pieces);
  template <typename T>
  Elements<T> at(const Param &param, int64_t first, int64_t count) const;
  void updatePiece(const Piece &piece, const Update &update);

  Model &model;
  rnncc_team *team;
  SkippedSteps skipped;
};

} // namespace rnn::train

#endif // RNNCC_RUNTIME_TRAIN_OPTIMIZER_H
