//===- Derivatives.cpp - the derivative rule of each op -------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Rules that can use the result do, since results are what is saved: the
// activated gate, not what went into the activation. Where a function has a
// corner, the gradient is what docs/language.md promises.
//
//===----------------------------------------------------------------------===//

#include "dialect/Rnn.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include <cmath>

using namespace mlir;
using namespace rnn;

namespace {
/// Elementwise arithmetic on values of one type, to write rules as formulas.
struct Formula {
  OpBuilder &b;
  Location loc;

  Value constant(Type type, double value) {
    auto tensor = cast<RankedTensorType>(type);
    Attribute element = b.getFloatAttr(tensor.getElementType(), value);
    return arith::ConstantOp::create(b, loc,
                                     DenseElementsAttr::get(tensor, element));
  }
  Value mul(Value x, Value y) { return arith::MulFOp::create(b, loc, x, y); }
  Value sub(Value x, Value y) { return arith::SubFOp::create(b, loc, x, y); }
  Value add(Value x, Value y) { return arith::AddFOp::create(b, loc, x, y); }
  Value div(Value x, Value y) { return arith::DivFOp::create(b, loc, x, y); }
  Value neg(Value x) { return arith::NegFOp::create(b, loc, x); }
  Value select(Value c, Value x, Value y) {
    return arith::SelectOp::create(b, loc, c, x, y);
  }
  Value compare(arith::CmpFPredicate predicate, Value x, Value y) {
    return arith::CmpFOp::create(b, loc, predicate, x, y);
  }
};
} // namespace

//===----------------------------------------------------------------------===//
// Ops of arith and math
//===----------------------------------------------------------------------===//

static void rule(arith::AddFOp op, Formula, Value gradient, Pullback &pull) {
  pull.give(op.getLhsMutable(), gradient);
  pull.give(op.getRhsMutable(), gradient);
}

static void rule(arith::SubFOp op, Formula f, Value gradient, Pullback &pull) {
  pull.give(op.getLhsMutable(), gradient);
  pull.give(op.getRhsMutable(), f.neg(gradient));
}

static void rule(arith::MulFOp op, Formula f, Value gradient, Pullback &pull) {
  pull.give(op.getLhsMutable(), f.mul(gradient, pull.primal(op.getRhs())));
  pull.give(op.getRhsMutable(), f.mul(gradient, pull.primal(op.getLhs())));
}

static void rule(arith::DivFOp op, Formula f, Value gradient, Pullback &pull) {
  Value share = f.div(gradient, pull.primal(op.getRhs()));
  pull.give(op.getLhsMutable(), share);
  pull.give(op.getRhsMutable(),
            f.neg(f.mul(share, pull.primal(op.getResult()))));
}

static void rule(arith::NegFOp op, Formula f, Value gradient, Pullback &pull) {
  pull.give(op.getOperandMutable(), f.neg(gradient));
}

/// The larger (or smaller) operand gets all, equal ones share evenly.
template <typename Op>
static void ruleOfExtremum(Op op, arith::CmpFPredicate wins, Formula f,
                           Value gradient, Pullback &pull) {
  Value x = pull.primal(op.getLhs()), y = pull.primal(op.getRhs());
  Value zero = f.constant(gradient.getType(), 0);
  Value half = f.mul(gradient, f.constant(gradient.getType(), 0.5));
  Value tie = f.select(f.compare(arith::CmpFPredicate::OEQ, x, y), half, zero);
  pull.give(op.getLhsMutable(), f.select(f.compare(wins, x, y), gradient, tie));
  pull.give(op.getRhsMutable(), f.select(f.compare(wins, y, x), gradient, tie));
}

static void rule(arith::MaximumFOp op, Formula f, Value gradient,
                 Pullback &pull) {
  ruleOfExtremum(op, arith::CmpFPredicate::OGT, f, gradient, pull);
}

static void rule(arith::MinimumFOp op, Formula f, Value gradient,
                 Pullback &pull) {
  ruleOfExtremum(op, arith::CmpFPredicate::OLT, f, gradient, pull);
}

static void rule(arith::SelectOp op, Formula f, Value gradient,
                 Pullback &pull) {
  Value condition = pull.primal(op.getCondition());
  Value zero = f.constant(gradient.getType(), 0);
  pull.give(op.getTrueValueMutable(), f.select(condition, gradient, zero));
  pull.give(op.getFalseValueMutable(), f.select(condition, zero, gradient));
}

