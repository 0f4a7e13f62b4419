//===- Run.h - one call of a model with its arrays --------------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef RNNCC_RUNTIME_TRAIN_RUN_H
#define RNNCC_RUNTIME_TRAIN_RUN_H

#include "runtime/train/Examples.h"
#include <memory>
#include <vector>

namespace rnn::train {

/// Averages in the making, of the losses and then of the metrics of a model.
struct Sums {
  std::vector<double> sum, weight;

  explicit Sums(const Model &model)
      : sum(model.losses.size() + model.metrics.size()), weight(sum.size()) {}

  void add(const Sums &other);

  /// The sum of the losses' averages.
  double loss(const Model &model) const;

  /// Each metric, finished.
  std::vector<double> metrics(const Model &model) const;
};

/// The arrays of a call, for batches of any size. It reads the parameters that
/// the model packed last.
class Run {
public:
  enum Purpose {
    Training,   ///< with a tape; backward adds to the parameters' gradients
    Evaluating, ///< without one
    Gradients   ///< with a tape; backward leaves the parameters alone
  };

  Run(Model &model, rnncc_team *team, Purpose purpose);

  /// Takes a selection of examples. Without useStates, states begin as zeros
  /// and are not wanted after.
  void load(const Examples &examples, const Selection &selection);

  /// Gives the states arrays, for as many rows as were loaded; those for no
  /// more rows keep what they hold.
  void useStates();

  /// The first states become zeros.
  void clearStates();

  /// Each state's last value becomes its first.
  void carryStates();

  /// NULL or the array of a call, as it stands in the call.
  void *&array(int64_t index) { return call->arrays[index]; }
  size_t bytes(int64_t index) const;
  int64_t steps() const { return call->steps; }
  int64_t rows() const { return call->batch; }

  /// False at steps that are left out or lie past a row's end.
  bool happens(int64_t step, int64_t row) const {
    return step < (call->lengths ? call->lengths[row] : call->steps) &&
           (!masked || mask[size_t(step * call->batch + row)]);
  }

  /// An array of this call that the caller wants, made large enough.
  void *provide(int64_t index);

  /// Throws Failure. `random` NULL: no dropout.
  void forward(const rnncc_random *random);
  void backward();

  /// Losses and metrics of the last forward.
  Sums sums() const;

  /// The rows of a table that this call reads, each once, in the order in which
  /// it first reads them.
  void rowsRead(const Param &param, std::vector<int64_t> &rows) const;

  /// Sets the gradients of losses to those of their averages in this call.
  void seed();

  /// The same for a call that is a part of a batch: loss i is divided by
  /// weight[i], and one per row counts in the rows where `counts` says so.
  void seed(const std::vector<double> &weight, const bool *counts);

  /// What this call adds to the loss of such a batch.
  double loss(const std::vector<double> &weight, const bool *counts) const;

private:
  void takeCuts(const Examples &examples, const Selection &selection);

  Model &model;
  Purpose purpose;
  std::vector<Memory> memory; ///< per array
  Memory tape, scratch;
  std::vector<int64_t> lengths;
  mutable std::vector<char> seen; ///< for rowsRead; all 0 in between
  std::vector<uint8_t> mask; ///< [T, N], if there is `masked`
  /// Makes the calls where steps are left out or states reset; else NULL.
  std::unique_ptr<rnncc_masked, void (*)(rnncc_masked *)> masked;
  std::unique_ptr<rnncc_call, void (*)(void *)> call;
};

} // namespace rnn::train

#endif // RNNCC_RUNTIME_TRAIN_RUN_H
