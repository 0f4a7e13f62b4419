//===- DistributeProducts.cpp - multiply by parameters alone --------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
//   %m = addf %a, (transpose %b)          %p = matvec %a, %x
//   %y = matvec %m, %x             ==>    %q = matvec transposed %b, %x
//                                         %y = addf %p, %q
//
// A matrix stays an expression until a vector is multiplied by it. What a
// product needs of a slice is found by cutting the operands, so that nothing is
// multiplied that is thrown away. A matrix that is used twice with one vector
// is multiplied once, however deep sums of sums go.
//
// A matrix that is not linear in parameters, `exp(s * A)` or a state, is
// multiplied as it is. A sum, product .. of such is taken apart as well, unless
// something else needs all of it anyway.
//
//===----------------------------------------------------------------------===//

#include "compiler/schedule/LinearMatrices.h"
#include "compiler/schedule/Passes.h"
#include "llvm/ADT/TypeSwitch.h"
#include <map>

namespace rnn {
#define GEN_PASS_DEF_DISTRIBUTEPRODUCTSPASS
#include "compiler/schedule/Passes.h.inc"
} // namespace rnn

using namespace mlir;
using namespace rnn;

/// Products in a cell: one that needs more grows without bound and not by
/// intent.
static constexpr size_t maxProducts = 200000;

static RankedTensorType typeOf(Value value) {
  return cast<RankedTensorType>(value.getType());
}

namespace {
/// Rows and columns of a matrix.
struct Range {
  int64_t offsets[2], sizes[2];

  Range swapped() const {
    return {{offsets[1], offsets[0]}, {sizes[1], sizes[0]}};
  }
};

/// Rewrites the products of one scan.
class Products {
public:
  explicit Products(Block &body)
      : body(body), linear(body), b(body.getParentOp()) {}
  LogicalResult run();

private:
  Value multiply(Value matrix, Value input, bool transposed);
  Value makeCut(Value matrix, const Range &range);
  Value makeProduct(Value matrix, Value input, bool transposed);
  Value cut(Value matrix, const Range &range);
  Value scalarOf(Value matrix);
  Value splat(Value scalar, Type type);
  Value makeOuterProduct(OuterOp outer, Value input, bool transposed);
  void findMade();

  Block &body;
  LinearMatrices linear;
  /// Matrices that are not linear in parameters and needed as they are.
  llvm::DenseSet<Value> made;
  OpBuilder b;
  Location loc = b.getUnknownLoc();
  std::map<std::tuple<void *, void *, bool>, Value> known;
  std::map<std::tuple<void *, int64_t, int64_t, int64_t, int64_t>, Value> cuts;
};
} // namespace

/// The scalar that fills a matrix, or null.
Value Products::scalarOf(Value matrix) {
  if (auto splat = matrix.getDefiningOp<SplatOp>())
    return splat.getOperand();
  auto constant = matrix.getDefiningOp<arith::ConstantOp>();
  auto elements =
      constant ? dyn_cast<SplatElementsAttr>(constant.getValue()) : nullptr;
  if (!elements)
    return {};
  auto scalar = RankedTensorType::get({}, elements.getElementType());
  return arith::ConstantOp::create(b, loc, elements.resizeSplat(scalar));
}

Value Products::splat(Value scalar, Type type) {
  return SplatOp::create(b, loc, type, scalar);
}

Value Products::cut(Value matrix, const Range &range) {
  if (typeOf(matrix).getShape() == ArrayRef(range.sizes))
    return matrix;
  std::tuple key(matrix.getAsOpaquePointer(), range.offsets[0],
                 range.offsets[1], range.sizes[0], range.sizes[1]);
  if (auto it = cuts.find(key); it != cuts.end())
    return it->second;
  return cuts[key] = makeCut(matrix, range);
}

