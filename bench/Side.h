//===- Side.h - one side of the comparison ----------------------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef BENCH_SIDE_H
#define BENCH_SIDE_H

#include "Problem.h"
#include <memory>

namespace bench {

/// What is timed. Weights are packed before, by all sides.
enum class Work {
  Inference,       ///< x to all h[t] and the final states
  ForwardTraining, ///< the same, and keep what a backward pass needs
  TrainingStep     ///< that, then all gradients, from zeroed arrays
};

/// A library set up for one problem and one kind of work.
class Side {
public:
  virtual ~Side() = default;
  virtual void run() = 0; ///< what is timed
  virtual Result fetch() = 0;

  /// What the library says about the code it chose; may be empty.
  std::string implementation;
};

/// oneDNN's primitives; null if it has none for this work. It takes its number
/// of threads from OMP_NUM_THREADS. With `bf16`, inputs, weights, h and outputs
/// are of that type, which it has for training and inference alike; biases, the
/// state of a cell and all gradients stay f32.
std::unique_ptr<Side> makeOneDnn(const Problem &problem, Work work, bool bf16);
std::string oneDnnVersion();

/// A cell that rnncc compiled to the shared object `path`.
std::unique_ptr<Side> makeRnncc(const std::string &path, const Problem &problem,
                                Work work, int threads);

} // namespace bench

#endif // BENCH_SIDE_H
