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
  /// `text` is what `sources` has, to the letter.
  DiagnosticPrinter(llvm::SourceMgr &sources, llvm::StringRef text,
                    mlir::MLIRContext *context);

private:
  void print(mlir::Diagnostic &diagnostic);
  void print(mlir::Location loc, llvm::StringRef message,
             mlir::DiagnosticSeverity severity);
  /// A line of the text, from 1; empty if there is none.
  llvm::StringRef lineAt(unsigned number) const;

  llvm::StringRef text;
};

} // namespace rnn

#endif // RNNCC_COMPILER_DIAGNOSTICS_H
