//===- Segments.cpp - what a model computes in between of layers ----------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "compiler/sema/Segments.h"
#include "compiler/sema/Builtins.h"
#include "compiler/sema/Schedules.h"
#include "dialect/CellInterface.h"
#include "dialect/ModelOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "llvm/ADT/StringSet.h"

using namespace mlir;
using namespace rnn;

SmallVector<int64_t, 2> ModelValue::shape() const {
  if (segment)
    return operand.shape();
  if (!tensor)
    return {};
  return SmallVector<int64_t, 2>(
      const_cast<TensorOp &>(tensor).tensorType().getShape());
}

//===----------------------------------------------------------------------===//
// Declarations and names
//===----------------------------------------------------------------------===//

Segments::Segments(ModelOp model, Scope &scope)
    : model(model), scope(scope), cells(model),
      steps(OpBuilder::atBlockEnd(&model.getBody().front())) {}

RankedTensorType Segments::typeOf(ArrayRef<int64_t> shape) const {
  return RankedTensorType::get(shape, scope.request.element);
}

std::string Segments::freshName(StringRef hint) {
  std::string name = hint.str();
  while (model.tensor(name))
    name = (hint + "$" + Twine(++used[hint])).str();
  return name;
}

std::string Segments::freshCell(StringRef hint) {
  std::string name = (model.getSymName() + "." + hint).str();
  unsigned &number = used[name];
  return ++number == 1 ? name : name + "." + std::to_string(number);
}

OpBuilder Segments::atDeclarations() {
  if (!lastDeclared)
    return OpBuilder::atBlockBegin(&model.getBody().front());
  OpBuilder b(model.getContext());
  b.setInsertionPointAfter(lastDeclared);
  return b;
}

TensorOp Segments::declare(Location loc, StringRef name, Role role,
                           RankedTensorType type, bool overTime) {
  OpBuilder b = atDeclarations();
  auto tensor = TensorOp::create(b, loc, name, role, type);
  if (!overTime && role != Role::param && role != Role::state)
    tensor.setPerSequence(true);
  lastDeclared = tensor;
  return tensor;
}

//===----------------------------------------------------------------------===//
// Into and out of segments
//===----------------------------------------------------------------------===//

/// A tensor of the cell, declared if it is new, and its value in this step.
Value Segment::read(Location loc, StringRef name, Role role,
                    RankedTensorType type) {
  TensorOp::create(*declarations, loc, name, role, type);
  return ReadOp::create(*body, loc, type, name, role == Role::state);
}

Segment &Segments::segmentFor(ArrayRef<ModelValue> values, bool overTime,
                              bool isScore, Location loc) {
  bool reversed = llvm::any_of(
      values, [](const ModelValue &value) { return value.reversed; });
  auto existsBefore = [&](const ModelValue &value, Segment &segment) {
    Operation *def =
        value.segment ? value.segment->run.getOperation() : value.def;
    return !def || value.segment == &segment ||
           def->isBeforeInBlock(segment.run);
  };
  for (auto &segment : llvm::reverse(segments))
    if (segment->overTime == overTime && segment->isScore == isScore &&
        segment->reversed == reversed &&
        llvm::all_of(values, [&](const ModelValue &value) {
          return existsBefore(value, *segment);
        }))
      return *segment;

  auto &segment = segments.emplace_back(std::make_unique<Segment>());
  segment->overTime = overTime;
  segment->reversed = reversed;
  segment->isScore = isScore;
  std::string name = freshCell(isScore ? "score" : overTime ? "steps" : "once");
  segment->cell = CellOp::create(cells, loc, name, cells.getArrayAttr({}),
                                 cells.getDictionaryAttr({}));
  segment->cell.setPart(true);
  segment->cell.setBf16Products(scope.request.bf16Products);
  segment->declarations =
      OpBuilder::atBlockEnd(&segment->cell.getBody().emplaceBlock());
  auto scan = ScanOp::create(*segment->declarations, loc);
  segment->declarations->setInsertionPoint(scan);
  Block &block = scan.getBody().emplaceBlock();
  segment->body = OpBuilder::atBlockEnd(&block);
  Segment *self = segment.get();
  segment->expressions.emplace(
      scope, block,
      [this, self](const syntax::Expr &expr) { return given(*self, expr); });
  segment->run = RunOp::create(steps, loc, name, /*backward=*/false,
                               /*once=*/!overTime, steps.getDictionaryAttr({}));
  return *segment;
}

