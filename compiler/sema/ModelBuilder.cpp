//===- ModelBuilder.cpp - one model's tree to rnn ops ---------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "compiler/sema/ModelBuilder.h"
#include "compiler/sema/Initialisers.h"
#include "compiler/sema/Scores.h"
#include "compiler/sema/Sizes.h"
#include "compiler/sema/WrittenShape.h"
#include "dialect/CellInterface.h"

using namespace mlir;
using namespace rnn;
using namespace rnn::syntax;

//===----------------------------------------------------------------------===//
// Statements
//===----------------------------------------------------------------------===//

void ModelBuilder::declare(const Declaration &declaration) {
  bool wrong = false;
  SmallVector<int64_t> shape;
  for (const ExprPtr &expr : declaration.shape) {
    std::optional<int64_t> value = scope.size(*expr);
    if (value && checkSize(*value, quoted(*expr), expr->loc, scope.reporter))
      shape.push_back(*value);
    else
      wrong = true;
  }
  if (shape.size() > 2)
    scope.error(declaration.shapeLoc)
        << "shapes of more than two sizes are not supported [not-supported]";
  wrong |=
      shape.size() > 2 || !checkElements(shape, shapeText(shape),
                                         declaration.shapeLoc, scope.reporter);
  Role role = declaration.role == DeclarationRole::Input    ? Role::input
              : declaration.role == DeclarationRole::Target ? Role::target
                                                            : Role::param;
  for (const Identifier &name : declaration.names) {
    NamedThing *thing = scope.add(
        name, role == Role::param ? NamedThing::Param : NamedThing::Input);
    // Of a name that means two things, nothing more is said.
    ModelValue &value = values[name.text];
    if (!thing)
      continue;
    thing->poisoned = wrong;
    if (wrong)
      continue;
    RankedTensorType type = segments->typeOf(shape);
    if (declaration.isIndex)
      type = RankedTensorType::get({}, IntegerType::get(op.getContext(), 32));
    value.kind = declaration.isIndex ? ModelValue::Indices : ModelValue::Values;
    value.overTime = declaration.overTime;
    value.ofTarget = role == Role::target;
    value.tensor = segments->declare(name.loc, name.text, role, type,
                                     declaration.overTime);
    thing->tensor = value.tensor;
  }
  if (role != Role::param || wrong)
    return;
  // Of numbers, which make no ops.
  Expressions expressions(scope, op.getBody().front());
  auto init = checkInitialiser(declaration, declaration.shape.size(), scope,
                               expressions);
  for (const Identifier &name : declaration.names)
    if (NamedThing *thing = scope.find(name.text); init && thing->tensor) {
      Builder b(op.getContext());
      thing->tensor.setInitAttr(b.getStringAttr(init->name));
      if (!init->arguments.empty())
        thing->tensor.setInitArgumentsAttr(
            b.getDenseF64ArrayAttr(init->arguments));
    }
}

std::string ModelBuilder::layerName() {
  std::string name;
  do
    name = ++layers == 1 ? statement : statement + "." + std::to_string(layers);
  while (layerNames.contains(name));
  layerNames.insert(name);
  return name;
}

/// `hint`, or `hint.2` and so on: a name that callers see, and that is no
/// other's.
std::string ModelBuilder::scoreName(StringRef hint) {
  auto isTaken = [&](StringRef name) {
    return op.tensor(name) ||
           llvm::any_of(model.statements, [&](const Statement &statement) {
             auto *equation = std::get_if<Equation>(&statement);
             auto *declaration = std::get_if<Declaration>(&statement);
             return (equation && equation->name.text == name) ||
                    (declaration &&
                     llvm::any_of(declaration->names, [&](auto &declared) {
                       return declared.text == name;
                     }));
           });
  };
  std::string name = hint.str();
  for (unsigned i = 2; isTaken(name); ++i)
    name = (hint + "." + Twine(i)).str();
  return name;
}

