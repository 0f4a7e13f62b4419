//===- ScoreCalls.cpp - losses and metrics in a model's text --------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Checks what a loss or metric is given, and what its prediction is a sigmoid
// or softmax of: that is remembered where these are called.
//
//===----------------------------------------------------------------------===//

#include "compiler/sema/ModelBuilder.h"
#include "compiler/sema/Scores.h"
#include <cmath>

using namespace mlir;
using namespace rnn;
using namespace rnn::syntax;

/// A sigmoid or softmax; what it is of is remembered.
std::optional<Operand> ModelBuilder::squash(Segment &segment,
                                            const Expr &expr) {
  if (!functions.checkArity(expr.name, expr.operands.size(), expr.loc))
    return Operand();
  Operand inner = segment.expressions->evaluate(*expr.operands[0]);
  if (!inner)
    return Operand();
  Operand result = segment.expressions->callBuiltin(expr, expr.name, {inner});
  if (result.kind == Operand::Tensor)
    logits[result.value] = inner;
  return result;
}

/// What a prediction is a sigmoid or softmax of, in the segment; or null.
Value ModelBuilder::logitsOf(Segment &segment, const Expr &expr) {
  auto known = evaluated.find(&expr);
  if (known == evaluated.end() || !known->second.segment)
    return {};
  const ModelValue &value = known->second;
  auto inner = logits.find(value.operand.value);
  if (inner == logits.end())
    return {};
  Operand here = segments->import(
      segment, Segments::valueIn(*value.segment, inner->second), expr.loc);
  return segment.expressions->materialise(here, value.shape(), expr.loc);
}

/// The number that a score takes as third argument; nothing after an error.
std::optional<double> ModelBuilder::scoreNumber(Segment &segment,
                                                const Expr &call) {
  const Expr &expr = *call.operands[2];
  Operand number = segment.expressions->evaluate(expr);
  if (!number)
    return std::nullopt;
  if (number.kind == Operand::Number && number.number > 0)
    return number.number;
  scope.error(expr.loc) << "the third argument of '" << call.name << "' is "
                        << quoted(expr)
                        << ", not a number above 0 [score-number]";
  return std::nullopt;
}

/// The prediction, a scalar or a vector, with its logits where they are known;
/// false after an error.
bool ModelBuilder::readPrediction(Segment &segment, const Expr &call,
                                  ScoreInputs &in) {
  const Expr &expr = *call.operands[0];
  auto known = evaluated.find(&expr);
  if (known != evaluated.end() && known->second.kind == ModelValue::Indices) {
    (scope.error(expr.loc) << quoted(expr)
                           << " holds indices, not numbers [index-value]")
        .note(expr.loc,
              "the prediction comes first: '" + call.name + "(p, y)'");
    return false;
  }
  Operand prediction = segment.expressions->evaluate(expr);
  if (!prediction)
    return false;
  if (prediction.kind != Operand::Tensor || prediction.isMatrix()) {
    scope.error(expr.loc) << "'" << call.name << "' takes a vector but "
                          << quoted(expr) << " is "
                          << (prediction.kind == Operand::Tensor
                                  ? "the matrix " +
                                        shapeText(prediction.shape())
                                  : std::string("a number"))
                          << " [score-arguments]";
    return false;
  }
  SmallVector<int64_t, 2> shape = prediction.shape();
  in.prediction = segment.expressions->materialise(prediction, shape, expr.loc);
  in.logits = logitsOf(segment, expr);
  auto inner = logits.find(in.prediction);
  if (!in.logits && inner != logits.end())
    in.logits =
        segment.expressions->materialise(inner->second, shape, expr.loc);
  return true;
}

/// Targets that are indices of classes, as vectors; null after an error.
Value ModelBuilder::indexTarget(Segment &segment, const Expr &call,
                                ArrayRef<int64_t> shape) {
  const Expr &first = *call.operands[0], &second = *call.operands[1];
  bool takesIndex = scoreOf(call.name)->takesIndex;
  if (takesIndex && !shape.empty()) {
    ModelValue hot =
        segments->oneHot(evaluated.find(&second)->second, shape[0], second.loc);
    return segments->import(segment, hot, second.loc).value;
  }
  Report report = scope.error(second.loc);
  report << "'" << call.name << "' takes no index as target";
  if (takesIndex)
    report << " of " << quoted(first) << ", which is a scalar";
  report << " [score-arguments]";
  if (NamedThing *declared = scope.find(second.name))
    report.note(declared->loc,
                "declare '" + second.name + "' as " +
                    (shape.empty() ? "'[]'" : shapeText(shape)) +
                    (takesIndex ? ", or predict a vector with one element for "
                                  "each class"
                                : ""));
  return {};
}

/// A target of numbers, of the prediction's shape; null after an error.
Value ModelBuilder::valueTarget(Segment &segment, const Expr &call,
                                ArrayRef<int64_t> shape) {
  const Expr &first = *call.operands[0], &second = *call.operands[1];
  Operand target = segment.expressions->evaluate(second);
  if (!target)
    return {};
  if (target.kind != Operand::Tensor ||
      ArrayRef<int64_t>(target.shape()) == shape)
    return segment.expressions->materialise(target, shape, second.loc);
  bool isScalar = target.shape().empty();
  Report report = scope.error(call.loc);
  report << quoted(first) << " is " << shapeText(shape) << " but its target "
         << quoted(second) << " is " << shapeText(target.shape())
         << " [score-arguments]";
  if (!isScalar)
    scope.explain(report, first, shape);
  scope.explain(report, second, target);
  if (isScalar)
    report.note(second.loc, "declare '" + second.name + "' as " +
                                shapeText(shape) +
                                ", or as 'int' if it is one of the classes");
  return {};
}

std::optional<Operand> ModelBuilder::score(Segment &segment, const Expr &expr) {
  const rnn::Score &known = *scoreOf(expr.name);
  bool hasNumber = !std::isnan(known.number);
  std::string form = (known.name + "(p, y" + (hasNumber ? ", d)" : ")")).str();
  if (!checkArity(expr, 2, hasNumber ? 3 : 2, form))
    return Operand();
  ScoreInputs in;
  in.number = known.number;
  if (expr.operands.size() == 3) {
    auto number = scoreNumber(segment, expr);
    if (!number)
      return Operand();
    in.number = *number;
  }
  if (!readPrediction(segment, expr, in))
    return Operand();
  auto shape = cast<RankedTensorType>(in.prediction.getType()).getShape();
  auto target = evaluated.find(expr.operands[1].get());
  in.isIndex =
      target != evaluated.end() && target->second.kind == ModelValue::Indices;
  in.target = in.isIndex ? indexTarget(segment, expr, shape)
                         : valueTarget(segment, expr, shape);
  if (!in.target)
    return Operand();
  ImplicitLocOpBuilder b(expr.loc, *segment.body);
  return Operand::of(known.build(b, in));
}
