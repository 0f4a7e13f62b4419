//===- Lexer.h - text to tokens ---------------------------------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Cuts the text of a .rnn file into tokens, each with its place.
//
//===----------------------------------------------------------------------===//

#ifndef RNNCC_COMPILER_SYNTAX_LEXER_H
#define RNNCC_COMPILER_SYNTAX_LEXER_H

#include "mlir/IR/Location.h"
#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"
#include <optional>

namespace rnn::syntax {

enum class TokenKind { End, Name, Keyword, Number, Symbol };

/// A piece of text. `text` is its meaning (`*` for `⊙`, `sigmoid` for `σ`),
/// `source` the bytes it was written with, empty at the end of the file.
struct Token {
  TokenKind kind;
  llvm::StringRef text;
  llvm::StringRef source;
  mlir::Location loc;
  bool startsLine;
};

/// The words that cannot be names: `cell`, `input`, `t` ...
llvm::ArrayRef<llvm::StringRef> reservedWords();
bool isReserved(llvm::StringRef word);

class Lexer {
public:
  /// `text` must outlive the tokens; `file` is the name in diagnostics.
  Lexer(llvm::StringRef text, llvm::StringRef file, mlir::MLIRContext *context);

  /// The next token; at the end of the text, End, again and again. Characters
  /// that mean nothing are reported and skipped.
  Token next();

  unsigned errorCount() const { return errors; }

private:
  void skipBlanks();
  Token lexNumber();
  void reportBadCharacters();
  llvm::StringRef takeModulePath(const char *dot);
  Token take(TokenKind kind, size_t length, llvm::StringRef meaning = {});
  mlir::Location locate() const;
  size_t nameLength() const;

  llvm::StringRef rest; ///< what is not yet cut
  const char *lineStart;
  unsigned line = 1;
  bool startsLine = true;
  bool isScheduled = false; ///< what comes next is the name behind `schedule`
  unsigned errors = 0;
  mlir::StringAttr file;
};

} // namespace rnn::syntax

#endif // RNNCC_COMPILER_SYNTAX_LEXER_H
