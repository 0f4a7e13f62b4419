//===- Parser.cpp - text to tree ------------------------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "compiler/syntax/Parser.h"
#include "compiler/syntax/Grammar.h"
#include "compiler/syntax/Nearest.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"

using namespace mlir;
using namespace rnn::syntax;
using llvm::StringRef;

//===----------------------------------------------------------------------===//
// Errors, and how to go on after one
//===----------------------------------------------------------------------===//

/// An error. In a statement with characters that mean nothing it is hardly one
/// more mistake, and is not shown.
InFlightDiagnostic Parser::error(Location loc) {
  InFlightDiagnostic diagnostic = emitError(loc);
  if (lexer.errorCount() > badAtStart)
    diagnostic.abandon();
  else
    ++errors;
  return diagnostic;
}

void Parser::unexpected(const Twine &wanted, const Twine &cure) {
  if (gaveUp)
    return;
  StringRef found = token.text;
  auto diagnostic = error(token.loc) << "expected " << wanted << " but found ";
  if (token.kind == TokenKind::End)
    diagnostic << found;
  else
    diagnostic << "'" << token.source << "'";
  diagnostic << " [unexpected-text]";
  // What is missing is missing at the end of the line before.
  bool isLater = token.startsLine || token.kind == TokenKind::End;
  if (isLater && token.source.data() != statementStart && !at("}"))
    diagnostic.attachNote(previous.loc)
        << "it is missing behind this '" << previous.source << "'";
  if (!cure.isTriviallyEmpty())
    diagnostic.attachNote(token.loc) << cure;
}

/// The bracket that closes `open`.
bool Parser::expectClose(StringRef close, const Token &open) {
  if (consume(close))
    return true;
  if (gaveUp)
    return false;
  StringRef found = token.kind == TokenKind::End ? token.text : token.source;
  StringRef quote = token.kind == TokenKind::End ? "" : "'";
  auto diagnostic = error(token.loc)
                    << "expected '" << close << "' but found " << quote << found
                    << quote << " [unexpected-text]";
  diagnostic.attachNote(open.loc)
      << "it would close this '" << open.source << "'";
  if (at("="))
    diagnostic.attachNote(token.loc) << "to compare, write '=='";
  else if (token.kind == TokenKind::Name && !token.startsLine)
    diagnostic.attachNote(token.loc)
        << "before '" << token.text
        << "' an operator or ',' is missing; a product is written 'W @ x' or "
           "'a * b'";
  return false;
}

/// True for what other languages write behind the block of an `if`.
static bool continuesChoice(StringRef word) {
  return word == "else" || word == "elif";
}

/// How to write what other languages begin with the word; empty for no such
/// word.
static StringRef cureOf(StringRef word) {
  if (word == "if" || continuesChoice(word))
    return "a choice is a value: 'h[t] = where(c, a, b)'";
  if (word == "for" || word == "while")
    return "there are no loops: the text is about one step";
  return "";
}

/// The word at hand begins nothing: says which ones would.
void Parser::reportWord(StringRef what, ArrayRef<StringRef> words) {
  if (gaveUp)
    return;
  auto diagnostic = error(token.loc) << "'" << token.source << "' begins no "
                                     << what << " [unknown-word]";
  StringRef cure = cureOf(token.source);
  if (!cure.empty())
    diagnostic.attachNote(token.loc) << cure;
  else if (auto meant = rnn::nearest(token.source, words))
    diagnostic.attachNote(token.loc) << "did you mean '" << *meant << "'?";
  else
    diagnostic.attachNote(token.loc)
        << "there are '" << llvm::join(words, "', '") << "'";
}

void Parser::giveUp() {
  if (!gaveUp)
    emitError(token.loc) << "too many errors, the rest is not read "
                            "[too-many-errors]";
  gaveUp = true;
  token.kind = TokenKind::End;
  token.text = "the end of the file";
  token.source = StringRef(token.source.data(), 0);
}

/// Goes to where the next statement is likely to start. Line ends mean nothing
/// to the grammar, but they do to whoever wrote the text.
/// What is in braces, as other languages have blocks, is skipped as a whole.
void Parser::skipStatement() {
  unsigned depth = 0;
  while (token.kind != TokenKind::End) {
    if (at("{"))
      ++depth;
    else if (depth > 0 ? startsTopLevel()
                       : at("}") || at(";") ||
                             (token.startsLine && !continuesChoice(token.text)))
      return;
    else if (at("}"))
      --depth;
    advance();
  }
}

bool Parser::startsTopLevel() const {
  return token.startsLine &&
         (at("cell") || at("fn") || at("model") || at("schedule"));
}

