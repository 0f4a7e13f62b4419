//===- Scores.h - losses and metrics ----------------------------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The functions that hold a prediction against a target. Each gives one number.
//
//===----------------------------------------------------------------------===//

#ifndef RNNCC_COMPILER_SEMA_SCORES_H
#define RNNCC_COMPILER_SEMA_SCORES_H

#include "dialect/Rnn.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"

namespace rnn {

/// What a score is made of: values of one step, or of one sequence.
struct ScoreInputs {
  mlir::Value prediction; ///< a vector or scalar
  mlir::Value logits;   ///< what the prediction is a sigmoid or softmax of, or
                        ///< null
  mlir::Value target;   ///< like the prediction
  bool isIndex = false; ///< the target was an index: it has one 1, else zeros
  double number = 0;    ///< the third argument, or its default
};

struct Score {
  llvm::StringRef name;
  /// Targets may be indices: the prediction is then a vector of probabilities.
  bool takesIndex;
  /// A third argument is a number; this is its default. NaN: there is none.
  double number;
  /// What becomes of the average, when it is a metric.
  Finish finish;
  mlir::Value (*build)(mlir::ImplicitLocOpBuilder &, const ScoreInputs &);
};

llvm::ArrayRef<Score> scores();

/// The score of that name, or null.
const Score *scoreOf(llvm::StringRef name);

} // namespace rnn

#endif // RNNCC_COMPILER_SEMA_SCORES_H
