//===- CellBuilder.cpp - one cell's tree to rnn ops ----------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "compiler/sema/CellBuilder.h"
#include "compiler/sema/Initialisers.h"
#include "compiler/sema/Schedules.h"
#include "compiler/sema/Sizes.h"
#include "compiler/sema/WrittenShape.h"

using namespace mlir;
using namespace rnn;
using namespace rnn::syntax;

//===----------------------------------------------------------------------===//
// Declarations
//===----------------------------------------------------------------------===//

std::optional<SmallVector<int64_t>>
CellBuilder::checkShape(const Declaration &declaration) {
  bool wrong = false;
  SmallVector<int64_t> shape;
  for (const ExprPtr &expr : declaration.shape) {
    std::optional<int64_t> value = scope.size(*expr);
    if (!value ||
        !checkSize(*value, quoted(*expr), expr->loc, scope.reporter)) {
      wrong = true;
      continue;
    }
    shape.push_back(*value);
    if (!checkElements(shape, shapeText(shape), declaration.shapeLoc,
                       scope.reporter))
      return std::nullopt;
  }
  if (wrong)
    return std::nullopt;
  if (shape.size() <= 2)
    return shape;
  scope.error(declaration.shapeLoc)
      << "shapes of more than two sizes are not supported [not-supported]";
  return std::nullopt;
}

void CellBuilder::declare(const Declaration &declaration) {
  static constexpr NamedThing::Kind kinds[] = {
      NamedThing::Input, NamedThing::State, NamedThing::Param};
  static constexpr Role roles[] = {Role::input, Role::state, Role::param};
  auto shape = checkShape(declaration);
  bool wrong = !shape;
  StringAttr init;
  DenseF64ArrayAttr initArguments;
  if (declaration.role == DeclarationRole::Param) {
    auto checked = checkInitialiser(declaration, declaration.shape.size(),
                                    scope, *expressions);
    wrong |= !checked;
    if (checked)
      init = declarations->getStringAttr(checked->name);
    if (checked && !checked->arguments.empty())
      initArguments = declarations->getDenseF64ArrayAttr(checked->arguments);
  }
  for (const Identifier &name : declaration.names) {
    NamedThing *thing = scope.add(name, kinds[unsigned(declaration.role)]);
    if (!thing)
      continue;
    thing->poisoned = wrong;
    if (wrong)
      continue;
    thing->tensor = TensorOp::create(*declarations, name.loc, name.text,
                                     roles[unsigned(declaration.role)],
                                     expressions->typeOf(*shape));
    if (init)
      thing->tensor.setInitAttr(init);
    if (initArguments)
      thing->tensor.setInitArgumentsAttr(initArguments);
  }
}

//===----------------------------------------------------------------------===//
// Equations and outputs
//===----------------------------------------------------------------------===//

void CellBuilder::define(const Equation &equation) {
  Operand value = expressions->evaluate(*equation.value);
  NamedThing *thing = scope.find(equation.name.text);
  if (thing && thing->kind == NamedThing::State)
    return defineState(equation, *thing, value);
  if (NamedThing *local = scope.add(equation.name, NamedThing::Local)) {
    local->now = value;
    local->poisoned = !value;
  }
}

void CellBuilder::defineState(const Equation &equation, NamedThing &state,
                              Operand value) {
  StringRef name = equation.name.text;
  if (!equation.atTime)
    (scope.error(equation.name.loc)
     << "the state '" << name << "' is defined without a step [state-step]")
        .note(equation.name.loc, "write '" + name + "[t] = ..'");
  if (state.now) {
    Report report = scope.error(equation.name.loc);
    report << "the state '" << name << "' is defined twice [defined-twice]";
    for (const Statement &statement : cell.statements)
      if (auto *first = std::get_if<Equation>(&statement);
          first && first->name.text == name && first != &equation) {
        report.note(first->name.loc, "it is defined here first");
        break;
      }
    return;
  }
  state.now = Operand();
  if (!value || state.poisoned)
    return;
  ArrayRef<int64_t> shape = state.tensor.tensorType().getShape();
  SmallVector<int64_t, 2> given = value.shape();
  if (!given.empty() && ArrayRef<int64_t>(given) != shape) {
    Report report = scope.error(equation.loc);
    report << "the value is " << shapeText(given) << " but the state '" << name
           << "' is " << shapeText(shape) << " [state-shape]";
    scope.explain(report, *equation.value, value);
    auto written = writtenShape(name, cell);
    report.note(state.loc, "'" + name + "' is declared here as " +
                               shapeText(written, shape));
    return;
  }
  warnIfConstant(equation, value);
  Value written = expressions->materialise(value, shape, equation.loc);
  WriteOp::create(*body, equation.loc, name, written);
  state.now = Operand::of(written);
}

/// A state that keeps its value, or has the same one in every step, is hardly
/// what was meant.
void CellBuilder::warnIfConstant(const Equation &equation,
                                 const Operand &value) {
  StringRef name = equation.name.text;
  auto read = value.kind == Operand::Tensor
                  ? value.value.getDefiningOp<ReadOp>()
                  : ReadOp();
  bool isKept = read && read.getTensor() == name && read.getDelay() == 1;
  if (isKept || value.kind == Operand::Number)
    scope.reporter.warning(equation.loc)
        << "the state '" << name << "' never changes [state-constant]";
}