/// True if the model may have one layer more. What has so many stands in a
/// stack of stacks, and grows without intent.
bool ModelBuilder::addLayer(Location loc) {
  constexpr unsigned most = 2000;
  if (++allLayers == most + 1)
    scope.error(loc) << "the model '" << model.name.text << "' grows beyond "
                     << most << " layers [cell-size]";
  return allLayers <= most;
}

void ModelBuilder::define(const Equation &equation) {
  if (equation.atTime)
    (scope.error(equation.name.loc) << "only a cell has steps [model-time]")
        .note(equation.name.loc, "in a model a name is the whole sequence: '" +
                                     equation.name.text + " = ..'");
  statement = equation.name.text.str();
  layers = 0;
  ModelValue value = evaluate(*equation.value);
  NamedThing *local = scope.add(equation.name, NamedThing::Local);
  if (!local)
    return;
  local->poisoned = !value;
  values[equation.name.text] = value;
}

void ModelBuilder::addScore(const syntax::Score &score) {
  StringRef word = score.isLoss ? "loss" : "metric";
  statement = word.str();
  layers = 0;
  ModelValue value = evaluate(*score.value, /*isScore=*/true);
  if (!value)
    return;
  if (value.kind != ModelValue::Values || !value.shape().empty()) {
    Report report = scope.error(score.value->loc);
    report << "a " << word << " is one number that the model computes, but "
           << quoted(*score.value) << " is "
           << (value.kind == ModelValue::Values   ? shapeText(value.shape())
               : value.kind == ModelValue::Number ? "the same for all inputs"
                                                  : "an index")
           << " [score-shape]";
    if (value.kind == ModelValue::Values)
      report.note(
          score.value->loc,
          value.shape().size() == 1
              ? value.overTime
                    ? "write 'sum(..)' around it; 'mean(..)' of a sequence "
                      "is over time"
                    : "write 'mean(..)' or 'sum(..)' around it"
              : "losses are made of vectors: multiply it by one");
    return;
  }
  std::string name = word.str();
  Finish finish = Finish::mean;
  if (const rnn::Score *known = score.value->kind == ExprKind::Call
                                    ? scoreOf(score.value->name)
                                    : nullptr;
      known && !score.isLoss) {
    name = known->name.str();
    finish = known->finish;
  }
  TensorOp tensor =
      segments->publish(value, scoreName(name),
                        score.isLoss ? Role::loss : Role::metric, score.loc);
  if (finish != Finish::mean)
    tensor.setFinish(finish);
}

void ModelBuilder::finish() {
  SmallVector<Attribute> symbols;
  for (const Identifier &name : outputs) {
    NamedThing *thing = scope.use(name.text);
    if (!thing) {
      scope.reportUnknown(name.text, name.loc,
                          "an output is a name that an equation defines");
      continue;
    }
    if (thing->kind != NamedThing::Local) {
      (scope.error(name.loc)
       << "'" << name.text << "' is not computed by the model [output-kind]")
          .note(thing->loc, "it is declared here")
          .note(name.loc, "an output is a name that an equation defines");
      continue;
    }
    if (thing->poisoned)
      continue;
    ModelValue value = segments->forwards(values[name.text], thing->loc);
    if (value.kind != ModelValue::Values) {
      bool isIndex = value.kind == ModelValue::Indices;
      (scope.error(name.loc)
       << "'" << name.text << "' is not computed by the model [output-kind]")
          .note(thing->loc, isIndex ? "it holds the indices that callers give"
                                    : "it is the same for all inputs");
      continue;
    }
    if (value.ofTarget) {
      (scope.error(name.loc)
       << "'" << name.text
       << "' depends on a target, which is not given when the model is used "
          "[output-kind]")
          .note(thing->loc, "it is defined here")
          .note(name.loc, "declare as an input what outputs depend on");
      continue;
    }
    segments->publish(value, name.text, Role::output, thing->loc);
    symbols.push_back(FlatSymbolRefAttr::get(op.getContext(), name.text));
  }
  Builder b(op.getContext());
  op.setOutputsAttr(b.getArrayAttr(symbols));
  bool isEmpty =
      outputs.empty() &&
      llvm::none_of(model.statements, [](const Statement &statement) {
        return std::holds_alternative<syntax::Score>(statement);
      });
  if (isEmpty)
    (scope.error(model.name.loc)
     << "the model '" << model.name.text << "' has no output [output-missing]")
        .note(model.name.loc, "write 'output' or 'loss' and what callers want");
  SmallVector<NamedAttribute> sizes;
  for (auto &[name, thing] : scope)
    if (thing.kind == NamedThing::Size)
      sizes.push_back(b.getNamedAttr(name, b.getI64IntegerAttr(thing.size)));
  op.setSizesAttr(b.getDictionaryAttr(sizes));
}

