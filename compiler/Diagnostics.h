//===- Diagnostics.h - how errors look on the terminal ----------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef RNNCC_COMPILER_DIAGNOSTICS_H
#define RNNCC_COMPILER_DIAGNOSTICS_H

#include "mlir/IR/Diagnostics.h"

namespace rnn {

/// Prints diagnostics with the line of the text and a caret, as MLIR's handler
/// does, and besides: a caret in lines with letters outside of ASCII, '?' for
/// what would steer the terminal, no lines that would fill it, and long names
/// cut in the middle.
class DiagnosticPrinter : public mlir::SourceMgrDiagnosticHandler {
public:
  DiagnosticPrinter(llvm::SourceMgr &sources, mlir::MLIRContext *context);

private:
  void print(mlir::Diagnostic &diagnostic);
  void print(mlir::Location loc, llvm::StringRef message,
             mlir::DiagnosticSeverity severity);
  /// The line of a place; empty if there is none.
  llvm::StringRef lineAt(mlir::FileLineColLoc place) const;
};

} // namespace rnn

#endif // RNNCC_COMPILER_DIAGNOSTICS_H