/// The range of a matrix as an expression that ends in parameters and slices of
/// them.
Value Products::makeCut(Value matrix, const Range &range) {
  RankedTensorType type = typeOf(matrix).clone(range.sizes);
  Operation *op = matrix.getDefiningOp();
  if (isa<ReadOp>(op))
    return SliceOp::create(b, loc, type, matrix, range.offsets);
  if (auto slice = dyn_cast<SliceOp>(op)) {
    Range whole = range;
    for (unsigned dim : {0, 1})
      whole.offsets[dim] += slice.getOffsets()[dim];
    return cut(slice.getOperand(), whole);
  }
  if (auto transpose = dyn_cast<TransposeOp>(op))
    return TransposeOp::create(b, loc, type,
                               cut(transpose.getOperand(), range.swapped()));
  if (auto product = dyn_cast<MatmulOp>(op)) {
    int64_t inner = typeOf(product.getLeft()).getDimSize(1);
    Range rows{{range.offsets[0], 0}, {range.sizes[0], inner}};
    Range columns{{0, range.offsets[1]}, {inner, range.sizes[1]}};
    return MatmulOp::create(b, loc, type, cut(product.getLeft(), rows),
                            cut(product.getRight(), columns));
  }
  if (auto concat = dyn_cast<ConcatOp>(op)) {
    SmallVector<Value> parts;
    int64_t begin = 0, end = range.offsets[0] + range.sizes[0];
    for (Value part : concat.getOperands()) {
      int64_t count = typeOf(part).getDimSize(0);
      int64_t first = std::max(begin, range.offsets[0]);
      int64_t last = std::min(begin + count, end);
      if (first < last)
        parts.push_back(cut(part, {{first - begin, range.offsets[1]},
                                   {last - first, range.sizes[1]}}));
      begin += count;
    }
    return parts.size() == 1 ? parts[0] : ConcatOp::create(b, loc, type, parts);
  }
  if (Value scalar = scalarOf(matrix))
    return splat(scalar, type);
  // What is left works element by element.
  IRMapping parts;
  for (Value operand : op->getOperands())
    parts.map(operand, cut(operand, range));
  Operation *clone = b.clone(*op, parts);
  clone->getResult(0).setType(type);
  return clone->getResult(0);
}

Value Products::multiply(Value matrix, Value input, bool transposed) {
  std::tuple key(matrix.getAsOpaquePointer(), input.getAsOpaquePointer(),
                 transposed);
  if (auto it = known.find(key); it != known.end())
    return it->second;
  if (known.size() > maxProducts)
    return {};
  return known[key] = makeProduct(matrix, input, transposed);
}

