//===- Ast.h - the tree of a .rnn file --------------------------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What the parser makes: the text as a tree, names not yet looked up. The text
// must outlive its tree.
//
//===----------------------------------------------------------------------===//

#ifndef RNNCC_COMPILER_SYNTAX_AST_H
#define RNNCC_COMPILER_SYNTAX_AST_H

#include "mlir/IR/Location.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/raw_ostream.h"
#include <memory>
#include <variant>
#include <vector>

namespace rnn::syntax {

/// A name where it is written.
struct Identifier {
  llvm::StringRef text;
  mlir::Location loc;
};

enum class ExprKind {
  Number,    ///< `number`
  Name,      ///< `name`
  Time,      ///< name[t], or name[t - operands[0]]
  Slice,     ///< operands[0][operands[1] : operands[2]], null where left out
  Transpose, ///< operands[0]'
  Negate,    ///< -operands[0]
  Binary,    ///< operands[0] name operands[1], `name` the operator
  Call,      ///< name(operands)
  Apply,     ///< operands[0](operands[1] ..): a layer of a model on its inputs
  Concat     ///< [operands]
};

struct Expr;
using ExprPtr = std::unique_ptr<Expr>;

/// No tree is deeper than this; whoever walks one may recurse.
constexpr unsigned maxDepth = 250;

/// An expression. `loc` is the place of its operator or name, `source` its
/// text.
struct Expr {
  ExprKind kind;
  mlir::Location loc;
  llvm::StringRef source;
  llvm::StringRef name = {};
  double number = 0;
  bool isInteger = false; ///< numbers: written without point and exponent
  unsigned depth = 1;
  llvm::SmallVector<ExprPtr, 2> operands = {};
};

enum class DeclarationRole { Input, State, Param, Target };

/// `names : shape = init`, of one role. `init` is a Name, a Call or null.
struct Declaration {
  DeclarationRole role;
  llvm::SmallVector<Identifier> names;
  mlir::Location shapeLoc;
  llvm::SmallVector<ExprPtr> shape;
  ExprPtr init;
  bool isIndex = false;  ///< `int` stands for the shape
  bool overTime = false; ///< `[T]` follows: a sequence
};

/// `name = value`, or `name[t] = value`.
struct Equation {
  Identifier name;
  bool atTime;
  mlir::Location loc; ///< of `=`
  ExprPtr value;
};

/// `output names`.
struct Outputs {
  llvm::SmallVector<Identifier> names;
};

/// `loss value` or `metric value`.
struct Score {
  bool isLoss;
  mlir::Location loc; ///< of the word
  ExprPtr value;
};

using Statement = std::variant<Declaration, Equation, Outputs, Score>;

/// A parameter of a cell or model: a size or a function. `value` may be null.
struct Parameter {
  Identifier name;
  ExprPtr value;
};

/// A cell, or a model, which has targets and scores too, but no states.
struct Cell {
  Identifier name;
  std::vector<Parameter> parameters;
  std::vector<Statement> statements;
  bool isModel = false;

  llvm::StringRef kind() const { return isModel ? "model" : "cell"; }
};

/// `fn name(parameters) = body`.
struct Function {
  Identifier name;
  llvm::SmallVector<Identifier> parameters;
  ExprPtr body;
};

/// `name`, `name value` or `name value of size`; what is not written is null.
struct Clause {
  Identifier name;
  ExprPtr value, of;
};

/// `word clause, clause ..`: one decision of a schedule.
struct Directive {
  Identifier word;
  std::vector<Clause> clauses;
};

/// `schedule cell on target { directives }`.
struct Schedule {
  Identifier cell, target;
  std::vector<Directive> directives;
};

struct File {
  std::vector<Cell> cells, models;
  std::vector<Function> functions;
  std::vector<Schedule> schedules;
};

/// Prints a tree in brackets, operators first.
void print(const File &file, llvm::raw_ostream &os);

} // namespace rnn::syntax

#endif // RNNCC_COMPILER_SYNTAX_AST_H