Operand Segments::import(Segment &segment, const ModelValue &value,
                         Location loc) {
  if (!value)
    return {};
  if (value.kind == ModelValue::Number)
    return Operand::of(value.number);
  if (value.segment == &segment)
    return value.operand;
  TensorOp tensor = tensorOf(value, "v", loc);
  std::string name = tensor.getSymName().str();
  Value &imported = segment.imports[name];
  if (imported)
    return Operand::of(imported);
  RankedTensorType type = tensor.tensorType();
  if (tensor.getRole() == Role::param) {
    imported = segment.read(loc, name, Role::param, type);
    segment.bind[name] = name;
  } else if (segment.overTime && !value.overTime) {
    // One value for all steps: a state that stays what it was.
    imported = segment.read(loc, name, Role::state, type);
    WriteOp::create(*segment.body, loc, name, imported);
    segment.bind[name + ".0"] = name;
  } else {
    imported = segment.read(loc, name, Role::input, type);
    segment.bind[name] = name;
  }
  return Operand::of(imported);
}

Value Segments::addParam(Segment &segment, Location loc, StringRef name,
                         ArrayRef<int64_t> shape, StringRef init) {
  TensorOp param = declare(loc, name, Role::param, typeOf(shape), false);
  param.setInitAttr(steps.getStringAttr(init));
  segment.bind[name.str()] = name.str();
  return segment.read(loc, name, Role::param, param.tensorType());
}

TensorOp Segments::exportOf(Segment &segment, Value value, StringRef name,
                            Role role, Location loc) {
  TensorOp &tensor = segment.exports[value];
  auto type = cast<RankedTensorType>(value.getType());
  tensor = declare(loc, name, role, type, segment.overTime);
  TensorOp::create(*segment.declarations, loc, name, Role::output, type);
  WriteOp::create(*segment.body, loc, name, value);
  segment.outputs.push_back(FlatSymbolRefAttr::get(tensor.getSymNameAttr()));
  segment.bind[name.str()] = name.str();
  return tensor;
}

TensorOp Segments::tensorOf(const ModelValue &value, StringRef hint,
                            Location loc) {
  if (value.tensor)
    return value.tensor;
  Segment &segment = *value.segment;
  Value made = segment.expressions->materialise(value.operand,
                                                value.operand.shape(), loc);
  if (TensorOp known = segment.exports.lookup(made))
    return known;
  return exportOf(segment, made, freshName((hint + "$").str()), Role::value,
                  loc);
}

ModelValue Segments::valueIn(Segment &segment, Operand operand) {
  ModelValue value;
  if (!operand)
    return value;
  if (operand.kind == Operand::Number) {
    value.kind = ModelValue::Number;
    value.number = operand.number;
    return value;
  }
  value.kind = ModelValue::Values;
  value.overTime = segment.overTime;
  value.reversed = segment.reversed;
  value.ofTarget = segment.isScore;
  value.segment = &segment;
  value.operand = operand;
  return value;
}

TensorOp Segments::publish(const ModelValue &value, StringRef name, Role role,
                           Location loc) {
  if (!value.tensor) {
    Segment &segment = *value.segment;
    Value made = segment.expressions->materialise(value.operand,
                                                  value.operand.shape(), loc);
    if (!segment.exports.count(made))
      return exportOf(segment, made, name, role, loc);
  }
  TensorOp from = tensorOf(value, name, loc);
  TensorOp to = declare(loc, name, role, from.tensorType(), value.overTime);
  SumOp::create(
      steps, loc, name,
      steps.getArrayAttr(FlatSymbolRefAttr::get(from.getSymNameAttr())));
  return to;
}