// Steps: zero gradient where they have one.
static void rule(arith::ConstantOp, Formula, Value, Pullback &) {}
static void rule(arith::CmpFOp, Formula, Value, Pullback &) {}
static void rule(arith::UIToFPOp, Formula, Value, Pullback &) {}

static void rule(math::ExpOp op, Formula f, Value gradient, Pullback &pull) {
  pull.give(op.getOperandMutable(),
            f.mul(gradient, pull.primal(op.getResult())));
}

static void rule(math::LogOp op, Formula f, Value gradient, Pullback &pull) {
  pull.give(op.getOperandMutable(),
            f.div(gradient, pull.primal(op.getOperand())));
}

static void rule(math::Log1pOp op, Formula f, Value gradient, Pullback &pull) {
  Value one = f.constant(gradient.getType(), 1);
  pull.give(op.getOperandMutable(),
            f.div(gradient, f.add(one, pull.primal(op.getOperand()))));
}

static void rule(math::SqrtOp op, Formula f, Value gradient, Pullback &pull) {
  Value half = f.mul(gradient, f.constant(gradient.getType(), 0.5));
  pull.give(op.getOperandMutable(), f.div(half, pull.primal(op.getResult())));
}

static void rule(math::AbsFOp op, Formula f, Value gradient, Pullback &pull) {
  Value x = pull.primal(op.getOperand());
  Value zero = f.constant(gradient.getType(), 0);
  Value below = f.select(f.compare(arith::CmpFPredicate::OLT, x, zero),
                         f.neg(gradient), zero);
  pull.give(
      op.getOperandMutable(),
      f.select(f.compare(arith::CmpFPredicate::OGT, x, zero), gradient, below));
}

static void rule(math::TanhOp op, Formula f, Value gradient, Pullback &pull) {
  Value y = pull.primal(op.getResult());
  Value one = f.constant(gradient.getType(), 1);
  pull.give(op.getOperandMutable(), f.mul(gradient, f.sub(one, f.mul(y, y))));
}

static void rule(math::SinOp op, Formula f, Value gradient, Pullback &pull) {
  Value x = pull.primal(op.getOperand());
  pull.give(op.getOperandMutable(),
            f.mul(gradient, math::CosOp::create(f.b, f.loc, x)));
}

static void rule(math::CosOp op, Formula f, Value gradient, Pullback &pull) {
  Value x = pull.primal(op.getOperand());
  Value slope = f.neg(math::SinOp::create(f.b, f.loc, x));
  pull.give(op.getOperandMutable(), f.mul(gradient, slope));
}

static void rule(math::ErfOp op, Formula f, Value gradient, Pullback &pull) {
  Value x = pull.primal(op.getOperand());
  Value scale = f.constant(gradient.getType(), 2 / std::sqrt(M_PI));
  Value bell = math::ExpOp::create(f.b, f.loc, f.neg(f.mul(x, x)));
  pull.give(op.getOperandMutable(), f.mul(gradient, f.mul(scale, bell)));
}

namespace {
/// Attaches a rule above to an op of another dialect.
template <typename Op>
struct Rule : DifferentiableOpInterface::ExternalModel<Rule<Op>, Op> {
  void pullback(Operation *op, OpBuilder &builder, Value gradient,
                Pullback &pull) const {
    rule(cast<Op>(op), Formula{builder, op->getLoc()}, gradient, pull);
  }
};
} // namespace

template <typename... Ops> static void attachRules(MLIRContext *context) {
  (Ops::template attachInterface<Rule<Ops>>(*context), ...);
}

void rnn::registerDerivatives(DialectRegistry &registry) {
  registry.insert<arith::ArithDialect, math::MathDialect>();
  registry.addExtension(+[](MLIRContext *context, arith::ArithDialect *) {
    attachRules<arith::AddFOp, arith::SubFOp, arith::MulFOp, arith::DivFOp,
                arith::NegFOp, arith::MaximumFOp, arith::MinimumFOp,
                arith::SelectOp, arith::ConstantOp, arith::CmpFOp,
                arith::UIToFPOp>(context);
  });
  registry.addExtension(+[](MLIRContext *context, math::MathDialect *) {
    attachRules<math::ExpOp, math::LogOp, math::Log1pOp, math::SqrtOp,
                math::AbsFOp, math::TanhOp, math::SinOp, math::CosOp,
                math::ErfOp>(context);
  });
}

