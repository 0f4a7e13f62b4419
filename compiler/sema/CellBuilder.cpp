//===- CellBuilder.cpp - one cell's tree to rnn ops -----------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A wrong expression is reported and becomes poison; what is made of poison is
// poison without a further word, so one mistake is one error.
//
//===----------------------------------------------------------------------===//

#include "compiler/sema/CellBuilder.h"
#include "compiler/sema/Builtins.h"
#include "compiler/sema/Sizes.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "llvm/ADT/ScopeExit.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace rnn;
using namespace rnn::syntax;

/// Expressions in a cell, the bodies of functions counted in every call: one
/// that needs more grows without bound and not by intent.
static constexpr unsigned maxExpressions = 200000;
/// Levels of expressions, the bodies of functions counted.
static constexpr unsigned maxLevels = 4 * maxDepth;
static constexpr int64_t maxDelay = 1000;
static constexpr int64_t maxElements = int64_t(1) << 40;

SmallVector<int64_t, 2> Operand::shape() const {
  if (kind != Tensor && kind != Matrix)
    return {};
  SmallVector<int64_t, 2> shape(
      cast<RankedTensorType>(value.getType()).getShape());
  if (transposed)
    std::swap(shape[0], shape[1]);
  return shape;
}

//===----------------------------------------------------------------------===//
// Errors
//===----------------------------------------------------------------------===//

Report CellBuilder::error(Location loc) {
  Report report = reporter.error(loc);
  for (const Expr *call : llvm::reverse(calls))
    report.note(call->loc, "in this call of '" + call->name + "'");
  return report;
}

void CellBuilder::explain(Report &report, const Expr &expr,
                          const Operand &operand) {
  if (!arguments &&
      (expr.kind == ExprKind::Name || expr.kind == ExprKind::Time)) {
    NamedThing *thing = find(expr.name);
    if (thing && thing->kind != NamedThing::Size)
      report.note(
          thing->loc,
          "'" + expr.name + "' is " +
              (thing->kind == NamedThing::Local ? "defined" : "declared") +
              " here as " + shapeText(operand.shape()));
  } else if (expr.kind == ExprKind::Transpose) {
    Operand inner = operand;
    inner.transposed = !inner.transposed;
    explain(report, *expr.operands[0], inner);
  }
}

void CellBuilder::reportUnknown(StringRef name, Location loc) {
  Report report = error(loc);
  report << "there is no '" << name << "' here [unknown-name]";
  SmallVector<StringRef> known(names.keys());
  llvm::sort(known);
  if (auto meant = nearest(name, known))
    report.note(loc, "did you mean '" + *meant + "'?");
  else
    for (const Statement &statement : cell.statements)
      if (auto *equation = std::get_if<Equation>(&statement))
        if (equation->name.text == name)
          report.note(equation->name.loc,
                      "it is defined here, after its use; a name is defined "
                      "before it is used");
}

//===----------------------------------------------------------------------===//
// Names
//===----------------------------------------------------------------------===//

NamedThing *CellBuilder::find(StringRef name) {
  auto it = names.find(name);
  return it == names.end() ? nullptr : &it->second;
}

/// Enters a name, or reports that there is one already and gives null.
NamedThing *CellBuilder::addName(const Identifier &name,
                                 NamedThing::Kind kind) {
  auto [it, isNew] = names.try_emplace(name.text, kind, name.loc);
  if (isNew)
    return &it->second;
  (error(name.loc) << "'" << name.text << "' is defined twice [defined-twice]")
      .note(it->second.loc, "it is defined here first");
  return nullptr;
}

std::optional<int64_t> CellBuilder::sizeOf(const Expr &name) {
  NamedThing *thing = arguments ? nullptr : find(name.name);
  if (!thing) {
    reportUnknown(name.name, name.loc);
    return std::nullopt;
  }
  if (thing->poisoned)
    return std::nullopt;
  if (thing->kind == NamedThing::Size)
    return thing->size;
  (error(name.loc) << "'" << name.name << "' is not a size [size-form]")
      .note(thing->loc, "it is defined here");
  return std::nullopt;
}

std::optional<int64_t> CellBuilder::size(const Expr &expr) {
  return evaluateSize(
      expr, [&](const Expr &name) { return sizeOf(name); }, reporter);
}

/// True if `name` is called somewhere in the expression.
static bool calls(const Expr &expr, StringRef name) {
  return (expr.kind == ExprKind::Call && expr.name == name) ||
         llvm::any_of(expr.operands, [&](const ExprPtr &operand) {
           return operand && ::calls(*operand, name);
         });
}

static bool usesAsFunction(const Cell &cell, StringRef name) {
  return llvm::any_of(cell.statements, [&](const Statement &statement) {
    auto *equation = std::get_if<Equation>(&statement);
    return equation && ::calls(*equation->value, name);
  });
}

