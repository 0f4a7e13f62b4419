//===- Expressions.cpp - expressions to rnn ops --------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A wrong expression is reported and becomes poison; what is made of poison is
// poison without a further word, so one mistake is one error.
//
//===----------------------------------------------------------------------===//

#include "compiler/sema/Expressions.h"
#include "compiler/sema/Builtins.h"
#include "compiler/sema/Sizes.h"
#include "compiler/sema/WrittenShape.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "llvm/ADT/ScopeExit.h"

using namespace mlir;
using namespace rnn;
using namespace rnn::syntax;

/// Expressions in a cell, the bodies of functions counted in every call: one
/// that needs more grows without bound and not by intent.
static constexpr unsigned maxExpressions = 200000;
/// Levels of expressions, the bodies of functions counted.
static constexpr unsigned maxLevels = 4 * maxDepth;
static constexpr int64_t maxDelay = 100;

//===----------------------------------------------------------------------===//
// Names
//===----------------------------------------------------------------------===//

static StringRef declareIt(const Scope &scope) {
  return scope.cell.isModel
             ? "declare it as an input, a target or a param, or define it "
               "before"
             : "declare it as an input, a state or a param, or define it "
               "before";
}

Operand Expressions::evaluate(const Expr &expr) {
  if (++evaluated > maxExpressions) {
    // From here on everything is poison, so this is said once.
    if (evaluated == maxExpressions + 1)
      scope.error(expr.loc)
          << "the " << scope.cell.kind() << " '" << scope.cell.name.text
          << "' grows beyond " << maxExpressions << " expressions [cell-size]";
    return {};
  }
  llvm::scope_exit leave([&] { --depth; });
  if (++depth > maxLevels) {
    scope.reporter.error(expr.loc)
        << "calls of functions are nested too deeply here "
           "[fn-depth]";
    return {};
  }
  // The body of a function knows its arguments alone.
  if (given && !scope.function())
    if (std::optional<Operand> operand = given(expr))
      return *operand;
  return dispatch(expr);
}

Operand Expressions::dispatch(const Expr &expr) {
  switch (expr.kind) {
  case ExprKind::Number:
    if (scope.request.element.isF32() &&
        std::abs(expr.number) > std::numeric_limits<float>::max()) {
      scope.error(expr.loc)
          << expr.source << " is out of the range of f32 [number-range]";
      return {};
    }
    return Operand::of(expr.number);
  case ExprKind::Name:
    return evaluateName(expr);
  case ExprKind::Time:
    return evaluateTime(expr);
  case ExprKind::Slice:
    return evaluateSlice(expr);
  case ExprKind::Transpose:
    return evaluateTranspose(expr);
  case ExprKind::Negate:
    return evaluateNegate(expr);
  case ExprKind::Binary:
    return expr.name == "@" ? evaluateProduct(expr) : evaluateBinary(expr);
  case ExprKind::Call:
    return evaluateCall(expr);
  case ExprKind::Apply:
    return evaluateApply(expr);
  case ExprKind::Concat:
    return evaluateConcat(expr);
  }
  llvm_unreachable("all kinds are handled");
}

/// The value of an input, parameter or earlier state; one read for each.
Operand Expressions::readAt(NamedThing &thing, StringRef name, int64_t delay,
                            Location loc) {
  Value &read = thing.reads[delay];
  if (!read)
    read = ReadOp::create(body, loc, thing.tensor.tensorType(), name, delay);
  return Operand::of(read);
}

Operand Expressions::evaluateName(const Expr &expr) {
  if (scope.function())
    return scope.function()->lookup(expr.name);
  NamedThing *thing = scope.use(expr.name);
  if (!thing) {
    scope.reportUnknown(expr.name, expr.loc, declareIt(scope));
    return {};
  }
  if (thing->poisoned)
    return {};
  switch (thing->kind) {
  case NamedThing::Size:
    return Operand::of(double(thing->size));
  case NamedThing::Function:
    scope.functions.reportNoValue(scope.error(expr.loc), expr.name, expr.loc);
    return {};
  case NamedThing::State:
    (scope.error(expr.loc) << "the state '" << expr.name
                           << "' is read without a step [state-step]")
        .note(expr.loc,
              "write '" + expr.name + "[t-1]'" +
                  (thing->now ? " or '" + expr.name + "[t]'" : std::string()));
    return {};
  case NamedThing::Local:
    return *thing->now;
  case NamedThing::Input:
  case NamedThing::Param:
    return readAt(*thing, expr.name, 0, expr.loc);
  }
  llvm_unreachable("all kinds are handled");
}

