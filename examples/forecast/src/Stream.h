//===- Stream.h - a model that is fed step by step --------------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef FORECAST_STREAM_H
#define FORECAST_STREAM_H

#include "rnncc/abi.h"
#include <memory>
#include <vector>

namespace forecast {

/// A model with its states. Each row goes in once, when it comes; the states
/// remember those before it. A copy goes on from the same states.
class Stream {
public:
  /// Begins with the initial states. `weights` are packed, and last as long as
  /// this.
  Stream(const rnncc_descriptor &model, const void *weights);

  /// Takes a row and gives what the next one will be. Throws
  /// std::runtime_error.
  const std::vector<float> &next(const float *row);

private:
  const rnncc_descriptor *model;
  const void *weights;
  std::vector<std::vector<float>> states;
  std::vector<float> forecast;
  // Of no use between calls, so copies share them.
  std::shared_ptr<void> scratch;
  std::shared_ptr<rnncc_call> call;
};

} // namespace forecast

#endif // FORECAST_STREAM_H
