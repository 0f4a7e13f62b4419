//===- Builtins.cpp - the functions of the language -----------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "compiler/sema/Builtins.h"
#include "dialect/Rnn.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "llvm/ADT/STLExtras.h"
#include <cmath>

using namespace mlir;
using namespace rnn;
using arith::CmpFPredicate;
using B = ImplicitLocOpBuilder;

Value rnn::fill(B &b, Type shape, double value) {
  auto type = cast<RankedTensorType>(shape);
  auto element = FloatAttr::get(type.getElementType(), value);
  return arith::ConstantOp::create(b, DenseElementsAttr::get(type, element));
}

Value rnn::isNonzero(B &b, Value choice) {
  return arith::CmpFOp::create(b, CmpFPredicate::UNE, choice,
                               fill(b, choice.getType(), 0));
}

static Value add(B &b, Value l, Value r) {
  return arith::AddFOp::create(b, l, r);
}
static Value sub(B &b, Value l, Value r) {
  return arith::SubFOp::create(b, l, r);
}
static Value mul(B &b, Value l, Value r) {
  return arith::MulFOp::create(b, l, r);
}
static Value scale(B &b, Value v, double factor) {
  return mul(b, v, fill(b, v.getType(), factor));
}

/// `then` where l PREDICATE r, else `otherwise`.
static Value choose(B &b, CmpFPredicate predicate, Value l, Value r, Value then,
                    Value otherwise) {
  Value condition = arith::CmpFOp::create(b, predicate, l, r);
  return arith::SelectOp::create(b, condition, then, otherwise);
}

template <typename Op> static Value single(B &b, ValueRange v) {
  return Op::create(b, v[0]);
}
template <typename Op> static Value both(B &b, ValueRange v) {
  return Op::create(b, v[0], v[1]);
}
/// An op of our dialect whose result has the type of its operand.
template <typename Op> static Value same(B &b, ValueRange v) {
  return Op::create(b, v[0].getType(), v[0]);
}

/// x where it is greater than 0, else 0; NaN stays.
static Value relu(B &b, ValueRange v) {
  Value zero = fill(b, v[0].getType(), 0);
  return choose(b, CmpFPredicate::OLE, v[0], zero, zero, v[0]);
}

/// On the bounds the value itself is taken, and so its gradient.
static Value clip(B &b, ValueRange v) {
  Value below = choose(b, CmpFPredicate::OGT, v[0], v[2], v[2], v[0]);
  return choose(b, CmpFPredicate::OLT, v[0], v[1], v[1], below);
}

static Value silu(B &b, ValueRange v) {
  return mul(b, v[0], SigmoidOp::create(b, v[0].getType(), v[0]));
}

/// log(1 + exp(x)) = max(x, 0) + log1p(exp(-|x|)), which cannot overflow.
static Value softplus(B &b, ValueRange v) {
  Value minus = arith::NegFOp::create(b, math::AbsFOp::create(b, v[0]));
  return add(b, relu(b, v),
             math::Log1pOp::create(b, math::ExpOp::create(b, minus)));
}

static Value gelu(B &b, ValueRange v) {
  Value erf = math::ErfOp::create(b, scale(b, v[0], std::sqrt(0.5)));
  Value half = scale(b, v[0], 0.5);
  return mul(b, half, add(b, erf, fill(b, erf.getType(), 1)));
}

static Value hardSigmoid(B &b, ValueRange v) {
  Type type = v[0].getType();
  Value line = add(b, scale(b, v[0], 1.0 / 6), fill(b, type, 0.5));
  return clip(b, {line, fill(b, type, 0), fill(b, type, 1)});
}

static Value sum(B &b, ValueRange v) {
  auto type = cast<RankedTensorType>(v[0].getType());
  return ReduceSumOp::create(
      b, RankedTensorType::get({}, type.getElementType()), v[0]);
}