Operand Expressions::evaluateTime(const Expr &expr) {
  NamedThing *thing = scope.use(expr.name);
  if (!scope.function() && !thing) {
    scope.reportUnknown(expr.name, expr.loc, declareIt(scope));
    return {};
  }
  bool isState = thing && thing->kind == NamedThing::State;
  if (expr.operands.empty()) {
    if (!isState)
      return evaluateName(expr);
    if (thing->now)
      return *thing->now;
    (scope.error(expr.loc) << "'" << expr.name
                           << "[t]' is read before it is defined [state-early]")
        .note(expr.loc,
              "the value of the step before is '" + expr.name + "[t-1]'");
    return {};
  }
  if (!isState) {
    Report report = scope.error(expr.loc);
    report << "'" << expr.name << "' is not a state, so it is known only at "
           << "step t [past-value]";
    if (thing)
      report.note(thing->loc, "it is defined here");
    auto states = [&] {
      SmallVector<StringRef> states;
      for (const auto &entry : scope)
        if (entry.second.kind == NamedThing::State)
          states.push_back(entry.first());
      llvm::sort(states);
      return states;
    };
    if (!report.suggest(expr.loc, expr.name, states))
      report.note(expr.loc,
                  "to remember it, declare a state: 'state past : ..', "
                  "'past[t] = " +
                      expr.name + "'");
    return {};
  }
  std::optional<int64_t> delay = scope.size(*expr.operands[0]);
  if (!delay || thing->poisoned)
    return {};
  if (*delay < 1 || *delay > maxDelay) {
    scope.error(expr.loc) << "'" << expr.name << "' is read " << *delay
                          << " steps back, not 1 to " << maxDelay
                          << " [state-delay]";
    return {};
  }
  return readAt(*thing, expr.name, *delay, expr.loc);
}

//===----------------------------------------------------------------------===//
// Elementwise
//===----------------------------------------------------------------------===//

Value Expressions::materialise(const Operand &operand, ArrayRef<int64_t> shape,
                               Location loc) {
  ImplicitLocOpBuilder b(loc, body);
  RankedTensorType type = typeOf(shape);
  if (operand.kind == Operand::Number)
    return fill(b, type, operand.number);
  Value value = operand.value;
  if (operand.bits) {
    auto bits = cast<RankedTensorType>(operand.bits.getType());
    value = arith::UIToFPOp::create(b, bits.clone(scope.request.element),
                                    operand.bits);
  }
  if (value.getType() == type)
    return value;
  return SplatOp::create(b, type, value);
}

std::optional<SmallVector<Value>>
Expressions::alike(const Expr &expr, ArrayRef<Operand> operands) {
  const Operand *shaped = nullptr;
  const Expr *shapedExpr = nullptr;
  for (auto [operand, text] : llvm::zip(operands, expr.operands)) {
    if (!operand)
      return std::nullopt;
    if (operand.shape().empty())
      continue;
    if (shaped && shaped->shape() != operand.shape()) {
      Report report = scope.error(expr.loc);
      auto size = [](const Operand &it) {
        SmallVector<int64_t, 2> shape = it.shape();
        return shape.size() == 1 ? std::to_string(shape[0]) + " elements"
                                 : "the shape " + shapeText(shape);
      };
      report << quoted(*shapedExpr) << " has " << size(*shaped) << " but "
             << quoted(*text) << " has " << size(operand)
             << " [shape-mismatch]";
      scope.explain(report, *shapedExpr, *shaped);
      scope.explain(report, *text, operand);
      if (shaped->shape().size() != operand.shape().size())
        report.note(expr.loc, "write '@' for the product of a matrix and a "
                              "vector");
      else if (operand.shape().size() == 1)
        report.note(expr.loc,
                    "nothing is repeated to fit but a scalar; a "
                    "product 'W @ a' brings a vector to another size");
      return std::nullopt;
    }
    shaped = &operand;
    shapedExpr = text.get();
  }
  SmallVector<int64_t, 2> shape;
  if (shaped)
    shape = shaped->shape();
  SmallVector<Value> values;
  for (const Operand &operand : operands)
    values.push_back(materialise(operand, shape, expr.loc));
  return values;
}