//===----------------------------------------------------------------------===//
// Ops of rnn
//===----------------------------------------------------------------------===//

/// Adds to the gradient of a weight: a parameter, or a slice of one.
static void addToWeight(OpBuilder &b, Location loc, Value weight, Value row,
                        Value column, int64_t over) {
  auto slice = weight.getDefiningOp<SliceOp>();
  Value whole = slice ? slice.getOperand() : weight;
  DenseI64ArrayAttr offsets = slice ? slice.getOffsetsAttr() : nullptr;
  auto read = whole.getDefiningOp<ReadOp>();
  AccumulateOp::create(b, loc, read.getTensor(), row, column, offsets,
                       /*adjoint=*/false, over);
}

/// The weight's share does not exist as a value: it is an outer product summed
/// over all steps, and belongs to the parameter.
void MatvecOp::pullback(OpBuilder &builder, Value gradient, Pullback &pull) {
  Value weight = pull.primal(getWeight()), input = pull.primal(getInput());
  auto share = MatvecOp::create(builder, getLoc(), getInput().getType(),
                                !getTransposed(), weight, gradient);
  pull.give(getInputMutable(), share);
  Value row = getTransposed() ? input : gradient;
  Value column = getTransposed() ? gradient : input;
  addToWeight(builder, getLoc(), getWeight(), row, column, 1);
}

/// Without transposes, or with one of them on the side where the formula in
/// RnnOps.td has two: an operand that stands transposed wants its share so,
/// too. The share of a weight is summed over the rows (of a weight on the left,
/// the columns) of the result, each of which must be a vector of its own.
void StepMatmulOp::pullback(OpBuilder &builder, Value gradient,
                            Pullback &pull) {
  const int64_t rows = this->rows(), columns = this->columns();
  auto multiply = [&](OpOperand &of, Value l, bool tl, Value r, bool tr,
                      int64_t inner) {
    pull.give(of, StepMatmulOp::create(builder, getLoc(), of.get().getType(), l,
                                       tl, r, tr, inner));
  };
  auto transpose = [&](Value value, bool isNeeded, int64_t rowsOfValue) {
    return isNeeded ? builder.createOrFold<StepTransposeOp>(
                          getLoc(), value.getType(), value, rowsOfValue)
                    : value;
  };
  auto isWeight = [](Value operand) {
    return cast<RankedTensorType>(operand.getType()).getRank() == 2;
  };
  Value left = pull.primal(getLeft()), right = pull.primal(getRight());
  const bool tl = getTransposedLeft(), tr = getTransposedRight();

  if (isWeight(getLeft())) {
    // Column by column.
    Value ofResult = transpose(gradient, true, rows);
    Value ofRight = transpose(right, !tr, getInner());
    addToWeight(builder, getLoc(), getLeft(), tl ? ofRight : ofResult,
                tl ? ofResult : ofRight, columns);
  } else if (tl) {
    multiply(getLeftMutable(), right, false, gradient, true, columns);
  } else {
    multiply(getLeftMutable(), gradient, false, right, !tr, columns);
  }

  if (isWeight(getRight())) {
    // Row by row.
    Value ofLeft = transpose(left, tl, getInner());
    addToWeight(builder, getLoc(), getRight(), tr ? gradient : ofLeft,
                tr ? ofLeft : gradient, rows);
  } else if (tr) {
    multiply(getRightMutable(), gradient, true, left, false, rows);
  } else {
    multiply(getRightMutable(), left, !tl, gradient, false, rows);
  }
}

void StepTransposeOp::pullback(OpBuilder &builder, Value gradient,
                               Pullback &pull) {
  pull.give(getOperandMutable(),
            StepTransposeOp::create(builder, getLoc(), getType(), gradient,
                                    columns()));
}