static Value mean(B &b, ValueRange v) {
  int64_t size = cast<RankedTensorType>(v[0].getType()).getNumElements();
  return scale(b, sum(b, v), 1.0 / size);
}

static Value largest(B &b, ValueRange v) {
  auto type = cast<RankedTensorType>(v[0].getType());
  return ReduceMaxOp::create(
      b, RankedTensorType::get({}, type.getElementType()), v[0]);
}

static Value smallest(B &b, ValueRange v) {
  Value minus = arith::NegFOp::create(b, v[0]);
  return arith::NegFOp::create(b, largest(b, minus));
}

/// exp(x - max) / sum of exp(x - max), which cannot overflow. Its value does
/// not depend on what is subtracted, so the gradient need not know of it.
static Value softmax(B &b, ValueRange v) {
  Type type = v[0].getType();
  auto spread = [&](Value scalar) -> Value {
    return SplatOp::create(b, type, scalar);
  };
  Value most = largest(b, v);
  most = StopGradientOp::create(b, most.getType(), most);
  Value e = math::ExpOp::create(b, sub(b, v[0], spread(most)));
  return arith::DivFOp::create(b, e, spread(sum(b, e)));
}

static Value layerNorm(B &b, ValueRange v) {
  Type type = v[0].getType();
  auto spread = [&](Value scalar) -> Value {
    return SplatOp::create(b, type, scalar);
  };
  Value centred = sub(b, v[0], spread(mean(b, v)));
  Value variance = mean(b, mul(b, centred, centred));
  Value shifted = add(b, variance, fill(b, variance.getType(), 1e-5));
  return arith::DivFOp::create(b, centred,
                               spread(math::SqrtOp::create(b, shifted)));
}

ArrayRef<Builtin> rnn::builtins() {
  using K = Builtin;
  static const Builtin table[] = {
      {"abs", "a", 1, K::Elementwise, single<math::AbsFOp>, std::fabs},
      {"clip", "v, lo, hi", 3, K::Elementwise, clip},
      {"cos", "a", 1, K::Elementwise, single<math::CosOp>, std::cos},
      {"exp", "a", 1, K::Elementwise, single<math::ExpOp>, std::exp},
      {"gelu", "a", 1, K::Elementwise, gelu},
      {"hard_sigmoid", "a", 1, K::Elementwise, hardSigmoid},
      {"layer_norm", "v", 1, K::Reduction, layerNorm},
      {"log", "a", 1, K::Elementwise, single<math::LogOp>, std::log},
      {"max", "v", 1, K::Reduction, largest},
      {"max", "a, b", 2, K::Elementwise, both<arith::MaximumFOp>},
      {"mean", "v", 1, K::Reduction, mean},
      {"min", "v", 1, K::Reduction, smallest},
      {"min", "a, b", 2, K::Elementwise, both<arith::MinimumFOp>},
      // Of two shapes, so Expressions makes the product.
      {"outer", "a, b", 2, K::OfVectors},
      {"relu", "a", 1, K::Elementwise, relu},
      {"sigmoid", "a", 1, K::Elementwise, same<SigmoidOp>},
      {"silu", "a", 1, K::Elementwise, silu},
      {"sin", "a", 1, K::Elementwise, single<math::SinOp>, std::sin},
      {"softmax", "v", 1, K::Reduction, softmax},
      {"softplus", "a", 1, K::Elementwise, softplus},
      {"sqrt", "a", 1, K::Elementwise, single<math::SqrtOp>, std::sqrt},
      {"stop_gradient", "a", 1, K::Elementwise, same<StopGradientOp>},
      {"sum", "v", 1, K::Reduction, sum},
      {"tanh", "a", 1, K::Elementwise, single<math::TanhOp>, std::tanh},
      // The condition may be bits already, so Expressions makes the choice.
      {"where", "c, a, b", 3, K::Elementwise},
  };
  return table;
}

bool rnn::isBuiltin(StringRef name) {
  return llvm::any_of(builtins(),
                      [&](const Builtin &f) { return f.name == name; });
}
