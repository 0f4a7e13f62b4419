//===- Product.cpp - products and their adjoints --------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
//   result[u] = start[u] + sum over terms, k of weights[u, k] * input[k]
//
// for all rows; and what propagate_adjoints makes of one such product. All of
// them keep a tile of rows x vectors in registers while they sum.
//
// The bounds that propagate_adjoints of Halide 14 takes are the first and the
// last index, whatever its comment says.
//
// Weights are packed: [panel of units][k][unit in panel]. Where the gradient of
// the input is wanted they are packed with the roles of u and k exchanged.
// There a product is looked at panel by panel of its inputs, so that the bounds
// which Halide's adjoint checks are known when compiling.
//
//===----------------------------------------------------------------------===//

#include "halide/Kernel.h"

using namespace Halide;
using namespace rnn;

namespace {
/// The arguments that every kernel begins with.
struct Common {
  Param<int> rows{"rows"}, first{"first"}, count{"count"};
  std::vector<Argument> arguments{rows, first, count};

  /// rows[n][i], contiguous along i.
  ImageParam addRows(const Kernel &kernel, const std::string &name) {
    ImageParam image(kernel.level.element, 2, name);
    image.dim(0).set_min(0);
    image.dim(1).set_min(0);
    arguments.push_back(image);
    return image;
  }
  /// weights[panel][k][unit].
  ImageParam addWeights(const Kernel &kernel, const std::string &name) {
    ImageParam image(kernel.level.element, 3, name);
    image.dim(0).set_bounds(0, kernel.width);
    image.dim(1).set_min(0).set_stride(kernel.width);
    image.dim(2).set_min(0);
    arguments.push_back(image);
    return image;
  }
};
} // namespace

static int panelsOf(const Kernel &kernel) {
  return (kernel.units + kernel.width - 1) / kernel.width;
}

namespace {
/// A height of tiles, and when to take it if none before it was.
struct Height {
  int rows;
  Expr suits;
};
} // namespace

/// What is left of the rows is computed again by a tile that ends with the last
/// row: of few rows that are no multiple of it, the highest tile computes too
/// many twice.
static std::vector<Height> heights(const Kernel &kernel, const Expr &rows) {
  int most = kernel.rows;
  std::vector<Height> result;
  if (most > 1)
    result.push_back(
        {most, rows >= 4 * most || (rows >= most && rows % most == 0)});
  for (int height = most * 2 / 3; height > 1; height /= 2)
    result.push_back({height, rows >= height});
  result.push_back({1, Internal::const_true()});
  return result;
}

/// A sum whose tile stays in registers: units and rows inside of what is summed
/// over.
static void scheduleSum(const Kernel &kernel, Func sum) {
  Var u = sum.args()[0], n = sum.args()[1];
  for (int i = 0; i < sum.num_update_definitions(); ++i) {
    std::vector<VarOrRVar> order = {u, n};
    std::vector<RVar> rvars = sum.rvars(i);
    order.insert(order.end(), rvars.begin(), rvars.end());
    Stage update = sum.update(i);
    update.reorder(order).vectorize(u, kernel.level.lanes).unroll(u).unroll(n);
    // A rest would be guarded, and what is guarded is not always fused: it
    // would give other bits. So as many steps as leave none.
    const int64_t *depth = Internal::as_const_int(
        sum.function().update(i).schedule().rvars().front().extent);
    int steps = depth ? kernel.unroll : 1;
    while (steps > 1 && *depth % steps)
      --steps;
    if (steps > 1)
      update.unroll(rvars.front(), steps);
  }
}

/// Schedules result(unit, row, panel), and sums that are computed tile by tile.
static void scheduleTiles(const Kernel &kernel, Func result, Var unit, Var row,
                          Var panel, std::vector<Func> sums) {
  Var outer("outer"), inner("inner");
  const int lanes = kernel.level.lanes;
  OutputImageParam buffer = result.output_buffer();
  buffer.dim(0).set_bounds(0, kernel.width);
  buffer.dim(1).set_min(0);
  result.bound(unit, 0, kernel.width);
  for (auto [height, suits] : heights(kernel, buffer.dim(1).extent())) {
    Stage stage = height == 1 ? Stage(result) : result.specialize(suits);
    stage
        .split(row, outer, inner, height,
               height == 1 ? TailStrategy::RoundUp : TailStrategy::ShiftInwards)
        .reorder(kernel.rowsOutside
                     ? std::vector<VarOrRVar>{unit, inner, panel, outer}
                     : std::vector<VarOrRVar>{unit, inner, outer, panel})
        .vectorize(unit, lanes)
        .unroll(unit)
        .unroll(inner);
  }
  for (Func &sum : sums) {
    Var u = sum.args()[0], n = sum.args()[1];
    sum.compute_at(result, kernel.rowsOutside ? panel : outer)
        .bound_extent(sum.args()[2], 1)
        .vectorize(u, lanes)
        .unroll(u)
        .unroll(n)
        .store_in(MemoryType::Register);
    scheduleSum(kernel, sum);
  }
}