/// The value that the user set a parameter to, or null.
static const Setting *findSetting(const Request &request, StringRef cell,
                                  StringRef name) {
  const Setting *found = nullptr;
  for (const Setting &setting : request.settings)
    if (setting.name == name &&
        (setting.cell == cell || (setting.cell.empty() && !found)))
      found = &setting;
  return found;
}

void CellBuilder::bindParameters() {
  for (const Parameter &parameter : cell.parameters)
    bindParameter(parameter);
}

void CellBuilder::bindParameter(const Parameter &parameter) {
  StringRef name = parameter.name.text;
  Location loc = parameter.name.loc;
  const Setting *setting = findSetting(request, cell.name.text, name);
  NamedThing thing(NamedThing::Size, loc);
  std::optional<int64_t> value;

  auto setFunction = [&](StringRef function) {
    thing.kind = NamedThing::Function;
    thing.function = function;
  };
  auto isFunction = [&](StringRef word) {
    return functions.find(word) || isBuiltin(word);
  };
  if (setting) {
    StringRef word = setting->value;
    int64_t number = 0;
    if (isFunction(word)) {
      setFunction(word);
    } else if (!word.getAsInteger(10, number)) {
      value = number;
    } else if (llvm::all_of(word.drop_front(word.starts_with("-")),
                            llvm::isDigit)) {
      error(loc) << "the size '" << name << "' is set to " << word
                 << ", not 1 to 2147483647 [size-range]";
    } else {
      Report report = error(loc);
      report << "'" << name << "' is set to '" << word
             << "', which is neither a whole number nor a function "
                "[set-value]";
      if (auto meant = nearest(word, functions.names()))
        report.note(loc, "did you mean '" + *meant + "'?");
    }
  } else if (parameter.value) {
    const Expr &given = *parameter.value;
    NamedThing *earlier =
        given.kind == ExprKind::Name ? find(given.name) : nullptr;
    if (earlier && earlier->kind == NamedThing::Function)
      setFunction(earlier->function);
    else if (!earlier && given.kind == ExprKind::Name && isFunction(given.name))
      setFunction(given.name);
    else
      value = size(given);
  } else {
    bool isCalled = usesAsFunction(cell, name);
    (error(loc) << "'" << name << "' of the cell '" << cell.name.text
                << "' is not given [size-missing]")
        .note(loc, "give it when compiling: --set " + name +
                       (isCalled ? "=tanh" : "=128") + ", or a default here: " +
                       name + (isCalled ? " = tanh" : " = 128"));
  }
  if (value && checkSize(*value, "'" + name + "'", loc, reporter))
    thing.size = *value;
  else
    thing.poisoned = thing.kind == NamedThing::Size;
  if (NamedThing *added = addName(parameter.name, thing.kind))
    *added = thing;
}

//===----------------------------------------------------------------------===//
// Declarations
//===----------------------------------------------------------------------===//

void CellBuilder::declare(const Declaration &declaration) {
  static constexpr NamedThing::Kind kinds[] = {
      NamedThing::Input, NamedThing::State, NamedThing::Param};
  static constexpr Role roles[] = {Role::input, Role::state, Role::param};
  bool wrong = false;
  SmallVector<int64_t> shape;
  int64_t elements = 1;
  for (const ExprPtr &expr : declaration.shape) {
    std::optional<int64_t> value = size(*expr);
    if (!value || !checkSize(*value, quoted(*expr), expr->loc, reporter)) {
      wrong = true;
      continue;
    }
    shape.push_back(*value);
    if (llvm::MulOverflow(elements, *value, elements) ||
        elements > maxElements) {
      error(declaration.shapeLoc)
          << shapeText(shape) << " is too large [size-range]";
      wrong = true;
      break;
    }
  }
  if (!wrong && shape.size() > 2) {
    error(declaration.shapeLoc) << "shapes of more than two sizes are not "
                                   "supported [not-supported]";
    wrong = true;
  }
  if (!wrong && shape.size() == 2 &&
      declaration.role != DeclarationRole::Param) {
    error(declaration.shapeLoc)
        << "an input or state that is a matrix is not supported yet "
           "[not-supported]";
    wrong = true;
  }
  StringAttr init;
  DenseF64ArrayAttr initArguments;
  if (declaration.role == DeclarationRole::Param)
    wrong |= !checkInitialiser(declaration, declaration.shape.size(), init,
                               initArguments);
  for (const Identifier &name : declaration.names) {
    NamedThing *thing = addName(name, kinds[unsigned(declaration.role)]);
    if (!thing)
      continue;
    thing->poisoned = wrong;
    if (wrong)
      continue;
    thing->tensor = TensorOp::create(*declarations, name.loc, name.text,
                                     roles[unsigned(declaration.role)],
                                     /*of=*/FlatSymbolRefAttr(), /*delay=*/1,
                                     init, initArguments, typeOf(shape));
  }
}

