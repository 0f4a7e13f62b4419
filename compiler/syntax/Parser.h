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

} // namespace rnn::syntax

#endif // RNNCC_COMPILER_SYNTAX_PARSER_H