Built rnn::buildProduct(const Kernel &kernel) {
  Common common;
  Var u("u"), n("n"), p("p");
  ImageParam start = common.addRows(kernel, "start");
  Func sum("sum"), result("result");
  sum(u, n, p) = start(p * kernel.width + u, n);
  for (size_t j = 0; j < kernel.depths.size(); ++j) {
    ImageParam input = common.addRows(kernel, "x" + std::to_string(j));
    ImageParam weights = common.addWeights(kernel, "W" + std::to_string(j));
    RDom k(0, kernel.depths[j]);
    sum(u, n, p) += weights(u, k, p) * input(k, n);
  }
  result(u, n, p) = sum(u, n, p);
  scheduleTiles(kernel, result, u, n, p, {sum});
  return {Pipeline(result), common.arguments};
}

Built rnn::buildProductInputs(const Kernel &kernel) {
  Common common;
  Var k("k"), n("n"), p("p"), u("u");
  ImageParam start = common.addRows(kernel, "start");
  Func result("result");
  Expr total = start(p * kernel.width + k, n);
  std::vector<Func> sums;
  for (size_t j = 0; j < kernel.depths.size(); ++j) {
    ImageParam seed = common.addRows(kernel, "d" + std::to_string(j));
    ImageParam packed = common.addWeights(kernel, "W" + std::to_string(j));
    // The product of one panel of inputs; what is pulled back to it does not
    // depend on the input's value.
    Func input("input"), weights("weights"), product("product"), d("d");
    RDom r(0, kernel.width);
    input(k, n, p) = cast(kernel.level.element, 0);
    weights(u, k, p) = packed(k, u, p);
    product(u, n, p) = cast(kernel.level.element, 0);
    product(u, n, p) += weights(u, r, p) * input(r, n, p);
    d(u, n, p) = seed(u, n);
    Derivative adjoints = propagate_adjoints(product, d,
                                             {{0, kernel.depths[j] - 1},
                                              {0, common.rows - 1},
                                              {0, panelsOf(kernel) - 1}});
    sums.push_back(adjoints(input));
    total +=
        sums.back()(k, n, unsafe_promise_clamped(p, 0, panelsOf(kernel) - 1));
  }
  result(k, n, p) = total;
  scheduleTiles(kernel, result, k, n, p, sums);
  return {Pipeline(result), common.arguments};
}

Built rnn::buildProductWeights(const Kernel &kernel) {
  Common common;
  const int height = kernel.rows, lanes = kernel.level.lanes;
  const int depth = kernel.depths.front();
  Var k("k"), n("n"), t("t"), u("u");
  ImageParam seed = common.addRows(kernel, "d"),
             x = common.addRows(kernel, "x");
  // A tile of inputs at a time; past the last one it is computed again and not
  // added.
  Func input("input"), weights("weights"), product("product"), d("d");
  RDom r(0, height);
  input(k, n, t) = x(min(t * height + k, depth - 1), n);
  weights(u, k, t) = cast(kernel.level.element, 0);
  product(u, n, t) = cast(kernel.level.element, 0);
  product(u, n, t) += weights(u, r, t) * input(r, n, t);
  d(u, n, t) = seed(u, n);
  int tiles = (depth + height - 1) / height;
  Func sum = propagate_adjoints(product, d,
                                {{0, panelsOf(kernel) * kernel.width - 1},
                                 {0, common.rows - 1},
                                 {0, tiles - 1}})(weights);

  Func result("result");
  RDom at(0, height, 0, kernel.width, 0, tiles, common.first, common.count);
  Expr column = at[2] * height + at[0], unit = at[3] * kernel.width + at[1];
  at.where(column < depth && unit < kernel.units);
  result(k, u) = undef(kernel.level.element);
  result(column, unit) += sum(unit, at[0], at[2]);
  result.output_buffer().dim(0).set_stride(Expr());
  result.update().allow_race_conditions();

  Var su = sum.args()[0], sk = sum.args()[1], st = sum.args()[2];
  sum.compute_at(result, RVar(at[2]))
      .bound_extent(su, kernel.width)
      .bound_extent(sk, height)
      .bound_extent(st, 1)
      .vectorize(su, lanes)
      .unroll(su)
      .unroll(sk)
      .store_in(MemoryType::Stack);
  scheduleSum(kernel, sum);
  return {Pipeline(result), common.arguments};
}