/// Gives the initialiser of a param, the default one where none is written.
bool CellBuilder::checkInitialiser(const Declaration &declaration, size_t rank,
                                   StringAttr &name,
                                   DenseF64ArrayAttr &initArguments) {
  struct Initialiser {
    StringRef name;
    size_t arguments;
    StringRef form;
  };
  static constexpr Initialiser known[] = {
      {"zeros", 0, "zeros"},          {"ones", 0, "ones"},
      {"constant", 1, "constant(v)"}, {"uniform", 2, "uniform(lo, hi)"},
      {"normal", 1, "normal(std)"},   {"glorot_uniform", 0, "glorot_uniform"},
      {"orthogonal", 0, "orthogonal"}};
  MLIRContext *context = request.element.getContext();
  const Expr *init = declaration.init.get();
  if (!init) {
    name = StringAttr::get(context, rank == 2 ? "glorot_uniform" : "zeros");
    return true;
  }
  const Initialiser *found = llvm::find_if(
      known, [&](const Initialiser &it) { return it.name == init->name; });
  if (found == std::end(known)) {
    Report report = error(init->loc);
    report << "there is no initialiser '" << init->name
           << "' [unknown-initialiser]";
    SmallVector<StringRef> all = llvm::map_to_vector(
        known, [](const Initialiser &it) { return it.name; });
    if (auto meant = nearest(init->name, all))
      report.note(init->loc, "did you mean '" + *meant + "'?");
    else
      report.note(init->loc, "there are " + llvm::join(all, ", "));
    return false;
  }
  SmallVector<double> values;
  for (const ExprPtr &argument : init->operands) {
    Operand value = evaluate(*argument);
    if (!value)
      return false;
    if (value.kind != Operand::Number) {
      error(argument->loc) << quoted(*argument)
                           << " is not known when compiling "
                              "[initialiser-arguments]";
      return false;
    }
    values.push_back(value.number);
  }
  if (values.size() != found->arguments) {
    (error(init->loc) << "'" << init->name << "' takes " << found->arguments
                      << (found->arguments == 1 ? " number" : " numbers")
                      << " but gets " << values.size()
                      << " [initialiser-arguments]")
        .note(init->loc, "it is written '" + found->form + "'");
    return false;
  }
  bool isEmpty = found->name == "uniform" && !(values[0] <= values[1]);
  bool isNegative = found->name == "normal" && !(values[0] >= 0);
  if (isEmpty || isNegative) {
    error(init->loc) << (isEmpty ? "the range of 'uniform' is empty"
                                 : "the deviation of 'normal' is negative")
                     << " [initialiser-arguments]";
    return false;
  }
  bool needsMatrix =
      init->name == "glorot_uniform" || init->name == "orthogonal";
  if (needsMatrix && rank != 2) {
    (error(init->loc) << "'" << init->name
                      << "' is for matrices [initialiser-shape]")
        .note(init->loc, "for a vector or scalar there are zeros, ones, "
                         "constant, uniform and normal");
    return false;
  }
  name = StringAttr::get(context, found->name);
  if (!values.empty())
    initArguments = DenseF64ArrayAttr::get(context, values);
  return true;
}

//===----------------------------------------------------------------------===//
// Equations and outputs
//===----------------------------------------------------------------------===//

void CellBuilder::define(const Equation &equation) {
  Operand value = evaluate(*equation.value);
  NamedThing *thing = find(equation.name.text);
  if (thing && thing->kind == NamedThing::State)
    return defineState(equation, *thing, value);
  if (NamedThing *local = addName(equation.name, NamedThing::Local)) {
    local->now = value;
    local->poisoned = !value;
  }
}

void CellBuilder::defineState(const Equation &equation, NamedThing &state,
                              Operand value) {
  StringRef name = equation.name.text;
  if (!equation.atTime)
    (error(equation.name.loc)
     << "the state '" << name << "' is defined without a step [state-step]")
        .note(equation.name.loc, "write '" + name + "[t] = ..'");
  if (state.now) {
    (error(equation.name.loc)
     << "the state '" << name << "' is defined twice [defined-twice]")
        .note(state.loc, "it is declared here");
    return;
  }
  state.now = Operand();
  if (!value || state.poisoned)
    return;
  ArrayRef<int64_t> shape = state.tensor.tensorType().getShape();
  SmallVector<int64_t, 2> given = value.shape();
  if (!given.empty() && ArrayRef<int64_t>(given) != shape) {
    (error(equation.loc) << "the value is " << shapeText(given)
                         << " but the state '" << name << "' is "
                         << shapeText(shape) << " [state-shape]")
        .note(state.loc, "'" + name + "' is declared here");
    return;
  }
  Value written = materialise(value, shape, equation.loc);
  WriteOp::create(*body, equation.loc, name, written);
  state.now = Operand::of(written);
}