/// Reports names that are one in C, where a layer's `h.W` is `h_W`.
void ModelBuilder::checkMembers() {
  CellInterface face = interfaceOf(op);
  std::map<std::pair<ArrayRole, std::string>, TensorOp> first;
  auto check = [&](ArrayRole role, const std::string &member, TensorOp tensor) {
    auto [entry, isNew] = first.try_emplace({role, member}, tensor);
    TensorOp other = entry->second;
    if (isNew || other == tensor)
      return;
    (scope.error(tensor.getLoc())
     << "'" << other.getSymName() << "' and '" << tensor.getSymName()
     << "' are both '" << member << "' in C [cell-name]")
        .note(other.getLoc(), "the other one")
        .note(tensor.getLoc(), "give one of them another name");
  };
  for (TensorOp param : face.params)
    check(ArrayRole::GradParam, memberOf(param.getSymName()), param);
  // Gradients of losses stand beside those of outputs.
  for (const CellArray &array : face.arrays)
    check(array.role == ArrayRole::Loss ? ArrayRole::Output : array.role,
          array.member, array.tensor);
}

void ModelBuilder::build(OpBuilder &builder) {
  unsigned before = scope.reporter.errorCount();
  op = ModelOp::create(builder, model.name.loc, model.name.text,
                       builder.getArrayAttr({}), builder.getDictionaryAttr({}));
  op.getBody().emplaceBlock();
  segments.emplace(op, scope);
  segments->given = [&](Segment &segment, const Expr &expr) {
    return given(segment, expr);
  };
  scope.bindParameters();
  for (const Statement &statement : model.statements)
    std::visit(
        [&](auto &it) {
          using It = std::decay_t<decltype(it)>;
          if constexpr (std::is_same_v<It, Declaration>)
            declare(it);
          else if constexpr (std::is_same_v<It, Equation>)
            define(it);
          else if constexpr (std::is_same_v<It, syntax::Score>)
            addScore(it);
          else
            scope.addOutputs(it, outputs);
        },
        statement);
  finish();
  if (scope.reporter.errorCount() != before)
    return;
  segments->finish(file.schedules);
  checkMembers();
  scope.reportUnused();
}

CellSymbols ModelBuilder::symbols() {
  CellSymbols symbols = symbolsOf(scope);
  for (Symbol &symbol : symbols.names)
    if (auto value = values.find(symbol.name);
        value != values.end() && value->second.kind == ModelValue::Values)
      symbol.shape = value->second.shape();
  return symbols;
}

//===----------------------------------------------------------------------===//
// Expressions
//===----------------------------------------------------------------------===//

ModelValue ModelBuilder::evaluate(const Expr &expr, bool isScore) {
  if (auto known = evaluateLayer(expr))
    return *known;
  return evaluateInSegment(expr, isScore);
}

