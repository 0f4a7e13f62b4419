//===- Problem.h - one layer to compute, and what comes out -----*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// All sides of the comparison read the same numbers from a Problem and give
// back a Result in the same layout, so that results can be compared.
//
//===----------------------------------------------------------------------===//

#ifndef BENCH_PROBLEM_H
#define BENCH_PROBLEM_H

#include <cstdint>
#include <string>
#include <vector>

namespace bench {

using Array = std::vector<float>;

/// A recurrent layer and how long and wide it is run.
struct Shape {
  std::string cell; ///< "rnn", "lstm" or "gru"
  int64_t steps, batch, inputs, hidden;

  /// One letter for each gate, in the order of all arrays below.
  std::string gates() const {
    return cell == "rnn" ? "h" : cell == "lstm" ? "ifgo" : "rzh";
  }
  /// Of a forward pass; multiply-adds count two.
  double flops() const {
    return 2.0 * double(steps * batch * hidden) * double(gates().size()) *
           double(inputs + hidden);
  }
  std::string text() const;
};

/// The given arrays, row-major; G counts the gates.
struct Problem {
  explicit Problem(const Shape &shape);

  Shape shape;
  Array x;              ///< [T, N, I]
  Array h0, c0;         ///< [N, H]; c0 for LSTM only
  Array W, U;           ///< [G, H, I], [G, H, H]
  Array b;              ///< [G, H]
  Array outputGradient; ///< [T, N, H], for each h[t]
};

/// What is computed; the gradients only by a training step.
struct Result {
  Array h;          ///< [T, N, H]
  Array last, cell; ///< [N, H]: final states
  Array dx, dh0, dc0, dW, dU, db;
};

/// Computes a training step in double, by the textbook.
Result reference(const Problem &problem);

/// The largest difference between two results, relative to the largest number
/// in each array (at least 1). Arrays that either lacks are left out; infinite
/// where a size differs or a number is not finite.
double difference(const Result &a, const Result &b);

} // namespace bench

#endif // BENCH_PROBLEM_H