void CellBuilder::addOutputs(const Outputs &statement) {
  for (const Identifier &name : statement.names) {
    auto first = llvm::find_if(outputs, [&](const Identifier &output) {
      return output.text == name.text;
    });
    if (first == outputs.end())
      outputs.push_back(name);
    else
      (error(name.loc) << "'" << name.text
                       << "' is an output twice [output-twice]")
          .note(first->loc, "it is an output here already");
  }
}

/// Checks what can be known only at the end, and completes the declarations.
void CellBuilder::finish(OpBuilder &builder) {
  for (const Statement &statement : cell.statements)
    if (auto *declaration = std::get_if<Declaration>(&statement))
      if (declaration->role == DeclarationRole::State)
        for (const Identifier &name : declaration->names) {
          NamedThing *state = find(name.text);
          if (state->loc == name.loc && !state->now)
            (error(name.loc) << "the state '" << name.text
                             << "' is never defined [state-undefined]")
                .note(name.loc, "write '" + name.text + "[t] = ..'");
        }
  if (outputs.empty())
    (error(cell.name.loc) << "the cell '" << cell.name.text
                          << "' has no output [output-missing]")
        .note(cell.name.loc, "write 'output' and the names that callers see");

  SmallVector<Attribute> symbols;
  for (const Identifier &name : outputs) {
    NamedThing *thing = find(name.text);
    if (!thing) {
      reportUnknown(name.text, name.loc);
      continue;
    }
    if (thing->kind != NamedThing::State && thing->kind != NamedThing::Local) {
      (error(name.loc) << "'" << name.text
                       << "' is not computed by the cell [output-kind]")
          .note(thing->loc, "it is declared here")
          .note(name.loc, "an output is a state or a name that an equation "
                          "defines");
      continue;
    }
    symbols.push_back(FlatSymbolRefAttr::get(builder.getContext(), name.text));
    if (thing->kind == NamedThing::State || thing->poisoned)
      continue;
    Operand value = *thing->now;
    if (value.kind == Operand::Matrix) {
      error(name.loc) << "an output that is a matrix is not supported yet "
                         "[not-supported]";
      continue;
    }
    Value written = materialise(value, value.shape(), thing->loc);
    TensorOp::create(*declarations, thing->loc, name.text, Role::output,
                     FlatSymbolRefAttr(), /*delay=*/1, StringAttr(),
                     DenseF64ArrayAttr(),
                     cast<RankedTensorType>(written.getType()));
    WriteOp::create(*body, thing->loc, name.text, written);
  }

  SmallVector<NamedAttribute> sizes;
  for (auto &[name, thing] : names) {
    if (thing.kind == NamedThing::Size)
      sizes.push_back(
          builder.getNamedAttr(name, builder.getI64IntegerAttr(thing.size)));
    int64_t delay = 1;
    for (auto &[read, value] : thing.reads)
      delay = std::max(delay, read);
    if (thing.kind == NamedThing::State && thing.tensor)
      thing.tensor.setDelay(delay);
  }
  op.setOutputsAttr(builder.getArrayAttr(symbols));
  op.setSizesAttr(builder.getDictionaryAttr(sizes));
}

void CellBuilder::build(OpBuilder &builder) {
  op = CellOp::create(builder, cell.name.loc, cell.name.text,
                      builder.getArrayAttr({}), builder.getDictionaryAttr({}));
  declarations = OpBuilder::atBlockEnd(&op.getBody().emplaceBlock());
  scan = ScanOp::create(*declarations, cell.name.loc);
  declarations->setInsertionPoint(scan);
  body = OpBuilder::atBlockEnd(&scan.getBody().emplaceBlock());

  bindParameters();
  for (const Statement &statement : cell.statements) {
    if (auto *declaration = std::get_if<Declaration>(&statement))
      declare(*declaration);
    else if (auto *equation = std::get_if<Equation>(&statement))
      define(*equation);
    else
      addOutputs(std::get<Outputs>(statement));
  }
  finish(builder);
}

//===----------------------------------------------------------------------===//
// Expressions: names
//===----------------------------------------------------------------------===//

