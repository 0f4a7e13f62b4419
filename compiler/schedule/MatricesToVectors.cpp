//===- MatricesToVectors.cpp - matrices of a step by their rows -----------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
//   %c = read @C[1] : 4x3                %c = read @C[1] : 12
//   %e = exp %c : 4x3                    %e = exp %c : 12
//   %t = transpose %e           ==>      %y = step_matmul %e transposed, %w
//   inner 4 %y = matmul %t, %w                   write @y, %y : 6 write @y, %y
//   : 3x2
//
// Weights of products stay matrices, since they are packed; a parameter that
// meets a matrix of the step element by element is read as a vector, too.
//
//===----------------------------------------------------------------------===//

#include "compiler/schedule/LinearMatrices.h"
#include "compiler/schedule/Passes.h"
#include "mlir/IR/IRMapping.h"
#include "llvm/ADT/TypeSwitch.h"

namespace rnn {
#define GEN_PASS_DEF_MATRICESTOVECTORSPASS
#include "compiler/schedule/Passes.h.inc"
} // namespace rnn

using namespace mlir;
using namespace rnn;

static RankedTensorType typeOf(Value value) {
  return cast<RankedTensorType>(value.getType());
}

namespace {
/// Rewrites one scan.
class Vectors {
public:
  explicit Vectors(Block &body) : body(body), b(body.getParentOp()) {}
  void run();

private:
  /// An operand of a product.
  struct Factor {
    Value value;
    bool transposed;
    int64_t rows, columns; ///< of the value as it stands
  };

  void eraseDead();
  Value vectorOf(Value value);
  Value makeVector(Operation *op);
  Factor factor(Value matrix);
  Value multiply(Factor left, Factor right);
  Value transpose(Value vector, int64_t rows);
  Value cutRows(SliceOp slice);

  Block &body;
  OpBuilder b;
  Location loc = b.getUnknownLoc();
  IRMapping vectors; ///< of values that were matrices
};
} // namespace

void Vectors::eraseDead() {
  for (Operation &op : llvm::make_early_inc_range(llvm::reverse(body)))
    if (isOpTriviallyDead(&op))
      op.erase();
}

/// The value, or the vector of the rows of a matrix.
Value Vectors::vectorOf(Value value) {
  if (!isMatrix(value))
    return value;
  if (!vectors.contains(value)) {
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointAfterValue(value);
    vectors.map(value, makeVector(value.getDefiningOp()));
  }
  return vectors.lookup(value);
}

Value Vectors::transpose(Value vector, int64_t rows) {
  return b.createOrFold<StepTransposeOp>(loc, vector.getType(), vector, rows);
}

Vectors::Factor Vectors::factor(Value matrix) {
  bool transposed = false;
  while (auto swap = matrix.getDefiningOp<TransposeOp>()) {
    matrix = swap.getOperand();
    transposed = !transposed;
  }
  Value value = isWeight(matrix) ? matrix : vectorOf(matrix);
  return {value, transposed, typeOf(matrix).getDimSize(0),
          typeOf(matrix).getDimSize(1)};
}

Value Vectors::multiply(Factor left, Factor right) {
  // A product has one weight, and one operand that stands transposed.
  if (isMatrix(left.value) && isMatrix(right.value))
    right.value = vectorOf(right.value);
  if (left.transposed && right.transposed) {
    Factor &swapped = isMatrix(left.value) ? right : left;
    swapped.value = transpose(swapped.value, swapped.rows);
    std::swap(swapped.rows, swapped.columns);
    swapped.transposed = false;
  }
  int64_t rows = left.transposed ? left.columns : left.rows;
  int64_t inner = left.transposed ? left.rows : left.columns;
  int64_t columns = right.transposed ? right.rows : right.columns;
  auto type = typeOf(left.value).clone({rows * columns});
  return StepMatmulOp::create(b, loc, type, left.value, left.transposed,
                              right.value, right.transposed, inner);
}