//===----------------------------------------------------------------------===//
// Over time
//===----------------------------------------------------------------------===//

ModelValue Segments::forwards(ModelValue value, Location loc) {
  if (!value.reversed)
    return value;
  TensorOp from = tensorOf(value, "v", loc);
  ModelValue result;
  result.kind = value.kind;
  result.overTime = true;
  result.ofTarget = value.ofTarget;
  result.tensor =
      declare(loc, freshName("v$"), Role::value, from.tensorType(), true);
  result.def = ReverseOp::create(steps, loc, result.tensor.getSymName(),
                                 from.getSymName());
  return result;
}

Value Segments::addState(Segment &segment, StringRef name,
                         ArrayRef<int64_t> shape, Location loc) {
  return segment.read(loc, name, Role::state, typeOf(shape));
}

ModelValue Segments::endState(Segment &segment, StringRef name, Value value,
                              Location loc) {
  WriteOp::create(*segment.body, loc, name, value);
  ModelValue result;
  result.kind = ModelValue::Values;
  result.ofTarget = segment.isScore;
  result.tensor = declare(loc, name, Role::value,
                          cast<RankedTensorType>(value.getType()), false);
  result.def = segment.run;
  segment.bind[(name + ".T").str()] = name.str();
  return result;
}

/// The final state of a run is there already; the caller gets a copy.
ModelValue Segments::finalOf(const ModelValue &value, Location loc) {
  TensorOp state = value.state;
  ModelValue &result = finals[state.getSymName()];
  if (result)
    return result;
  auto run = cast<RunOp>(value.def);
  std::string name = freshName((state.getSymName() + "$T").str());
  result.kind = ModelValue::Values;
  result.ofTarget = value.ofTarget;
  result.def = run;
  result.tensor =
      declare(loc, name, Role::value, state.tensorType(), /*overTime=*/false);
  NamedAttrList bind(run.getBind());
  for (const CellArray &array : interfaceOf(run.callee()).arrays)
    if (array.role == ArrayRole::Final && array.delay == 1 &&
        run.bound(array.name) == state.getSymName())
      bind.set(array.name, FlatSymbolRefAttr::get(run.getContext(), name));
  run.setBindAttr(bind.getDictionary(run.getContext()));
  SumOp::create(
      steps, loc, state.getSymName(),
      steps.getArrayAttr(FlatSymbolRefAttr::get(run.getContext(), name)));
  return result;
}

ModelValue Segments::last(ModelValue value, Location loc) {
  value = forwards(value, loc);
  if (value.state)
    return finalOf(value, loc);
  Segment &segment = segmentFor(value, /*overTime=*/true, value.ofTarget, loc);
  Operand operand = import(segment, value, loc);
  std::string name = freshName("last$");
  Value now = segment.expressions->materialise(operand, operand.shape(), loc);
  TensorOp::create(*segment.declarations, loc, name, Role::state,
                   now.getType());
  return endState(segment, name, now, loc);
}

ModelValue Segments::mean(ModelValue value, Location loc) {
  Segment &segment = segmentFor(value, /*overTime=*/true, value.ofTarget, loc);
  Operand operand = import(segment, value, loc);
  ImplicitLocOpBuilder b(loc, *segment.body);
  Value now = segment.expressions->materialise(operand, operand.shape(), loc);
  std::string sumName = freshName("sum$"), countName = freshName("count$");
  Value sum = addState(segment, sumName, operand.shape(), loc);
  Value count = addState(segment, countName, {}, loc);
  b = ImplicitLocOpBuilder(loc, *segment.body);
  sum = arith::AddFOp::create(b, sum, now);
  count = arith::AddFOp::create(b, count, fill(b, count.getType(), 1));
  ModelValue total = endState(segment, sumName, sum, loc);
  ModelValue steps_ = endState(segment, countName, count, loc);

  Segment &once =
      segmentFor({total, steps_}, /*overTime=*/false, value.ofTarget, loc);
  Value s = import(once, total, loc).value, n = import(once, steps_, loc).value;
  ImplicitLocOpBuilder after(loc, *once.body);
  // Of no steps the mean is 0.
  n = arith::MaximumFOp::create(after, n, fill(after, n.getType(), 1));
  if (s.getType() != n.getType())
    n = SplatOp::create(after, s.getType(), n);
  return valueIn(once, Operand::of(arith::DivFOp::create(after, s, n)));
}

