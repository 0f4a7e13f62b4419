//===- CellBuilder.h - one cell's tree to rnn ops ---------------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Walks the statements of one cell in order and builds the rnn.cell.
//
//===----------------------------------------------------------------------===//

#ifndef RNNCC_COMPILER_SEMA_CELLBUILDER_H
#define RNNCC_COMPILER_SEMA_CELLBUILDER_H

#include "compiler/sema/Expressions.h"
#include "compiler/sema/Symbols.h"

namespace rnn {

class CellBuilder {
public:
  /// `part`, if it is not empty, is the name of the cell as a part of a model.
  CellBuilder(const syntax::Cell &cell,
              llvm::ArrayRef<syntax::Schedule> schedules,
              const Functions &functions, const Request &request,
              Reporter &reporter, std::string part = "")
      : cell(cell), schedules(schedules), part(std::move(part)),
        scope(cell, functions, request, reporter) {}

  /// Appends the cell to what `builder` is building, or reports errors and
  /// leaves something that must be thrown away.
  void build(mlir::OpBuilder &builder);
  /// What build() built.
  CellOp result() const { return op; }
  /// What the names of the cell turned out to be, after build().
  CellSymbols symbols() { return symbolsOf(scope); }

private:
  void declare(const syntax::Declaration &declaration);
  std::optional<llvm::SmallVector<int64_t>>
  checkShape(const syntax::Declaration &declaration);
  void define(const syntax::Equation &equation);
  void defineState(const syntax::Equation &equation, NamedThing &state,
                   Operand value);
  void warnIfConstant(const syntax::Equation &equation, const Operand &value);
  mlir::Value draw(mlir::Location loc, mlir::RankedTensorType type, double rate,
                   bool isForAllSteps);
  void finish();
  void checkStates();
  void reportUndefined(const syntax::Identifier &state);
  void declareOutput(const syntax::Identifier &name);

  const syntax::Cell &cell;
  llvm::ArrayRef<syntax::Schedule> schedules;
  std::string part;
  Scope scope;
  CellOp op;
  std::optional<mlir::OpBuilder> declarations, body;
  std::optional<Expressions> expressions;
  unsigned draws = 0; ///< of random factors
  llvm::SmallVector<syntax::Identifier> outputs;
};

/// Makes a cell that draws random numbers a part of a model that draws them,
/// which takes its name.
void drawForCallers(CellOp cell, mlir::OpBuilder &builder);
/// The name that such a cell has as a part.
std::string drawnPart(llvm::StringRef cell);

} // namespace rnn

#endif // RNNCC_COMPILER_SEMA_CELLBUILDER_H
