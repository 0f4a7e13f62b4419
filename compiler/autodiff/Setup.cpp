//===- Setup.cpp - derive the backward setup of a cell --------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
//   rnn.setup forward {                rnn.setup backward {
//     %w = read @W                       %g = read @grad.derived.0
//     %e = exp %w               ==>      %e = read @derived.0
//     write @derived.0, %e               %d = mulf %g, %e
//   }                                    accumulate @W, %d
//                                      }
//
// The backward scan adds up the gradient of each derived tensor over steps and
// examples as if it were a parameter; this pulls the sums back, once. All that
// forward wrote is there to be read, so nothing is saved.
//
//===----------------------------------------------------------------------===//

#include "compiler/autodiff/Setup.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/IRMapping.h"
#include "llvm/ADT/StringMap.h"

using namespace mlir;
using namespace rnn;

namespace {
class SetupAutodiff {
public:
  explicit SetupAutodiff(CellOp cell)
      : cell(cell), forward(cell.setup(false)), b(cell.getContext()) {}
  LogicalResult run();

private:
  /// Of the backward scan, be it flat or staged.
  SmallVector<AccumulateOp> accumulates() {
    SmallVector<AccumulateOp> result;
    cell.scan(true).walk([&](AccumulateOp op) { result.push_back(op); });
    return result;
  }
  void seed();
  Value primal(Value value);
  void pullRead(ReadOp read, Value gradient);
  void dropUnused();
  void addTo(Value &sum, Value share) {
    sum = sum ? Value(arith::AddFOp::create(b, share.getLoc(), sum, share))
              : share;
  }

  CellOp cell;
  SetupOp forward;
  OpBuilder b;
  llvm::DenseMap<Value, Value> gradients, primals;
  llvm::StringMap<Value> ofTensors; ///< gradients of derived tensors
  llvm::DenseMap<Value, StringRef> written;
};
} // namespace

/// What comes in: the sums of the backward scan.
void SetupAutodiff::seed() {
  llvm::StringMap<bool> done;
  for (AccumulateOp accumulate : accumulates()) {
    TensorOp tensor = accumulate.declaration();
    if (tensor.getRole() != Role::derived ||
        !done.try_emplace(tensor.getSymName(), true).second)
      continue;
    std::string name = ("grad." + tensor.getSymName()).str();
    OpBuilder declare(forward);
    TensorOp::create(declare, tensor.getLoc(), name, Role::derived_gradient,
                     tensor.tensorType(), tensor.getSymNameAttr());
    ofTensors[tensor.getSymName()] =
        ReadOp::create(b, tensor.getLoc(), tensor.getType(), name, 0);
  }
}

/// The value of the backward setup that equals one of the forward setup.
Value SetupAutodiff::primal(Value value) {
  if (Value known = primals.lookup(value))
    return known;
  Operation *op = value.getDefiningOp();
  Value result = value; // a constant of the cell
  if (auto name = written.find(value); name != written.end()) {
    result = ReadOp::create(b, op->getLoc(), value.getType(), name->second, 0);
  } else if (op->getBlock() == &forward.getBody().front()) {
    IRMapping operands;
    for (Value operand : op->getOperands())
      operands.map(operand, primal(operand));
    result = b.clone(*op, operands)->getResult(0);
  }
  return primals[value] = result;
}

void SetupAutodiff::pullRead(ReadOp read, Value gradient) {
  if (read.declaration().getRole() == Role::derived)
    addTo(ofTensors[read.getTensor()], gradient);
  else
    AccumulateOp::create(b, read.getLoc(), read.getTensor(), gradient, Value(),
                         DenseI64ArrayAttr());
}

/// A sum that nothing is worth need not be made: behind `stop_gradient`.
void SetupAutodiff::dropUnused() {
  SetupOp backward = cell.setup(true);
  for (auto read :
       llvm::make_early_inc_range(backward.getBody().getOps<ReadOp>())) {
    TensorOp sum = read.declaration();
    if (!read->use_empty() || sum.getRole() != Role::derived_gradient)
      continue;
    for (AccumulateOp accumulate : accumulates())
      if (accumulate.getParam() == *sum.getOf())
        accumulate.erase();
    read.erase();
    sum.erase();
  }
}

LogicalResult SetupAutodiff::run() {
  b.setInsertionPointAfter(cell.scan(true));
  auto backward = SetupOp::create(b, cell.getLoc(), /*backward=*/true);
  b.setInsertionPointToStart(&backward.getBody().emplaceBlock());
  for (auto write : forward.getBody().getOps<WriteOp>())
    written[write.getValue()] = write.getTensor();
  seed();
  auto primalOf = [&](Value value) { return primal(value); };
  auto giveTo = [&](OpOperand &operand, Value share) {
    addTo(gradients[operand.get()], share);
  };
  Pullback pullback{primalOf, giveTo};
  for (Operation &op : llvm::reverse(forward.getBody().front())) {
    if (auto write = dyn_cast<WriteOp>(op)) {
      if (Value gradient = ofTensors.lookup(write.getTensor()))
        addTo(gradients[write.getValue()], gradient);
      continue;
    }
    Value gradient = gradients.lookup(op.getResult(0));
    if (!gradient)
      continue;
    if (auto read = dyn_cast<ReadOp>(op)) {
      pullRead(read, gradient);
      continue;
    }
    auto differentiable = dyn_cast<DifferentiableOpInterface>(op);
    if (!differentiable)
      return op.emitError("internal: no derivative rule for '")
             << op.getName() << "'";
    differentiable.pullback(b, gradient, pullback);
  }
  dropUnused();
  return success();
}

LogicalResult rnn::differentiateSetup(CellOp cell) {
  return cell.setup(false) ? SetupAutodiff(cell).run() : success();
}
