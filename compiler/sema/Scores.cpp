//===- Scores.cpp - losses and metrics -----------------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Entropies are made of logits where these are known: nothing overflows, and a
// certain but wrong prediction has a gradient. Of probabilities alone they keep
// away from 0 and 1, as Keras does.
//
//===----------------------------------------------------------------------===//

#include "compiler/sema/Scores.h"
#include "compiler/sema/Builtins.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include <cmath>

using namespace mlir;
using namespace rnn;
using B = ImplicitLocOpBuilder;

/// How near to 0 and 1 a probability may come.
static constexpr double leastProbability = 1e-7;

//===----------------------------------------------------------------------===//
// Arithmetic
//===----------------------------------------------------------------------===//

static Value add(B &b, Value l, Value r) {
  return arith::AddFOp::create(b, l, r);
}
static Value sub(B &b, Value l, Value r) {
  return arith::SubFOp::create(b, l, r);
}
static Value mul(B &b, Value l, Value r) {
  return arith::MulFOp::create(b, l, r);
}
static Value negate(B &b, Value v) { return arith::NegFOp::create(b, v); }
static Value like(B &b, Value v, double number) {
  return fill(b, v.getType(), number);
}

/// A function of the language.
static Value call(B &b, StringRef name, ValueRange arguments) {
  const Builtin *found = llvm::find_if(builtins(), [&](const Builtin &it) {
    return it.name == name && it.arity == arguments.size();
  });
  return found->build(b, arguments);
}

static bool isScalar(Value v) {
  return cast<RankedTensorType>(v.getType()).getRank() == 0;
}

static Value sum(B &b, Value v) { return isScalar(v) ? v : call(b, "sum", v); }
static Value mean(B &b, Value v) {
  return isScalar(v) ? v : call(b, "mean", v);
}

static Value number(B &b, arith::CmpFPredicate predicate, Value l, Value r) {
  Value bits = arith::CmpFOp::create(b, predicate, l, r);
  return arith::UIToFPOp::create(b, l.getType(), bits);
}

/// 1 at the largest element, 0 elsewhere.
static Value isLargest(B &b, Value v) {
  Value most = SplatOp::create(b, v.getType(), call(b, "max", v));
  return number(b, arith::CmpFPredicate::OEQ, v, most);
}

//===----------------------------------------------------------------------===//
// Scores
//===----------------------------------------------------------------------===//

static Value binaryCrossentropy(B &b, const ScoreInputs &in) {
  Value y = in.target;
  if (Value z = in.logits) {
    // max(z, 0) - z * y + log(1 + exp(-|z|))
    Value tail = math::Log1pOp::create(
        b, math::ExpOp::create(b, negate(b, math::AbsFOp::create(b, z))));
    return mean(b, add(b, sub(b, call(b, "relu", z), mul(b, z, y)), tail));
  }
  Value p = call(b, "clip",
                 {in.prediction, like(b, in.prediction, leastProbability),
                  like(b, in.prediction, 1 - leastProbability)});
  Value one = like(b, p, 1);
  Value right = mul(b, y, math::LogOp::create(b, p));
  Value wrong = mul(b, sub(b, one, y), math::LogOp::create(b, sub(b, one, p)));
  return negate(b, mean(b, add(b, right, wrong)));
}

static Value categoricalCrossentropy(B &b, const ScoreInputs &in) {
  Value y = in.target;
  if (Value z = in.logits) {
    // log(sum of exp(z)) * sum(y) - sum(y * z); what is subtracted against
    // overflow does not change the value.
    Value most = call(b, "stop_gradient", call(b, "max", z));
    Value shifted = sub(b, z, SplatOp::create(b, z.getType(), most));
    Value powers = math::ExpOp::create(b, shifted);
    Value whole = math::LogOp::create(b, call(b, "sum", powers));
    Value total = in.isIndex ? Value() : call(b, "sum", y);
    Value all = total ? mul(b, whole, total) : whole;
    return sub(b, all, call(b, "sum", mul(b, y, shifted)));
  }
  // Of zeros alone, such as the mean of a row without steps, all are 0.
  Value whole = call(b, "sum", in.prediction);
  Value isZero = arith::CmpFOp::create(b, arith::CmpFPredicate::OEQ, whole,
                                       like(b, whole, 0));
  whole = arith::SelectOp::create(b, isZero, like(b, whole, 1), whole);
  Value p = arith::DivFOp::create(
      b, in.prediction, SplatOp::create(b, in.prediction.getType(), whole));
  p = call(b, "clip",
           {p, like(b, p, leastProbability), like(b, p, 1 - leastProbability)});
  return negate(b, call(b, "sum", mul(b, y, math::LogOp::create(b, p))));
}

static Value meanSquared(B &b, const ScoreInputs &in) {
  Value d = sub(b, in.prediction, in.target);
  return mean(b, mul(b, d, d));
}

static Value meanAbsolute(B &b, const ScoreInputs &in) {
  return mean(b, math::AbsFOp::create(b, sub(b, in.prediction, in.target)));
}

static Value huber(B &b, const ScoreInputs &in) {
  Value d = math::AbsFOp::create(b, sub(b, in.prediction, in.target));
  Value delta = like(b, d, in.number), half = like(b, d, 0.5);
  Value near = mul(b, mul(b, half, d), d);
  Value far = mul(b, delta, sub(b, d, mul(b, half, delta)));
  Value isNear = arith::CmpFOp::create(b, arith::CmpFPredicate::OLE, d, delta);
  return mean(b, arith::SelectOp::create(b, isNear, near, far));
}

/// Of several classes, whether the likeliest is the target's; else the share of
/// yes and no that is right.
static Value accuracy(B &b, const ScoreInputs &in) {
  auto type = cast<RankedTensorType>(in.prediction.getType());
  if (in.isIndex || type.getNumElements() > 1) {
    Value wanted = in.isIndex ? in.target : isLargest(b, in.target);
    return call(b, "max", mul(b, wanted, isLargest(b, in.prediction)));
  }
  Value said = number(b, arith::CmpFPredicate::OGT, in.prediction,
                      like(b, in.prediction, 0.5));
  return mean(b, number(b, arith::CmpFPredicate::OEQ, said, in.target));
}

ArrayRef<Score> rnn::scores() {
  static const Score table[] = {
      {"accuracy", true, NAN, Finish::mean, accuracy},
      {"binary_crossentropy", false, NAN, Finish::mean, binaryCrossentropy},
      {"categorical_crossentropy", true, NAN, Finish::mean,
       categoricalCrossentropy},
      {"huber", false, 1, Finish::mean, huber},
      {"mae", false, NAN, Finish::mean, meanAbsolute},
      {"mse", false, NAN, Finish::mean, meanSquared},
      {"perplexity", true, NAN, Finish::exp_mean, categoricalCrossentropy},
  };
  return table;
}

const Score *rnn::scoreOf(StringRef name) {
  auto found = llvm::find_if(
      scores(), [&](const Score &score) { return score.name == name; });
  return found == scores().end() ? nullptr : &*found;
}
