//===- Functions.cpp - the fn definitions of a file -----------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "compiler/sema/Functions.h"
#include "compiler/sema/Builtins.h"
#include "compiler/sema/Scores.h"
#include "llvm/ADT/SCCIterator.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"

using namespace mlir;
using namespace rnn;
using namespace rnn::syntax;

Functions::Functions(const File &file, Reporter &reporter)
    : reporter(reporter) {
  for (const syntax::Function &function : file.functions) {
    StringRef name = function.name.text;
    auto [it, isNew] = definitions.try_emplace(name, &function);
    if (!isNew)
      (reporter.error(function.name.loc)
       << "the function '" << name << "' is defined twice [defined-twice]")
          .note(it->second->name.loc, "it is defined here first");
    else if (isBuiltin(name))
      reporter.error(function.name.loc)
          << "'" << name << "' is a function of the language [defined-twice]";
    llvm::StringMap<Location> seen;
    for (const Identifier &parameter : function.parameters) {
      auto [first, fresh] = seen.try_emplace(parameter.text, parameter.loc);
      if (!fresh)
        (reporter.error(parameter.loc)
         << "'" << parameter.text << "' is defined twice [defined-twice]")
            .note(first->second, "it is defined here first");
    }
  }
  for (const syntax::Function &function : file.functions) {
    checkBody(function, *function.body);
    warnUnused(function);
  }
  checkRecursion(file);
}

bool Functions::isFunction(StringRef name) const {
  return find(name) || isBuiltin(name);
}

void Functions::reportNoValue(Report report, StringRef name,
                              Location loc) const {
  (report << "the function '" << name << "' is not a value [function-value]")
      .note(loc, "call it: '" + name + "(..)'");
}

SmallVector<StringRef> Functions::names() const {
  SmallVector<StringRef> names(definitions.keys());
  for (const Builtin &builtin : builtins())
    names.push_back(builtin.name);
  llvm::sort(names);
  return names;
}

bool rnn::isLayer(StringRef name) {
  return llvm::is_contained(layerNames(), name);
}

SmallVector<StringRef> rnn::layerNames() {
  SmallVector<StringRef> names = {"bidirectional", "dense", "dropout",
                                  "embedding",     "last",  "reverse",
                                  "stack"};
  for (const Score &score : scores())
    names.push_back(score.name);
  return names;
}

void Functions::reportUnknown(StringRef name, Location loc,
                              ArrayRef<StringRef> others) const {
  Report report = reporter.error(loc);
  if (isLayer(name)) {
    report << "'" << name << "' is known in models alone [layer-place]";
    report.note(loc, "a cell or a function is made of functions and products "
                     "with its own parameters");
    return;
  }
  report << "there is no function '" << name << "' [unknown-function]";
  auto known = [&] {
    SmallVector<StringRef> known = names();
    llvm::append_range(known, others);
    return known;
  };
  if (!report.suggest(loc, name, known))
    report.note(loc, "functions of your own are defined before the cell: 'fn " +
                         name + "(a) = ..'");
}

bool Functions::checkArity(StringRef name, size_t arguments,
                           Location loc) const {
  SmallVector<size_t> takes;
  const syntax::Function *function = find(name);
  if (function)
    takes.push_back(function->parameters.size());
  for (const Builtin &builtin : builtins())
    if (builtin.name == name)
      takes.push_back(builtin.arity);
  if (llvm::is_contained(takes, arguments))
    return true;
  Report report = reporter.error(loc);
  report << "'" << name << "' takes " << takes[0];
  if (takes.size() > 1)
    report << " or " << takes.back();
  report << (takes.back() == 1 ? " argument" : " arguments") << " but gets "
         << arguments << " [call-arguments]";
  if (function) {
    report.note(function->name.loc, "it is defined here");
    return false;
  }
  SmallVector<std::string> forms;
  for (const Builtin &builtin : builtins())
    if (builtin.name == name)
      forms.push_back("'" + builtin.name.str() + "(" +
                      builtin.parameters.str() + ")'");
  report.note(loc, "it is written " + llvm::join(forms, " or "));
  return false;
}

