//===- Initialisers.cpp - how parameters begin ---------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "compiler/sema/Initialisers.h"
#include "llvm/ADT/StringExtras.h"

using namespace mlir;
using namespace rnn;
using namespace rnn::syntax;

namespace {
/// One word of the language.
struct Known {
  StringRef name;
  size_t arguments;
  StringRef form;
};
} // namespace

static constexpr Known known[] = {
    {"zeros", 0, "zeros"},          {"ones", 0, "ones"},
    {"constant", 1, "constant(v)"}, {"uniform", 2, "uniform(lo, hi)"},
    {"normal", 1, "normal(std)"},   {"glorot_uniform", 0, "glorot_uniform"},
    {"orthogonal", 0, "orthogonal"}};

SmallVector<StringRef> rnn::initialiserNames() {
  return llvm::map_to_vector(known, [](const Known &it) { return it.name; });
}

static void reportUnknown(const Expr &init, Scope &scope) {
  Report report = scope.error(init.loc);
  report << "there is no initialiser '" << init.name
         << "' [unknown-initialiser]";
  if (!report.suggest(init.loc, init.name, initialiserNames))
    report.note(init.loc, "there are " + llvm::join(initialiserNames(), ", "));
}

/// The arguments as numbers, or nothing after an error.
static std::optional<SmallVector<double>>
evaluateArguments(const Expr &init, Scope &scope, Expressions &expressions) {
  SmallVector<double> values;
  for (const ExprPtr &argument : init.operands) {
    Operand value = expressions.evaluate(*argument);
    if (!value)
      return std::nullopt;
    if (value.kind != Operand::Number) {
      (scope.error(argument->loc)
       << quoted(*argument)
       << " is not known when compiling [initialiser-arguments]")
          .note(argument->loc, "an initialiser takes numbers and sizes");
      return std::nullopt;
    }
    values.push_back(value.number);
  }
  return values;
}

/// True if the numbers are some that the initialiser can take.
static bool checkArguments(const Expr &init, const Known &word,
                           ArrayRef<double> values, Scope &scope) {
  if (values.size() != word.arguments) {
    (scope.error(init.loc) << "'" << word.name << "' takes " << word.arguments
                           << (word.arguments == 1 ? " number" : " numbers")
                           << " but gets " << values.size()
                           << " [initialiser-arguments]")
        .note(init.loc, "it is written '" + word.form + "'");
    return false;
  }
  bool isEmpty = word.name == "uniform" && !(values[0] <= values[1]);
  bool isNegative = word.name == "normal" && !(values[0] >= 0);
  if (isEmpty || isNegative)
    (scope.error(init.loc) << (isEmpty
                                   ? "the range of 'uniform' is empty"
                                   : "the deviation of 'normal' is negative")
                           << " [initialiser-arguments]")
        .note(init.loc, "it is written '" + word.form + "' with " +
                            (isEmpty ? "lo <= hi" : "std >= 0"));
  return !isEmpty && !isNegative;
}

std::optional<Initialiser> rnn::checkInitialiser(const Declaration &declaration,
                                                 size_t rank, Scope &scope,
                                                 Expressions &expressions) {
  const Expr *init = declaration.init.get();
  if (!init)
    return Initialiser{rank == 2 ? "glorot_uniform" : "zeros", {}};
  const Known *word = llvm::find_if(
      known, [&](const Known &it) { return it.name == init->name; });
  if (word == std::end(known)) {
    reportUnknown(*init, scope);
    return std::nullopt;
  }
  auto values = evaluateArguments(*init, scope, expressions);
  if (!values || !checkArguments(*init, *word, *values, scope))
    return std::nullopt;
  bool needsMatrix =
      word->name == "glorot_uniform" || word->name == "orthogonal";
  if (needsMatrix && rank != 2) {
    (scope.error(init->loc)
     << "'" << word->name << "' is for matrices [initialiser-shape]")
        .note(init->loc, "for a vector or scalar there are zeros, ones, "
                         "constant, uniform and normal");
    return std::nullopt;
  }
  return Initialiser{word->name, *values};
}
