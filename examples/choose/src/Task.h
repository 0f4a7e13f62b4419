//===- Task.h - what is to be learnt ----------------------------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef CHOOSE_TASK_H
#define CHOOSE_TASK_H

#include <cstdint>
#include <string>
#include <vector>

namespace choose {

/// Examples in arrays as the training library takes them.
struct Examples {
  std::vector<float> x;         ///< [count, steps, inputs] of a series
  std::vector<int32_t> tokens;  ///< [count, steps] of texts
  std::vector<int64_t> lengths; ///< [count] steps of each
  std::vector<float> y;         ///< [count]

  int64_t count() const { return int64_t(y.size()); }
};

/// A question and the examples to answer it with, the same for every cell.
struct Task {
  std::string source;       ///< file or folders, for messages
  std::string question;     ///< a sentence
  bool isText = false;      ///< which of two, else the next value
  int64_t steps = 0;        ///< of the longest example
  int64_t inputs = 0;       ///< elements of what a cell reads in a step
  int64_t vocabulary = 0;   ///< different tokens of texts
  double unit = 1;          ///< of y, in the units of the data
  double baseline = 0;      ///< quality without learning, in validation
  double testBaseline = 0;  ///< and in the test
  std::string baselineName; ///< what is done instead: "guessing"
  Examples training, validation;
  Examples test; ///< has no say in stopping and choosing

  /// What quality is called. Of an accuracy more is better.
  const char *quality() const { return isText ? "accuracy" : "RMSE"; }
};

} // namespace choose

#endif // CHOOSE_TASK_H
