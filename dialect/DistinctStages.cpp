//===- DistinctStages.cpp - what can run once per distinct vector ---------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The rule `stage-distinct`, which the pass that marks stages asks as well.
//
//===----------------------------------------------------------------------===//

#include "dialect/Rnn.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace rnn;

/// True of parameters, and of what stands for one in all steps.
static bool isFixed(Value value) {
  if (auto slice = value.getDefiningOp<SliceOp>())
    value = slice.getOperand();
  Operation *def = value.getDefiningOp();
  auto read = dyn_cast<ReadOp>(def);
  return def->hasTrait<OpTrait::ConstantLike>() ||
         (read && isParameter(read.declaration().getRole()));
}

static bool reads(Value value, StringRef input) {
  auto read = value.getDefiningOp<ReadOp>();
  return read && read.getTensor() == input;
}

/// Before the loop: everything follows from the input.
static bool followsFrom(StringRef input, Operation &op) {
  if (isa<WriteOp>(op))
    return false;
  if (auto read = dyn_cast<ReadOp>(op))
    return reads(read, input) || isFixed(read);
  return llvm::all_of(op.getOperands(), [&](Value operand) {
    auto other = operand.getDefiningOp<StageOp>();
    return !other || other.getDistinct();
  });
}

/// After the loop: everything is linear in what other stages have made.
static bool isLinear(StringRef input, Operation &op) {
  auto isMade = [](Value value) {
    return bool(value.getDefiningOp<StageOp>());
  };
  return llvm::TypeSwitch<Operation *, bool>(&op)
      .Case([&](ReadOp read) { return reads(read, input) || isFixed(read); })
      .Case([&](SliceOp slice) { return isFixed(slice); })
      .Case([&](AccumulateOp sum) {
        return sum.getOver() == 1 && isMade(sum.getRow()) && sum.getColumn() &&
               reads(sum.getColumn(), input);
      })
      .Case([&](AffineOp affine) {
        return !affine.getStart() && llvm::all_of(affine.getInputs(), isMade);
      })
      .Case([&](WriteOp write) {
        TensorOp tensor = write.declaration();
        return tensor.getRole() == Role::input_gradient &&
               *tensor.getOf() == input &&
               bool(write.getValue().getDefiningOp<AffineOp>());
      })
      .Case([&](YieldOp yield) { return yield.getOperands().empty(); })
      .Default([](Operation *) { return false; });
}

bool rnn::canBeDistinct(StageOp stage, StringRef input) {
  const bool backward = isBackward(stage);
  if (stage.getPhase() != (backward ? Phase::after : Phase::before))
    return false;
  return llvm::all_of(stage.getBody().front(), [&](Operation &op) {
    return backward ? isLinear(input, op) : followsFrom(input, op);
  });
}

bool rnn::isReadTooSoon(StageOp stage) {
  return llvm::any_of(stage->getUsers(), [&](Operation *user) {
    auto reader = user->getParentOfType<StageOp>();
    return reader && reader.getPhase() == Phase::before &&
           !reader.getDistinct();
  });
}

TensorOp CellOp::distinctInput() {
  for (auto tensor : getBody().getOps<TensorOp>())
    if (tensor.getDistinct())
      return tensor;
  return {};
}

LogicalResult rnn::verifyDistinct(CellOp cell) {
  // tensor-distinct
  TensorOp input = cell.distinctInput();
  for (auto tensor : cell.getBody().getOps<TensorOp>())
    if (tensor.getDistinct() &&
        (tensor != input || tensor.getRole() != Role::input || !cell.getPart()))
      return tensor.emitOpError("is distinct, but not the only such input of a "
                                "part of a model");
  // stage-distinct
  for (auto scan : cell.getBody().getOps<ScanOp>())
    for (auto stage : scan.getBody().getOps<StageOp>())
      if (stage.getDistinct() &&
          (!input || !canBeDistinct(stage, input.getSymName()) ||
           isReadTooSoon(stage)))
        return stage.emitOpError("cannot run once for each distinct vector");
  return success();
}
