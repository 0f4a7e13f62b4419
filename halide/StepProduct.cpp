//===- StepProduct.cpp - products of matrices of a step -------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
//   product(i, o, n) = sum over k of left(k, o, n) * right(i, k, n)
//   transpose(i, o, n) = operand(o, i, n)
//
// for all rows n; and what propagate_adjoints makes of them for one operand. A
// matrix is stored by its rows, and comes as a buffer of columns, rows and n;
// that of a parameter has no n, and its gradient is the sum over all n.
//
// Neither depends on the value of the operand whose gradient is wanted, in
// which it is linear: zeros stand for it.
//
//===----------------------------------------------------------------------===//

#include "halide/Kernel.h"

using namespace Halide;
using namespace rnn;

/// Rows of the result that are summed at a time, where there are as many.
static constexpr int tileRows = 4;

namespace {
class StepProduct {
public:
  explicit StepProduct(const Kernel &kernel) : kernel(kernel) {}
  Built build();

private:
  /// Columns and rows of a matrix as it is stored.
  struct Shape {
    int columns, rows;
  };
  Shape shapeOf(int operand) const;
  std::vector<Var> argumentsOf(bool isParam) const {
    return isParam ? std::vector<Var>{x, y} : std::vector<Var>{x, y, n};
  }
  Expr element(int operand, const Expr &row, const Expr &column) const;
  Func addMatrix(const std::string &name, Shape shape, bool isParam);
  Func compute();
  Func inside(Func gradient, Shape shape) const;
  void schedule(Func result, Func sum, Shape shape);

  const Kernel &kernel;
  Var x{"x"}, y{"y"}, n{"n"};
  Param<int> rows{"rows"}, first{"first"}, count{"count"};
  std::vector<Argument> arguments{rows, first, count};
  Func operands[2];
};
} // namespace

StepProduct::Shape StepProduct::shapeOf(int operand) const {
  if (kernel.kind == Kernel::StepTranspose)
    return {kernel.units, kernel.columns};
  Shape shape = {operand ? kernel.columns : kernel.inner,
                 operand ? kernel.inner : kernel.units};
  if (kernel.operands[operand].isTransposed)
    std::swap(shape.columns, shape.rows);
  return shape;
}

/// An element of the operand as it is multiplied.
Expr StepProduct::element(int operand, const Expr &row,
                          const Expr &column) const {
  const bool swapped = kernel.operands[operand].isTransposed;
  std::vector<Expr> at = {swapped ? row : column, swapped ? column : row};
  if (!kernel.operands[operand].isParam)
    at.push_back(n);
  return operands[operand](at);
}

Func StepProduct::addMatrix(const std::string &name, Shape shape,
                            bool isParam) {
  ImageParam image(kernel.level.element, isParam ? 2 : 3, name);
  for (int dim = 0; dim < image.dimensions(); ++dim)
    image.dim(dim).set_min(0);
  if (!isParam)
    image.dim(1).set_stride(shape.columns);
  arguments.push_back(image);
  Func matrix(name);
  std::vector<Var> at = argumentsOf(isParam);
  matrix(at) = image(std::vector<Expr>(at.begin(), at.end()));
  return matrix;
}

/// What forward computes.
Func StepProduct::compute() {
  if (kernel.kind == Kernel::StepTranspose) {
    Func transpose("transpose");
    transpose(x, y, n) = element(0, x, y);
    return transpose;
  }
  Func product("product");
  RDom k(0, kernel.inner);
  product(x, y, n) = cast(kernel.level.element, 0);
  product(x, y, n) += element(0, y, k) * element(1, k, x);
  return product;
}

namespace {
/// Takes out what asks Halide to make one more loop for indices at the edge.
class NothingLikely : public Internal::IRMutator {
  using IRMutator::visit;
  Expr visit(const Internal::Call *op) override {
    return op->is_intrinsic(Internal::Call::likely) ? mutate(op->args[0])
                                                    : IRMutator::visit(op);
  }
};
} // namespace

