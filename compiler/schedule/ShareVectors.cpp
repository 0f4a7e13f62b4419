//===- ShareVectors.cpp - find what depends on rows of tables alone -------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
//   rnn.tensor @x input                        rnn.tensor @x input distinct 9
//   stage before: affine (@W) (@x)             stage before distinct: the same
//   stage after:  accumulate @W, %d outer @x   stage after:  accumulate @b, %d
//                 accumulate @b, %d       ==>  stage after distinct:
//                 %g = affine (@W) (%d)            accumulate @W, %d outer @x
//                 write @grad.x, %g                %g = affine (@W) (%d)
//                                                  write @grad.x, %g
//
// where a model looks @x up in a table of 9 rows. The model stays as it is: how
// many distinct rows there are is known when running, and so is whether sharing
// is worth it.
//
//===----------------------------------------------------------------------===//

#include "compiler/schedule/CopyTo.h"
#include "compiler/schedule/Passes.h"
#include "dialect/LookupReaders.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/IRMapping.h"
#include "llvm/ADT/StringMap.h"

namespace rnn {
#define GEN_PASS_DEF_SHAREVECTORSPASS
#include "compiler/schedule/Passes.h.inc"
} // namespace rnn

using namespace mlir;
using namespace rnn;

/// Products of shorter vectors cost no more than copies of what they give.
static constexpr int64_t leastSharedLength = 16;

/// Marks the stages before the loop that follow from the input. False if
/// another stage there needs them or it, or no product does.
static bool markForward(CellOp cell, StringRef input) {
  ScanOp scan = cell.scan(false);
  for (auto stage : scan.getBody().getOps<StageOp>())
    stage.setDistinct(canBeDistinct(stage, input));
  bool isElsewhere = false, isMultiplied = false;
  for (auto stage : scan.getBody().getOps<StageOp>())
    isElsewhere |= stage.getDistinct() && isReadTooSoon(stage);
  scan.walk([&](ReadOp read) {
    if (read.getTensor() != input)
      return;
    isElsewhere |= !read->getParentOfType<StageOp>().getDistinct();
    isMultiplied |= llvm::any_of(
        read->getUsers(), [](Operation *user) { return isa<AffineOp>(user); });
  });
  return isMultiplied && !isElsewhere;
}

/// Moves what concerns the input to a stage of its own behind `stage`.
static void splitOff(StageOp stage, StringRef input) {
  SmallVector<Operation *> moved;
  for (Operation &op : stage.getBody().front()) {
    if (auto sum = dyn_cast<AccumulateOp>(op); sum && sum.getColumn())
      if (auto read = sum.getColumn().getDefiningOp<ReadOp>())
        if (read.getTensor() == input)
          moved.push_back(sum);
    if (auto write = dyn_cast<WriteOp>(op))
      if (TensorOp tensor = write.declaration();
          tensor.getRole() == Role::input_gradient && *tensor.getOf() == input)
        moved.push_back(write);
  }
  if (moved.empty())
    return;
  OpBuilder b(stage->getContext());
  b.setInsertionPointAfter(stage);
  auto apart = StageOp::create(b, stage.getLoc(), TypeRange(), stage.getPhase(),
                               stage.getUnits());
  b.setInsertionPointToStart(&apart.getBody().emplaceBlock());
  Block &body = stage.getBody().front();
  IRMapping mapping;
  for (Operation *op : moved) {
    for (Value operand : op->getOperands())
      mapping.map(operand, copyTo(b, operand, body, mapping));
    b.clone(*op, mapping);
    op->erase();
  }
  YieldOp::create(b, stage.getLoc());
  for (Operation &op : llvm::make_early_inc_range(llvm::reverse(body)))
    if (isOpTriviallyDead(&op))
      op.erase();
  if (llvm::hasSingleElement(body) && stage.getNumResults() == 0)
    stage.erase();
}

/// Splits off and marks the stages after the loop that are for the input alone.
/// False if there is more to it.
static bool markBackward(CellOp cell, StringRef input) {
  ScanOp scan = cell.scan(true);
  if (!scan)
    return true;
  for (StageOp stage : llvm::to_vector(scan.getBody().getOps<StageOp>()))
    if (stage.getPhase() == Phase::after)
      splitOff(stage, input);
  auto concernsInput = [&](Operation *op) {
    if (auto read = dyn_cast<ReadOp>(op))
      return read.getTensor() == input;
    auto write = dyn_cast<WriteOp>(op);
    return write && write.declaration().getRole() == Role::input_gradient &&
           *write.declaration().getOf() == input;
  };
  bool all = true;
  for (auto stage : scan.getBody().getOps<StageOp>())
    if (llvm::any_of(stage.getBody().front(),
                     [&](Operation &op) { return concernsInput(&op); })) {
      bool can = canBeDistinct(stage, input);
      stage.setDistinct(can);
      all &= can;
    }
  return all;
}

/// Marks the stages of a cell that can be distinct. False if not all that reads
/// the input can.
static bool mark(CellOp cell, StringRef input) {
  return !cell.recomputes() && !cell.distinctInput() &&
         cell.tensor(input).tensorType().getNumElements() >=
             leastSharedLength &&
         markForward(cell, input) && markBackward(cell, input);
}

/// Makes the inputs `distinct` if all of them can be.
static void share(const LookupReaders &readers, int64_t tableRows) {
  bool all = !readers.inputs.empty();
  for (auto [cell, input] : readers.inputs)
    all = all && mark(cell, input);
  for (auto [cell, input] : readers.inputs)
    if (all)
      CellOp(cell).tensor(input).setDistinct(tableRows);
    else if (!CellOp(cell).distinctInput())
      CellOp(cell).walk([](StageOp stage) { stage.setDistinct(false); });
}

namespace {
struct ShareVectorsPass : rnn::impl::ShareVectorsPassBase<ShareVectorsPass> {
  void runOnOperation() override {
    llvm::StringMap<int64_t> runs; // forward, of each cell
    for (auto model : getOperation().getOps<ModelOp>())
      for (auto run : model.getBody().getOps<RunOp>())
        runs[run.getCell()] += !run.getBackward();
    for (auto model : getOperation().getOps<ModelOp>())
      for (auto lookup : model.getBody().getOps<LookupOp>()) {
        LookupReaders readers(model, lookup);
        bool isAll = readers.areAll;
        // All runs of a cell take their vectors from the lookup, or none.
        for (auto &reader : readers.inputs)
          isAll &= llvm::count(readers.inputs, reader) ==
                   runs[reader.first.getSymName()];
        TensorOp table = model.tensor(lookup.getTable());
        if (isAll)
          share(readers, table.tensorType().getDimSize(0));
      }
  }
};
} // namespace
