//===- Print.cpp - a tree as text -----------------------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "test/random/Print.h"
#include "llvm/ADT/STLExtras.h"

using namespace llvm;
using namespace rnn;
using namespace rnn::syntax;

/// How tightly an expression binds, from the loosest.
static int levelOf(const Expr &expr) {
  switch (expr.kind) {
  case ExprKind::Binary:
    return StringRef("+-").contains(expr.name)     ? 1
           : StringRef("@*/⊙").contains(expr.name) ? 2
                                                   : 0;
  case ExprKind::Negate:
    return 3;
  default:
    return 4;
  }
}

static void print(raw_ostream &os, const Expr &expr, int level = 0);

static void print(raw_ostream &os, ArrayRef<ExprPtr> list) {
  interleaveComma(list, os, [&](const ExprPtr &one) { print(os, *one); });
}

static void print(raw_ostream &os, const Expr &expr, int level) {
  int own = levelOf(expr);
  const auto &operands = expr.operands;
  if (own < level)
    os << "(";
  switch (expr.kind) {
  case ExprKind::Number:
    os << expr.source.trim("() ");
    break;
  case ExprKind::Name:
    os << expr.name;
    break;
  case ExprKind::Time:
    os << expr.name << "[t";
    if (!operands.empty()) {
      os << "-";
      print(os, *operands[0]);
    }
    os << "]";
    break;
  case ExprKind::Apply:
    print(os, *operands[0]);
    os << "(";
    print(os, ArrayRef<ExprPtr>(operands).drop_front());
    os << ")";
    break;
  case ExprKind::Slice:
    print(os, *operands[0], 4);
    os << "[";
    if (operands[1])
      print(os, *operands[1]);
    os << ":";
    if (operands[2])
      print(os, *operands[2]);
    os << "]";
    break;
  case ExprKind::Transpose:
    print(os, *operands[0], 4);
    os << "'";
    break;
  case ExprKind::Negate:
    os << "-";
    print(os, *operands[0], 4);
    break;
  case ExprKind::Binary:
    print(os, *operands[0], own ? own : 1);
    os << " " << expr.name << " ";
    print(os, *operands[1], own + 1);
    break;
  case ExprKind::Call:
    os << expr.name << "(";
    print(os, operands);
    os << ")";
    break;
  case ExprKind::Concat:
    os << "[";
    print(os, operands);
    os << "]";
  }
  if (own < level)
    os << ")";
}

static void print(raw_ostream &os, ArrayRef<Identifier> names) {
  interleaveComma(names, os, [&](const Identifier &name) { os << name.text; });
}

static void print(raw_ostream &os, const Declaration &declaration) {
  static const char *const roles[] = {"input ", "state ", "param "};
  os << "  " << roles[int(declaration.role)];
  print(os, declaration.names);
  os << " : [";
  print(os, declaration.shape);
  os << "]";
  if (declaration.init) {
    os << " = ";
    print(os, *declaration.init);
  }
}

static void print(raw_ostream &os, const Score &score) {
  os << (score.isLoss ? "  loss " : "  metric ");
  print(os, *score.value);
}

static void print(raw_ostream &os, const Equation &equation) {
  os << "  " << equation.name.text << (equation.atTime ? "[t] = " : " = ");
  print(os, *equation.value);
}

static void print(raw_ostream &os, const Outputs &outputs) {
  os << "  output ";
  print(os, outputs.names);
}

static void print(raw_ostream &os, const Schedule &schedule) {
  os << "schedule " << schedule.cell.text << " on " << schedule.target.text
     << " {\n";
  for (const Directive &directive : schedule.directives) {
    os << "  " << directive.word.text << " ";
    interleaveComma(directive.clauses, os, [&](const Clause &clause) {
      os << clause.name.text;
      if (clause.value) {
        os << " ";
        print(os, *clause.value);
      }
      if (clause.of) {
        os << " of ";
        print(os, *clause.of);
      }
    });
    os << "\n";
  }
  os << "}\n";
}

std::string rnn::textOf(const File &file) {
  std::string text;
  raw_string_ostream os(text);
  for (const Function &function : file.functions) {
    os << "fn " << function.name.text << "(";
    print(os, function.parameters);
    os << ") = ";
    print(os, *function.body);
    os << "\n";
  }
  for (const Cell &cell : file.cells) {
    os << "cell " << cell.name.text;
    if (!cell.parameters.empty()) {
      os << "(";
      interleaveComma(cell.parameters, os, [&](const Parameter &parameter) {
        os << parameter.name.text;
        if (parameter.value) {
          os << " = ";
          print(os, *parameter.value);
        }
      });
      os << ")";
    }
    os << " {\n";
    for (const Statement &statement : cell.statements) {
      std::visit([&](const auto &one) { print(os, one); }, statement);
      os << "\n";
    }
    os << "}\n";
  }
  for (const Schedule &schedule : file.schedules)
    print(os, schedule);
  return text;
}
