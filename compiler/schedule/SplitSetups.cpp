//===- SplitSetups.cpp - name what a setup reads whole --------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
//   %e = exp %w                         %e = exp %w
//   %s = reduce_sum %e                  write @derived.1, %e
//   %t = splat %s                ==>    %s = reduce_sum (read @derived.1)
//   %y = divf %e, %t                    write @derived.2, %s
//   write @derived.0, %y                %y = divf %e, (splat (read @derived.2))
//                                       write @derived.0, %y
//
// What works element by element between two names is then one loop.
//
//===----------------------------------------------------------------------===//

#include "compiler/schedule/Passes.h"

namespace rnn {
#define GEN_PASS_DEF_SPLITSETUPSPASS
#include "compiler/schedule/Passes.h.inc"
} // namespace rnn

using namespace mlir;
using namespace rnn;

/// True if the op needs its operands whole.
static bool readsWhole(Operation *op) {
  return isa<MatmulOp, TransposeOp, ReduceSumOp, ReduceMaxOp, ConcatOp,
             SliceOp>(op);
}

namespace {
/// Names the values of one setup.
class Names {
public:
  Names(CellOp cell, SetupOp setup) : cell(cell), setup(setup) {}
  void run();

private:
  StringAttr nameOf(Value value);
  StringAttr declare(Value value);

  CellOp cell;
  SetupOp setup;
  llvm::DenseMap<Value, StringAttr> names;
};
} // namespace

/// Declares a tensor for the value, and writes it.
StringAttr Names::declare(Value value) {
  Operation *op = value.getDefiningOp();
  bool backward = setup.getBackward();
  StringRef prefix = backward ? "adjoint." : "derived.";
  int64_t number = 0;
  while (cell.tensor((prefix + Twine(number)).str()))
    ++number;
  auto name = StringAttr::get(cell.getContext(), prefix + Twine(number));
  OpBuilder b(setup);
  TensorOp::create(b, op->getLoc(), name.getValue(),
                   backward ? Role::derived_gradient : Role::derived,
                   value.getType());
  Block &body = setup.getBody().front();
  if (op->getBlock() == &body)
    b.setInsertionPointAfter(op);
  else
    b.setInsertionPointToStart(&body); // a constant of the cell
  WriteOp::create(b, op->getLoc(), name.getValue(), value);
  return name;
}

/// The tensor that a value is written to.
StringAttr Names::nameOf(Value value) {
  StringAttr &name = names[value];
  for (Operation *user : value.getUsers())
    if (auto write = dyn_cast<WriteOp>(user);
        write && !name && write->getParentOp() == setup)
      name = write.getTensorAttr().getAttr();
  if (!name)
    name = declare(value);
  return name;
}

void Names::run() {
  Block &body = setup.getBody().front();
  for (Operation &op : llvm::make_early_inc_range(body))
    for (OpOperand &use : op.getOpOperands()) {
      Value value = use.get();
      Operation *def = value.getDefiningOp();
      bool whole = readsWhole(&op) || isa<SplatOp>(op);
      bool named =
          whole ? !isa<ReadOp>(def) : readsWhole(def) && !isa<WriteOp>(op);
      if (!named)
        continue;
      StringAttr name = nameOf(value);
      OpBuilder b(&op);
      use.set(
          ReadOp::create(b, op.getLoc(), value.getType(), name.getValue(), 0));
    }
}

namespace {
struct SplitSetupsPass : rnn::impl::SplitSetupsPassBase<SplitSetupsPass> {
  void runOnOperation() override {
    for (auto setup :
         llvm::to_vector(getOperation().getBody().getOps<SetupOp>()))
      Names(getOperation(), setup).run();
  }
};
} // namespace