/// Rows of a matrix are a range of it; parts of rows are put together.
Value Vectors::cutRows(SliceOp slice) {
  Value whole = vectorOf(slice.getOperand());
  RankedTensorType type = slice.getType();
  int64_t pitch = slice.getOperand().getType().getDimSize(1);
  auto cut = [&](int64_t offset, int64_t count) -> Value {
    return b.createOrFold<SliceOp>(loc, type.clone({count}), whole,
                                   b.getDenseI64ArrayAttr(offset));
  };
  ArrayRef<int64_t> offsets = slice.getOffsets();
  if (type.getDimSize(1) == pitch)
    return cut(offsets[0] * pitch, type.getNumElements());
  SmallVector<Value> rows;
  for (int64_t row = 0; row < type.getDimSize(0); ++row)
    rows.push_back(
        cut((offsets[0] + row) * pitch + offsets[1], type.getDimSize(1)));
  return ConcatOp::create(b, loc, vectorOfRows(type), rows);
}

Value Vectors::makeVector(Operation *op) {
  loc = op->getLoc();
  RankedTensorType type = vectorOfRows(typeOf(op->getResult(0)));
  return llvm::TypeSwitch<Operation *, Value>(op)
      .Case([&](ReadOp read) -> Value {
        return ReadOp::create(b, loc, type, read.getTensor(), read.getDelay());
      })
      .Case([&](arith::ConstantOp constant) -> Value {
        auto elements = cast<DenseElementsAttr>(constant.getValue());
        return arith::ConstantOp::create(b, loc, elements.reshape(type));
      })
      .Case([&](SliceOp slice) { return cutRows(slice); })
      .Case([&](TransposeOp swap) {
        return transpose(vectorOf(swap.getOperand()),
                         swap.getOperand().getType().getDimSize(0));
      })
      .Case([&](MatmulOp product) {
        return multiply(factor(product.getLeft()), factor(product.getRight()));
      })
      .Case([&](OuterOp outer) {
        Value left = outer.getLeft(), right = outer.getRight();
        return multiply({left, false, typeOf(left).getDimSize(0), 1},
                        {right, false, 1, typeOf(right).getDimSize(0)});
      })
      .Default([&](Operation *elementwise) {
        // Or a scalar repeated, or rows put together.
        IRMapping operands;
        for (Value operand : elementwise->getOperands())
          operands.map(operand, vectorOf(operand));
        Operation *clone = b.clone(*elementwise, operands);
        clone->getResult(0).setType(type);
        return clone->getResult(0);
      });
}

void Vectors::run() {
  eraseDead();
  for (Operation &op : llvm::make_early_inc_range(body)) {
    loc = op.getLoc();
    b.setInsertionPoint(&op);
    if (auto write = dyn_cast<WriteOp>(op)) {
      write.getValueMutable().assign(vectorOf(write.getValue()));
    } else if (auto product = dyn_cast<MatvecOp>(op);
               product && !isWeight(product.getWeight())) {
      Value input = product.getInput();
      int64_t size = typeOf(input).getDimSize(0);
      Factor matrix = factor(product.getWeight());
      matrix.transposed ^= product.getTransposed();
      // A row times a matrix, as rows of memory are what vectors are made of.
      matrix.transposed = !matrix.transposed;
      loc = op.getLoc();
      product.replaceAllUsesWith(multiply({input, false, 1, size}, matrix));
      product.erase();
    } else if (op.getNumResults() == 1 && isMatrix(op.getResult(0)) &&
               !isWeight(op.getResult(0))) {
      // In order, so that no chain of operands is followed far.
      vectorOf(op.getResult(0));
    } else if (isa<ReduceSumOp, ReduceMaxOp, AccumulateOp>(op)) {
      for (OpOperand &use : op.getOpOperands())
        use.set(vectorOf(use.get()));
    }
  }
  eraseDead();
}

namespace {
struct MatricesToVectorsPass
    : rnn::impl::MatricesToVectorsPassBase<MatricesToVectorsPass> {
  void runOnOperation() override {
    for (auto scan : getOperation().getBody().getOps<ScanOp>())
      if (scan.getBody().getOps<StageOp>().empty())
        Vectors(scan.getBody().front()).run();
  }
};
} // namespace
