//===- Reduce.cpp - the smallest text that still fails --------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The edits of a text are numbered in the order in which a walk over its tree
// meets them, the large ones first. The n-th is made in place and printed; if
// the result fails no more, it is forgotten and the next one has its turn.
//
//===----------------------------------------------------------------------===//

#include "test/random/Reduce.h"
#include "compiler/syntax/Parser.h"
#include "mlir/IR/Diagnostics.h"
#include "mlir/IR/MLIRContext.h"
#include "test/random/Print.h"

using namespace mlir;
using namespace rnn;
using namespace rnn::syntax;

namespace {
/// Makes one edit of a tree.
class Editor {
public:
  explicit Editor(int number) : left(number) {}

  /// False if there are not so many edits.
  bool edit(File &file);

private:
  /// True when it is the turn of this edit; then nothing else is touched.
  bool turn() { return !done && (done = left-- == 0); }

  template <typename List> void dropFrom(List &list) {
    for (size_t i = 0; i < list.size(); ++i)
      if (turn()) {
        list.erase(list.begin() + i);
        return;
      }
  }
  void dropNames(Statement &statement);
  void drop(Cell &cell);
  void simplify(ExprPtr &expr);
  void simplify(Statement &statement);
  void shrink(ExprPtr &expr);
  void shrink(Cell &cell);
  void replaceByNumber(ExprPtr &expr, StringRef digits);

  int left;
  bool done = false;
};
} // namespace

void Editor::dropNames(Statement &statement) {
  auto dropAllButOne = [&](auto &names) {
    if (names.size() > 1)
      dropFrom(names);
  };
  if (auto *declaration = std::get_if<Declaration>(&statement)) {
    dropAllButOne(declaration->names);
    if (declaration->init && turn())
      declaration->init.reset();
  } else if (auto *outputs = std::get_if<Outputs>(&statement)) {
    dropAllButOne(outputs->names);
  }
}

/// A state goes with its equation, or either alone would be an error.
void Editor::drop(Cell &cell) {
  for (size_t i = 0; i < cell.statements.size(); ++i) {
    auto *declaration = std::get_if<Declaration>(&cell.statements[i]);
    bool isState = declaration && declaration->role == DeclarationRole::State &&
                   declaration->names.size() == 1;
    if (!turn())
      continue;
    std::string name = isState ? declaration->names[0].text.str() : "";
    cell.statements.erase(cell.statements.begin() + i);
    llvm::erase_if(cell.statements, [&](const Statement &statement) {
      auto *equation = std::get_if<Equation>(&statement);
      return isState && equation && equation->name.text == name;
    });
    return;
  }
  dropFrom(cell.parameters);
  for (Statement &statement : cell.statements)
    dropNames(statement);
}

void Editor::replaceByNumber(ExprPtr &expr, StringRef digits) {
  auto number =
      std::make_unique<Expr>(Expr{ExprKind::Number, expr->loc, digits});
  expr = std::move(number);
}

/// From the outside in: the sooner an edit succeeds, the fewer are left.
void Editor::simplify(ExprPtr &expr) {
  if (!expr || done || expr->kind == ExprKind::Number)
    return;
  bool isTime = expr->kind == ExprKind::Time;
  for (ExprPtr &operand : expr->operands)
    if (operand && !isTime && turn()) {
      ExprPtr inner = std::move(operand);
      expr = std::move(inner);
      return;
    }
  if (isTime && !expr->operands.empty() && expr->operands[0]->source != "1" &&
      turn()) {
    replaceByNumber(expr->operands[0], "1");
    return;
  }
  for (StringRef digits : {"0", "1"})
    if (turn()) {
      replaceByNumber(expr, digits);
      return;
    }
  if (!isTime)
    for (ExprPtr &operand : expr->operands)
      simplify(operand);
}

void Editor::simplify(Statement &statement) {
  if (auto *equation = std::get_if<Equation>(&statement))
    simplify(equation->value);
}

/// Whole numbers down to 1; sums and products of sizes to their parts.
void Editor::shrink(ExprPtr &expr) {
  if (!expr || done)
    return;
  int64_t value;
  if (expr->kind == ExprKind::Number &&
      !expr->source.trim("() ").getAsInteger(10, value)) {
    static std::string digits[3]; // texts that outlive the tree
    const int64_t smaller[] = {1, value / 2, value - 1};
    for (int i = 0; i < 3; ++i)
      if (smaller[i] > 0 && smaller[i] < value && turn()) {
        digits[i] = std::to_string(smaller[i]);
        replaceByNumber(expr, digits[i]);
        return;
      }
    return;
  }
  if (expr->kind == ExprKind::Name && turn()) {
    replaceByNumber(expr, "1");
    return;
  }
  for (ExprPtr &operand : expr->operands)
    if (operand && turn()) {
      ExprPtr inner = std::move(operand);
      expr = std::move(inner);
      return;
    }
  for (ExprPtr &operand : expr->operands)
    shrink(operand);
}

void Editor::shrink(Cell &cell) {
  for (Parameter &parameter : cell.parameters)
    shrink(parameter.value);
  for (Statement &statement : cell.statements)
    if (auto *declaration = std::get_if<Declaration>(&statement))
      for (ExprPtr &size : declaration->shape)
        shrink(size);
}

bool Editor::edit(File &file) {
  dropFrom(file.schedules);
  for (syntax::Schedule &schedule : file.schedules)
    dropFrom(schedule.directives);
  dropFrom(file.functions);
  for (Cell &cell : file.cells)
    drop(cell);
  for (Cell &cell : file.cells)
    for (Statement &statement : llvm::reverse(cell.statements))
      simplify(statement);
  for (Function &function : file.functions)
    simplify(function.body);
  for (Cell &cell : file.cells)
    shrink(cell);
  return done;
}

/// The text after its n-th edit; nothing if there are fewer.
static std::optional<std::string> edited(const std::string &text, int number) {
  MLIRContext context(MLIRContext::Threading::DISABLED);
  ScopedDiagnosticHandler quiet(&context, [](Diagnostic &) {});
  std::optional<File> file = parse(text, "cell.rnn", &context);
  if (!file || !Editor(number).edit(*file))
    return std::nullopt;
  return textOf(*file);
}

std::string rnn::reduceText(std::string text,
                            function_ref<bool(const std::string &)> fails) {
  bool again = true;
  while (again) {
    again = false;
    for (int number = 0;;) {
      std::optional<std::string> candidate = edited(text, number);
      if (!candidate)
        break;
      if (*candidate != text && fails(*candidate)) {
        text = std::move(*candidate);
        again = true;
      } else {
        ++number;
      }
    }
  }
  return text;
}