Operand CellBuilder::evaluate(const Expr &expr) {
  if (++evaluated > maxExpressions) {
    // From here on everything is poison, so this is said once.
    if (evaluated == maxExpressions + 1)
      error(expr.loc) << "the cell '" << cell.name.text << "' grows beyond "
                      << maxExpressions << " expressions [cell-size]";
    return {};
  }
  llvm::scope_exit leave([&] { --depth; });
  if (++depth > maxLevels) {
    reporter.error(expr.loc) << "calls of functions are nested too deeply here "
                                "[fn-depth]";
    return {};
  }
  return dispatch(expr);
}

Operand CellBuilder::dispatch(const Expr &expr) {
  switch (expr.kind) {
  case ExprKind::Number:
    if (request.element.isF32() &&
        std::abs(expr.number) > std::numeric_limits<float>::max()) {
      error(expr.loc) << expr.source
                      << " is out of the range of f32 [number-range]";
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
  case ExprKind::Concat:
    return evaluateConcat(expr);
  }
  llvm_unreachable("all kinds are handled");
}

/// The value of an input, parameter or earlier state; one read for each.
Operand CellBuilder::readAt(NamedThing &thing, StringRef name, int64_t delay,
                            Location loc) {
  Value &read = thing.reads[delay];
  if (!read)
    read = ReadOp::create(*body, loc, thing.tensor.tensorType(), name, delay);
  Operand operand = Operand::of(read);
  if (thing.tensor.tensorType().getRank() == 2)
    operand.kind = Operand::Matrix;
  return operand;
}

Operand CellBuilder::evaluateName(const Expr &expr) {
  if (arguments)
    return arguments->lookup(expr.name);
  NamedThing *thing = find(expr.name);
  if (!thing) {
    reportUnknown(expr.name, expr.loc);
    return {};
  }
  if (thing->poisoned)
    return {};
  switch (thing->kind) {
  case NamedThing::Size:
    return Operand::of(double(thing->size));
  case NamedThing::Function:
    (error(expr.loc) << "the function '" << expr.name
                     << "' is not a value [function-value]")
        .note(expr.loc, "call it: '" + expr.name + "(..)'");
    return {};
  case NamedThing::State:
    (error(expr.loc) << "the state '" << expr.name
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

Operand CellBuilder::evaluateTime(const Expr &expr) {
  NamedThing *thing = arguments ? nullptr : find(expr.name);
  if (!arguments && !thing) {
    reportUnknown(expr.name, expr.loc);
    return {};
  }
  bool isState = thing && thing->kind == NamedThing::State;
  if (expr.operands.empty()) {
    if (!isState)
      return evaluateName(expr);
    if (thing->now)
      return *thing->now;
    (error(expr.loc) << "'" << expr.name
                     << "[t]' is read before it is defined [state-early]")
        .note(expr.loc,
              "the value of the step before is '" + expr.name + "[t-1]'");
    return {};
  }
  if (!isState) {
    Report report = error(expr.loc);
    report << "'" << expr.name << "' is not a state, so it is known only at "
           << "step t [past-value]";
    if (thing)
      report.note(thing->loc, "it is defined here");
    report.note(expr.loc, "to remember it, declare a state: 'state past : ..', "
                          "'past[t] = " +
                              expr.name + "'");
    return {};
  }
  std::optional<int64_t> delay = size(*expr.operands[0]);
  if (!delay || thing->poisoned)
    return {};
  if (*delay < 1 || *delay > maxDelay) {
    error(expr.loc) << "'" << expr.name << "' is read " << *delay
                    << " steps back, not 1 to " << maxDelay << " [state-delay]";
    return {};
  }
  return readAt(*thing, expr.name, *delay, expr.loc);
}

//===----------------------------------------------------------------------===//
// Expressions: elementwise
//===----------------------------------------------------------------------===//

Value CellBuilder::materialise(const Operand &operand, ArrayRef<int64_t> shape,
                               Location loc) {
  ImplicitLocOpBuilder b(loc, *body);
  RankedTensorType type = typeOf(shape);
  if (operand.kind == Operand::Number)
    return fill(b, type, operand.number);
  Value value = operand.value;
  if (operand.bits) {
    auto bits = cast<RankedTensorType>(operand.bits.getType());
    value =
        arith::UIToFPOp::create(b, bits.clone(request.element), operand.bits);
  }
  if (value.getType() == type)
    return value;
  return SplatOp::create(b, type, value);
}

std::optional<SmallVector<Value>>
CellBuilder::alike(const Expr &expr, ArrayRef<Operand> operands) {
  const Operand *shaped = nullptr;
  const Expr *shapedExpr = nullptr;
  for (auto [operand, text] : llvm::zip(operands, expr.operands)) {
    if (!operand)
      return std::nullopt;
    if (operand.shape().empty())
      continue;
    if (shaped && shaped->shape() != operand.shape()) {
      Report report = error(expr.loc);
      auto size = [](const Operand &it) {
        SmallVector<int64_t, 2> shape = it.shape();
        return shape.size() == 1 ? std::to_string(shape[0]) + " elements"
                                 : "the shape " + shapeText(shape);
      };
      report << quoted(*shapedExpr) << " has " << size(*shaped) << " but "
             << quoted(*text) << " has " << size(operand)
             << " [shape-mismatch]";
      explain(report, *shapedExpr, *shaped);
      explain(report, *text, operand);
      return std::nullopt;
    }
    shaped = &operand;
    shapedExpr = text.get();
  }
  if (shaped && shaped->kind == Operand::Matrix) {
    (error(expr.loc) << "elementwise arithmetic on the matrix "
                     << quoted(*shapedExpr)
                     << " is not supported yet [not-supported]")
        .note(expr.loc, "apply it to the product of the matrix and a vector "
                        "where that gives the same");
    return std::nullopt;
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

Operand CellBuilder::evaluateBinary(const Expr &expr) {
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
    return Operand::of(arith::AddFOp::create(*body, expr.loc, l, r));
  if (op == "-")
    return Operand::of(arith::SubFOp::create(*body, expr.loc, l, r));
  if (op == "*")
    return Operand::of(arith::MulFOp::create(*body, expr.loc, l, r));
  if (op == "/")
    return Operand::of(arith::DivFOp::create(*body, expr.loc, l, r));
  // As in C: with a NaN only != holds.
  auto predicate = llvm::StringSwitch<P>(op)
                       .Case("<", P::OLT)
                       .Case("<=", P::OLE)
                       .Case(">", P::OGT)
                       .Case(">=", P::OGE)
                       .Case("==", P::OEQ)
                       .Default(P::UNE);
  Value bits = arith::CmpFOp::create(*body, expr.loc, predicate, l, r);
  return Operand::of(l, bits);
}

Operand CellBuilder::evaluateNegate(const Expr &expr) {
  Operand operand = evaluate(*expr.operands[0]);
  if (operand.kind == Operand::Number)
    return Operand::of(-operand.number);
  if (operand.kind == Operand::Matrix) {
    operand.negated = !operand.negated;
    return operand;
  }
  auto values = alike(expr, operand);
  return values ? Operand::of(
                      arith::NegFOp::create(*body, expr.loc, values->front()))
                : Operand();
}

//===----------------------------------------------------------------------===//
// Expressions: products
//===----------------------------------------------------------------------===//

Operand CellBuilder::evaluateTranspose(const Expr &expr) {
  Operand operand = evaluate(*expr.operands[0]);
  if (!operand)
    return {};
  if (operand.kind != Operand::Matrix) {
    Report report = error(expr.loc);
    report << quoted(*expr.operands[0]) << " is " << shapeText(operand.shape())
           << ", only a matrix can be transposed [transpose-shape]";
    explain(report, *expr.operands[0], operand);
    return {};
  }
  operand.transposed = !operand.transposed;
  return operand;
}

Operand CellBuilder::evaluateProduct(const Expr &expr) {
  const Expr &leftExpr = *expr.operands[0], &rightExpr = *expr.operands[1];
  Operand left = evaluate(leftExpr), right = evaluate(rightExpr);
  if (!left || !right)
    return {};
  if (left.shape().empty() || right.shape().empty()) {
    bool isLeft = left.shape().empty();
    Report report = error(expr.loc);
    report << "'@' multiplies matrices and vectors but "
           << quoted(isLeft ? leftExpr : rightExpr)
           << " is a scalar [matmul-shape]";
    explain(report, isLeft ? leftExpr : rightExpr, isLeft ? left : right);
    report.note(expr.loc, "write '*' to multiply by a scalar");
    return {};
  }
  if (left.kind == Operand::Matrix && right.kind == Operand::Matrix) {
    (error(expr.loc) << "the product of two matrices is not supported yet "
                        "[not-supported]")
        .note(expr.loc,
              "multiply a vector by one after the other: A @ (B @ v)");
    return {};
  }
  if (left.kind == Operand::Matrix)
    return multiplyMatrix(expr, leftExpr, rightExpr, left, right);
  if (right.kind == Operand::Matrix) {
    // v @ W = W' @ v
    right.transposed = !right.transposed;
    return multiplyMatrix(expr, rightExpr, leftExpr, right, left);
  }
  return dot(expr, left, right);
}

Operand CellBuilder::multiplyMatrix(const Expr &expr, const Expr &matrixExpr,
                                    const Expr &vectorExpr, Operand matrix,
                                    const Operand &vector) {
  int64_t outer = matrix.shape()[0], inner = matrix.shape()[1];
  int64_t size = vector.shape()[0];
  bool onRight = &matrixExpr == expr.operands[1].get();
  if (inner != size) {
    Report report = error(expr.loc);
    report << quoted(matrixExpr) << " takes " << inner << " elements but "
           << quoted(vectorExpr) << " has " << size << " [matmul-inner]";
    explain(report, vectorExpr, vector);
    if (outer == size) {
      // Written on its right a matrix is transposed already.
      Operand written = matrix;
      written.transposed = matrix.transposed != onRight;
      explain(report, matrixExpr, written);
      report.note(expr.loc, "its transpose would fit: " +
                                (matrixExpr.kind == ExprKind::Transpose
                                     ? quoted(*matrixExpr.operands[0])
                                     : "'" + matrixExpr.source.str() + "''"));
      return {};
    }
    const Expr *base = &matrixExpr;
    while (base->kind == ExprKind::Transpose)
      base = base->operands[0].get();
    NamedThing *thing =
        !arguments && base->kind == ExprKind::Name ? find(base->name) : nullptr;
    if (thing && thing->kind == NamedThing::Param) {
      SmallVector<int64_t> fitting = {outer, size};
      if (matrix.transposed)
        std::swap(fitting[0], fitting[1]);
      report.note(thing->loc, "to multiply " + quoted(vectorExpr) +
                                  ", declare '" + base->name + "' as " +
                                  shapeText(fitting));
    }
    return {};
  }
  Value input = materialise(vector, vector.shape(), expr.loc);
  Value product = MatvecOp::create(*body, expr.loc, typeOf({outer}),
                                   matrix.transposed, matrix.value, input);
  if (matrix.negated)
    product = arith::NegFOp::create(*body, expr.loc, product);
  return Operand::of(product);
}

Operand CellBuilder::dot(const Expr &expr, const Operand &left,
                         const Operand &right) {
  int64_t size = left.shape()[0];
  if (size != right.shape()[0]) {
    Report report = error(expr.loc);
    report << quoted(*expr.operands[0]) << " has " << size << " elements but "
           << quoted(*expr.operands[1]) << " has " << right.shape()[0]
           << " [matmul-inner]";
    explain(report, *expr.operands[0], left);
    explain(report, *expr.operands[1], right);
    return {};
  }
  Value products =
      arith::MulFOp::create(*body, expr.loc, materialise(left, size, expr.loc),
                            materialise(right, size, expr.loc));
  return Operand::of(
      ReduceSumOp::create(*body, expr.loc, typeOf({}), products));
}

//===----------------------------------------------------------------------===//
// Expressions: slices and concatenation
//===----------------------------------------------------------------------===//

Operand CellBuilder::evaluateSlice(const Expr &expr) {
  const Expr &baseExpr = *expr.operands[0];
  Operand base = evaluate(baseExpr);
  if (!base)
    return {};
  SmallVector<int64_t, 2> shape = base.shape();
  if (shape.empty()) {
    Report report = error(expr.loc);
    report << quoted(baseExpr)
           << " is a scalar and has no range "
              "[slice-shape]";
    explain(report, baseExpr, base);
    return {};
  }
  std::optional<int64_t> low = 0, high = shape[0];
  if (expr.operands[1])
    low = size(*expr.operands[1]);
  if (expr.operands[2])
    high = size(*expr.operands[2]);
  if (!low || !high)
    return {};
  if (*low < 0 || *low >= *high || *high > shape[0]) {
    Report report = error(expr.loc);
    report << "the range " << *low << ":" << *high
           << (*low >= *high ? " is empty" : " does not lie inside")
           << (*low >= *high ? "; " : ": ") << quoted(baseExpr) << " has "
           << shape[0] << (shape.size() == 2 ? " rows" : " elements")
           << " [slice-range]";
    explain(report, baseExpr, base);
    return {};
  }
  // The first axis as written may be the second one of the stored matrix. A
  // slice of a slice is one slice, so that a weight stays easy to find.
  Value source = base.kind == Operand::Matrix
                     ? base.value
                     : materialise(base, shape, expr.loc);
  SmallVector<int64_t> offsets(shape.size(), 0);
  if (auto slice = source.getDefiningOp<SliceOp>()) {
    offsets.assign(slice.getOffsets().begin(), slice.getOffsets().end());
    source = slice.getOperand();
  }
  offsets[base.transposed] += *low;
  shape[0] = *high - *low;
  if (base.transposed)
    std::swap(shape[0], shape[1]);
  base.value = SliceOp::create(*body, expr.loc, typeOf(shape), source, offsets);
  base.bits = nullptr;
  return base;
}

Operand CellBuilder::evaluateConcat(const Expr &expr) {
  SmallVector<Value> parts;
  int64_t total = 0;
  bool isWrong = false;
  for (const ExprPtr &text : expr.operands) {
    Operand part = evaluate(*text);
    isWrong |= !part;
    if (!part)
      continue;
    if (part.shape().empty()) {
      Report report = error(text->loc);
      report << quoted(*text)
             << " is a scalar, only vectors can be put together "
                "[concat-shape]";
      explain(report, *text, part);
      isWrong = true;
    } else if (part.kind == Operand::Matrix) {
      (error(text->loc) << "putting matrices together is not supported yet "
                           "[not-supported]")
          .note(expr.loc, "put the products together instead: [A @ v, B @ v]");
      isWrong = true;
    } else {
      parts.push_back(materialise(part, part.shape(), expr.loc));
      total += part.shape()[0];
    }
  }
  if (isWrong || !checkSize(total, quoted(expr), expr.loc, reporter))
    return {};
  if (parts.size() == 1)
    return Operand::of(parts[0]);
  return Operand::of(ConcatOp::create(*body, expr.loc, typeOf({total}), parts));
}

//===----------------------------------------------------------------------===//
// Expressions: calls
//===----------------------------------------------------------------------===//

Operand CellBuilder::evaluateCall(const Expr &expr) {
  StringRef name = expr.name;
  NamedThing *thing = arguments ? nullptr : find(name);
  if (thing && thing->kind == NamedThing::Function)
    name = thing->function;
  SmallVector<Operand> given;
  for (const ExprPtr &argument : expr.operands)
    given.push_back(evaluate(*argument));
  const syntax::Function *function = functions.find(name);
  if (!function && !isBuiltin(name)) {
    if (thing && thing->poisoned)
      return {};
    if (thing) {
      (error(expr.loc) << "'" << name
                       << "' is not a function [unknown-function]")
          .note(thing->loc, "it is defined here")
          .note(expr.loc, "write '*' to multiply");
      return {};
    }
    SmallVector<StringRef> others;
    for (const auto &entry : names)
      if (entry.second.kind == NamedThing::Function)
        others.push_back(entry.first());
    functions.reportUnknown(name, expr.loc, others);
    return {};
  }
  if (!functions.checkArity(name, given.size(), expr.loc) ||
      !llvm::all_of(given, [](const Operand &it) { return bool(it); }))
    return {};
  return function ? callFunction(expr, *function, given)
                  : callBuiltin(expr, name, given);
}

Operand CellBuilder::callFunction(const Expr &expr,
                                  const syntax::Function &function,
                                  ArrayRef<Operand> given) {
  if (functions.isWrong(function))
    return {};
  Arguments inner;
  for (auto [parameter, operand] : llvm::zip(function.parameters, given))
    inner[parameter.text] = operand;
  const Arguments *outer = std::exchange(arguments, &inner);
  calls.push_back(&expr);
  Operand result = evaluate(*function.body);
  calls.pop_back();
  arguments = outer;
  return result;
}

Operand CellBuilder::callBuiltin(const Expr &expr, StringRef name,
                                 ArrayRef<Operand> given) {
  const Builtin &builtin = *llvm::find_if(builtins(), [&](const Builtin &it) {
    return it.name == name && it.arity == given.size();
  });
  if (builtin.kind == Builtin::NotSupported) {
    error(expr.loc) << "'" << name
                    << "' of a vector is not supported yet [not-supported]";
    return {};
  }
  if (builtin.kind == Builtin::Reduction)
    return reduce(expr, name, builtin.build, given[0]);
  if (builtin.fold && given[0].kind == Operand::Number)
    return Operand::of(builtin.fold(given[0].number));
  auto values = alike(expr, given);
  if (!values)
    return {};
  ImplicitLocOpBuilder b(expr.loc, *body);
  if (builtin.build)
    return Operand::of(builtin.build(b, *values));
  bool isBits =
      given[0].bits && given[0].shape() == Operand::of(values->front()).shape();
  Value condition = isBits ? given[0].bits : isNonzero(b, values->front());
  return Operand::of(
      arith::SelectOp::create(b, condition, (*values)[1], (*values)[2]));
}

Operand CellBuilder::reduce(const Expr &expr, StringRef name,
                            Value (*build)(ImplicitLocOpBuilder &, ValueRange),
                            const Operand &argument) {
  if (argument.kind != Operand::Tensor || argument.shape().empty()) {
    Report report = error(expr.loc);
    report << "'" << name << "' takes a vector but "
           << quoted(*expr.operands[0]) << " is "
           << (argument.kind == Operand::Matrix ? "the matrix " : "")
           << shapeText(argument.shape()) << " [reduction-shape]";
    explain(report, *expr.operands[0], argument);
    return {};
  }
  ImplicitLocOpBuilder b(expr.loc, *body);
  return Operand::of(
      build(b, materialise(argument, argument.shape(), expr.loc)));
}