/// matrix @ input by what the matrix is made of, or null once there are too
/// many products.
Value Products::makeProduct(Value matrix, Value input, bool transposed) {
  RankedTensorType type =
      typeOf(input).clone({typeOf(matrix).getDimSize(transposed ? 1 : 0)});
  auto times = [&](Value factor) {
    return multiply(factor, input, transposed);
  };
  auto asItIs = [&]() -> Value {
    return MatvecOp::create(b, loc, type, transposed, matrix, input);
  };
  // Of a matrix that is no expression of parameters, a slice is what is there.
  if (isWeight(matrix) || made.contains(matrix) ||
      (!linear.contains(matrix) && matrix.getDefiningOp<SliceOp>()))
    return asItIs();
  return llvm::TypeSwitch<Operation *, Value>(matrix.getDefiningOp())
      .Case<arith::AddFOp, arith::SubFOp>([&](auto sum) -> Value {
        Value left = times(sum.getLhs()), right = times(sum.getRhs());
        if (!left || !right)
          return {};
        return decltype(sum)::create(b, loc, left, right);
      })
      .Case([&](arith::NegFOp minus) -> Value {
        Value product = times(minus.getOperand());
        return product ? Value(arith::NegFOp::create(b, loc, product))
                       : Value();
      })
      .Case([&](arith::MulFOp multiple) -> Value {
        Value scalar = scalarOf(multiple.getLhs());
        Value factor = scalar ? multiple.getRhs() : multiple.getLhs();
        if (!scalar)
          scalar = scalarOf(multiple.getRhs());
        if (!scalar)
          return asItIs();
        Value product = times(factor);
        if (!product)
          return {};
        return arith::MulFOp::create(b, loc, splat(scalar, type), product);
      })
      .Case([&](arith::DivFOp share) -> Value {
        Value scalar = scalarOf(share.getRhs());
        if (!scalar)
          return asItIs();
        Value product = times(share.getLhs());
        if (!product)
          return {};
        return arith::DivFOp::create(b, loc, product, splat(scalar, type));
      })
      .Case([&](TransposeOp transpose) {
        return multiply(transpose.getOperand(), input, !transposed);
      })
      .Case([&](MatmulOp product) -> Value {
        // (A @ B) @ x = A @ (B @ x), and x @ (A @ B) = (x @ A) @ B.
        Value first = transposed ? product.getLeft() : product.getRight();
        Value last = transposed ? product.getRight() : product.getLeft();
        Value inner = times(first);
        return inner ? multiply(last, inner, transposed) : Value();
      })
      .Case([&](SliceOp slice) {
        Range range;
        for (unsigned dim : {0, 1}) {
          range.offsets[dim] = slice.getOffsets()[dim];
          range.sizes[dim] = slice.getType().getDimSize(dim);
        }
        return times(cut(slice.getOperand(), range));
      })
      .Case([&](ConcatOp concat) -> Value {
        SmallVector<Value> products;
        int64_t offset = 0;
        for (Value part : concat.getOperands()) {
          int64_t count = typeOf(part).getDimSize(0);
          Value factor = input;
          if (transposed)
            factor =
                b.createOrFold<SliceOp>(loc, typeOf(input).clone({count}),
                                        input, b.getDenseI64ArrayAttr(offset));
          Value product = multiply(part, factor, transposed);
          if (!product)
            return {};
          products.push_back(product);
          offset += count;
        }
        if (!transposed)
          return ConcatOp::create(b, loc, type, products);
        Value sum = products.front();
        for (Value product : ArrayRef(products).drop_front())
          sum = arith::AddFOp::create(b, loc, sum, product);
        return sum;
      })
      .Case([&](OuterOp outer) {
        return makeOuterProduct(outer, input, transposed);
      })
      .Default([&](Operation *) -> Value {
        // Every row of a matrix that is one number all over is that number.
        Value scalar = scalarOf(matrix);
        if (!scalar)
          return asItIs();
        Value sum =
            ReduceSumOp::create(b, loc, type.clone(ArrayRef<int64_t>()), input);
        return splat(arith::MulFOp::create(b, loc, scalar, sum), type);
      });
}

/// outer(a, c) @ x = a * (c @ x), and x @ outer(a, c) = (x @ a) * c.
Value Products::makeOuterProduct(OuterOp outer, Value input, bool transposed) {
  Value summed = transposed ? outer.getLeft() : outer.getRight();
  Value kept = transposed ? outer.getRight() : outer.getLeft();
  Value products = arith::MulFOp::create(b, loc, summed, input);
  Value sum = ReduceSumOp::create(
      b, loc, typeOf(input).clone(ArrayRef<int64_t>()), products);
  return arith::MulFOp::create(b, loc, kept, splat(sum, kept.getType()));
}

/// Which matrices have a use that is not a product, be it of what is made of
/// them.
void Products::findMade() {
  for (Operation &op : llvm::reverse(body)) {
    bool isApart =
        isa<MatvecOp>(op) || (isLinear(&op) && isMatrix(op.getResult(0)) &&
                              !made.contains(op.getResult(0)));
    if (isApart)
      continue;
    for (Value operand : op.getOperands())
      if (isMatrix(operand) && !linear.contains(operand))
        made.insert(operand);
  }
}

LogicalResult Products::run() {
  findMade();
  for (auto product : llvm::to_vector(body.getOps<MatvecOp>())) {
    if (isWeight(product.getWeight()))
      continue;
    b.setInsertionPoint(product);
    loc = product.getLoc();
    Value result = multiply(product.getWeight(), product.getInput(),
                            product.getTransposed());
    if (known.size() > maxProducts)
      return product.emitError("the products of this matrix grow beyond ")
             << maxProducts << " [cell-size]";
    product.replaceAllUsesWith(result);
    product.erase();
  }
  return success();
}

namespace {
struct DistributeProductsPass
    : rnn::impl::DistributeProductsPassBase<DistributeProductsPass> {
  void runOnOperation() override {
    for (auto scan : getOperation().getBody().getOps<ScanOp>())
      if (failed(Products(scan.getBody().front()).run()))
        return signalPassFailure();
  }
};
} // namespace
