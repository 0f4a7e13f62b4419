//===- Layers.cpp - what a model applies to sequences ---------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Cells by name, and what is made of them: bidirectional, stack; embedding and
// dropout. One and the same cell with the same sizes is built once, however
// often it runs.
//
//===----------------------------------------------------------------------===//

#include "compiler/sema/CellBuilder.h"
#include "compiler/sema/ModelBuilder.h"
#include "compiler/sema/Sizes.h"
#include "dialect/CellInterface.h"
#include "mlir/Dialect/Arith/IR/Arith.h"

using namespace mlir;
using namespace rnn;
using namespace rnn::syntax;

const syntax::Cell *ModelBuilder::findCell(StringRef name) const {
  for (const syntax::Cell &cell : file.cells)
    if (cell.name.text == name)
      return &cell;
  return nullptr;
}

bool ModelBuilder::checkArity(const Expr &layer, size_t least, size_t most,
                              StringRef form) {
  size_t given = layer.operands.size();
  if (given >= least && given <= most)
    return true;
  (scope.error(layer.loc) << "'" << layer.name << "' takes "
                          << (least == most ? std::to_string(least)
                                            : std::to_string(least) + " to " +
                                                  std::to_string(most))
                          << (most == 1 ? " argument" : " arguments")
                          << " but is given " << given << " [layer-arguments]")
      .note(layer.loc,
            "it is written '" +
                (form.contains('(') ? form.str() : form.str() + "(x)") + "'");
  return false;
}

//===----------------------------------------------------------------------===//
// Embedding and dropout
//===----------------------------------------------------------------------===//

ModelValue ModelBuilder::embed(const Expr &expr) {
  if (!checkArity(expr, 3, 3, "embedding(tokens, V, E)"))
    return {};
  ModelValue indices = evaluate(*expr.operands[0]);
  SmallVector<int64_t> shape;
  for (const ExprPtr &size : llvm::drop_begin(expr.operands))
    if (std::optional<int64_t> value = scope.size(*size);
        value && checkSize(*value, quoted(*size), size->loc, scope.reporter))
      shape.push_back(*value);
  if (!indices || shape.size() < 2 ||
      !checkElements(shape, "the table " + shapeText(shape), expr.loc,
                     scope.reporter))
    return {};
  if (indices.kind != ModelValue::Indices) {
    (scope.error(expr.loc) << "'embedding' takes indices but "
                           << quoted(*expr.operands[0])
                           << " has none [index-value]")
        .note(expr.loc, "declare them: 'input tokens : int[T]'");
    return {};
  }
  if (!addLayer(expr.loc))
    return {};
  std::string name = layerName();
  TensorOp table = segments->declare(expr.loc, name + ".W", Role::param,
                                     segments->typeOf(shape), false);
  Builder b(op.getContext());
  table.setInitAttr(b.getStringAttr("uniform"));
  table.setInitArgumentsAttr(b.getDenseF64ArrayAttr({-0.05, 0.05}));
  ModelValue result;
  result.kind = ModelValue::Values;
  result.overTime = indices.overTime;
  result.ofTarget = indices.ofTarget;
  result.tensor =
      segments->declare(expr.loc, segments->freshName(name + "$"), Role::value,
                        segments->typeOf({shape[1]}), indices.overTime);
  result.def =
      LookupOp::create(segments->atEnd(), expr.loc, result.tensor.getSymName(),
                       table.getSymName(), indices.tensor.getSymName());
  return result;
}

ModelValue ModelBuilder::applyDropout(const Expr &layer, const Values &inputs) {
  std::optional<double> rate = dropoutRate(layer, scope);
  if (!rate)
    return {};
  if (inputs.size() == 1 && inputs[0].kind == ModelValue::Number) {
    scope.error(layer.loc) << "'dropout' takes what the model computes, not a "
                              "number [layer-shape]";
    return {};
  }
  if (inputs.size() != 1) {
    (scope.error(layer.loc) << "'dropout' has 1 input but is given "
                            << inputs.size() << " [layer-inputs]")
        .note(layer.loc, "it is a sequence or one value: 'dropout(0.2)(x)'");
    return {};
  }
  if (!addLayer(layer.loc))
    return {};
  ModelValue input = segments->forwards(inputs[0], layer.loc);
  ModelValue mask;
  mask.kind = ModelValue::Values;
  mask.overTime = input.overTime;
  std::string name =
      segments->draw(layer.loc, segments->typeOf(input.shape()),
                     llvm::APFloat(*rate), input.overTime, draws++);
  mask.tensor = op.tensor(name);
  mask.def = &op.getBody().front().back();
  Segment &segment = segments->segmentFor({input, mask}, input.overTime,
                                          input.ofTarget, layer.loc);
  Operand value = segments->import(segment, input, layer.loc);
  Value factors = segments->import(segment, mask, layer.loc).value;
  Value whole =
      segment.expressions->materialise(value, value.shape(), layer.loc);
  return Segments::valueIn(
      segment, Operand::of(arith::MulFOp::create(*segment.body, layer.loc,
                                                 whole, factors)));
}

