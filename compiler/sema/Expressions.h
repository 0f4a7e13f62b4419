//===- Expressions.h - expressions to rnn ops -------------------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Checks the shapes in an expression and builds the ops that compute it.
//
//===----------------------------------------------------------------------===//

#ifndef RNNCC_COMPILER_SEMA_EXPRESSIONS_H
#define RNNCC_COMPILER_SEMA_EXPRESSIONS_H

#include "compiler/sema/Scope.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"
#include <functional>

namespace rnn {

class Expressions {
public:
  /// Gives what an expression stands for, if the place where it is written
  /// knows it better.
  using Given = std::function<std::optional<Operand>(const syntax::Expr &)>;

  /// Builds at the end of `body`, the block of a scan.
  Expressions(Scope &scope, mlir::Block &body, Given given = nullptr)
      : scope(scope), body(mlir::OpBuilder::atBlockEnd(&body)),
        given(std::move(given)) {}

  /// Gives factors to leave out elements with: new ones in each step, or the
  /// same in all of them. Null where there is no training.
  std::function<mlir::Value(mlir::Location loc, mlir::RankedTensorType type,
                            double rate, bool isForAllSteps)>
      draw;

  /// Builds an expression; poison after an error.
  Operand evaluate(const syntax::Expr &expr);
  /// Calls a function of the language; `expr` is where that is written.
  Operand callBuiltin(const syntax::Expr &expr, llvm::StringRef name,
                      llvm::ArrayRef<Operand> arguments);
  /// The operand as a value of that shape, which it meets.
  mlir::Value materialise(const Operand &operand, llvm::ArrayRef<int64_t> shape,
                          mlir::Location loc);
  /// A tensor of the cell's element type.
  mlir::RankedTensorType typeOf(llvm::ArrayRef<int64_t> shape) const {
    return mlir::RankedTensorType::get(shape, scope.request.element);
  }

private:
  using Expr = syntax::Expr;

  Operand dispatch(const Expr &expr);
  Operand evaluateName(const Expr &expr);
  Operand evaluateTime(const Expr &expr);
  Operand evaluateNegate(const Expr &expr);
  Operand evaluateTranspose(const Expr &expr);
  Operand evaluateBinary(const Expr &expr);
  Operand evaluateProduct(const Expr &expr);
  Operand evaluateSlice(const Expr &expr);
  Operand evaluateConcat(const Expr &expr);
  Operand evaluateCall(const Expr &expr);
  Operand evaluateApply(const Expr &expr);
  Operand callFunction(const Expr &expr, const syntax::Function &function,
                       llvm::ArrayRef<Operand> arguments);
  Operand reduce(const Expr &expr, llvm::StringRef name,
                 mlir::Value (*build)(mlir::ImplicitLocOpBuilder &,
                                      mlir::ValueRange),
                 const Operand &argument);
  Operand multiplyOuter(const Expr &expr, llvm::ArrayRef<Operand> arguments);
  Operand readAt(NamedThing &thing, llvm::StringRef name, int64_t delay,
                 mlir::Location loc);
  Operand multiplyVector(const Expr &expr, const Operand &left,
                         const Operand &right);
  Operand multiplyMatrices(const Expr &expr, const Operand &left,
                           const Operand &right);
  void suggestShape(Report &report, const Expr &matrixExpr, bool onRight,
                    const Expr &vectorExpr, const Operand &vector);
  Operand dot(const Expr &expr, const Operand &left, const Operand &right);

  /// True if a matrix of that shape is not too large; else reports it.
  bool hasRoomFor(const Expr &expr, llvm::ArrayRef<int64_t> shape);
  /// Brings operands to one shape; nothing after an error.
  std::optional<llvm::SmallVector<mlir::Value>>
  alike(const Expr &expr, llvm::ArrayRef<Operand> operands);

  Scope &scope;
  mlir::OpBuilder body;
  Given given;
  unsigned depth = 0;
  unsigned evaluated = 0;
};

/// The rate that `dropout(0.2)` names, and the like; nothing after an error.
std::optional<double> dropoutRate(const syntax::Expr &layer, Scope &scope);

} // namespace rnn

#endif // RNNCC_COMPILER_SEMA_EXPRESSIONS_H