/// What stands for a whole sequence, and not for what is done at each step.
std::optional<ModelValue> ModelBuilder::evaluateLayer(const Expr &expr) {
  if (auto known = evaluated.find(&expr); known != evaluated.end())
    return known->second;
  switch (expr.kind) {
  case ExprKind::Name:
    return evaluateName(expr);
  case ExprKind::Time:
    (scope.error(expr.loc) << "only a cell has steps [model-time]")
        .note(expr.loc, "in a model '" + expr.name +
                            "' is the whole sequence; what looks back in time "
                            "is a cell");
    return ModelValue();
  case ExprKind::Apply:
    return evaluateApply(expr);
  case ExprKind::Call:
    break;
  default:
    return std::nullopt;
  }
  if (functions.find(expr.name))
    return std::nullopt;
  if (expr.name == "embedding")
    return embed(expr);
  if (expr.name == "last" || expr.name == "reverse" || expr.name == "mean" ||
      expr.name == "max")
    return evaluateOverTime(expr);
  bool isLayer = expr.name == "bidirectional" || expr.name == "stack" ||
                 expr.name == "dropout";
  if (findCell(expr.name) || isLayer) {
    (scope.error(expr.loc) << "'" << expr.name
                           << "' is not applied to anything [layer-apply]")
        .note(expr.loc,
              "behind its sizes stand its inputs: '" + expr.name + "(..)(x)'");
    return ModelValue();
  }
  if (!functions.isFunction(expr.name) && !rnn::isLayer(expr.name) &&
      !scope.find(expr.name)) {
    SmallVector<StringRef> others = rnn::layerNames();
    for (const auto &entry : scope)
      if (entry.second.kind == NamedThing::Function)
        others.push_back(entry.first());
    functions.reportUnknown(expr.name, expr.loc, others);
    return ModelValue();
  }
  return std::nullopt;
}

/// Reports indices where numbers must stand.
void ModelBuilder::reportIndices(const Expr &expr) {
  (scope.error(expr.loc) << quoted(expr)
                         << " holds indices, not numbers [index-value]")
      .note(expr.loc, "look them up: 'embedding(" + expr.source.str() +
                          ", V, E)', where V is how many there are");
}

std::optional<ModelValue> ModelBuilder::evaluateName(const Expr &expr) {
  auto value = values.find(expr.name);
  if (value == values.end())
    return std::nullopt;
  scope.use(expr.name);
  return value->second;
}

/// `last`, `reverse`; `mean` and `max`, if it is of a sequence.
std::optional<ModelValue> ModelBuilder::evaluateOverTime(const Expr &expr) {
  bool isEither = expr.name == "mean" || expr.name == "max";
  if (isEither && expr.operands.size() != 1)
    return std::nullopt;
  if (!checkArity(expr, 1, 1, expr.name))
    return ModelValue();
  ModelValue value = evaluate(*expr.operands[0]);
  if (value.overTime && !addLayer(expr.loc))
    value = {};
  evaluated[expr.operands[0].get()] = value;
  if (!value)
    return value;
  if (isEither && !value.overTime)
    return std::nullopt;
  if (!value.overTime) {
    (scope.error(expr.loc) << "'" << expr.name << "' takes a sequence but "
                           << quoted(*expr.operands[0])
                           << " has one value for all steps [layer-sequence]")
        .note(expr.loc,
              "a sequence is declared with '[T]': 'input x : [I][T]'");
    return ModelValue();
  }
  if (expr.name == "reverse") {
    if (value.kind == ModelValue::Indices) {
      scope.error(expr.loc)
          << quoted(*expr.operands[0])
          << " holds indices; reverse what they look up: 'reverse(embedding("
          << expr.operands[0]->source << ", V, E))' [index-value]";
      return ModelValue();
    }
    value.reversed = !value.reversed;
    value.state = {};
    return value;
  }
  if (value.kind == ModelValue::Indices) {
    reportIndices(*expr.operands[0]);
    return ModelValue();
  }
  if (expr.name == "last")
    return segments->last(value, expr.loc);
  return expr.name == "mean" ? segments->mean(value, expr.loc)
                             : segments->largest(value, expr.loc);
}

/// Evaluates whole sequences in an expression, so that the segment that
/// computes the rest comes after them.
void ModelBuilder::collect(const Expr &expr) {
  if (auto value = evaluateLayer(expr)) {
    evaluated[&expr] = *value;
    return;
  }
  bool isDense = expr.kind == ExprKind::Call && expr.name == "dense" &&
                 !functions.find("dense");
  for (const ExprPtr &operand : expr.operands)
    if (operand && !(isDense && operand == expr.operands.back()))
      collect(*operand);
}

