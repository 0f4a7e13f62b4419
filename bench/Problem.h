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
  std::string cell; ///< "rnn", "lstm", "gru" or "lbr_gru": reset after product
  int64_t steps, batch, inputs, hidden;

  /// One letter for each gate, in the order of all arrays below.
  std::string gates() const {
    return cell == "rnn" ? "h" : cell == "lstm" ? "ifgo" : "rzh";
  }
  /// Vectors of biases: a GRU with the reset gate after the product has one
  /// more, which is added to that product before.
  int64_t biases() const {
    return int64_t(gates().size()) + (cell == "lbr_gru");
  }
};

/// The given arrays, row-major; G counts the gates.
struct Problem {
  explicit Problem(const Shape &shape);

  Shape shape;
  Array x;              ///< [T, N, I]
  Array h0, c0;         ///< [N, H]; c0 for LSTM only
  Array W, U;           ///< [G, H, I], [G, H, H]
  Array b;              ///< [biases(), H]
  Array outputGradient; ///< [T, N, H], for each h[t]
};

/// What is computed; the gradients only by a training step.
struct Result {
  Array h;          ///< [T, N, H]
  Array last, cell; ///< [N, H]: final states
  Array dx, dh0, dc0, dW, dU, db;
};

/// Writes the arrays of a problem, in the order above, as 32-bit numbers and
/// nothing else: what all sides that are not in this program read.
void write(const Problem &problem, const std::string &path);

/// The same for a result. Reading throws unless the file has as many numbers as
/// the layer gives; without `gradients`, those may follow.
void write(const Result &result, const std::string &path);
Result readResult(const Shape &shape, bool gradients, const std::string &path);

/// Computes a training step in double, by the textbook.
Result reference(const Problem &problem);

/// The largest difference between two results, relative to the largest number
/// in each array (at least 1). Gradients are left out if either has none;
/// infinite where a size differs or a number is not finite.
double difference(const Result &a, const Result &b);

} // namespace bench

#endif // BENCH_PROBLEM_H
