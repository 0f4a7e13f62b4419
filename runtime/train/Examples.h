//===- Examples.h - the caller's examples, checked --------------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef RNNCC_RUNTIME_TRAIN_EXAMPLES_H
#define RNNCC_RUNTIME_TRAIN_EXAMPLES_H

#include "rnncc/train.h"
#include "runtime/train/Model.h"
#include <vector>

namespace rnn::train {

/// Some examples, steps [start, start + steps) of them.
struct Selection {
  const int64_t *examples;
  int64_t rows;
  int64_t start, steps;
};

/// Examples in the caller's memory, of the sizes that the model wants.
class Examples {
public:
  /// Checks all that a batch will read: throws Failure that names array,
  /// example and step. Without targets, these may be missing.
  Examples(const Model &model, const rnncc_train_data &data, bool withTargets);

  int64_t count() const { return data.count; }
  int64_t steps() const { return data.steps; }
  bool haveLengths() const { return data.lengths; }
  int64_t length(int64_t example) const {
    return data.lengths ? data.lengths[example] : data.steps;
  }

  /// False at steps that the mask leaves out or that lie past the end.
  bool happens(int64_t example, int64_t step) const {
    return step < length(example) &&
           (!data.mask || data.mask[example * data.steps + step]);
  }

  /// True where the states of an example begin anew.
  bool isReset(int64_t example, int64_t step) const {
    return step < length(example) && data.resets &&
           data.resets[example * data.steps + step];
  }

  /// The last step of an example that happens, or -1.
  int64_t lastStep(int64_t example) const;

  /// True if a step of a selection is left out before its row's end, or a row
  /// of it reset.
  bool isCut(const Selection &selection) const;

  /// Steps of the longest of some examples, 1 or more.
  int64_t longest(const int64_t *examples, int64_t rows) const;

  /// True if array `array` of a call is among the data.
  bool has(int64_t array) const { return values[size_t(array)]; }

  /// Writes array `array` of a call for a selection, time-major; zeros at steps
  /// that do not happen.
  void gather(int64_t array, const Selection &selection, void *target) const;

private:
  void checkArray(const rnncc_train_array &given, bool withTargets);
  void checkResets() const;
  void checkValues(int64_t array) const;

  const Model &model;
  rnncc_train_data data;
  std::vector<const char *> values; ///< per array of a call; NULL: not given
};

} // namespace rnn::train

#endif // RNNCC_RUNTIME_TRAIN_EXAMPLES_H
