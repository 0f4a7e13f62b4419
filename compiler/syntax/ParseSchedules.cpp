//===- ParseSchedules.cpp - schedules to trees ----------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The words of a schedule are words only here: a cell may use them as names.
// What they mean, and which there are, is not the parser's business.
//
//===----------------------------------------------------------------------===//

#include "compiler/syntax/Grammar.h"

using namespace mlir;
using namespace rnn::syntax;
using llvm::StringRef;

/// schedule
bool Parser::parseSchedule(File &file) {
  advance();
  std::optional<Identifier> cell = parseName("a cell");
  if (!cell)
    return false;
  Schedule schedule{*cell, *cell, {}};
  if (token.kind != TokenKind::Name || token.text != "on") {
    unexpected("'on'", "a schedule says for what: 'schedule " + cell->text +
                           " on cpu { .. }'");
    return false;
  }
  advance();
  Location open = token.loc;
  if (!parseTarget(schedule.target) || !expect("{"))
    return false;
  while (!at("}")) {
    startStatement();
    if (token.kind == TokenKind::End || startsTopLevel()) {
      isUnclosed = true;
      if (!gaveUp) {
        auto diagnostic = error(token.loc)
                          << "the schedule of '" << cell->text
                          << "' is not closed by '}' [unclosed-cell]";
        diagnostic.attachNote(open) << "it is opened here";
      }
      break;
    }
    const char *begin = token.source.data();
    if (consume(";") || parseDirective(schedule))
      continue;
    // What can begin no directive begins no next one either.
    if (token.source.data() == begin)
      advance();
    skipStatement();
  }
  consume("}");
  file.schedules.push_back(std::move(schedule));
  return true;
}

/// target: names of CPU levels are words with a number behind: x86-64, wasm32.
bool Parser::parseTarget(Identifier &target) {
  const char *begin = token.source.data();
  std::optional<Identifier> name = parseName("what the schedule is for");
  if (!name)
    return false;
  if (at("-") && token.source.data() == previousEnd) {
    advance();
    if (token.kind == TokenKind::Number && token.source.data() == previousEnd)
      advance();
  }
  target = {StringRef(begin, previousEnd - begin), name->loc};
  return true;
}

/// directive
bool Parser::parseDirective(Schedule &schedule) {
  std::optional<Identifier> word = parseName("a directive");
  if (!word)
    return false;
  Directive directive{*word, {}};
  if (token.startsLine) {
    unexpected("what to '" + word->text + "'");
    return false;
  }
  do
    if (!parseClause(directive))
      return false;
  while (consume(","));
  schedule.directives.push_back(std::move(directive));
  return true;
}

/// clause
bool Parser::parseClause(Directive &directive) {
  std::optional<Identifier> name = parseName("a dimension or a choice");
  if (!name)
    return false;
  Clause clause{*name, nullptr, nullptr};
  auto isOf = [&] {
    return token.kind == TokenKind::Name && token.text == "of";
  };
  bool ends = token.kind == TokenKind::End || token.startsLine || at(",") ||
              at(";") || at("}");
  if (!ends && !isOf() && !(clause.value = parseExpr()))
    return false;
  if (isOf()) {
    advance();
    if (!(clause.of = parseExpr()))
      return false;
  }
  directive.clauses.push_back(std::move(clause));
  return true;
}
