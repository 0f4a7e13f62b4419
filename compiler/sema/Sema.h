//===- Sema.h - tree to rnn ops ---------------------------------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Checks a tree against the rules of the language and builds one rnn.cell, in
// flat form, for each of its cells.
//
//===----------------------------------------------------------------------===//

#ifndef RNNCC_COMPILER_SEMA_SEMA_H
#define RNNCC_COMPILER_SEMA_SEMA_H

#include "compiler/syntax/Ast.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/OwningOpRef.h"
#include <optional>
#include <string>
#include <vector>

namespace rnn {

struct CellSymbols;

/// A parameter of a cell as the user set it: `LSTM.H=128`, or `H=128` for every
/// cell that has an H. Of two that fit, the one that names the cell counts.
struct Setting {
  std::string cell; ///< empty: every cell
  std::string name;
  std::string value;
};

/// Reads `H=128` or `LSTM.H=128`; nothing if it is neither.
std::optional<Setting> parseSetting(llvm::StringRef text);

/// What to build from a file.
struct Request {
  llvm::ArrayRef<Setting> settings;
  llvm::ArrayRef<std::string> cells; ///< names; empty: all
  mlir::FloatType element;
  bool warningsAreErrors = false;
  bool bf16Products = false; ///< of cells: see rnn.cell

  bool wants(llvm::StringRef cell) const;
};

/// Builds a module of the cells asked for. Reports every error and warning
/// through the context's diagnostics and then gives null. The context has the
/// rnn, arith and math dialects loaded. `symbols` takes, right or wrong, what
/// the names of each cell turned out to be.
mlir::OwningOpRef<mlir::ModuleOp>
analyze(const syntax::File &file, const Request &request, mlir::Location loc,
        std::vector<CellSymbols> *symbols = nullptr);

} // namespace rnn

#endif // RNNCC_COMPILER_SEMA_SEMA_H
