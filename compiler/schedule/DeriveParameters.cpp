//===- DeriveParameters.cpp - compute once what only parameters enter -----===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
//   rnn.scan forward {                   rnn.setup forward {
//     %w = read @W                         %w = read @W
//     %e = exp %w                ==>       %e = exp %w
//     %y = matvec %e, %x                   write @derived.0, %e
//   }                                    }
//                                        rnn.scan forward {
//                                          %e = read @derived.0
//                                          %y = matvec %e, %x
//                                        }
//
// What a product with a vector can take apart again stays where it is, since
// that costs no memory: transposes, concatenations, multiples and products of
// narrow matrices. So do slices and repeated scalars, which are reads. What
// meets a matrix that differs from step to step is needed as it is, and moves.
//
//===----------------------------------------------------------------------===//

#include "compiler/schedule/LinearMatrices.h"
#include "compiler/schedule/Passes.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/IR/Matchers.h"
#include <set>

namespace rnn {
#define GEN_PASS_DEF_DERIVEPARAMETERSPASS
#include "compiler/schedule/Passes.h.inc"
} // namespace rnn

using namespace mlir;
using namespace rnn;

namespace {
/// Moves what depends on parameters alone from a cell's scan to its setup.
class Derivation {
public:
  explicit Derivation(CellOp cell)
      : cell(cell), body(cell.scan(false).getBody().front()), linear(body) {}
  void run();

private:
  bool isInvariant(Value value) {
    return invariant.contains(value) || matchPattern(value, m_Constant());
  }
  void findInvariant();
  bool staysApart(Operation *op, bool whole);
  void findRoots(Value value, bool whole);
  bool needsWhole(Operation *op, Value operand);
  void moveRoots();

  CellOp cell;
  Block &body;
  LinearMatrices linear;
  llvm::DenseSet<Value> invariant; ///< depends on parameters alone
  llvm::SetVector<Value> roots;    ///< those that get a name
  std::set<std::pair<void *, bool>> visited;
};
} // namespace

void Derivation::findInvariant() {
  for (Operation &op : body) {
    // Products with vectors are made by kernels; a setup has none.
    if (op.getNumResults() != 1 || isa<MatvecOp, OuterOp>(op))
      continue;
    auto read = dyn_cast<ReadOp>(op);
    bool is = read ? isParameter(read.declaration().getRole())
                   : llvm::all_of(op.getOperands(), [&](Value operand) {
                       return isInvariant(operand);
                     });
    if (is)
      invariant.insert(op.getResult(0));
  }
}

/// True if an op is left in the scan, and only its operands are moved. `whole`
/// says that a matrix is needed as it is.
bool Derivation::staysApart(Operation *op, bool whole) {
  Value result = op->getResult(0);
  if (isa<SplatOp, SliceOp>(op) ||
      cast<RankedTensorType>(result.getType()).getElementType().isInteger(1))
    return true;
  if (!isMatrix(result) || whole)
    return false;
  // (A @ B) @ x as A @ (B @ x), if that is less work.
  if (auto product = dyn_cast<MatmulOp>(op)) {
    int64_t inner = product.getRight().getType().getDimSize(0);
    int64_t rows = product.getType().getDimSize(0);
    int64_t columns = product.getType().getDimSize(1);
    return inner * (rows + columns) <= rows * columns;
  }
  return isLinear(op) && !isa<arith::AddFOp, arith::SubFOp>(op);
}

void Derivation::findRoots(Value value, bool whole) {
  Operation *op = value.getDefiningOp();
  if (!invariant.contains(value) || isa<ReadOp>(op) ||
      matchPattern(value, m_Constant()) ||
      !visited.insert({value.getAsOpaquePointer(), whole}).second)
    return;
  if (!staysApart(op, whole)) {
    roots.insert(value);
    return;
  }
  for (Value operand : op->getOperands())
    findRoots(operand, whole);
}

/// True if an operand, a matrix, is needed as it is. A product of matrices
/// takes an operand that stands transposed.
bool Derivation::needsWhole(Operation *op, Value operand) {
  if (!isMatrix(operand) || isa<MatvecOp>(op) ||
      (isa<MatmulOp>(op) && isa<TransposeOp>(operand.getDefiningOp())))
    return false;
  return op->getNumResults() == 0 || !isMatrix(op->getResult(0)) ||
         !linear.contains(op->getResult(0));
}

void Derivation::moveRoots() {
  llvm::DenseSet<Operation *> moved;
  SmallVector<Value> open(roots.begin(), roots.end());
  while (!open.empty()) {
    Operation *op = open.pop_back_val().getDefiningOp();
    if (op->getBlock() == &body && moved.insert(op).second)
      llvm::append_range(open, op->getOperands());
  }
  OpBuilder declare(cell.scan(false));
  auto setup = SetupOp::create(declare, cell.getLoc());
  declare.setInsertionPoint(setup);
  OpBuilder b = OpBuilder::atBlockEnd(&setup.getBody().emplaceBlock());
  IRMapping mapping;
  int64_t count = 0;
  for (Operation &op : llvm::make_early_inc_range(body)) {
    if (!moved.contains(&op))
      continue;
    b.clone(op, mapping);
    Value value = op.getResult(0);
    if (!roots.contains(value))
      continue;
    Location loc = op.getLoc();
    std::string name = "derived." + std::to_string(count++);
    auto type = cast<RankedTensorType>(value.getType());
    TensorOp::create(declare, loc, name, Role::derived, type);
    WriteOp::create(b, loc, name, mapping.lookup(value));
    OpBuilder here(&op);
    Value read = ReadOp::create(here, loc, type, name, 0);
    // Other roots may be made of this one.
    mapping.map(read, mapping.lookup(value));
    value.replaceAllUsesWith(read);
  }
  // What only moved values used.
  for (Operation &op : llvm::make_early_inc_range(llvm::reverse(body)))
    if (isOpTriviallyDead(&op))
      op.erase();
}

void Derivation::run() {
  findInvariant();
  for (Operation &op : body)
    if (op.getNumResults() != 1 || !invariant.contains(op.getResult(0)))
      for (Value operand : op.getOperands())
        findRoots(operand, needsWhole(&op, operand));
  if (!roots.empty())
    moveRoots();
}

namespace {
struct DeriveParametersPass
    : rnn::impl::DeriveParametersPassBase<DeriveParametersPass> {
  void runOnOperation() override {
    CellOp cell = getOperation();
    if (!cell.scan(true) && !cell.setup(false))
      Derivation(cell).run();
  }
};
} // namespace
