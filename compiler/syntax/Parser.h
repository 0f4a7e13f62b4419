//===- Parser.h - text to tree ----------------------------------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef RNNCC_COMPILER_SYNTAX_PARSER_H
#define RNNCC_COMPILER_SYNTAX_PARSER_H

#include "compiler/syntax/Ast.h"
#include <optional>

namespace rnn::syntax {

/// Parses a file. Reports every error through the context's diagnostics and
/// then gives nothing. The tree refers to `text`.
std::optional<File> parse(llvm::StringRef text, llvm::StringRef fileName,
                          mlir::MLIRContext *context);

/// The same for a file that has schedules and nothing else.
std::optional<File> parseSchedules(llvm::StringRef text,
                                   llvm::StringRef fileName,
                                   mlir::MLIRContext *context);

/// The same for a text that is being written: what can be read becomes a tree,
/// `isWhole` says whether that is all.
File parsePartly(llvm::StringRef text, llvm::StringRef fileName,
                 mlir::MLIRContext *context, bool &isWhole);

} // namespace rnn::syntax

#endif // RNNCC_COMPILER_SYNTAX_PARSER_H