static Operand foldNumbers(StringRef op, double l, double r) {
  auto result = llvm::StringSwitch<double>(op)
                    .Case("+", l + r)
                    .Case("-", l - r)
                    .Case("*", l * r)
                    .Case("/", l / r)
                    .Case("<", l < r)
                    .Case("<=", l <= r)
                    .Case(">", l > r)
                    .Case(">=", l >= r)
                    .Case("==", l == r)
                    .Default(l != r);
  return Operand::of(result);
}

Operand Expressions::evaluateBinary(const Expr &expr) {
  using P = arith::CmpFPredicate;
  Operand operands[] = {evaluate(*expr.operands[0]),
                        evaluate(*expr.operands[1])};
  if (operands[0].kind == Operand::Number &&
      operands[1].kind == Operand::Number)
    return foldNumbers(expr.name, operands[0].number, operands[1].number);
  auto values = alike(expr, operands);
  if (!values)
    return {};
  Value l = (*values)[0], r = (*values)[1];
  StringRef op = expr.name;
  if (op == "+")
    return Operand::of(arith::AddFOp::create(body, expr.loc, l, r));
  if (op == "-")
    return Operand::of(arith::SubFOp::create(body, expr.loc, l, r));
  if (op == "*")
    return Operand::of(arith::MulFOp::create(body, expr.loc, l, r));
  if (op == "/")
    return Operand::of(arith::DivFOp::create(body, expr.loc, l, r));
  // As in C: with a NaN only != holds.
  auto predicate = llvm::StringSwitch<P>(op)
                       .Case("<", P::OLT)
                       .Case("<=", P::OLE)
                       .Case(">", P::OGT)
                       .Case(">=", P::OGE)
                       .Case("==", P::OEQ)
                       .Default(P::UNE);
  Value bits = arith::CmpFOp::create(body, expr.loc, predicate, l, r);
  return Operand::of(l, bits);
}

Operand Expressions::evaluateNegate(const Expr &expr) {
  Operand operand = evaluate(*expr.operands[0]);
  if (operand.kind == Operand::Number)
    return Operand::of(-operand.number);
  auto values = alike(expr, operand);
  return values ? Operand::of(
                      arith::NegFOp::create(body, expr.loc, values->front()))
                : Operand();
}

//===----------------------------------------------------------------------===//
// Products
//===----------------------------------------------------------------------===//

Operand Expressions::evaluateTranspose(const Expr &expr) {
  Operand operand = evaluate(*expr.operands[0]);
  if (!operand)
    return {};
  if (!operand.isMatrix()) {
    Report report = scope.error(expr.loc);
    report << quoted(*expr.operands[0]) << " is " << shapeText(operand.shape())
           << ", only a matrix can be transposed [transpose-shape]";
    scope.explain(report, *expr.operands[0], operand);
    report.note(expr.loc, "leave ''' out: a vector is neither row nor column, "
                          "and 'a @ b' of two vectors is their dot product");
    return {};
  }
  SmallVector<int64_t, 2> shape = operand.shape();
  Value matrix = materialise(operand, shape, expr.loc);
  return Operand::of(TransposeOp::create(body, expr.loc,
                                         typeOf({shape[1], shape[0]}), matrix));
}

Operand Expressions::evaluateProduct(const Expr &expr) {
  const Expr &leftExpr = *expr.operands[0], &rightExpr = *expr.operands[1];
  Operand left = evaluate(leftExpr), right = evaluate(rightExpr);
  if (!left || !right)
    return {};
  if (left.shape().empty() || right.shape().empty()) {
    bool isLeft = left.shape().empty();
    Report report = scope.error(expr.loc);
    report << "'@' multiplies matrices and vectors but "
           << quoted(isLeft ? leftExpr : rightExpr)
           << " is a scalar [matmul-shape]";
    scope.explain(report, isLeft ? leftExpr : rightExpr, isLeft ? left : right);
    report.note(expr.loc, "write '*' to multiply by a scalar");
    return {};
  }
  if (left.isMatrix() && right.isMatrix())
    return multiplyMatrices(expr, left, right);
  if (left.isMatrix() || right.isMatrix())
    return multiplyVector(expr, left, right);
  return dot(expr, left, right);
}