/// Checks what can be known only at the end, and completes the declarations.
void CellBuilder::finish() {
  checkStates();
  if (outputs.empty())
    (scope.error(cell.name.loc)
     << "the cell '" << cell.name.text << "' has no output [output-missing]")
        .note(cell.name.loc, "write 'output' and the names that callers see");
  SmallVector<Attribute> symbols;
  for (const Identifier &name : outputs) {
    symbols.push_back(FlatSymbolRefAttr::get(op.getContext(), name.text));
    declareOutput(name);
  }
  op.setOutputsAttr(declarations->getArrayAttr(symbols));

  SmallVector<NamedAttribute> sizes;
  for (auto &[name, thing] : scope) {
    if (thing.kind == NamedThing::Size)
      sizes.push_back(declarations->getNamedAttr(
          name, declarations->getI64IntegerAttr(thing.size)));
    int64_t delay = 1;
    for (auto &[read, value] : thing.reads)
      delay = std::max(delay, read);
    if (thing.kind == NamedThing::State && thing.tensor)
      thing.tensor.setDelay(delay);
  }
  op.setSizesAttr(declarations->getDictionaryAttr(sizes));
}

void CellBuilder::checkStates() {
  for (const Statement &statement : cell.statements) {
    auto *declaration = std::get_if<Declaration>(&statement);
    if (!declaration || declaration->role != DeclarationRole::State)
      continue;
    for (const Identifier &name : declaration->names) {
      NamedThing *state = scope.find(name.text);
      if (state->loc == name.loc && !state->now)
        reportUndefined(name);
    }
  }
}

void CellBuilder::reportUndefined(const Identifier &state) {
  Report report = scope.error(state.loc);
  report << "the state '" << state.text << "' is never defined "
         << "[state-undefined]";
  // Perhaps it is, under another name.
  for (const Statement &statement : cell.statements)
    if (auto *equation = std::get_if<Equation>(&statement);
        equation && equation->atTime &&
        nearest(equation->name.text, state.text)) {
      report.note(equation->name.loc,
                  "did you mean '" + state.text + "' here?");
      return;
    }
  report.note(state.loc, "write '" + state.text + "[t] = ..'");
}

void CellBuilder::declareOutput(const Identifier &name) {
  NamedThing *thing = scope.use(name.text);
  if (!thing) {
    scope.reportUnknown(name.text, name.loc,
                        "an output is a state or a name that "
                        "an equation defines");
    return;
  }
  if (thing->kind != NamedThing::State && thing->kind != NamedThing::Local) {
    bool isValue =
        thing->kind == NamedThing::Input || thing->kind == NamedThing::Param;
    (scope.error(name.loc) << "'" << name.text
                           << "' is not computed by the cell [output-kind]")
        .note(thing->loc, "it is declared here")
        .note(name.loc, "an output is a state or a name that an equation "
                        "defines" +
                            (isValue ? ": 'y = " + name.text + "', 'output y'"
                                     : std::string()));
    return;
  }
  if (thing->kind == NamedThing::State || thing->poisoned)
    return;
  Operand value = *thing->now;
  Value written = expressions->materialise(value, value.shape(), thing->loc);
  TensorOp::create(*declarations, thing->loc, name.text, Role::output,
                   written.getType());
  WriteOp::create(*body, thing->loc, name.text, written);
}

/// Factors that whoever runs the cell draws: an input, or for all steps the
/// same a state that stays what it was at first.
Value CellBuilder::draw(Location loc, RankedTensorType type, double rate,
                        bool isForAllSteps) {
  std::string name = "draw." + std::to_string(draws++);
  Role role = isForAllSteps ? Role::state : Role::input;
  auto tensor = TensorOp::create(*declarations, loc, name, role, type);
  tensor.setRate(llvm::APFloat(rate));
  Value value =
      ReadOp::create(*body, loc, type, name, role == Role::state ? 1 : 0);
  if (isForAllSteps)
    WriteOp::create(*body, loc, name, value);
  return value;
}

void CellBuilder::build(OpBuilder &builder) {
  unsigned before = scope.reporter.errorCount();
  op = CellOp::create(builder, cell.name.loc,
                      part.empty() ? cell.name.text : StringRef(part),
                      builder.getArrayAttr({}), builder.getDictionaryAttr({}));
  op.setPart(!part.empty());
  op.setBf16Products(scope.request.bf16Products);
  declarations = OpBuilder::atBlockEnd(&op.getBody().emplaceBlock());
  auto scan = ScanOp::create(*declarations, cell.name.loc);
  declarations->setInsertionPoint(scan);
  Block &block = scan.getBody().emplaceBlock();
  body = OpBuilder::atBlockEnd(&block);
  expressions.emplace(scope, block);
  expressions->draw = [&](Location loc, RankedTensorType type, double rate,
                          bool isForAllSteps) {
    return draw(loc, type, rate, isForAllSteps);
  };

  scope.bindParameters();
  for (const Statement &statement : cell.statements) {
    if (auto *declaration = std::get_if<Declaration>(&statement))
      declare(*declaration);
    else if (auto *equation = std::get_if<Equation>(&statement))
      define(*equation);
    else
      scope.addOutputs(std::get<Outputs>(statement), outputs);
  }
  finish();
  addSchedules(schedules, part.empty() ? drawnPart(cell.name.text) : part,
               scope, *declarations);
  if (scope.reporter.errorCount() == before)
    scope.reportUnused();
}
