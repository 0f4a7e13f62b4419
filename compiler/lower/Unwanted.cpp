//===- Unwanted.cpp - what only serves gradients that nobody wants --------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
//   stage after:  %d = ..                         if grad.x or grad.u is wanted
//   stage after:  accumulate @W, ..               always
//                 %p = affine .. (%d)             if grad.x is wanted
//                 write @grad.x, %p
//
// A caller that passes NULL for the gradients of inputs does not pay for the
// products behind them. Gradients of parameters look after themselves.
//
//===----------------------------------------------------------------------===//

#include "compiler/lower/ScanLoops.h"

using namespace mlir;
using namespace rnn;

/// Adds the arrays of input gradients that the values of a stage end in. False
/// if they are for something else, too.
static bool collectEnds(const Layout &layout, StageOp stage,
                        llvm::SmallSetVector<int64_t, 4> &arrays) {
  for (Operation &op : stage.getBody().front()) {
    if (auto write = dyn_cast<WriteOp>(op)) {
      TensorOp tensor = write.declaration();
      if (tensor.getRole() != Role::input_gradient)
        return false;
      arrays.insert(layout.face.find(ArrayRole::GradInput, *tensor.getOf()));
    } else if (isa<AccumulateOp>(op)) {
      for (Value operand : op.getOperands())
        if (operand.getParentBlock() == op.getBlock() &&
            !operand.getDefiningOp<ReadOp>())
          return false;
    }
  }
  for (Value result : stage.getResults())
    for (Operation *user : result.getUsers()) {
      auto reader = user->getParentOfType<StageOp>();
      if (!reader || isa<AccumulateOp>(user) ||
          reader.getPhase() != Phase::after ||
          !collectEnds(layout, reader, arrays))
        return false;
    }
  return !arrays.empty();
}

void ScanLoops::ifWanted(StageOp stage, llvm::function_ref<void()> body) {
  llvm::SmallSetVector<int64_t, 4> arrays;
  if (!scan.getBackward() || stage.getPhase() != Phase::after ||
      !collectEnds(layout, stage, arrays))
    return body();
  Value wanted;
  for (int64_t array : arrays) {
    Value given = code.notNull(frame.arrays[array]);
    wanted = wanted ? code.either(wanted, given) : given;
  }
  code.ifThen(wanted, body);
}