ModelValue Segments::largest(ModelValue value, Location loc) {
  Segment &segment = segmentFor(value, /*overTime=*/true, value.ofTarget, loc);
  Operand operand = import(segment, value, loc);
  Value now = segment.expressions->materialise(operand, operand.shape(), loc);
  std::string name = freshName("max$"), countName = freshName("count$");
  Value most = addState(segment, name, operand.shape(), loc);
  Value count = addState(segment, countName, {}, loc);
  ImplicitLocOpBuilder b(loc, *segment.body);
  Value seen = count;
  if (most.getType() != count.getType())
    seen = SplatOp::create(b, most.getType(), count);
  Value larger = arith::MaximumFOp::create(b, most, now);
  most = arith::SelectOp::create(b, isNonzero(b, seen), larger, now);
  count = fill(b, count.getType(), 1);
  endState(segment, countName, count, loc);
  return endState(segment, name, most, loc);
}

std::string Segments::draw(Location loc, RankedTensorType type,
                           llvm::APFloat rate, bool overTime, int64_t stream) {
  std::string name = freshName("mask$");
  declare(loc, name, Role::value, type, overTime);
  DrawOp::create(steps, loc, name, rate, uint64_t(stream));
  return name;
}

ModelValue Segments::oneHot(const ModelValue &indices, int64_t size,
                            Location loc) {
  StringRef name = TensorOp(indices.tensor).getSymName();
  ModelValue &result = hots[{name.str(), size}];
  if (result)
    return result;
  result.kind = ModelValue::Values;
  result.ofTarget = indices.ofTarget;
  result.overTime = indices.overTime;
  result.tensor = declare(loc, freshName((name + "$").str()), Role::value,
                          typeOf({size}), indices.overTime);
  OpBuilder first = atDeclarations();
  result.def = OneHotOp::create(first, loc, result.tensor.getSymName(), name);
  return result;
}

//===----------------------------------------------------------------------===//
// The end
//===----------------------------------------------------------------------===//

/// Runs need not give what nothing reads.
void Segments::dropUnread() {
  llvm::StringSet<> read;
  for (Operation &op : model.getBody().front())
    for (StringRef name : accessOf(&op).reads)
      read.insert(name);
  for (auto run : model.getBody().getOps<RunOp>()) {
    NamedAttrList bind;
    for (NamedAttribute entry : run.getBind()) {
      auto name = cast<FlatSymbolRefAttr>(entry.getValue()).getValue();
      if (model.tensor(name).getRole() != Role::value || read.contains(name))
        bind.push_back(entry);
    }
    run.setBindAttr(bind.getDictionary(run.getContext()));
  }
  for (auto tensor :
       llvm::make_early_inc_range(model.getBody().getOps<TensorOp>()))
    if (tensor.getRole() == Role::value && !read.contains(tensor.getSymName()))
      tensor.erase();
}

void Segments::finish(ArrayRef<syntax::Schedule> schedules) {
  for (auto &segment : segments) {
    bool isUsed = !segment->outputs.empty() ||
                  llvm::any_of(segment->bind, [](auto &entry) {
                    return StringRef(entry.first).ends_with(".T");
                  });
    if (!isUsed) {
      segment->run.erase();
      segment->cell.erase();
      continue;
    }
    OpBuilder b(segment->run);
    NamedAttrList bind;
    for (auto &[name, tensor] : segment->bind)
      bind.set(name, FlatSymbolRefAttr::get(b.getContext(), tensor));
    segment->run.setBindAttr(bind.getDictionary(b.getContext()));
    segment->cell.setOutputsAttr(b.getArrayAttr(segment->outputs));
    addSchedules(schedules, segment->cell.getSymName(), scope,
                 *segment->declarations);
  }
  dropUnread();
}
