//===- CellBuilder.h - one cell's tree to rnn ops ---------------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Walks the statements of one cell in order, looks its names up, checks shapes
// and builds the rnn.cell.
//
//===----------------------------------------------------------------------===//

#ifndef RNNCC_COMPILER_SEMA_CELLBUILDER_H
#define RNNCC_COMPILER_SEMA_CELLBUILDER_H

#include "compiler/sema/Functions.h"
#include "compiler/sema/Sema.h"
#include "dialect/Rnn.h"
#include "llvm/ADT/MapVector.h"
#include "llvm/ADT/StringMap.h"

namespace rnn {

/// What an expression stands for while its cell is built.
struct Operand {
  enum Kind {
    Poison, ///< wrong, and reported
    Number, ///< known when compiling
    Tensor, ///< a scalar or a vector of a step
    Matrix  ///< a parameter or a slice of one
  } kind = Poison;
  double number = 0;
  mlir::Value value;
  mlir::Value bits;        ///< a comparison's result as bits, or null
  bool transposed = false; ///< matrices
  bool negated = false;    ///< matrices

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
};

/// A name of a cell and what it stands for.
struct NamedThing {
  enum Kind { Size, Function, Input, State, Param, Local } kind;
  mlir::Location loc;

  NamedThing(Kind kind, mlir::Location loc) : kind(kind), loc(loc) {}

  bool poisoned = false;
  int64_t size = 0;           ///< Size
  llvm::StringRef function;   ///< Function
  TensorOp tensor;            ///< Input, State, Param
  std::optional<Operand> now; ///< Local; State, once it is defined
  llvm::SmallDenseMap<int64_t, mlir::Value, 2> reads; ///< by delay
};

class CellBuilder {
public:
  CellBuilder(const syntax::Cell &cell, const Functions &functions,
              const Request &request, Reporter &reporter)
      : cell(cell), functions(functions), request(request), reporter(reporter) {
  }

  /// Appends the cell to what `builder` is building, or reports errors and
  /// leaves something that must be thrown away.
  void build(mlir::OpBuilder &builder);

private:
  using Expr = syntax::Expr;
  using Arguments = llvm::StringMap<Operand>;

  // Statements.
  void bindParameters();
  void bindParameter(const syntax::Parameter &parameter);
  void declare(const syntax::Declaration &declaration);
  bool checkInitialiser(const syntax::Declaration &declaration, size_t rank,
                        mlir::StringAttr &name,
                        mlir::DenseF64ArrayAttr &arguments);
  void define(const syntax::Equation &equation);
  void defineState(const syntax::Equation &equation, NamedThing &state,
                   Operand value);
  void addOutputs(const syntax::Outputs &outputs);
  void finish(mlir::OpBuilder &builder);

  // Names.
  NamedThing *addName(const syntax::Identifier &name, NamedThing::Kind kind);
  NamedThing *find(llvm::StringRef name);
  void reportUnknown(llvm::StringRef name, mlir::Location loc);
  std::optional<int64_t> sizeOf(const Expr &name);
  std::optional<int64_t> size(const Expr &expr);

  // Expressions.
  Operand evaluate(const Expr &expr);
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
  Operand callBuiltin(const Expr &expr, llvm::StringRef name,
                      llvm::ArrayRef<Operand> arguments);
  Operand callFunction(const Expr &expr, const syntax::Function &function,
                       llvm::ArrayRef<Operand> arguments);
  Operand reduce(const Expr &expr, llvm::StringRef name,
                 mlir::Value (*build)(mlir::ImplicitLocOpBuilder &,
                                      mlir::ValueRange),
                 const Operand &argument);
  Operand readAt(NamedThing &thing, llvm::StringRef name, int64_t delay,
                 mlir::Location loc);
  Operand multiplyMatrix(const Expr &expr, const Expr &matrixExpr,
                         const Expr &vectorExpr, Operand matrix,
                         const Operand &vector);
  Operand dot(const Expr &expr, const Operand &left, const Operand &right);

  /// Brings operands to one shape; nothing after an error.
  std::optional<llvm::SmallVector<mlir::Value>>
  alike(const Expr &expr, llvm::ArrayRef<Operand> operands);
  /// The operand as a value of that shape, which it meets.
  mlir::Value materialise(const Operand &operand, llvm::ArrayRef<int64_t> shape,
                          mlir::Location loc);
  mlir::RankedTensorType typeOf(llvm::ArrayRef<int64_t> shape) const {
    return mlir::RankedTensorType::get(shape, request.element);
  }

  // Errors.
  Report error(mlir::Location loc);
  /// Notes where the names in an operand come from.
  void explain(Report &report, const Expr &expr, const Operand &operand);

  const syntax::Cell &cell;
  const Functions &functions;
  const Request &request;
  Reporter &reporter;

  CellOp op;
  ScanOp scan;
  std::optional<mlir::OpBuilder> declarations, body;
  llvm::StringMap<NamedThing> names;
  llvm::SmallVector<syntax::Identifier> outputs;
  const Arguments *arguments = nullptr;  ///< while in the body of a fn
  llvm::SmallVector<const Expr *> calls; ///< the fn calls it is reached by
  unsigned depth = 0;
  unsigned evaluated = 0;
};

} // namespace rnn

#endif // RNNCC_COMPILER_SEMA_CELLBUILDER_H