/// How the parameter that is multiplied could be declared to fit.
void Expressions::suggestShape(Report &report, const Expr &matrixExpr,
                               bool onRight, const Expr &vectorExpr,
                               const Operand &vector) {
  // Of the parameter itself, before transposes.
  unsigned inner = onRight ? 0 : 1;
  const Expr *base = &matrixExpr;
  for (; base->kind == ExprKind::Transpose; base = base->operands[0].get())
    inner = 1 - inner;
  NamedThing *thing =
      base->kind == ExprKind::Name ? scope.use(base->name) : nullptr;
  if (!thing || thing->kind != NamedThing::Param)
    return;
  SmallVector<int64_t> fitting(thing->tensor.tensorType().getShape());
  fitting[inner] = vector.shape()[0];
  auto written = writtenShape(*base, scope.cell);
  auto size = writtenShape(vectorExpr, scope.cell);
  if (written && size && size->size() == 1)
    (*written)[inner] = size->front();
  else
    written = std::nullopt;
  report.note(thing->loc, "to multiply " + quoted(vectorExpr) + ", declare '" +
                              base->name + "' as " +
                              shapeText(written, fitting));
}

/// The product of a matrix and a vector, in either order.
Operand Expressions::multiplyVector(const Expr &expr, const Operand &left,
                                    const Operand &right) {
  bool onRight = right.isMatrix();
  const Operand &matrix = onRight ? right : left;
  const Operand &vector = onRight ? left : right;
  const Expr &matrixExpr = *expr.operands[onRight];
  const Expr &vectorExpr = *expr.operands[!onRight];
  SmallVector<int64_t, 2> shape = matrix.shape();
  int64_t outer = shape[onRight], inner = shape[!onRight];
  int64_t size = vector.shape()[0];
  if (inner != size) {
    Report report = scope.error(expr.loc);
    report << quoted(matrixExpr) << " takes " << inner << " elements but "
           << quoted(vectorExpr) << " has " << size << " [matmul-inner]";
    scope.explain(report, vectorExpr, vector);
    scope.explain(report, matrixExpr, matrix);
    if (outer == size)
      report.note(expr.loc, "its transpose would fit: " +
                                (matrixExpr.kind == ExprKind::Transpose
                                     ? quoted(*matrixExpr.operands[0])
                                     : "'" + matrixExpr.source.str() + "''"));
    else
      suggestShape(report, matrixExpr, onRight, vectorExpr, vector);
    return {};
  }
  Value weight = materialise(matrix, shape, expr.loc);
  Value input = materialise(vector, vector.shape(), expr.loc);
  return Operand::of(MatvecOp::create(body, expr.loc, typeOf({outer}), onRight,
                                      weight, input));
}

bool Expressions::hasRoomFor(const Expr &expr, ArrayRef<int64_t> shape) {
  return checkElements(shape,
                       quoted(expr) + " is " + shapeText(shape) + ", which",
                       expr.loc, scope.reporter);
}

Operand Expressions::multiplyMatrices(const Expr &expr, const Operand &left,
                                      const Operand &right) {
  SmallVector<int64_t, 2> rows = left.shape(), columns = right.shape();
  if (rows[1] != columns[0]) {
    Report report = scope.error(expr.loc);
    report << quoted(*expr.operands[0]) << " has " << rows[1] << " columns but "
           << quoted(*expr.operands[1]) << " has " << columns[0]
           << " rows [matmul-inner]";
    scope.explain(report, *expr.operands[0], left);
    scope.explain(report, *expr.operands[1], right);
    return {};
  }
  if (!hasRoomFor(expr, {rows[0], columns[1]}))
    return {};
  return Operand::of(MatmulOp::create(body, expr.loc,
                                      typeOf({rows[0], columns[1]}),
                                      materialise(left, rows, expr.loc),
                                      materialise(right, columns, expr.loc)));
}

