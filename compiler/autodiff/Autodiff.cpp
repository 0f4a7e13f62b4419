//===- Autodiff.cpp - derive the backward scan of a cell ------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
//   rnn.scan forward {                rnn.scan backward {
//     %h1 = read @h[1]                  %d  = read @grad.h + read @carry.h.1[1]
//     %y  = f(%h1)             ==>      %y  = read @tape.0     (or recomputed)
//     write @h, %y                      %d1 = rule of f (%d, %y)
//   }                                   write @carry.h.1, %d1
//                                     }
//
// What step t adds to the gradient of h[t-k] is the carry of delay k: a state
// of the backward scan, which runs from the last step to the first.
//
//===----------------------------------------------------------------------===//

#include "compiler/autodiff/Declarations.h"
#include "compiler/autodiff/Passes.h"
#include "compiler/autodiff/Setup.h"
#include "llvm/ADT/MapVector.h"

namespace rnn {
#define GEN_PASS_DEF_AUTODIFFPASS
#include "compiler/autodiff/Passes.h.inc"
} // namespace rnn

using namespace mlir;
using namespace rnn;

/// Arithmetic that costs less than a load and a store.
static bool isCheap(Operation *op) {
  return isa<arith::AddFOp, arith::SubFOp, arith::MulFOp, arith::NegFOp,
             arith::DivFOp, arith::SelectOp, arith::CmpFOp, arith::UIToFPOp,
             arith::MaximumFOp, arith::MinimumFOp, math::AbsFOp, SplatOp,
             StopGradientOp>(op);
}

/// Functions of one value: what they give is worth saving.
static bool isActivation(Operation *op) {
  return isa<SigmoidOp, math::TanhOp, math::ExpOp, math::LogOp, math::Log1pOp,
             math::SqrtOp, math::SinOp, math::CosOp, math::ErfOp>(op);
}

/// What takes no less memory than what it is made of, nor time to be made
/// again.
static bool isMadeOfLess(Operation *op) {
  auto product = dyn_cast<StepMatmulOp>(op);
  return (product && product.isOuter()) || isa<StepTransposeOp, SplatOp>(op);
}

namespace {
/// Derives the backward scan of one cell.
class Autodiff {
public:
  explicit Autodiff(CellOp cell)
      : cell(cell), forward(cell.scan(false)), b(cell.getContext()) {}
  LogicalResult run();

private:
  bool isAvailable(Value value, unsigned depth);
  bool isRecomputed(Value value);
  Value primal(Value value);
  Value makePrimal(Value value);
  void give(Value value, Value share);
  Value read(TensorOp tensor, int64_t delay, Type type);
  Value zeros(TensorOp tensor);
  void seed();
  LogicalResult pull();
  void finish();
  void dropUnused();
  void nameTape();

  CellOp cell;
  ScanOp forward;
  OpBuilder b;
  Location loc = cell.getLoc();
  const bool recomputes = cell.recomputes();
  llvm::DenseMap<Value, Value> gradients, primals;
  llvm::DenseMap<Value, TensorOp> written; ///< value -> the state it becomes
  Carries carries;
  llvm::MapVector<Operation *, Value> shares; ///< of carries and inputs
  SmallVector<std::pair<Value, ReadOp>> saved;
};
} // namespace

//===----------------------------------------------------------------------===//
// Values of the forward scan in the backward one
//===----------------------------------------------------------------------===//

/// True if a value follows, by a short chain, from what backward can read
/// without a tape: inputs, parameters and states.
bool Autodiff::isAvailable(Value value, unsigned depth) {
  Operation *op = value.getDefiningOp();
  if (written.count(value) || isa<ReadOp, arith::ConstantOp>(op))
    return true;
  if (depth == 0 || !(isCheap(op) || isActivation(op)))
    return false;
  return llvm::all_of(op->getOperands(), [&](Value operand) {
    return isAvailable(operand, depth - 1);
  });
}

/// The decision between memory and arithmetic. What is available is recomputed,
/// be it a tanh: a state is read anyway. What is cheap is recomputed from the
/// activations it is made of, which are saved for their own sake. Conditions
/// always are. All else is behind a product, and saved, unless a schedule says
/// that it is computed again from inputs, parameters and states.
bool Autodiff::isRecomputed(Value value) {
  if (recomputes)
    return true;
  Operation *op = value.getDefiningOp();
  if (!cast<RankedTensorType>(value.getType()).getElementType().isF32() &&
      !cast<RankedTensorType>(value.getType()).getElementType().isF64())
    return true;
  // A slice of a parameter is the parameter, elsewhere.
  if (isa<SliceOp>(op) &&
      isa_and_nonnull<ReadOp>(op->getOperand(0).getDefiningOp()))
    return true;
  if (isAvailable(value, 4) || isMadeOfLess(op))
    return true;
  return isCheap(op) && llvm::all_of(op->getOperands(), [&](Value operand) {
           return isActivation(operand.getDefiningOp()) ||
                  isAvailable(operand, 2);
         });
}

Value Autodiff::primal(Value value) {
  // Made first, looked up after: making one may make others.
  if (!primals.count(value)) {
    Value made = makePrimal(value);
    primals[value] = made;
  }
  return primals[value];
}

Value Autodiff::makePrimal(Value value) {
  if (auto state = written.find(value); state != written.end())
    return read(state->second, 0, value.getType());
  Operation *op = value.getDefiningOp();
  if (isa<ReadOp, arith::ConstantOp>(op))
    return b.clone(*op)->getResult(0);
  if (isRecomputed(value)) {
    IRMapping operands;
    for (Value operand : op->getOperands())
      operands.map(operand, primal(operand));
    return b.clone(*op, operands)->getResult(0);
  }
  // The name comes later, in program order.
  auto read = ReadOp::create(b, value.getLoc(), value.getType(), "tape", 0);
  saved.push_back({value, read});
  return read;
}

