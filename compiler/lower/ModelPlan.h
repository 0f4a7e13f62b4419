//===- ModelPlan.h - what a model does, and in what order -------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef RNNCC_COMPILER_LOWER_MODELPLAN_H
#define RNNCC_COMPILER_LOWER_MODELPLAN_H

#include "compiler/lower/Wavefront.h"

namespace rnn {

/// The ops of a model in each direction.
struct ModelPlan {
  explicit ModelPlan(ModelOp model);

  /// In the order in which they stand.
  llvm::ArrayRef<mlir::Operation *> ops(bool backward) const {
    return backward ? backwardOps : forwardOps;
  }
  /// In the order in which they go.
  llvm::ArrayRef<Front> fronts(bool backward) const {
    return backward ? backwardFronts : forwardFronts;
  }
  bool isWritten(llvm::StringRef tensor, bool backward) const;
  /// True of what forward writes and backward reads: all values but random
  /// numbers.
  bool isKept(TensorOp tensor) const;
  /// True of the other values of a direction.
  bool isTemporary(TensorOp tensor, bool backward) const;
  bool isOverTime(llvm::StringRef tensor) const {
    return !tensorOf(tensor).getPerSequence();
  }
  int64_t elementsOf(llvm::StringRef tensor) const {
    return tensorOf(tensor).tensorType().getNumElements();
  }
  TensorOp tensorOf(llvm::StringRef tensor) const {
    return model().tensor(tensor);
  }
  int64_t indexOf(llvm::StringRef table) const {
    return llvm::find(tables, table) - tables.begin();
  }

  ModelOp model() const { return op; }
  auto tensors() const { return model().getBody().getOps<TensorOp>(); }

  llvm::SmallVector<RunOp> runs;             ///< of forward
  llvm::SmallVector<llvm::StringRef> tables; ///< that are looked up

private:
  ModelOp op;
  llvm::SmallVector<mlir::Operation *> forwardOps, backwardOps;
  llvm::SmallVector<Front> forwardFronts, backwardFronts;
};

} // namespace rnn

#endif // RNNCC_COMPILER_LOWER_MODELPLAN_H
