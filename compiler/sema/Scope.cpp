//===- Scope.cpp - the names of a cell -----------------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "compiler/sema/Scope.h"
#include "compiler/sema/Builtins.h"
#include "compiler/sema/Sizes.h"
#include "compiler/sema/WrittenShape.h"

using namespace mlir;
using namespace rnn;
using namespace rnn::syntax;

SmallVector<int64_t, 2> Operand::shape() const {
  if (kind != Tensor)
    return {};
  return SmallVector<int64_t, 2>(
      cast<RankedTensorType>(value.getType()).getShape());
}

//===----------------------------------------------------------------------===//
// Errors
//===----------------------------------------------------------------------===//

Report Scope::error(Location loc) {
  Report report = reporter.error(loc);
  for (const Expr *call : llvm::reverse(calls))
    report.note(call->loc, "in this call of '" + call->name + "'");
  return report;
}

void Scope::explain(Report &report, const Expr &expr, ArrayRef<int64_t> sizes) {
  if (arguments) {
    explainArgument(report, expr, sizes);
    return;
  }
  std::string shape = shapeText(writtenShape(expr, cell), sizes);
  bool isName = expr.kind == ExprKind::Name || expr.kind == ExprKind::Time;
  NamedThing *thing = isName ? find(expr.name) : nullptr;
  if (expr.kind == ExprKind::Transpose) {
    explain(report, *expr.operands[0], {sizes[1], sizes[0]});
  } else if (thing && thing->kind != NamedThing::Size) {
    report.note(
        thing->loc,
        "'" + expr.name + "' is " +
            (thing->kind == NamedThing::Local ? "defined" : "declared") +
            " here as " + shape);
  } else if (!thing && !sizes.empty()) {
    report.note(expr.loc, quoted(expr) + " is " + shape);
  }
}

/// In the body of a fn that the cell calls: what the argument is in the cell.
void Scope::explainArgument(Report &report, const Expr &expr,
                            ArrayRef<int64_t> sizes) {
  if (calls.size() != 1 || expr.kind != ExprKind::Name)
    return;
  const Expr &call = *calls.front();
  NamedThing *thing = find(call.name);
  const syntax::Function *function =
      functions.find(thing ? thing->function : call.name);
  if (!function)
    return;
  for (auto [parameter, given] : llvm::zip(function->parameters, call.operands))
    if (parameter.text == expr.name)
      report.note(given->loc, "'" + expr.name + "' is " + quoted(*given) +
                                  " here, " +
                                  shapeText(writtenShape(*given, cell), sizes));
}

void Scope::reportUnknown(StringRef name, Location loc, const Twine &cure) {
  // The same name again is the same mistake.
  if (!arguments && !unknown.insert(name).second)
    return;
  const Equation *later = nullptr;
  for (const Statement &statement : cell.statements)
    if (auto *equation = std::get_if<Equation>(&statement))
      if (!later && equation->name.text == name)
        later = equation;
  if (!later && functions.isFunction(name)) {
    functions.reportNoValue(error(loc), name, loc);
    return;
  }
  Report report = error(loc);
  report << "there is no '" << name << "' here [unknown-name]";
  auto known = [&] {
    SmallVector<StringRef> known(names.keys());
    llvm::sort(known);
    return known;
  };
  if (later) {
    report.note(later->name.loc, "it is defined here, after its use; a name is "
                                 "defined before it is used");
    return;
  }
  if (!report.suggest(loc, name, known))
    report.note(loc, cure);
}

//===----------------------------------------------------------------------===//
// Names
//===----------------------------------------------------------------------===//

NamedThing *Scope::find(StringRef name) {
  auto it = names.find(name);
  return it == names.end() ? nullptr : &it->second;
}

NamedThing *Scope::use(StringRef name) {
  NamedThing *thing = arguments ? nullptr : find(name);
  if (thing)
    thing->used = true;
  return thing;
}

const Scope::Arguments *Scope::enter(const Expr &call, const Arguments &inner) {
  calls.push_back(&call);
  return std::exchange(arguments, &inner);
}

void Scope::leave(const Arguments *outer) {
  calls.pop_back();
  arguments = outer;
}