//===----------------------------------------------------------------------===//
// Gradients
//===----------------------------------------------------------------------===//

Value Autodiff::read(TensorOp tensor, int64_t delay, Type type) {
  return ReadOp::create(b, tensor.getLoc(), type, tensor.getSymName(), delay);
}

Value Autodiff::zeros(TensorOp tensor) {
  auto type = vectorOfRows(tensor.tensorType());
  Attribute zero = b.getFloatAttr(type.getElementType(), 0);
  return arith::ConstantOp::create(b, tensor.getLoc(),
                                   DenseElementsAttr::get(type, zero));
}

void Autodiff::give(Value value, Value share) {
  Value &sum = gradients[value];
  sum =
      sum ? Value(arith::AddFOp::create(b, share.getLoc(), sum, share)) : share;
}

/// What comes in: the gradients of outputs, and of states from later steps.
void Autodiff::seed() {
  for (auto write : forward.getBody().getOps<WriteOp>()) {
    TensorOp tensor = write.declaration();
    Type type = write.getValue().getType();
    if (TensorOp gradient = cell.tensor(("grad." + tensor.getSymName()).str()))
      give(write.getValue(), read(gradient, 0, type));
    if (tensor.getRole() == Role::state)
      for (int64_t delay = 1; delay <= int64_t(tensor.getDelay()); ++delay)
        give(write.getValue(),
             read(carries[{tensor.getSymName().str(), delay}], delay, type));
  }
}

LogicalResult Autodiff::pull() {
  auto addShare = [&](TensorOp tensor, Value share) {
    Value &sum = shares[tensor];
    sum = sum ? Value(arith::AddFOp::create(b, share.getLoc(), sum, share))
              : share;
  };
  auto primalOf = [&](Value value) { return primal(value); };
  auto giveTo = [&](OpOperand &operand, Value share) {
    give(operand.get(), share);
  };
  Pullback pullback{primalOf, giveTo};
  for (Operation &op : llvm::reverse(forward.getBody().front())) {
    if (op.getNumResults() == 0)
      continue;
    Value gradient = gradients.lookup(op.getResult(0));
    if (!gradient)
      continue;
    if (auto read = dyn_cast<ReadOp>(op)) {
      TensorOp tensor = read.declaration();
      std::string name = tensor.getSymName().str();
      if (tensor.getRole() == Role::state)
        addShare(carries[{name, int64_t(read.getDelay())}], gradient);
      else if (tensor.getRole() != Role::input)
        AccumulateOp::create(b, op.getLoc(), tensor.getSymName(), gradient,
                             Value(), DenseI64ArrayAttr());
      else if (!tensor.getNoGradient())
        addShare(cell.tensor("grad." + name), gradient);
      continue;
    }
    auto differentiable = dyn_cast<DifferentiableOpInterface>(op);
    if (!differentiable)
      return op.emitError("internal: no derivative rule for '")
             << op.getName() << "'";
    differentiable.pullback(b, gradient, pullback);
  }
  return success();
}

/// Writes carries and input gradients; what got no share is zero.
void Autodiff::finish() {
  for (auto tensor : llvm::to_vector(cell.getBody().getOps<TensorOp>()))
    if (tensor.getRole() == Role::carry ||
        tensor.getRole() == Role::input_gradient) {
      Value share = shares.lookup(tensor);
      WriteOp::create(b, tensor.getLoc(), tensor.getSymName(),
                      share ? share : zeros(tensor));
    }
}

/// Takes away what only gradients needed that nobody wants, so that it is not
/// saved either.
void Autodiff::dropUnused() {
  for (Operation &op :
       llvm::make_early_inc_range(llvm::reverse(*b.getBlock()))) {
    if (!isOpTriviallyDead(&op))
      continue;
    llvm::erase_if(saved, [&](auto &entry) { return entry.second == &op; });
    op.erase();
  }
}

/// Declares the tape in the order of the forward scan, and writes it there.
void Autodiff::nameTape() {
  llvm::sort(saved, [](auto &x, auto &y) {
    return x.first.getDefiningOp()->isBeforeInBlock(y.first.getDefiningOp());
  });
  for (auto [index, entry] : llvm::enumerate(saved)) {
    auto [value, read] = entry;
    std::string name = "tape." + std::to_string(index);
    b.setInsertionPoint(forward);
    declareTape(b, value, name);
    b.setInsertionPointToEnd(&forward.getBody().front());
    WriteOp::create(b, value.getLoc(), name, value);
    read.setTensor(name);
  }
}

LogicalResult Autodiff::run() {
  carries = declareGradients(cell);
  for (auto write : forward.getBody().getOps<WriteOp>())
    if (write.declaration().getRole() == Role::state)
      written[write.getValue()] = write.declaration();
  b.setInsertionPointAfter(forward);
  auto backward = ScanOp::create(b, loc, /*backward=*/true);
  b.setInsertionPointToStart(&backward.getBody().emplaceBlock());
  // In the order of forward, so that sums are made alike and weights are packed
  // once. What is not needed is dropped below.
  if (recomputes)
    for (Operation &op : forward.getBody().front())
      if (op.getNumResults())
        primal(op.getResult(0));
  seed();
  if (failed(pull()))
    return failure();
  finish();
  dropUnused();
  nameTape();
  return success();
}

namespace {
struct AutodiffPass : rnn::impl::AutodiffPassBase<AutodiffPass> {
  void runOnOperation() override {
    CellOp cell = getOperation();
    if (cell.scan(true))
      return;
    if (failed(Autodiff(cell).run()) || failed(differentiateSetup(cell)))
      signalPassFailure();
  }
};
} // namespace
