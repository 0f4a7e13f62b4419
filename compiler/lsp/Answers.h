//===- Answers.h - what editors ask about a text ----------------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The answers of the language server, in the protocol's words.
//
//===----------------------------------------------------------------------===//

#ifndef RNNCC_COMPILER_LSP_ANSWERS_H
#define RNNCC_COMPILER_LSP_ANSWERS_H

#include "compiler/lsp/Document.h"

namespace rnn::lsp {

/// Errors and warnings, their notes as related information.
std::vector<llvm::lsp::Diagnostic>
diagnosticsOf(const Document &document, const llvm::lsp::URIForFile &uri);

/// What the name at a place is: kind, declaration, shape as written and as
/// numbers.
std::optional<llvm::lsp::Hover> hoverAt(const Document &document,
                                        const llvm::lsp::Position &position);

/// Where the name at a place is defined; nothing for names of the language.
std::vector<llvm::lsp::Location>
definitionAt(const Document &document, const llvm::lsp::Position &position,
             const llvm::lsp::URIForFile &uri);

/// The words that can stand at a place. The editor drops those that do not
/// begin as what is typed.
llvm::lsp::CompletionList completionAt(const Document &document,
                                       const llvm::lsp::Position &position);

/// Cells with their names, and functions.
std::vector<llvm::lsp::DocumentSymbol> symbolsOf(const Document &document);

} // namespace rnn::lsp

#endif // RNNCC_COMPILER_LSP_ANSWERS_H
