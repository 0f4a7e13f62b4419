//===- ModelPlan.cpp - what a model does, and in what order ---------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "compiler/lower/ModelPlan.h"

using namespace mlir;
using namespace rnn;

ModelPlan::ModelPlan(ModelOp model) : op(model) {
  BackwardOp mark = model.backward();
  for (Operation &op : model.getBody().front())
    if (!isa<TensorOp, BackwardOp>(op))
      (mark && mark->isBeforeInBlock(&op) ? backwardOps : forwardOps)
          .push_back(&op);
  for (Operation *op : forwardOps) {
    if (auto run = dyn_cast<RunOp>(op))
      runs.push_back(run);
    if (auto lookup = dyn_cast<LookupOp>(op))
      if (!llvm::is_contained(tables, lookup.getTable()))
        tables.push_back(lookup.getTable());
  }
  forwardFronts = frontsOf(model, forwardOps);
  backwardFronts = frontsOf(model, backwardOps);
}

bool ModelPlan::isWritten(StringRef tensor, bool backward) const {
  return llvm::any_of(ops(backward), [&](Operation *op) {
    return llvm::is_contained(accessOf(op).writes, tensor);
  });
}

bool ModelPlan::isKept(TensorOp tensor) const {
  return tensor.getRole() == Role::value &&
         llvm::any_of(forwardOps, [&](Operation *op) {
           return !isa<DrawOp>(op) &&
                  llvm::is_contained(accessOf(op).writes, tensor.getSymName());
         });
}

bool ModelPlan::isTemporary(TensorOp tensor, bool backward) const {
  return tensor.getRole() == Role::value && !isKept(tensor) &&
         isWritten(tensor.getSymName(), backward);
}