Operand Expressions::dot(const Expr &expr, const Operand &left,
                         const Operand &right) {
  int64_t size = left.shape()[0];
  if (size != right.shape()[0]) {
    Report report = scope.error(expr.loc);
    report << quoted(*expr.operands[0]) << " has " << size << " elements but "
           << quoted(*expr.operands[1]) << " has " << right.shape()[0]
           << " [matmul-inner]";
    scope.explain(report, *expr.operands[0], left);
    scope.explain(report, *expr.operands[1], right);
    return {};
  }
  Value products =
      arith::MulFOp::create(body, expr.loc, materialise(left, size, expr.loc),
                            materialise(right, size, expr.loc));
  return Operand::of(ReduceSumOp::create(body, expr.loc, typeOf({}), products));
}

//===----------------------------------------------------------------------===//
// Slices and concatenation
//===----------------------------------------------------------------------===//

Operand Expressions::evaluateSlice(const Expr &expr) {
  const Expr &baseExpr = *expr.operands[0];
  Operand base = evaluate(baseExpr);
  if (!base)
    return {};
  SmallVector<int64_t, 2> shape = base.shape();
  if (shape.empty()) {
    Report report = scope.error(expr.loc);
    report << quoted(baseExpr)
           << " is a scalar and has no range "
              "[slice-shape]";
    scope.explain(report, baseExpr, base);
    return {};
  }
  std::optional<int64_t> low = 0, high = shape[0];
  if (expr.operands[1])
    low = scope.size(*expr.operands[1]);
  if (expr.operands[2])
    high = scope.size(*expr.operands[2]);
  if (!low || !high)
    return {};
  if (*low < 0 || *low >= *high || *high > shape[0]) {
    Report report = scope.error(expr.loc);
    report << "the range " << *low << ":" << *high
           << (*low >= *high ? " is empty" : " does not lie inside")
           << (*low >= *high ? "; " : ": ") << quoted(baseExpr) << " has "
           << shape[0] << (shape.size() == 2 ? " rows" : " elements")
           << " [slice-range]";
    scope.explain(report, baseExpr, base);
    return {};
  }
  Value source = materialise(base, shape, expr.loc);
  SmallVector<int64_t> offsets(shape.size(), 0);
  offsets[0] = *low;
  shape[0] = *high - *low;
  return Operand::of(
      SliceOp::create(body, expr.loc, typeOf(shape), source, offsets));
}

Operand Expressions::evaluateConcat(const Expr &expr) {
  SmallVector<Operand> parts;
  bool isWrong = false;
  for (const ExprPtr &text : expr.operands) {
    Operand &part = parts.emplace_back(evaluate(*text));
    isWrong |= !part;
    if (!part || !part.shape().empty())
      continue;
    Report report = scope.error(text->loc);
    report << quoted(*text)
           << " is a scalar, only vectors or matrices can be put together "
              "[concat-shape]";
    scope.explain(report, *text, part);
    isWrong = true;
  }
  if (isWrong)
    return {};
  SmallVector<int64_t, 2> shape = parts[0].shape();
  SmallVector<Value> values;
  shape[0] = 0;
  for (auto [part, text] : llvm::zip(parts, expr.operands)) {
    SmallVector<int64_t, 2> next = part.shape();
    if (ArrayRef(next).drop_front() != ArrayRef(shape).drop_front()) {
      auto rowText = [](const Operand &it) {
        SmallVector<int64_t, 2> shape = it.shape();
        return shape.size() == 2 ? std::to_string(shape[1]) + " columns"
                                 : std::string("no columns");
      };
      Report report = scope.error(text->loc);
      report << quoted(*expr.operands[0]) << " has " << rowText(parts[0])
             << " but " << quoted(*text) << " has " << rowText(part)
             << " [concat-columns]";
      scope.explain(report, *expr.operands[0], parts[0]);
      scope.explain(report, *text, part);
      return {};
    }
    shape[0] += next[0];
    values.push_back(materialise(part, next, expr.loc));
  }
  if (!checkSize(shape[0], quoted(expr), expr.loc, scope.reporter) ||
      !hasRoomFor(expr, shape))
    return {};
  if (values.size() == 1)
    return Operand::of(values[0]);
  return Operand::of(ConcatOp::create(body, expr.loc, typeOf(shape), values));
}

//===----------------------------------------------------------------------===//
// Calls
//===----------------------------------------------------------------------===//

