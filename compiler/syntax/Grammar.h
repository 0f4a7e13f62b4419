//===- Grammar.h - the parser from inside -----------------------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Recursive descent, one function for each rule of the grammar in
// docs/language.md, whose name stands above it. A function that fails has
// reported why and gives null or false; parsing goes on with the next
// statement.
//
//===----------------------------------------------------------------------===//

#ifndef RNNCC_COMPILER_SYNTAX_GRAMMAR_H
#define RNNCC_COMPILER_SYNTAX_GRAMMAR_H

#include "compiler/syntax/Ast.h"
#include "compiler/syntax/Lexer.h"
#include "mlir/IR/Diagnostics.h"
#include <optional>

namespace rnn::syntax {

/// A file with more errors than this is something else than a .rnn file.
constexpr unsigned maxErrors = 20;

class Parser {
public:
  Parser(llvm::StringRef text, llvm::StringRef file, mlir::MLIRContext *context,
         bool isScheduleFile = false)
      : lexer(text, file, context), token(lexer.next()), previous(token),
        previousEnd(text.begin()), isScheduleFile(isScheduleFile) {}

  File parseFile();
  bool hasErrors() const { return errors || lexer.errorCount(); }

private:
  bool parseCell(File &file);
  bool parseParameter(Cell &cell);
  bool parseFunction(File &file);
  bool parseSchedule(File &file);
  bool parseTarget(Identifier &target);
  bool parseDirective(Schedule &schedule);
  bool parseClause(Directive &directive);
  bool parseStatement(Cell &cell);
  bool parseDeclarations(Cell &cell, DeclarationRole role);
  bool parseDeclaration(Cell &cell, DeclarationRole role);
  bool parseModelShape(Declaration &declaration);
  bool parseInitialiser(Declaration &declaration);
  bool parseScore(Cell &model);
  bool parseOutputs(Cell &cell);
  bool parseEquation(Cell &cell);
  void reportNoEquation(llvm::StringRef name, bool startsLine);

  ExprPtr parseExpr();
  ExprPtr parseSum();
  ExprPtr parseProduct();
  ExprPtr parseUnary();
  ExprPtr parsePostfix();
  ExprPtr parsePrimary();
  ExprPtr parseNumber();
  ExprPtr parseCall(const Token &name);
  ExprPtr parseApply(ExprPtr layer);
  ExprPtr parseIndex(ExprPtr base);
  ExprPtr parseTime(ExprPtr base, const Token &open);
  bool parseList(llvm::SmallVectorImpl<ExprPtr> &list, llvm::StringRef close,
                 const Token &open);

  bool at(llvm::StringRef text) const {
    return token.kind != TokenKind::Name && token.kind != TokenKind::Number &&
           token.text == text;
  }
  void advance() {
    previous = token;
    previousEnd = token.source.end();
    badBefore = lexer.errorCount();
    token = lexer.next();
    if (errors + lexer.errorCount() >= maxErrors)
      giveUp();
  }
  bool consume(llvm::StringRef text) {
    if (!at(text))
      return false;
    advance();
    return true;
  }
  bool expect(llvm::StringRef text, const llvm::Twine &cure = "") {
    if (consume(text))
      return true;
    unexpected("'" + text + "'", cure);
    return false;
  }
  bool expectClose(llvm::StringRef close, const Token &open);
  std::optional<Identifier> parseName(llvm::StringRef what);

  mlir::InFlightDiagnostic error(mlir::Location loc);
  void unexpected(const llvm::Twine &wanted, const llvm::Twine &cure = "");
  void reportWord(llvm::StringRef what, llvm::ArrayRef<llvm::StringRef> words);
  void startStatement() {
    badAtStart = badBefore;
    statementStart = token.source.data();
  }
  void giveUp();
  void skipStatement();
  void skipTopLevel();
  bool startsTopLevel() const;

  ExprPtr make(ExprKind kind, mlir::Location loc, const char *begin,
               llvm::StringRef name, llvm::SmallVector<ExprPtr, 2> operands);
  /// Counts one level of recursion and reports when there are too many.
  bool enter();

  Lexer lexer;
  Token token;
  Token previous;          ///< the one before
  const char *previousEnd; ///< where that ends
  unsigned badBefore = 0;  ///< errors of the lexer before `token` was cut
  unsigned badAtStart = 0; ///< and before the statement's first token
  const char *statementStart = nullptr;
  bool isScheduleFile;
  bool inModel = false; ///< what is parsed belongs to a model
  bool isUnclosed =
      false; ///< a cell or model was not closed where it should have been
  unsigned errors = 0;
  unsigned level = 0;
  bool gaveUp = false;
};

} // namespace rnn::syntax

#endif // RNNCC_COMPILER_SYNTAX_GRAMMAR_H
