//===- PrintTree.cpp - the tree as text -----------------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "compiler/syntax/Ast.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/Format.h"

using namespace rnn::syntax;
using llvm::raw_ostream;

static void print(const Expr *expr, raw_ostream &os);

/// `(head operand operand ..)`
static void printList(llvm::StringRef head, const Expr &expr, raw_ostream &os) {
  os << '(' << head;
  for (const ExprPtr &operand : expr.operands) {
    os << ' ';
    print(operand.get(), os);
  }
  os << ')';
}

static void print(const Expr *expr, raw_ostream &os) {
  if (!expr) {
    os << '_';
    return;
  }
  switch (expr->kind) {
  case ExprKind::Number:
    os << expr->source;
    return;
  case ExprKind::Name:
    os << expr->name;
    return;
  case ExprKind::Time:
    os << expr->name << "[t";
    if (!expr->operands.empty()) {
      os << '-';
      print(expr->operands[0].get(), os);
    }
    os << ']';
    return;
  case ExprKind::Slice:
    return printList("slice", *expr, os);
  case ExprKind::Transpose:
    return printList("'", *expr, os);
  case ExprKind::Negate:
  case ExprKind::Binary:
    return printList(expr->kind == ExprKind::Negate ? "-" : expr->name, *expr,
                     os);
  case ExprKind::Call:
    return printList(expr->name, *expr, os);
  case ExprKind::Apply:
    return printList("apply", *expr, os);
  case ExprKind::Concat:
    return printList("concat", *expr, os);
  }
}

static void printNames(llvm::ArrayRef<Identifier> names, raw_ostream &os) {
  llvm::interleaveComma(names, os,
                        [&](const Identifier &name) { os << name.text; });
}

static void print(const Declaration &declaration, raw_ostream &os) {
  static constexpr llvm::StringRef roles[] = {"input ", "state ", "param ",
                                              "target "};
  os << roles[unsigned(declaration.role)];
  printNames(declaration.names, os);
  os << " : ";
  if (declaration.isIndex) {
    os << "int";
  } else {
    os << '[';
    llvm::interleaveComma(declaration.shape, os,
                          [&](const ExprPtr &size) { print(size.get(), os); });
    os << ']';
  }
  if (declaration.overTime)
    os << "[T]";
  if (declaration.init) {
    os << " = ";
    print(declaration.init.get(), os);
  }
}

static void print(const Equation &equation, raw_ostream &os) {
  os << equation.name.text << (equation.atTime ? "[t] = " : " = ");
  print(equation.value.get(), os);
}

static void print(const Outputs &outputs, raw_ostream &os) {
  os << "output ";
  printNames(outputs.names, os);
}

static void print(const Score &score, raw_ostream &os) {
  os << (score.isLoss ? "loss " : "metric ");
  print(score.value.get(), os);
}

static void print(const Clause &clause, raw_ostream &os) {
  os << clause.name.text;
  if (clause.value) {
    os << ' ';
    print(clause.value.get(), os);
  }
  if (clause.of) {
    os << " of ";
    print(clause.of.get(), os);
  }
}

static void print(const Schedule &schedule, raw_ostream &os) {
  os << "schedule " << schedule.cell.text << " on " << schedule.target.text
     << '\n';
  for (const Directive &directive : schedule.directives) {
    os << "  " << directive.word.text << ' ';
    llvm::interleaveComma(directive.clauses, os,
                          [&](const Clause &clause) { print(clause, os); });
    os << '\n';
  }
}

static void print(const Cell &cell, raw_ostream &os) {
  os << cell.kind() << ' ' << cell.name.text << '(';
  llvm::interleaveComma(cell.parameters, os, [&](const Parameter &parameter) {
    os << parameter.name.text;
    if (parameter.value) {
      os << " = ";
      print(parameter.value.get(), os);
    }
  });
  os << ")\n";
  for (const Statement &statement : cell.statements) {
    os << "  ";
    std::visit([&](auto &it) { print(it, os); }, statement);
    os << '\n';
  }
}

void rnn::syntax::print(const File &file, raw_ostream &os) {
  for (const Function &function : file.functions) {
    os << "fn " << function.name.text << '(';
    printNames(function.parameters, os);
    os << ") = ";
    ::print(function.body.get(), os);
    os << '\n';
  }
  for (const std::vector<Cell> *list : {&file.cells, &file.models})
    for (const Cell &cell : *list)
      ::print(cell, os);
  for (const Schedule &schedule : file.schedules)
    ::print(schedule, os);
}