std::optional<double> rnn::dropoutRate(const Expr &layer, Scope &scope) {
  const Expr *rate =
      layer.operands.size() == 1 ? layer.operands[0].get() : nullptr;
  bool isRate = rate && rate->kind == ExprKind::Number && rate->number >= 0 &&
                rate->number < 1;
  if (isRate)
    return rate->number;
  (scope.error(rate ? rate->loc : layer.loc)
   << "the rate of '" << layer.name << "' is "
   << (rate ? quoted(*rate) : "not given")
   << ", not a number from 0 to below 1 "
   << "[dropout-rate]")
      .note(rate ? rate->loc : layer.loc,
            "it is the share that is left out: '" + layer.name + "(0.2)(x)'");
  return std::nullopt;
}

Operand Expressions::evaluateCall(const Expr &expr) {
  StringRef name = expr.name;
  NamedThing *thing = scope.use(name);
  if (thing && thing->kind == NamedThing::Function)
    name = thing->function;
  SmallVector<Operand> given;
  for (const ExprPtr &argument : expr.operands)
    given.push_back(evaluate(*argument));
  const syntax::Function *function = scope.functions.find(name);
  if (!function && !isBuiltin(name)) {
    if (thing && thing->poisoned)
      return {};
    if (thing) {
      (scope.error(expr.loc)
       << "'" << name << "' is not a function [unknown-function]")
          .note(thing->loc, "it is defined here")
          .note(expr.loc, "write '@' or '*' to multiply");
      return {};
    }
    SmallVector<StringRef> others;
    for (const auto &entry : scope)
      if (entry.second.kind == NamedThing::Function)
        others.push_back(entry.first());
    if (scope.cell.isModel && !scope.function())
      llvm::append_range(others, layerNames());
    scope.functions.reportUnknown(name, expr.loc, others);
    return {};
  }
  if (!scope.functions.checkArity(name, given.size(), expr.loc) ||
      !llvm::all_of(given, [](const Operand &it) { return bool(it); }))
    return {};
  return function ? callFunction(expr, *function, given)
                  : callBuiltin(expr, name, given);
}

/// dropout(rate)(v), recurrent_dropout(rate)(v) or zoneout(rate)(new, old).
Operand Expressions::evaluateApply(const Expr &expr) {
  const Expr &layer = *expr.operands[0];
  bool isZoneout = layer.name == "zoneout";
  bool isForAllSteps = layer.name == "recurrent_dropout";
  bool isKnown = layer.kind == ExprKind::Call &&
                 (isZoneout || isForAllSteps || layer.name == "dropout");
  if (!isKnown || !draw) {
    (
        scope.error(expr.loc)
        << "layers are applied in equations of models [layer-place]")
        .note(expr.loc, "in a cell 'dropout(0.2)(v)', 'recurrent_dropout(0.2)"
                        "(v)' and 'zoneout(0.1)(new, old)' can be written");
    return {};
  }
  std::optional<double> rate = dropoutRate(layer, scope);
  SmallVector<Operand> operands;
  for (const ExprPtr &operand : llvm::drop_begin(expr.operands))
    operands.push_back(evaluate(*operand));
  if (operands.size() != (isZoneout ? 2 : 1)) {
    scope.error(expr.loc) << "'" << layer.name << "' is applied to "
                          << (isZoneout ? "a new and an old value"
                                        : "one value")
                          << ", not to " << operands.size()
                          << " [layer-inputs]";
    return {};
  }
  if (!rate ||
      !llvm::all_of(operands, [](const Operand &it) { return bool(it); }))
    return {};
  SmallVector<int64_t, 2> shape = operands[0].shape();
  if (isZoneout && operands[1].shape() != shape) {
    Report report = scope.error(expr.loc);
    report << "the new value of 'zoneout' is " << shapeText(shape)
           << " but the old one is " << shapeText(operands[1].shape())
           << " [shape-mismatch]";
    scope.explain(report, *expr.operands[1], operands[0]);
    scope.explain(report, *expr.operands[2], operands[1]);
    return {};
  }
  Value fresh = materialise(operands[0], shape, expr.loc);
  Value factors = draw(expr.loc, typeOf(shape), *rate, isForAllSteps);
  ImplicitLocOpBuilder b(expr.loc, body);
  if (!isZoneout)
    return Operand::of(arith::MulFOp::create(b, fresh, factors));
  // Factors are 0 and 1 / (1 - rate); without training they are 1, and the
  // value is the expected one.
  Value old = materialise(operands[1], shape, expr.loc);
  Value share =
      arith::MulFOp::create(b, factors, fill(b, typeOf(shape), 1 - *rate));
  Value kept = arith::SubFOp::create(b, fill(b, typeOf(shape), 1), share);
  return Operand::of(
      arith::AddFOp::create(b, arith::MulFOp::create(b, share, fresh),
                            arith::MulFOp::create(b, kept, old)));
}