/// In scans in which matrices are values, which nothing differentiates yet.
void OuterOp::pullback(OpBuilder &builder, Value gradient, Pullback &pull) {
  pull.give(getLeftMutable(),
            MatvecOp::create(builder, getLoc(), getLeft().getType(), false,
                             gradient, pull.primal(getRight())));
  pull.give(getRightMutable(),
            MatvecOp::create(builder, getLoc(), getRight().getType(), true,
                             gradient, pull.primal(getLeft())));
}

void MatmulOp::pullback(OpBuilder &builder, Value gradient, Pullback &pull) {
  auto swapped = [&](Value matrix) -> Value {
    auto type = cast<RankedTensorType>(matrix.getType());
    return TransposeOp::create(
        builder, getLoc(), type.clone({type.getDimSize(1), type.getDimSize(0)}),
        matrix);
  };
  pull.give(getLeftMutable(),
            MatmulOp::create(builder, getLoc(), getLeft().getType(), gradient,
                             swapped(pull.primal(getRight()))));
  pull.give(getRightMutable(),
            MatmulOp::create(builder, getLoc(), getRight().getType(),
                             swapped(pull.primal(getLeft())), gradient));
}

void TransposeOp::pullback(OpBuilder &builder, Value gradient, Pullback &pull) {
  pull.give(
      getOperandMutable(),
      TransposeOp::create(builder, getLoc(), getOperand().getType(), gradient));
}

void SigmoidOp::pullback(OpBuilder &builder, Value gradient, Pullback &pull) {
  Formula f{builder, getLoc()};
  Value y = pull.primal(getResult());
  Value one = f.constant(gradient.getType(), 1);
  pull.give(getOperandMutable(), f.mul(gradient, f.mul(y, f.sub(one, y))));
}

void StopGradientOp::pullback(OpBuilder &, Value, Pullback &) {}

void SplatOp::pullback(OpBuilder &builder, Value gradient, Pullback &pull) {
  pull.give(
      getOperandMutable(),
      ReduceSumOp::create(builder, getLoc(), getOperand().getType(), gradient));
}

void ReduceSumOp::pullback(OpBuilder &builder, Value gradient, Pullback &pull) {
  pull.give(
      getOperandMutable(),
      SplatOp::create(builder, getLoc(), getOperand().getType(), gradient));
}

void ReduceMaxOp::pullback(OpBuilder &builder, Value gradient, Pullback &pull) {
  Formula f{builder, getLoc()};
  Type vector = getOperand().getType();
  auto spread = [&](Value scalar) -> Value {
    return SplatOp::create(builder, getLoc(), vector, scalar);
  };
  Value isLargest =
      f.compare(arith::CmpFPredicate::OEQ, pull.primal(getOperand()),
                spread(pull.primal(getResult())));
  Value zero = f.constant(vector, 0);
  Value ones = f.select(isLargest, f.constant(vector, 1), zero);
  Value count =
      ReduceSumOp::create(builder, getLoc(), gradient.getType(), ones);
  Value share = spread(f.div(gradient, count));
  pull.give(getOperandMutable(), f.select(isLargest, share, zero));
}

void ConcatOp::pullback(OpBuilder &builder, Value gradient, Pullback &pull) {
  int64_t offset = 0;
  for (OpOperand &operand : getOperandsMutable()) {
    auto type = cast<RankedTensorType>(operand.get().getType());
    SmallVector<int64_t> offsets(type.getRank(), 0);
    offsets[0] = offset;
    pull.give(operand, SliceOp::create(builder, getLoc(), type, gradient,
                                       builder.getDenseI64ArrayAttr(offsets)));
    offset += type.getDimSize(0);
  }
}

void SliceOp::pullback(OpBuilder &builder, Value gradient, Pullback &pull) {
  Formula f{builder, getLoc()};
  auto whole = getOperand().getType(), part = getResult().getType();
  // Of matrices whole rows are cut.
  auto zeros = [&](int64_t count) {
    SmallVector<int64_t> shape(whole.getShape());
    shape[0] = count;
    return f.constant(whole.clone(shape), 0);
  };
  int64_t before = getOffsets()[0];
  int64_t after = whole.getDimSize(0) - before - part.getDimSize(0);
  SmallVector<Value> pieces;
  if (before)
    pieces.push_back(zeros(before));
  pieces.push_back(gradient);
  if (after)
    pieces.push_back(zeros(after));
  pull.give(getOperandMutable(),
            ConcatOp::create(builder, getLoc(), whole, pieces));
}
