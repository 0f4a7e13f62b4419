//===- Loss.h - softmax and cross-entropy -----------------------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TEXTGEN_LOSS_H
#define TEXTGEN_LOSS_H

#include "rnncc/abi.h"
#include <vector>

namespace textgen {

/// Replaces `symbols` logits, divided by `temperature`, by probabilities;
/// returns the logarithm of the sum that they were divided by.
float softmax(float *logits, int64_t symbols, float temperature = 1);

/// How well logits predict targets, in nats per character. The logits are
/// [rows, stride], of which the first `symbols` count.
///
/// Rows are shared among the threads of `team`; the result does not depend on
/// their number.
class CrossEntropy {
public:
  CrossEntropy(int64_t rows, int64_t stride, int64_t symbols,
               rnncc_team *team = nullptr)
      : stride(stride), symbols(symbols), team(team), losses(size_t(rows)) {}

  /// Returns the mean over all rows and writes its gradient by the logits.
  double operator()(const std::vector<float> &logits, const int32_t *targets,
                    std::vector<float> &gradient);

private:
  int64_t stride, symbols;
  rnncc_team *team;
  std::vector<float> losses;
};

} // namespace textgen

#endif // TEXTGEN_LOSS_H