//===----------------------------------------------------------------------===//
// Applying
//===----------------------------------------------------------------------===//

ModelValue ModelBuilder::evaluateApply(const Expr &expr) {
  Values inputs;
  bool isWrong = false;
  for (const ExprPtr &input : llvm::drop_begin(expr.operands)) {
    ModelValue value = evaluate(*input);
    isWrong |= !value;
    if (value.kind == ModelValue::Indices) {
      reportIndices(*input);
      isWrong = true;
    }
    inputs.push_back(value);
  }
  if (isWrong)
    return {};
  const Expr &layer = *expr.operands[0];
  bool hasName = layer.kind == ExprKind::Call && layer.name != "dropout";
  return apply(layer, inputs, hasName ? layerName() : "");
}

ModelValue ModelBuilder::apply(const Expr &layer, Values inputs,
                               const std::string &name) {
  if (layer.kind == ExprKind::Call) {
    if (const syntax::Cell *cell = findCell(layer.name))
      return applyCell(layer, *cell, inputs, name);
    if (layer.name == "bidirectional")
      return applyBidirectional(layer, inputs, name);
    if (layer.name == "stack")
      return applyStack(layer, inputs, name);
    if (layer.name == "dropout")
      return applyDropout(layer, inputs);
  }
  Report report = scope.error(layer.loc);
  report << quoted(layer) << " is no layer [layer-unknown]";
  for (const syntax::Cell &other : file.models)
    if (other.name.text == layer.name) {
      report.note(other.name.loc, "it is a model; layers are cells");
      return {};
    }
  if (layer.kind == ExprKind::Call &&
      (functions.isFunction(layer.name) || rnn::isLayer(layer.name))) {
    report.note(layer.loc, "'" + layer.name +
                               "' takes its input with the other arguments: '" +
                               layer.name + "(x, ..)'");
    return {};
  }
  auto known = [&] {
    SmallVector<StringRef> names = {"bidirectional", "stack", "dropout"};
    for (const syntax::Cell &cell : file.cells)
      names.push_back(cell.name.text);
    return names;
  };
  if (!report.suggest(layer.loc, layer.name, known))
    report.note(layer.loc, "a layer is a cell of this file with its sizes, "
                           "'bidirectional', 'stack' or 'dropout'");
  return {};
}

bool ModelBuilder::checkOverTime(const Expr &layer, const Values &inputs) {
  for (const ModelValue &input : inputs)
    if (input.overTime)
      return true;
  (scope.error(layer.loc) << "'" << layer.name
                          << "' runs over a sequence but none is given "
                             "[layer-sequence]")
      .note(layer.loc, "a sequence is declared with '[T]': 'input x : [I][T]'");
  return false;
}

/// One run forwards and one backwards, their values side by side.
ModelValue ModelBuilder::applyBidirectional(const Expr &layer,
                                            const Values &inputs,
                                            const std::string &name) {
  if (!checkArity(layer, 1, 1, "bidirectional(CELL(..))(x)") ||
      !checkOverTime(layer, inputs))
    return {};
  auto turned = [](ModelValue value) {
    if (value.overTime) {
      value.reversed = !value.reversed;
      value.state = {};
    }
    return value;
  };
  Values back;
  for (const ModelValue &input : inputs)
    back.push_back(turned(input));
  ModelValue left = apply(*layer.operands[0], inputs, name + ".forward");
  if (!left)
    return {};
  ModelValue right =
      turned(apply(*layer.operands[0], back, name + ".backward"));
  if (!right)
    return {};
  left = segments->forwards(left, layer.loc);
  right = segments->forwards(right, layer.loc);
  if (left.shape().size() != 1) {
    scope.error(layer.loc) << "'bidirectional' takes a cell that gives a "
                              "vector, but this one gives "
                           << shapeText(left.shape()) << " [layer-shape]";
    return {};
  }
  Segment &segment =
      segments->segmentFor({left, right}, /*overTime=*/true,
                           left.ofTarget || right.ofTarget, layer.loc);
  Value l = segments->import(segment, left, layer.loc).value;
  Value r = segments->import(segment, right, layer.loc).value;
  return Segments::valueIn(
      segment, Operand::of(ConcatOp::create(
                   *segment.body, layer.loc,
                   segments->typeOf({left.shape()[0] + right.shape()[0]}),
                   ValueRange{l, r})));
}

