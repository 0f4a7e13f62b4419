//===- Scope.h - the names of a cell ----------------------------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What each name of a cell stands for, and the errors that are about names.
//
//===----------------------------------------------------------------------===//

#ifndef RNNCC_COMPILER_SEMA_SCOPE_H
#define RNNCC_COMPILER_SEMA_SCOPE_H

#include "compiler/sema/Functions.h"
#include "compiler/sema/Sema.h"
#include "dialect/Rnn.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/ADT/StringSet.h"

namespace rnn {

/// What an expression stands for while its cell is built.
struct Operand {
  enum Kind {
    Poison, ///< wrong, and reported
    Number, ///< known when compiling
    Tensor  ///< a scalar, vector or matrix of a step (or, in a model, a
            ///< sequence)
  } kind = Poison;
  double number = 0;
  mlir::Value value;
  mlir::Value bits; ///< a comparison's result as bits, or null

  static Operand of(double number) {
    Operand operand;
    operand.kind = Number;
    operand.number = number;
    return operand;
  }
  static Operand of(mlir::Value value, mlir::Value bits = {}) {
    Operand operand;
    operand.kind = Tensor;
    operand.value = value;
    operand.bits = bits;
    return operand;
  }

  explicit operator bool() const { return kind != Poison; }
  llvm::SmallVector<int64_t, 2> shape() const;
  bool isMatrix() const { return shape().size() == 2; }
};

/// A name of a cell and what it stands for.
struct NamedThing {
  enum Kind { Size, Function, Input, State, Param, Local } kind;
  mlir::Location loc;

  NamedThing(Kind kind, mlir::Location loc) : kind(kind), loc(loc) {}

  bool poisoned = false;
  bool used = false;          ///< read, or an output
  int64_t size = 0;           ///< Size
  llvm::StringRef function;   ///< Function
  TensorOp tensor;            ///< Input, State, Param
  std::optional<Operand> now; ///< Local; State, once it is defined
  llvm::SmallDenseMap<int64_t, mlir::Value, 2> reads; ///< by delay
};

class Scope {
public:
  using Arguments = llvm::StringMap<Operand>;

  Scope(const syntax::Cell &cell, const Functions &functions,
        const Request &request, Reporter &reporter)
      : cell(cell), functions(functions), request(request), reporter(reporter) {
  }

  const syntax::Cell &cell;
  const Functions &functions;
  const Request &request;
  Reporter &reporter;

  /// Enters the cell's parameters with the values they are set to.
  void bindParameters();

  /// Adds the names of a statement to the outputs; one that is there is
  /// reported.
  void addOutputs(const syntax::Outputs &statement,
                  llvm::SmallVectorImpl<syntax::Identifier> &outputs);
  /// Enters a name, or reports that there is one already and gives null.
  NamedThing *add(const syntax::Identifier &name, NamedThing::Kind kind);
  /// What `name` stands for, or null.
  NamedThing *find(llvm::StringRef name);
  /// The same, and it counts as used. In the body of a fn no name is known.
  NamedThing *use(llvm::StringRef name);
  /// Reports a name, once, and the nearest one; where there is none, the cure.
  void reportUnknown(llvm::StringRef name, mlir::Location loc,
                     const llvm::Twine &cure);
  /// Warns of names that nothing reads. Call it for a cell without errors.
  void reportUnused();

  /// The value of a size expression, or nothing after an error.
  std::optional<int64_t> size(const syntax::Expr &expr);

  /// Goes into the body of a fn, which sees `inner` alone. `leave` takes what
  /// `enter` gave.
  const Arguments *enter(const syntax::Expr &call, const Arguments &inner);
  void leave(const Arguments *outer);
  /// The arguments of the fn whose body this is, or null.
  const Arguments *function() const { return arguments; }

  /// An error, with the calls that led to it.
  Report error(mlir::Location loc);
  /// Notes the shape of an operand, and where its name comes from.
  void explain(Report &report, const syntax::Expr &expr,
               const Operand &operand) {
    explain(report, expr, operand.shape());
  }
  /// The same, of an operand of that shape.
  void explain(Report &report, const syntax::Expr &expr,
               llvm::ArrayRef<int64_t> shape);

  auto begin() { return names.begin(); }
  auto end() { return names.end(); }

private:
  void explainArgument(Report &report, const syntax::Expr &expr,
                       llvm::ArrayRef<int64_t> sizes);
  void bindParameter(const syntax::Parameter &parameter);
  bool checkSetting(const Setting &setting, bool isFunction,
                    mlir::Location loc);
  std::optional<int64_t> sizeOf(const syntax::Expr &name);

  llvm::StringMap<NamedThing> names;
  llvm::StringSet<> unknown;                     ///< reported
  const Arguments *arguments = nullptr;          ///< while in the body of a fn
  llvm::SmallVector<const syntax::Expr *> calls; ///< it is reached by
};

} // namespace rnn

#endif // RNNCC_COMPILER_SEMA_SCOPE_H
