//===- Model.h - a compiled cell with its parameters and arrays -*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Works through the descriptor that rnncc puts beside every cell, so that one
// training loop serves all cells with an input `x` and an output `y`.
//
//===----------------------------------------------------------------------===//

#ifndef TEXTGEN_MODEL_H
#define TEXTGEN_MODEL_H

#include "Random.h"
#include "rnncc/abi.h"
#include <cstdlib>
#include <memory>
#include <vector>

namespace textgen {

/// Values that training changes, and the gradient of the loss by them.
struct Parameter {
  std::vector<float> values, gradient;
};

/// Memory as packed weights, tape and scratch need it.
class AlignedBytes {
public:
  explicit AlignedBytes(size_t bytes);
  void *get() const { return memory.get(); }

private:
  struct Free {
    void operator()(void *pointer) const { std::free(pointer); }
  };
  std::unique_ptr<void, Free> memory;
};

/// A cell, its parameters, and the vectors that characters are turned into.
class Model {
public:
  /// Draws all parameters as the cell's text says. Throws std::runtime_error
  /// if this program cannot work with the cell.
  Model(const rnncc_descriptor &cell, Random &random);

  const rnncc_descriptor &cell;
  int64_t inputs;  ///< elements of `x`
  int64_t outputs; ///< elements of `y`

  /// The cell's parameters in its order, then the embedding.
  std::vector<Parameter> parameters;
  /// [outputs, inputs]: row s is the input that symbol s becomes.
  Parameter &embedding() { return parameters.back(); }
  const Parameter &embedding() const { return parameters.back(); }

  int64_t count() const; ///< of all numbers to be learnt

  /// Packs the parameters for the cell; to be called after they changed.
  void pack();
  const void *weights() const { return packed.get(); }

private:
  AlignedBytes packed;
};

/// The arrays to run a model over `steps` steps of `batch` rows of text, each
/// [steps, batch, ..]. Rows carry their states from one run to the next.
class Run {
public:
  enum Purpose { Training, Reading };
  Run(Model &model, int64_t steps, int64_t batch, Purpose purpose,
      rnncc_team *team = nullptr);

  /// Predicts what follows each of `symbols`: `logits` is written.
  void forward(const int32_t *symbols);
  /// The same for a run of one step, by the cell's entry point for streams.
  void step(const int32_t *symbols);
  /// Sets all gradients of the model from `logitsGradient`; follows a forward
  /// over the same symbols.
  void backward(const int32_t *symbols);

  std::vector<float> logits, logitsGradient;

private:
  void embed(const int32_t *symbols);
  void carryStates();
  void *&array(const char *name);

  Model &model;
  int64_t steps, batch;
  std::vector<float> input, inputGradient;
  std::vector<std::vector<float>> states;
  AlignedBytes tape, scratch;
  std::unique_ptr<rnncc_call, void (*)(void *)> call;
};

} // namespace textgen

#endif // TEXTGEN_MODEL_H