Operand Expressions::callFunction(const Expr &expr,
                                  const syntax::Function &function,
                                  ArrayRef<Operand> given) {
  if (scope.functions.isWrong(function))
    return {};
  Scope::Arguments inner;
  for (auto [parameter, operand] : llvm::zip(function.parameters, given))
    inner[parameter.text] = operand;
  const Scope::Arguments *outer = scope.enter(expr, inner);
  Operand result = evaluate(*function.body);
  scope.leave(outer);
  return result;
}

Operand Expressions::callBuiltin(const Expr &expr, StringRef name,
                                 ArrayRef<Operand> given) {
  const Builtin &builtin = *llvm::find_if(builtins(), [&](const Builtin &it) {
    return it.name == name && it.arity == given.size();
  });
  if (builtin.kind == Builtin::Reduction)
    return reduce(expr, name, builtin.build, given[0]);
  if (builtin.kind == Builtin::OfVectors)
    return multiplyOuter(expr, given);
  if (builtin.fold && given[0].kind == Operand::Number)
    return Operand::of(builtin.fold(given[0].number));
  auto values = alike(expr, given);
  if (!values)
    return {};
  ImplicitLocOpBuilder b(expr.loc, body);
  if (builtin.build)
    return Operand::of(builtin.build(b, *values));
  bool isBits =
      given[0].bits && given[0].shape() == Operand::of(values->front()).shape();
  Value condition = isBits ? given[0].bits : isNonzero(b, values->front());
  return Operand::of(
      arith::SelectOp::create(b, condition, (*values)[1], (*values)[2]));
}

Operand Expressions::multiplyOuter(const Expr &expr, ArrayRef<Operand> given) {
  bool isWrong = false;
  for (auto [operand, text] : llvm::zip(given, expr.operands)) {
    if (operand.shape().size() == 1)
      continue;
    Report report = scope.error(expr.loc);
    report << "'outer' takes two vectors but " << quoted(*text) << " is "
           << (operand.isMatrix() ? "the matrix " + shapeText(operand.shape())
                                  : std::string("a scalar"))
           << " [outer-shape]";
    scope.explain(report, *text, operand);
    report.note(expr.loc, operand.isMatrix()
                              ? "write '@' for the product with a matrix"
                              : "write '*' to multiply by a scalar");
    isWrong = true;
  }
  if (isWrong || !hasRoomFor(expr, {given[0].shape()[0], given[1].shape()[0]}))
    return {};
  Value left = materialise(given[0], given[0].shape(), expr.loc);
  Value right = materialise(given[1], given[1].shape(), expr.loc);
  auto type = typeOf({given[0].shape()[0], given[1].shape()[0]});
  return Operand::of(OuterOp::create(body, expr.loc, type, left, right));
}

Operand Expressions::reduce(const Expr &expr, StringRef name,
                            Value (*build)(ImplicitLocOpBuilder &, ValueRange),
                            const Operand &argument) {
  if (argument.shape().size() != 1) {
    Report report = scope.error(expr.loc);
    report << "'" << name << "' takes a vector but "
           << quoted(*expr.operands[0]) << " is "
           << (argument.isMatrix() ? "the matrix " : "")
           << shapeText(argument.shape()) << " [reduction-shape]";
    scope.explain(report, *expr.operands[0], argument);
    if (name == "max" || name == "min")
      report.note(expr.loc, "of two values it is written '" + name + "(a, b)'");
    return {};
  }
  ImplicitLocOpBuilder b(expr.loc, body);
  return Operand::of(
      build(b, materialise(argument, argument.shape(), expr.loc)));
}