/// The gradient where it is known to lie inside of the operand: Halide asks
/// at every element, in vectors lane by lane.
Func StepProduct::inside(Func gradient, Shape shape) const {
  using namespace Halide::Internal;
  Func result("sum");
  std::vector<Var> at = gradient.args();
  result(at) = cast(kernel.level.element, 0);
  Scope<Interval> bounds;
  bounds.push(at[0].name(), Interval(0, shape.columns - 1));
  bounds.push(at[1].name(), Interval(0, shape.rows - 1));
  auto within = [&](const Expr &value) {
    return simplify(NothingLikely().mutate(value), true, bounds);
  };
  if (!gradient.has_update_definition()) {
    result(at) = within(gradient.value());
    return result;
  }
  for (int i = 0; i < gradient.num_update_definitions(); ++i)
    result(at) += within(gradient.update_value(i).as<Add>()->b);
  return result;
}

/// Vectors along a row, which end with it. Sums stay in registers.
void StepProduct::schedule(Func result, Func sum, Shape shape) {
  int lanes = kernel.level.lanes;
  while (lanes > shape.columns)
    lanes /= 2;
  Var xOuter("xo"), xInner("xi"), yOuter("yo"), yInner("yi");
  OutputImageParam buffer = result.output_buffer();
  if (buffer.dimensions() == 3)
    buffer.dim(2).set_min(0);
  for (int height : {std::min(tileRows, shape.rows), 1}) {
    Stage stage = height == 1
                      ? Stage(result)
                      : result.specialize(buffer.dim(1).extent() >= height);
    stage
        .split(y, yOuter, yInner, height,
               height == 1 ? TailStrategy::RoundUp : TailStrategy::ShiftInwards)
        .split(x, xOuter, xInner, lanes, TailStrategy::ShiftInwards)
        .reorder(xInner, yInner, xOuter, yOuter)
        .vectorize(xInner)
        .unroll(yInner);
    if (height == 1)
      break;
  }
  Var sx = sum.args()[0], sy = sum.args()[1];
  sum.compute_at(result, xOuter)
      .bound_extent(sx, lanes)
      .vectorize(sx)
      .unroll(sy)
      .store_in(MemoryType::Register);
  if (sum.args().size() == 3)
    sum.bound_extent(sum.args()[2], 1);
  for (int i = 0; i < sum.num_update_definitions(); ++i) {
    std::vector<VarOrRVar> order = {sx, sy};
    for (RVar r : sum.rvars(i))
      order.push_back(r);
    sum.update(i).reorder(order).vectorize(sx, lanes).unroll(sy);
  }
}

Built StepProduct::build() {
  const Shape given = {kernel.columns, kernel.units};
  const int wanted = kernel.wanted;
  Func seed;
  if (wanted >= 0)
    seed = addMatrix("d", given, false);
  const int count = kernel.kind == Kernel::StepTranspose ? 1 : 2;
  for (int operand = 0; operand < count; ++operand) {
    const bool isParam = kernel.operands[operand].isParam;
    if (operand != wanted) {
      operands[operand] =
          addMatrix(operand ? "right" : "left", shapeOf(operand), isParam);
      continue;
    }
    operands[operand] = Func("wanted");
    operands[operand](argumentsOf(isParam)) = cast(kernel.level.element, 0);
  }
  Func sum = compute();
  Shape shape = given;
  std::vector<Var> at = argumentsOf(false);
  if (wanted >= 0) {
    shape = shapeOf(wanted);
    at = argumentsOf(kernel.operands[wanted].isParam);
    // The first and the last index, whatever the comment says.
    sum = propagate_adjoints(sum, seed,
                             {{0, given.columns - 1},
                              {0, given.rows - 1},
                              {0, rows - 1}})(operands[wanted]);
    sum = inside(sum, shape);
  }
  Func result("result");
  result(at) = sum(std::vector<Expr>(at.begin(), at.end()));
  schedule(result, sum, shape);
  return {Pipeline(result), arguments};
}

Built rnn::buildStepProduct(const Kernel &kernel) {
  return StepProduct(kernel).build();
}