/// One layer above the other.
ModelValue ModelBuilder::applyStack(const Expr &layer, Values inputs,
                                    const std::string &name) {
  if (!checkArity(layer, 2, 2, "stack(CELL(..), 2)(x)"))
    return {};
  std::optional<int64_t> count = scope.size(*layer.operands[1]);
  if (!count)
    return {};
  if (*count < 1 || *count > 100) {
    scope.error(layer.operands[1]->loc)
        << "a stack has 1 to 100 layers, not " << *count << " [stack-size]";
    return {};
  }
  ModelValue value;
  for (int64_t i = 0; i < *count; ++i) {
    stackLevel = i;
    std::string level = name + "." + std::to_string(i);
    layerNames.insert(level);
    value = apply(*layer.operands[0], inputs, level);
    stackLevel = 0;
    if (!value)
      return {};
    inputs[0] = value;
  }
  return value;
}

//===----------------------------------------------------------------------===//
// Cells
//===----------------------------------------------------------------------===//

/// What the parameters of the cell are set to; nothing after an error.
std::optional<SmallVector<Setting>>
ModelBuilder::settingsOf(const Expr &layer, const syntax::Cell &cell,
                         const Values &inputs) {
  SmallVector<Setting> settings(request.settings);
  bool isWrong = false;
  if (layer.operands.size() > cell.parameters.size()) {
    (scope.error(layer.loc)
     << "'" << layer.name << "' takes " << cell.parameters.size()
     << (cell.parameters.size() == 1 ? " parameter" : " parameters")
     << " but is given " << layer.operands.size() << " [layer-arguments]")
        .note(cell.name.loc, "the cell is defined here");
    return std::nullopt;
  }
  for (auto [parameter, argument] :
       llvm::zip(cell.parameters, layer.operands)) {
    std::string value;
    NamedThing *thing =
        argument->kind == ExprKind::Name ? scope.find(argument->name) : nullptr;
    if (thing && thing->kind == NamedThing::Function)
      value = scope.use(argument->name)->function.str();
    else if (!thing && argument->kind == ExprKind::Name &&
             functions.isFunction(argument->name))
      value = argument->name.str();
    else if (std::optional<int64_t> size = scope.size(*argument);
             size &&
             checkSize(*size, quoted(*argument), argument->loc, scope.reporter))
      value = std::to_string(*size);
    isWrong |= value.empty();
    settings.push_back(
        {cell.name.text.str(), parameter.name.text.str(), value});
  }
  if (isWrong)
    return std::nullopt;
  // Above the lowest layer of a stack, the input is what the layer below gives.
  if (stackLevel > 0 && inputs[0].shape().size() == 1)
    for (const Statement &statement : cell.statements) {
      auto *declaration = std::get_if<Declaration>(&statement);
      if (!declaration || declaration->role != DeclarationRole::Input)
        continue;
      if (declaration->shape.size() == 1 &&
          declaration->shape[0]->kind == ExprKind::Name)
        settings.push_back({cell.name.text.str(),
                            declaration->shape[0]->name.str(),
                            std::to_string(inputs[0].shape()[0])});
      break;
    }
  return settings;
}

/// The cell with what its parameters are set to; null after an error.
CellOp ModelBuilder::cellOf(const Expr &layer, const syntax::Cell &cell,
                            const Values &inputs) {
  auto settings = settingsOf(layer, cell, inputs);
  if (!settings)
    return {};
  std::string key = cell.name.text.str();
  for (const Setting &setting : *settings)
    if (setting.cell == cell.name.text || setting.cell.empty())
      key += "," + setting.name + "=" + setting.value;
  CellOp &part = parts[key];
  if (part)
    return part;
  unsigned before = scope.reporter.errorCount();
  Request own = request;
  own.settings = *settings;
  scope.reporter.setContext(layer.loc, "in this layer of the model '" +
                                           model.name.text.str() + "'");
  CellBuilder builder(cell, file.schedules, functions, own, scope.reporter,
                      segments->freshCell(cell.name.text));
  builder.build(segments->atCells());
  scope.reporter.setContext(layer.loc, "");
  if (scope.reporter.errorCount() == before)
    part = builder.result();
  return part;
}

static std::string givenText(const ModelValue &value) {
  return shapeText(value.shape());
}

/// True if the inputs are those that the cell declares; else reports it.
bool ModelBuilder::checkInputs(const Expr &layer, CellOp cell,
                               const Values &inputs) {
  SmallVector<TensorOp> declared;
  for (auto tensor : cell.getBody().getOps<TensorOp>())
    if (tensor.getRole() == Role::input && !tensor.getRate())
      declared.push_back(tensor);
  if (declared.size() != inputs.size()) {
    (scope.error(layer.loc)
     << "'" << layer.name << "' has " << declared.size()
     << (declared.size() == 1 ? " input" : " inputs") << " but is given "
     << inputs.size() << " [layer-inputs]")
        .note(cell.getLoc(), "the cell is defined here");
    return false;
  }
  for (auto [tensor, input] : llvm::zip(declared, inputs))
    if (input.kind == ModelValue::Values &&
        ArrayRef<int64_t>(input.shape()) != tensor.tensorType().getShape()) {
      (scope.error(layer.loc)
       << "'" << layer.name << "' takes "
       << shapeText(tensor.tensorType().getShape()) << " as '"
       << tensor.getSymName() << "' but is given " << givenText(input)
       << " [layer-shape]")
          .note(tensor.getLoc(), "the input is declared here");
      return false;
    }
  return true;
}