void Scope::addOutputs(const Outputs &statement,
                       SmallVectorImpl<Identifier> &outputs) {
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

NamedThing *Scope::add(const Identifier &name, NamedThing::Kind kind) {
  auto [it, isNew] = names.try_emplace(name.text, kind, name.loc);
  if (isNew)
    return &it->second;
  (error(name.loc) << "'" << name.text << "' is defined twice [defined-twice]")
      .note(it->second.loc, "it is defined here first")
      .note(name.loc, "a name means one thing; give the new value another");
  return nullptr;
}

std::optional<int64_t> Scope::sizeOf(const Expr &name) {
  NamedThing *thing = use(name.name);
  if (!thing && functions.isFunction(name.name)) {
    error(name.loc) << "the function '" << name.name
                    << "' is not a size [size-form]";
    return std::nullopt;
  }
  if (!thing) {
    reportUnknown(name.name, name.loc,
                  "make it a parameter of the " + cell.kind() + ": '" +
                      cell.kind() + " " + cell.name.text + "(.., " + name.name +
                      ")'");
    return std::nullopt;
  }
  if (thing->poisoned)
    return std::nullopt;
  if (thing->kind == NamedThing::Size)
    return thing->size;
  (error(name.loc) << "'" << name.name << "' is not a size [size-form]")
      .note(thing->loc, "it is defined here")
      .note(name.loc, "a size is made of whole numbers and parameters of the " +
                          cell.kind());
  return std::nullopt;
}

std::optional<int64_t> Scope::size(const Expr &expr) {
  return evaluateSize(
      expr, [&](const Expr &name) { return sizeOf(name); }, reporter);
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

namespace {
/// Where a cell first uses a parameter in each way, or null.
struct Uses {
  llvm::StringSet<> names; ///< its own, and of parameters that stand for it
  const Expr *asSize = nullptr, *asFunction = nullptr;

  void collect(const Expr &expr) {
    bool isIt = names.contains(expr.name);
    if (isIt && expr.kind == ExprKind::Name && !asSize)
      asSize = &expr;
    if (isIt && expr.kind == ExprKind::Call && !asFunction)
      asFunction = &expr;
    for (const ExprPtr &operand : expr.operands)
      if (operand)
        collect(*operand);
  }
};
} // namespace

static Uses usesOf(const Cell &cell, const Request &request, StringRef name) {
  Uses uses;
  uses.names.insert(name);
  for (const Parameter &parameter : cell.parameters) {
    StringRef other = parameter.name.text;
    if (!parameter.value || findSetting(request, cell.name.text, other))
      continue;
    const Expr &value = *parameter.value;
    if (value.kind != ExprKind::Name)
      uses.collect(value);
    else if (uses.names.contains(value.name))
      uses.names.insert(other);
  }
  for (const Statement &statement : cell.statements) {
    if (auto *equation = std::get_if<Equation>(&statement))
      uses.collect(*equation->value);
    if (auto *declaration = std::get_if<Declaration>(&statement)) {
      for (const ExprPtr &size : declaration->shape)
        uses.collect(*size);
      if (declaration->init)
        for (const ExprPtr &argument : declaration->init->operands)
          uses.collect(*argument);
    }
  }
  return uses;
}

/// Checks that a parameter is set to what the cell uses it as.
bool Scope::checkSetting(const Setting &setting, bool isFunction,
                         Location loc) {
  Uses uses = usesOf(cell, request, setting.name);
  const Expr *use = isFunction ? uses.asSize : uses.asFunction;
  if (!use || (uses.asSize && uses.asFunction))
    return true;
  Report report = error(loc);
  report << "'" << setting.name << "' is set to "
         << (isFunction ? "the function '" + setting.value + "', but it is"
                        : "the number " + setting.value + ", but it is")
         << (isFunction ? " a size" : " called as a function")
         << " [set-value]";
  report.note(use->loc,
              "it is used here" +
                  (use->name == setting.name ? "" : " as '" + use->name + "'"));
  return false;
}

void Scope::bindParameters() {
  for (const Parameter &parameter : cell.parameters)
    bindParameter(parameter);
}

void Scope::bindParameter(const Parameter &parameter) {
  StringRef name = parameter.name.text;
  Location loc = parameter.name.loc;
  const Setting *setting = findSetting(request, cell.name.text, name);
  NamedThing thing(NamedThing::Size, loc);
  std::optional<int64_t> value;

  auto setFunction = [&](StringRef function) {
    thing.kind = NamedThing::Function;
    thing.function = function;
  };
  if (setting) {
    StringRef word = setting->value;
    int64_t number = 0;
    if (functions.isFunction(word)) {
      if (checkSetting(*setting, /*isFunction=*/true, loc))
        setFunction(word);
    } else if (!word.getAsInteger(10, number)) {
      if (checkSetting(*setting, /*isFunction=*/false, loc))
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
      report.suggest(loc, word, [&] { return functions.names(); });
    }
  } else if (parameter.value) {
    const Expr &given = *parameter.value;
    NamedThing *earlier =
        given.kind == ExprKind::Name ? find(given.name) : nullptr;
    if (earlier && earlier->kind == NamedThing::Function)
      setFunction(use(given.name)->function);
    else if (!earlier && given.kind == ExprKind::Name &&
             functions.isFunction(given.name))
      setFunction(given.name);
    else
      value = size(given);
  } else {
    bool isCalled = usesOf(cell, request, name).asFunction;
    (error(loc) << "'" << name << "' of the " << cell.kind() << " '"
                << cell.name.text << "' is not given [size-missing]")
        .note(loc, "give it when compiling: --set " + name +
                       (isCalled ? "=tanh" : "=128") + ", or a default here: " +
                       name + (isCalled ? " = tanh" : " = 128"));
  }
  if (value && checkSize(*value, "'" + name + "'", loc, reporter))
    thing.size = *value;
  else
    thing.poisoned = thing.kind == NamedThing::Size;
  if (NamedThing *added = add(parameter.name, thing.kind))
    *added = thing;
}

//===----------------------------------------------------------------------===//
// Warnings
//===----------------------------------------------------------------------===//

void Scope::reportUnused() {
  static constexpr StringRef kinds[] = {"size",  "function",  "input",
                                        "state", "parameter", "name"};
  auto kindOf = [](NamedThing &thing) {
    bool isTarget = thing.tensor && thing.tensor.getRole() == Role::target;
    return isTarget ? StringRef("target") : kinds[thing.kind];
  };
  SmallVector<std::pair<StringRef, NamedThing *>> unused;
  for (auto &[name, thing] : names)
    if (!thing.used && !name.starts_with("_"))
      unused.push_back({name, &thing});
  // In the order of the text.
  llvm::sort(unused, [](auto &left, auto &right) {
    auto placeOf = [](auto &entry) {
      auto loc = cast<FileLineColLoc>(entry.second->loc);
      return std::pair(loc.getLine(), loc.getColumn());
    };
    return placeOf(left) < placeOf(right);
  });
  for (auto [name, thing] : unused)
    (reporter.warning(thing->loc) << "the " << kindOf(*thing) << " '" << name
                                  << "' is never used [unused-name]")
        .note(thing->loc, "delete it, or begin its name with '_' to keep it");
}
