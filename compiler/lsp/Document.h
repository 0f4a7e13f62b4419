//===- Document.h - a text and what the compiler says of it -----*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// One text in an editor, run through syntax and sema: its errors, and what its
// names stand for as far as that can be known.
//
//===----------------------------------------------------------------------===//

#ifndef RNNCC_COMPILER_LSP_DOCUMENT_H
#define RNNCC_COMPILER_LSP_DOCUMENT_H

#include "compiler/lsp/Text.h"
#include "compiler/sema/Sema.h"
#include "compiler/syntax/Lexer.h"

namespace rnn::lsp {

/// An error or a warning; a problem's notes have none themselves.
struct Problem {
  bool isError;
  Span place;
  std::string message;
  std::vector<Problem> notes;
};

/// A piece of the text as the lexer cuts it.
struct Piece {
  syntax::TokenKind kind;
  std::string text; ///< its meaning: `sigmoid` for `σ`
  Span place;
  bool startsLine;

  bool is(llvm::StringRef symbol) const {
    return (kind == syntax::TokenKind::Symbol ||
            kind == syntax::TokenKind::Keyword) &&
           text == symbol;
  }
};

/// A name that the text defines.
struct Name {
  enum Kind {
    Cell,
    Function,
    Argument,
    Size,
    Choice,
    Input,
    State,
    Param,
    Local
  };
  Kind kind; ///< Choice: a parameter of a cell that is a function
  std::string text;
  Span place;
  std::string declaration; ///< as it is written: `param W : [H, I] = zeros`
  std::string shape;       ///< as written: `[H, I]`, or empty
  std::string numbers;     ///< its shape or value as numbers, or empty
};

/// A cell, a model or a `fn`. Found by brackets, so there is one even where its
/// text is wrong.
struct Section {
  Name name;
  Span extent; ///< a cell without `}` and a `fn` go on to the next section
  std::vector<Name> names;
  bool isModel = false; ///< its name is of the kind Cell then

  bool contains(size_t offset) const {
    return offset >= extent.begin && offset < extent.end;
  }
  const Name *find(llvm::StringRef text) const;
};

class Document {
public:
  /// `file` is the name in locations, `given` the sizes that the user sets.
  Document(std::string text, llvm::StringRef file,
           llvm::ArrayRef<Setting> given);

  const Text text;
  std::vector<Piece> pieces;
  std::vector<Section> sections;
  std::vector<Problem> problems;

  /// The piece at that place or right before it, where one ends there.
  const Piece *pieceAt(size_t offset) const;
  const Section *sectionAt(size_t offset) const;
  const Section *findSection(llvm::StringRef name) const;

private:
  void cut(mlir::MLIRContext &context, llvm::StringRef file);
  void findSections();
  void check(mlir::MLIRContext &context, llvm::StringRef file,
             llvm::ArrayRef<Setting> given);
  Section *sectionOf(const syntax::Cell &cell);
  static bool dependsOnNumbers(const Problem &problem);
  void nameSizesOf(const CellSymbols &symbols, llvm::ArrayRef<Setting> given);
  void addNames(const CellSymbols &symbols, llvm::ArrayRef<Setting> given);
  Problem problemOf(mlir::Diagnostic &diagnostic) const;
  Span spanAt(mlir::Location loc) const;
};

} // namespace rnn::lsp

#endif // RNNCC_COMPILER_LSP_DOCUMENT_H