ModelValue ModelBuilder::applyCell(const Expr &layer, const syntax::Cell &cell,
                                   const Values &given,
                                   const std::string &name) {
  CellOp part = cellOf(layer, cell, given);
  if (!part || !checkInputs(layer, part, given) || !addLayer(layer.loc))
    return {};
  bool hasStates = false, overTime = false;
  bool ofTarget = llvm::any_of(
      given, [](const ModelValue &input) { return input.ofTarget; });
  for (auto tensor : part.getBody().getOps<TensorOp>())
    hasStates |= tensor.getRole() == Role::state;
  if (hasStates && !checkOverTime(layer, given))
    return {};
  // Only what looks at no other step can take steps in whatever order they are
  // stored in.
  bool allReversed = !hasStates;
  for (const ModelValue &input : given) {
    overTime |= input.overTime;
    allReversed &= input.reversed || !input.overTime;
  }
  Values inputs;
  for (const ModelValue &input : given)
    inputs.push_back(allReversed ? input
                                 : segments->forwards(input, layer.loc));

  NamedAttrList bind;
  auto set = [&](const Twine &array, StringRef tensor) {
    bind.set(array.str(), FlatSymbolRefAttr::get(op.getContext(), tensor));
  };
  CellInterface face = interfaceOf(part);
  ModelValue result;
  size_t next = 0;
  for (const CellArray &array : face.arrays) {
    TensorOp tensor = array.tensor;
    std::string own = name + "." + tensor.getSymName().str();
    if (tensor.getRate()) {
      bool isGiven =
          array.role == ArrayRole::Input || array.role == ArrayRole::Initial;
      if (isGiven)
        set(array.name,
            segments->draw(layer.loc, tensor.tensorType(), *tensor.getRate(),
                           overTime && array.role == ArrayRole::Input,
                           draws++));
    } else if (array.role == ArrayRole::Input) {
      ModelValue input = inputs[next++];
      if (input.kind == ModelValue::Number || (overTime && !input.overTime)) {
        // Its value in every step.
        Values all = {inputs[0], input};
        const ModelValue *sequence = llvm::find_if(
            inputs, [](const ModelValue &it) { return it.overTime; });
        all[0] = *sequence;
        Segment &segment =
            segments->segmentFor(all, /*overTime=*/true, ofTarget, layer.loc);
        Operand here = segments->import(segment, input, layer.loc);
        Value value = segment.expressions->materialise(
            here, tensor.tensorType().getShape(), layer.loc);
        input = Segments::valueIn(segment, Operand::of(value));
      }
      set(array.name, segments->tensorOf(input, "v", layer.loc).getSymName());
    } else if (array.role == ArrayRole::Initial && array.delay == 1) {
      TensorOp state = segments->declare(tensor.getLoc(), own, Role::state,
                                         tensor.tensorType(), overTime);
      state.setDelay(tensor.getDelay());
      set(array.name, own);
    } else if (array.role == ArrayRole::Initial ||
               array.role == ArrayRole::Final) {
      set(array.name, own);
    }
  }
  for (TensorOp param : face.params) {
    std::string own = name + "." + param.getSymName().str();
    TensorOp copy = segments->declare(param.getLoc(), own, Role::param,
                                      param.tensorType(), false);
    copy.setInitAttr(param.getInitAttr());
    copy.setInitArgumentsAttr(param.getInitArgumentsAttr());
    set(param.getSymName(), own);
  }
  TensorOp output =
      part.tensor(cast<FlatSymbolRefAttr>(part.getOutputs()[0]).getValue());
  result.kind = ModelValue::Values;
  result.overTime = overTime;
  result.ofTarget = ofTarget;
  result.reversed =
      overTime && allReversed && !inputs.empty() &&
      llvm::any_of(inputs, [](const ModelValue &it) { return it.reversed; });
  result.tensor = segments->declare(layer.loc, segments->freshName(name + "$"),
                                    Role::value, output.tensorType(), overTime);
  set(output.getSymName(), result.tensor.getSymName());
  if (output.getRole() == Role::state && !result.reversed)
    result.state = op.tensor(name + "." + output.getSymName().str());
  result.def = RunOp::create(segments->atEnd(), layer.loc, part.getSymName(),
                             /*backward=*/false, /*once=*/!overTime,
                             bind.getDictionary(op.getContext()));
  return result;
}