/// Checks the names in the body of a function. Shapes are checked at its calls.
void Functions::checkBody(const syntax::Function &function, const Expr &expr) {
  unsigned before = reporter.errorCount();
  bool isParameter =
      llvm::any_of(function.parameters, [&](const Identifier &parameter) {
        return parameter.text == expr.name;
      });
  if ((expr.kind == ExprKind::Name || expr.kind == ExprKind::Time) &&
      !isParameter && isFunction(expr.name)) {
    reportNoValue(reporter.error(expr.loc), expr.name, expr.loc);
  } else if ((expr.kind == ExprKind::Name || expr.kind == ExprKind::Time) &&
             !isParameter) {
    Report report = reporter.error(expr.loc);
    report << "the function '" << function.name.text << "' has no parameter '"
           << expr.name << "' [unknown-name]";
    auto names = [&] {
      return SmallVector<StringRef>(
          llvm::map_range(function.parameters, [](const Identifier &parameter) {
            return StringRef(parameter.text);
          }));
    };
    if (!report.suggest(expr.loc, expr.name, names))
      report.note(function.name.loc,
                  "a function sees only its own parameters; add '" + expr.name +
                      "' to them");
  }
  if (expr.kind == ExprKind::Apply) {
    reporter.error(expr.loc)
        << "layers are applied in equations of models [layer-place]";
    wrong.insert(&function);
    return;
  }
  if (expr.kind == ExprKind::Call) {
    if (!isFunction(expr.name))
      reportUnknown(expr.name, expr.loc);
    else
      checkArity(expr.name, expr.operands.size(), expr.loc);
  }
  for (const ExprPtr &operand : expr.operands)
    if (operand)
      checkBody(function, *operand);
  if (reporter.errorCount() != before)
    wrong.insert(&function);
}

static bool mentions(const Expr &expr, StringRef name) {
  return ((expr.kind == ExprKind::Name || expr.kind == ExprKind::Time) &&
          expr.name == name) ||
         llvm::any_of(expr.operands, [&](const ExprPtr &operand) {
           return operand && mentions(*operand, name);
         });
}

void Functions::warnUnused(const syntax::Function &function) {
  for (const Identifier &parameter : function.parameters)
    if (!isWrong(function) && !parameter.text.starts_with("_") &&
        !mentions(*function.body, parameter.text))
      reporter.warning(parameter.loc)
          << "the parameter '" << parameter.text << "' of '"
          << function.name.text << "' is never used [unused-name]";
}

static void collectCalls(const Expr &expr,
                         SmallVectorImpl<const Expr *> &calls) {
  if (expr.kind == ExprKind::Call)
    calls.push_back(&expr);
  for (const ExprPtr &operand : expr.operands)
    if (operand)
      collectCalls(*operand, calls);
}

namespace {
/// A function and whom it calls. The root calls all.
struct Caller {
  const syntax::Function *function = nullptr;
  std::vector<Caller *> callees;
};
} // namespace

template <> struct llvm::GraphTraits<Caller *> {
  using NodeRef = Caller *;
  using ChildIteratorType = std::vector<Caller *>::iterator;
  static NodeRef getEntryNode(Caller *root) { return root; }
  static ChildIteratorType child_begin(Caller *it) {
    return it->callees.begin();
  }
  static ChildIteratorType child_end(Caller *it) { return it->callees.end(); }
};

/// Reports functions that can reach themselves through calls: one for all that
/// reach each other, the first of the text.
void Functions::checkRecursion(const File &file) {
  std::vector<Caller> callers(file.functions.size() + 1);
  llvm::DenseMap<const syntax::Function *, Caller *> callerOf;
  Caller &root = callers.back();
  for (auto [caller, function] : llvm::zip_first(file.functions, callers)) {
    function.function = &caller;
    callerOf[&caller] = &function;
    root.callees.push_back(&function);
  }
  for (Caller &caller : llvm::make_pointee_range(root.callees)) {
    SmallVector<const Expr *> calls;
    collectCalls(*caller.function->body, calls);
    for (const Expr *call : calls)
      if (const syntax::Function *callee = find(call->name))
        caller.callees.push_back(callerOf[callee]);
  }
  for (auto it = llvm::scc_begin(&root); !it.isAtEnd(); ++it)
    if (it.hasCycle())
      reportRecursion(llvm::map_to_vector(
          *it, [](Caller *caller) { return caller->function; }));
}

void Functions::reportRecursion(
    SmallVector<const syntax::Function *> functions) {
  bool isReported = llvm::any_of(
      functions, [&](auto *function) { return isWrong(*function); });
  wrong.insert(functions.begin(), functions.end());
  if (isReported)
    return;
  const syntax::Function *first = *llvm::min_element(functions);
  for (const syntax::Function *function : functions) {
    SmallVector<const Expr *> calls;
    collectCalls(*function->body, calls);
    for (const Expr *call : calls)
      if (find(call->name) == first) {
        reporter.error(first->name.loc)
                .note(call->loc, "it is called again here")
            << "the function '" << first->name.text
            << "' calls itself [fn-recursive]";
        return;
      }
  }
}
