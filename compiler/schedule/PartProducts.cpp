//===- PartProducts.cpp - give products stages of their own ---------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
//   %h = stage {                     %s = stage { affine .. ; yield }
//     %s = affine ..          ==>    %h = stage {
//     %h = tanh %s                     %h = tanh %s
//     yield %h                         yield %h
//   }                                }
//
//===----------------------------------------------------------------------===//

#include "compiler/schedule/CopyTo.h"
#include "compiler/schedule/Passes.h"
#include "compiler/schedule/Schedule.h"
#include "mlir/IR/IRMapping.h"

namespace rnn {
#define GEN_PASS_DEF_PARTPRODUCTSPASS
#include "compiler/schedule/Passes.h.inc"
} // namespace rnn

using namespace mlir;
using namespace rnn;

/// Makes a stage before `stage` that computes these products.
static void moveProducts(StageOp stage, ArrayRef<Operation *> moved) {
  OpBuilder b(stage);
  SmallVector<Type> types;
  for (Operation *product : moved)
    types.push_back(product->getResult(0).getType());
  auto products = StageOp::create(b, stage.getLoc(), types, stage.getPhase(),
                                  stage.getUnits());
  b.setInsertionPointToStart(&products.getBody().emplaceBlock());
  IRMapping mapping;
  SmallVector<Value> yields;
  for (Operation *product : moved)
    yields.push_back(
        copyTo(b, product->getResult(0), stage.getBody().front(), mapping));
  YieldOp::create(b, stage.getLoc(), yields);
  for (auto [product, result] : llvm::zip(moved, products.getResults())) {
    product->getResult(0).replaceAllUsesWith(result);
    product->erase();
  }
}

/// Leaves out the results that are another stage's.
static void dropForeignResults(StageOp stage) {
  Block &body = stage.getBody().front();
  auto yield = cast<YieldOp>(body.getTerminator());
  SmallVector<Value> yields;
  SmallVector<Value> kept;
  for (auto [value, result] :
       llvm::zip(yield.getOperands(), stage.getResults())) {
    if (value.getDefiningOp()->getBlock() != &body) {
      result.replaceAllUsesWith(value);
      continue;
    }
    yields.push_back(value);
    kept.push_back(result);
  }
  if (kept.size() == stage.getNumResults())
    return;
  OpBuilder b(stage);
  auto rest = StageOp::create(b, stage.getLoc(), ValueRange(yields).getTypes(),
                              stage.getPhase(), stage.getUnits());
  rest.getBody().takeBody(stage.getBody());
  yield->setOperands(yields);
  for (auto [old, result] : llvm::zip(kept, rest.getResults()))
    old.replaceAllUsesWith(result);
  stage.erase();
  auto isEffect = [](Operation &op) { return isa<WriteOp, AccumulateOp>(op); };
  if (kept.empty() && llvm::none_of(rest.getBody().front(), isEffect))
    rest.erase();
}

static void part(StageOp stage, bool steps) {
  Block &body = stage.getBody().front();
  SmallVector<Operation *> affines, ofSteps;
  for (Operation &op : body)
    if (isa<AffineOp>(op))
      affines.push_back(&op);
    else if (steps && isa<StepMatmulOp, StepTransposeOp>(op))
      ofSteps.push_back(&op);
  if (affines.empty() && ofSteps.empty())
    return;
  if (!affines.empty())
    moveProducts(stage, affines);
  for (Operation *op : ofSteps)
    moveProducts(stage, op);
  for (Operation &op : llvm::make_early_inc_range(llvm::reverse(body)))
    if (isOpTriviallyDead(&op))
      op.erase();
  dropForeignResults(stage);
}

namespace {
struct PartProductsPass : rnn::impl::PartProductsPassBase<PartProductsPass> {
  using PartProductsPassBase::PartProductsPassBase;

  void runOnOperation() override {
    if (asked && !hasElementwiseApart(getOperation()))
      return;
    for (auto scan : getOperation().getBody().getOps<ScanOp>())
      for (StageOp stage : llvm::to_vector(scan.getBody().getOps<StageOp>()))
        part(stage, steps);
  }
};
} // namespace
