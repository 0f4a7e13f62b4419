//===- Model.h - a model's parameters and what its arrays are ---*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef RNNCC_RUNTIME_TRAIN_MODEL_H
#define RNNCC_RUNTIME_TRAIN_MODEL_H

#include "runtime/train/Memory.h"
#include "runtime/train/Safetensors.h"
#include <string>
#include <vector>

namespace rnn::train {

/// A parameter in training. Values, gradient and moments have its shape and
/// the model's elements.
struct Param {
  const rnncc_param *info;
  int64_t elements;
  int64_t rows, columns; ///< of a parameter that is read by rows
  int64_t gradientArray; ///< of a call
  Memory values, gradient;
  Memory first, second; ///< moments, as far as the optimiser has them
  Memory best;          ///< values of the best epoch, if they are kept

  /// Read by rows only (rnncc_param.indices): `upToDate` has for each row after
  /// how many steps its values are what they should be.
  bool byRows() const { return info->indices >= 0; }
  std::vector<int64_t> upToDate;

  std::vector<int64_t> shape() const {
    return {info->shape, info->shape + info->rank};
  }
};

/// A loss or metric.
struct Measure {
  int64_t array;    ///< of a call
  int64_t gradient; ///< the array of its gradient; -1 for a metric
};

/// A state that goes from call to call: arrays of a call.
struct State {
  std::string name; ///< "h.0"
  int64_t initial, final;
  int64_t gradInitial, gradFinal; ///< -1 if the model has none
};

/// What a descriptor says, looked up once, and the parameters.
struct Model {
  /// Throws Failure if this library cannot handle the model.
  explicit Model(const rnncc_descriptor &descriptor);

  const rnncc_descriptor &descriptor;
  size_t elementBytes;
  std::vector<Param> params;
  std::vector<Measure> losses, metrics;
  std::vector<const char *> metricNames;
  std::vector<State> states;
  Memory packed;

  bool isFloat() const { return descriptor.element == RNNCC_F32; }
  const char *elementType() const { return isFloat() ? "F32" : "F64"; }

  /// NULL if there is no such parameter.
  const Param *find(std::string_view name) const;

  /// Draws the values of all parameters as the model declares them.
  void draw(uint64_t seed);

  /// Lays the parameters out for the entry points. Throws Failure.
  void pack(rnncc_team *team);

  /// `memory`, of a parameter's shape, under `name`.
  Tensor tensor(const Param &param, const std::string &name,
                const Memory &memory) const;
};

/// Throws Failure if an entry point has failed.
void checkCall(const Model &model, rnncc_status status, const char *what);

} // namespace rnn::train

#endif // RNNCC_RUNTIME_TRAIN_MODEL_H