void Parser::skipTopLevel() {
  unsigned depth = 0;
  while (token.kind != TokenKind::End) {
    if (startsTopLevel())
      return;
    if (at("{"))
      ++depth;
    bool closes = at("}");
    advance();
    if (closes && (depth == 0 || --depth == 0))
      return;
  }
}

std::optional<Identifier> Parser::parseName(StringRef what) {
  if (token.kind == TokenKind::Name) {
    Identifier name{token.text, token.loc};
    advance();
    return name;
  }
  if (token.kind == TokenKind::Keyword) {
    error(token.loc) << "'" << token.text << "' is a word of the language and "
                     << "cannot name " << what << " [reserved-name]";
    advance();
    return std::nullopt;
  }
  unexpected("the name of " + what);
  return std::nullopt;
}

//===----------------------------------------------------------------------===//
// Files, cells, functions
//===----------------------------------------------------------------------===//

/// file
File Parser::parseFile() {
  File file;
  Location start = token.loc;
  bool empty = token.kind == TokenKind::End;
  while (token.kind != TokenKind::End) {
    if (consume(";"))
      continue;
    startStatement();
    bool parsed = false;
    if (isScheduleFile && !at("schedule") && !isUnclosed) {
      unexpected("'schedule'", "a file of schedules has nothing else");
      advance();
    } else if (at("cell") || at("model")) {
      parsed = parseCell(file);
    } else if (at("fn")) {
      parsed = parseFunction(file);
    } else if (at("schedule")) {
      parsed = parseSchedule(file);
    } else if (isUnclosed) {
      advance(); // the rest of a cell that has been reported
    } else if (token.kind == TokenKind::Name) {
      reportWord("cell, model, function or schedule",
                 {"cell", "model", "fn", "schedule"});
      advance();
    } else {
      unexpected("'cell', 'model', 'fn' or 'schedule'",
                 at("}") ? "it closes nothing" : "");
      advance();
    }
    if (!parsed)
      skipTopLevel();
  }
  if (empty && !lexer.errorCount())
    error(start) << "there is no " << (isScheduleFile ? "schedule" : "cell")
                 << " in this file [no-cell]";
  return file;
}

/// cell, model
bool Parser::parseCell(File &file) {
  bool isModel = at("model");
  std::vector<Cell> &list = isModel ? file.models : file.cells;
  advance();
  inModel = isModel;
  std::optional<Identifier> name = parseName(isModel ? "a model" : "a cell");
  if (!name)
    return false;
  Cell cell{*name, {}, {}, isModel};
  Token bracket = token;
  if (consume("(") && !consume(")")) {
    do
      if (!parseParameter(cell))
        return false;
    while (consume(","));
    if (!expectClose(")", bracket))
      return false;
  }
  Location open = token.loc;
  if (!expect("{"))
    return false;
  while (!at("}")) {
    startStatement();
    if (token.kind == TokenKind::End || at("cell") || at("model")) {
      isUnclosed = true;
      if (!gaveUp) {
        auto diagnostic = error(token.loc)
                          << "the " << cell.kind() << " '" << name->text
                          << "' is not closed by '}' [unclosed-cell]";
        diagnostic.attachNote(open) << "it is opened here";
      }
      list.push_back(std::move(cell));
      return true;
    }
    if (!consume(";") && !parseStatement(cell))
      skipStatement();
  }
  advance();
  list.push_back(std::move(cell));
  return true;
}

/// cell-parameter
bool Parser::parseParameter(Cell &cell) {
  std::optional<Identifier> name = parseName("a parameter");
  if (!name)
    return false;
  ExprPtr value;
  if (consume("=") && !(value = parseExpr()))
    return false;
  cell.parameters.push_back({*name, std::move(value)});
  return true;
}

/// fn
bool Parser::parseFunction(File &file) {
  inModel = false;
  advance();
  std::optional<Identifier> name = parseName("a function");
  if (!name || !expect("("))
    return false;
  Function function{*name, {}, nullptr};
  do {
    std::optional<Identifier> parameter = parseName("a parameter");
    if (!parameter)
      return false;
    function.parameters.push_back(*parameter);
  } while (consume(","));
  if (!expect(")") ||
      !expect("=", "a function is one expression: 'fn f(a) = ..'") ||
      !(function.body = parseExpr()))
    return false;
  file.functions.push_back(std::move(function));
  return true;
}

