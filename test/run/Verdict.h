//===- Verdict.h - what a comparison came to --------------------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef RNNCC_TEST_RUN_VERDICT_H
#define RNNCC_TEST_RUN_VERDICT_H

#include "mlir/Support/LLVM.h"
#include "llvm/ADT/Twine.h"
#include <optional>

namespace rnn {

/// What is compared. Facts are statuses, guards and equal bits.
enum class Aspect { Values, Gradients, Differences, Special, Facts };
constexpr int aspects = 5;

/// Counts what went wrong, and says it.
struct Verdict {
  int failures = 0;
  std::optional<Aspect> firstFailure;
  double worst[aspects] = {}; ///< the largest error of each aspect
  bool isFinite = true;       ///< values and gradients of the interpreter

  void require(bool condition, const llvm::Twine &what) {
    require(Aspect::Facts, condition, what);
  }
  /// The error of an array is its largest absolute difference over its largest
  /// absolute value, but at least over 0.1: what is added up is of order one.
  static double error(llvm::ArrayRef<double> got,
                      llvm::ArrayRef<double> expected);

  /// Requires an error of at most `tolerance`.
  void compare(Aspect aspect, llvm::ArrayRef<double> got,
               llvm::ArrayRef<double> expected, double tolerance,
               const llvm::Twine &what);

private:
  void require(Aspect aspect, bool condition, const llvm::Twine &what);
};

} // namespace rnn

#endif // RNNCC_TEST_RUN_VERDICT_H