namespace {
/// The values at the leaves of an expression.
struct Leaves {
  const llvm::DenseMap<const Expr *, ModelValue> &evaluated;
  SmallVector<const Expr *> exprs;

  void find(const Expr &expr) {
    if (evaluated.count(&expr)) {
      exprs.push_back(&expr);
      return;
    }
    for (const ExprPtr &operand : expr.operands)
      if (operand)
        find(*operand);
  }
};
} // namespace

ModelValue ModelBuilder::evaluateInSegment(const Expr &expr, bool isScore) {
  collect(expr);
  Leaves leaves{evaluated, {}};
  leaves.find(expr);
  bool overTime = false, allReversed = true, isPoison = false;
  for (const Expr *leaf : leaves.exprs) {
    const ModelValue &value = evaluated[leaf];
    isPoison |= !value;
    isScore |= value.ofTarget;
    overTime |= value.overTime;
    allReversed &= value.reversed || !value.overTime;
  }
  if (isPoison)
    return {};
  Values used;
  for (const Expr *leaf : leaves.exprs) {
    ModelValue &value = evaluated[leaf];
    if (!allReversed || isScore)
      value = segments->forwards(value, leaf->loc);
    if (value.kind != ModelValue::Number)
      used.push_back(value);
  }
  Segment &segment = segments->segmentFor(used, overTime, isScore, expr.loc);
  return Segments::valueIn(segment, segment.expressions->evaluate(expr));
}

/// What an expression is to the segment that computes it.
std::optional<Operand> ModelBuilder::given(Segment &segment, const Expr &expr) {
  auto known = evaluated.find(&expr);
  if (known != evaluated.end()) {
    if (known->second.kind == ModelValue::Indices) {
      reportIndices(expr);
      return Operand();
    }
    return segments->import(segment, known->second, expr.loc);
  }
  if (expr.kind != ExprKind::Call || functions.find(expr.name))
    return std::nullopt;
  if (expr.name == "dense")
    return dense(segment, expr);
  if (expr.name == "sigmoid" || expr.name == "softmax")
    return squash(segment, expr);
  return scoreOf(expr.name) ? score(segment, expr) : std::nullopt;
}

/// dense(x, O) = W @ x + b
std::optional<Operand> ModelBuilder::dense(Segment &segment, const Expr &expr) {
  if (!checkArity(expr, 2, 2, "dense(x, O)"))
    return Operand();
  Operand input = segment.expressions->evaluate(*expr.operands[0]);
  std::optional<int64_t> size = scope.size(*expr.operands[1]);
  if (!input || !size ||
      !checkSize(*size, quoted(*expr.operands[1]), expr.operands[1]->loc,
                 scope.reporter))
    return Operand();
  if (input.shape().size() != 1) {
    Report report = scope.error(expr.loc);
    report << "'dense' takes a vector but " << quoted(*expr.operands[0])
           << " is " << (input.isMatrix() ? "the matrix " : "")
           << (input.kind == Operand::Number ? "a number"
                                             : shapeText(input.shape()))
           << " [dense-shape]";
    scope.explain(report, *expr.operands[0], input);
    return Operand();
  }
  SmallVector<int64_t> shape = {*size, input.shape()[0]};
  if (!checkElements(shape, "the weight " + shapeText(shape), expr.loc,
                     scope.reporter))
    return Operand();
  std::string name = layerName();
  Value weight = segments->addParam(segment, expr.loc, name + ".W", shape,
                                    "glorot_uniform");
  Value bias =
      segments->addParam(segment, expr.loc, name + ".b", {*size}, "zeros");
  Value x = segment.expressions->materialise(input, input.shape(), expr.loc);
  Value product =
      MatvecOp::create(*segment.body, expr.loc, segments->typeOf({*size}),
                       /*transposed=*/false, weight, x);
  return Operand::of(
      arith::AddFOp::create(*segment.body, expr.loc, product, bias));
}