/// statement
bool Parser::parseStatement(Cell &cell) {
  if (consume("input"))
    return parseDeclarations(cell, DeclarationRole::Input);
  if (!cell.isModel && consume("state"))
    return parseDeclarations(cell, DeclarationRole::State);
  if (cell.isModel && consume("target"))
    return parseDeclarations(cell, DeclarationRole::Target);
  if (cell.isModel && (at("loss") || at("metric")))
    return parseScore(cell);
  if (consume("param"))
    return parseDeclarations(cell, DeclarationRole::Param);
  if (consume("output"))
    return parseOutputs(cell);
  if (token.kind == TokenKind::Name)
    return parseEquation(cell);
  if (at("fn")) {
    auto diagnostic = error(token.loc)
                      << "a function cannot be defined inside a " << cell.kind()
                      << " [misplaced-function]";
    diagnostic.attachNote(cell.name.loc)
        << "define it before the " << cell.kind() << " '" << cell.name.text
        << "'";
  } else if (token.kind == TokenKind::Keyword) {
    auto diagnostic = error(token.loc)
                      << "'" << token.text << "' cannot stand in a "
                      << cell.kind() << " [misplaced-word]";
    diagnostic.attachNote(token.loc)
        << (cell.isModel
                ? "in a model stand 'input', 'target', 'param', 'loss', "
                  "'metric', 'output' and equations; states belong to cells"
                : "in a cell stand 'input', 'state', 'param', 'output' and "
                  "equations");
  } else if (at("/")) {
    unexpected("a declaration, an equation or '}'",
               "a comment begins with '#'");
  } else if (at("=") && !token.startsLine) {
    unexpected("a declaration, an equation or '}'",
               "an equation has one '='; an earlier one is empty");
  } else {
    unexpected("a declaration, an equation or '}'",
               at(")") || at("]") ? "it closes nothing" : "");
  }
  if (!at("{"))
    advance();
  return false;
}

/// declarations
bool Parser::parseDeclarations(Cell &cell, DeclarationRole role) {
  do {
    if (!parseDeclaration(cell, role))
      return false;
  } while (consume(","));
  return true;
}

/// One of them: names, shape and initialiser.
bool Parser::parseDeclaration(Cell &cell, DeclarationRole role) {
  static constexpr StringRef what[] = {"an input", "a state", "a parameter",
                                       "a target"};
  bool follows = previous.text == ",";
  Declaration declaration{role, {}, token.loc, {}, nullptr};
  do {
    std::optional<Identifier> name = parseName(what[unsigned(role)]);
    if (!name)
      return false;
    declaration.names.push_back(*name);
  } while (consume(","));
  if (!at(":")) {
    unexpected(token.kind == TokenKind::Name ? "',' or ':'" : "':'",
               follows ? "a declaration is read here, for the one before ends "
                         "with ','"
                       : "");
    return false;
  }
  advance();
  declaration.shapeLoc = token.loc;
  Token open = token;
  bool isValue = cell.isModel && role != DeclarationRole::Param;
  declaration.isIndex =
      isValue && token.kind == TokenKind::Name && token.text == "int";
  if (declaration.isIndex) {
    advance();
  } else if (token.text == "int" || !at("[")) {
    unexpected("'['", token.text == "int" && !cell.isModel
                          ? "only a model has indices"
                          : "a shape is written '[H]' or '[H, I]', that of a "
                            "scalar '[]'");
    return false;
  } else {
    advance();
    if (!parseList(declaration.shape, "]", open))
      return false;
  }
  if (isValue && !parseModelShape(declaration))
    return false;
  if (at("[")) {
    unexpected("the end of the declaration",
               declaration.overTime ? "time has one axis"
               : cell.isModel       ? "a param is the same in every step"
                                    : "time is no part of a shape: the text is "
                                      "about one step");
    return false;
  }
  if (at("=") && !parseInitialiser(declaration))
    return false;
  cell.statements.push_back(std::move(declaration));
  return true;
}

/// `[T]` behind a shape, or nothing.
bool Parser::parseModelShape(Declaration &declaration) {
  if (!at("["))
    return true;
  Token open = token;
  advance();
  if (!at("T")) {
    unexpected("'T'", "a sequence is written '[I][T]' or 'int[T]'");
    return false;
  }
  advance();
  declaration.overTime = true;
  return expectClose("]", open);
}

/// score
bool Parser::parseScore(Cell &model) {
  Score score{at("loss"), token.loc, nullptr};
  advance();
  score.value = parseExpr();
  if (!score.value)
    return false;
  model.statements.push_back(std::move(score));
  return true;
}

bool Parser::parseInitialiser(Declaration &declaration) {
  Location equals = token.loc;
  advance();
  if (declaration.role != DeclarationRole::Param) {
    auto diagnostic = error(equals) << "only a param can have an initialiser "
                                       "[misplaced-initialiser]";
    diagnostic.attachNote(equals)
        << (declaration.role == DeclarationRole::State
                ? "a state starts at zeros, or at what the caller passes"
                : "it is what the caller passes");
    return false;
  }
  if (token.kind != TokenKind::Name) {
    unexpected("an initialiser such as 'zeros'",
               token.kind == TokenKind::Number
                   ? "a number is written 'constant(" + token.text + ")'"
                   : Twine());
    return false;
  }
  Token name = token;
  advance();
  declaration.init = at("(") ? parseCall(name)
                             : make(ExprKind::Name, name.loc,
                                    name.source.begin(), name.text, {});
  return declaration.init != nullptr;
}

/// outputs
bool Parser::parseOutputs(Cell &cell) {
  Outputs outputs;
  do {
    static constexpr char cure[] = "an output is a name: give the value one, "
                                   "'y = ..'";
    if (token.kind != TokenKind::Name && token.kind != TokenKind::Keyword) {
      unexpected("the name of an output", cure);
      return false;
    }
    std::optional<Identifier> name = parseName("an output");
    if (!name)
      return false;
    outputs.names.push_back(*name);
    bool goesOn =
        token.kind == TokenKind::Name || token.kind == TokenKind::Symbol;
    if (goesOn && !token.startsLine && !at(",") && !at(";") && !at("}")) {
      if (at("["))
        unexpected("',' or the end of the line",
                   "an output has no step: write '" + name->text + "'");
      else
        unexpected("',' or the end of the line",
                   token.kind == TokenKind::Name ? "" : cure);
      return false;
    }
  } while (consume(","));
  cell.statements.push_back(std::move(outputs));
  return true;
}

/// Something else than '=' stands behind the name of an equation.
void Parser::reportNoEquation(StringRef name, bool startsLine) {
  if (at(":"))
    unexpected("'='", "to declare '" + name +
                          "', begin with 'input', 'state' or 'param', or end "
                          "the declaration before it with ','");
  else if (!cureOf(name).empty())
    unexpected("'='", cureOf(name));
  else if (at("("))
    unexpected("'='", "a step is written '" + name + "[t]'");
  else if (at(","))
    unexpected("'='", "an equation defines one name");
  else if (!startsLine)
    unexpected("'='", "before '" + name +
                          "' an operator is missing; a product is written "
                          "'W @ x' or 'a * b'");
  else
    unexpected("'='", at("+") || at("-") || at("*") || at("/")
                          ? "an equation gives the whole value: 'h[t] = "
                            "h[t-1] + ..'"
                          : "");
}

/// equation
bool Parser::parseEquation(Cell &cell) {
  Identifier name{token.text, token.loc};
  bool startsLine = token.startsLine;
  Token word = token;
  advance();
  if (token.kind == TokenKind::Name && !token.startsLine) {
    std::swap(token, word);
    reportWord("statement",
               cell.isModel
                   ? ArrayRef<StringRef>{"input", "target", "param", "loss",
                                         "metric", "output"}
                   : ArrayRef<StringRef>{"input", "state", "param", "output"});
    std::swap(token, word);
    return false;
  }
  bool atTime = false;
  if (at("[")) {
    Location bracket = token.loc;
    advance();
    atTime = consume("t") && consume("]");
    if (!atTime) {
      auto diagnostic = error(bracket)
                        << "'" << name.text << "' is defined at a step other "
                        << "than t [equation-time]";
      diagnostic.attachNote(name.loc) << "write '" << name.text << "[t] = ..'";
      return false;
    }
  }
  Location equals = token.loc;
  if (!at("=")) {
    reportNoEquation(name.text, startsLine);
    return false;
  }
  advance();
  ExprPtr value = parseExpr();
  if (!value)
    return false;
  cell.statements.push_back(Equation{name, atTime, equals, std::move(value)});
  return true;
}

std::optional<File> rnn::syntax::parse(StringRef text, StringRef fileName,
                                       MLIRContext *context) {
  bool isWhole = false;
  File file = parsePartly(text, fileName, context, isWhole);
  return isWhole ? std::optional(std::move(file)) : std::nullopt;
}

std::optional<File> rnn::syntax::parseSchedules(StringRef text,
                                                StringRef fileName,
                                                MLIRContext *context) {
  Parser parser(text, fileName, context, /*isScheduleFile=*/true);
  File file = parser.parseFile();
  return parser.hasErrors() ? std::nullopt : std::optional(std::move(file));
}

File rnn::syntax::parsePartly(StringRef text, StringRef fileName,
                              MLIRContext *context, bool &isWhole) {
  Parser parser(text, fileName, context);
  File file = parser.parseFile();
  isWhole = !parser.hasErrors();
  return file;
}
