//===- ParseExpressions.cpp - expressions to trees
//---------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "compiler/syntax/Grammar.h"
#include "compiler/syntax/Nearest.h"
#include "llvm/ADT/ScopeExit.h"
#include "llvm/ADT/StringExtras.h"
#include <cmath>

using namespace mlir;
using namespace rnn::syntax;
using llvm::StringRef;

ExprPtr Parser::make(ExprKind kind, Location loc, const char *begin,
                     StringRef name, SmallVector<ExprPtr, 2> operands) {
  unsigned depth = 1;
  for (const ExprPtr &operand : operands)
    if (operand)
      depth = std::max(depth, operand->depth + 1);
  if (depth > maxDepth) {
    error(loc) << "this expression has more than " << maxDepth
               << " levels; split it into several equations [nesting-depth]";
    return nullptr;
  }
  auto expr = std::make_unique<Expr>(
      Expr{kind, loc, StringRef(begin, previousEnd - begin), name});
  expr->depth = depth;
  expr->operands = std::move(operands);
  return expr;
}

bool Parser::enter() {
  if (++level <= maxDepth)
    return true;
  error(token.loc) << "this expression has more than " << maxDepth
                   << " levels; split it into several equations "
                      "[nesting-depth]";
  return false;
}

static SmallVector<ExprPtr, 2> list(ExprPtr first, ExprPtr second = nullptr) {
  SmallVector<ExprPtr, 2> operands;
  operands.push_back(std::move(first));
  if (second)
    operands.push_back(std::move(second));
  return operands;
}

/// expression
ExprPtr Parser::parseExpr() {
  llvm::scope_exit leave([&] { --level; });
  if (!enter())
    return nullptr;
  const char *begin = token.source.begin();
  auto isComparison = [&] {
    return at("<") || at("<=") || at(">") || at(">=") || at("==") || at("!=");
  };
  ExprPtr left = parseSum();
  if (!left || !isComparison())
    return left;
  Token op = token;
  advance();
  ExprPtr right = parseSum();
  if (!right)
    return nullptr;
  ExprPtr comparison = make(ExprKind::Binary, op.loc, begin, op.text,
                            list(std::move(left), std::move(right)));
  if (comparison && isComparison()) {
    auto diagnostic = error(token.loc)
                      << "comparisons cannot be chained [comparison-chain]";
    diagnostic.attachNote(token.loc)
        << "for 'both', multiply them: (a < b) * (b < c)";
    return nullptr;
  }
  return comparison;
}

/// sum
ExprPtr Parser::parseSum() {
  const char *begin = token.source.begin();
  ExprPtr left = parseProduct();
  while (left && (at("+") || at("-"))) {
    Token op = token;
    advance();
    ExprPtr right = parseProduct();
    left = right ? make(ExprKind::Binary, op.loc, begin, op.text,
                        list(std::move(left), std::move(right)))
                 : nullptr;
  }
  return left;
}

/// product
ExprPtr Parser::parseProduct() {
  const char *begin = token.source.begin();
  ExprPtr left = parseUnary();
  while (left && (at("@") || at("*") || at("/"))) {
    Token op = token;
    advance();
    ExprPtr right = parseUnary();
    left = right ? make(ExprKind::Binary, op.loc, begin, op.text,
                        list(std::move(left), std::move(right)))
                 : nullptr;
  }
  return left;
}

/// unary
ExprPtr Parser::parseUnary() {
  llvm::scope_exit leave([&] { --level; });
  if (!enter())
    return nullptr;
  if (!at("-"))
    return parsePostfix();
  Token op = token;
  advance();
  ExprPtr operand = parseUnary();
  return operand ? make(ExprKind::Negate, op.loc, op.source.begin(), {},
                        list(std::move(operand)))
                 : nullptr;
}

/// postfix
ExprPtr Parser::parsePostfix() {
  ExprPtr base = parsePrimary();
  while (base) {
    const char *begin = base->source.begin();
    if (at("'")) {
      Location loc = token.loc;
      advance();
      base = make(ExprKind::Transpose, loc, begin, {}, list(std::move(base)));
    } else if (at("[")) {
      base = parseIndex(std::move(base));
    } else if (at("(") && (base->kind == ExprKind::Call ||
                           base->kind == ExprKind::Apply)) {
      base = parseApply(std::move(base));
    } else {
      break;
    }
  }
  return base;
}

/// index
ExprPtr Parser::parseIndex(ExprPtr base) {
  Token open = token;
  Location loc = open.loc;
  const char *begin = base->source.begin();
  advance();
  if (at("t"))
    return parseTime(std::move(base), open);
  ExprPtr low, high;
  if (!at(":") && !(low = parseExpr()))
    return nullptr;
  if (at("]")) {
    auto diagnostic = error(loc) << "an index is a range or a step "
                                    "[index-form]";
    diagnostic.attachNote(loc) << "write 'a[0:1]' for the first element, "
                                  "'h[t-1]' for the step before";
    return nullptr;
  }
  if (!expect(":"))
    return nullptr;
  if (!at("]") && !(high = parseExpr()))
    return nullptr;
  if (!expectClose("]", open))
    return nullptr;
  SmallVector<ExprPtr, 2> operands;
  operands.push_back(std::move(base));
  operands.push_back(std::move(low));
  operands.push_back(std::move(high));
  return make(ExprKind::Slice, loc, begin, {}, std::move(operands));
}

/// time
ExprPtr Parser::parseTime(ExprPtr base, const Token &open) {
  const char *begin = base->source.begin();
  if (base->kind != ExprKind::Name) {
    error(open.loc) << "only a name has steps: '[t]' cannot follow '"
                    << base->source << "' [time-index]";
    return nullptr;
  }
  advance();
  SmallVector<ExprPtr, 2> operands;
  if (!at("]")) {
    if (!at("-")) {
      auto diagnostic = error(token.loc)
                        << "a step is 't' or 't-k' [time-index]";
      if (at("+"))
        diagnostic.attachNote(token.loc)
            << "later steps are not known; the one before is '" << base->name
            << "[t-1]'";
      return nullptr;
    }
    advance();
    ExprPtr delay = parseProduct();
    if (!delay)
      return nullptr;
    operands.push_back(std::move(delay));
  }
  if (!expectClose("]", open))
    return nullptr;
  return make(ExprKind::Time, base->loc, begin, base->name,
              std::move(operands));
}

/// Expressions with commas between them, up to and with `close`. None is fine.
bool Parser::parseList(llvm::SmallVectorImpl<ExprPtr> &list, StringRef close,
                       const Token &open) {
  if (consume(close))
    return true;
  do {
    ExprPtr expr = parseExpr();
    if (!expr)
      return false;
    list.push_back(std::move(expr));
  } while (consume(","));
  return expectClose(close, open);
}

/// call
ExprPtr Parser::parseCall(const Token &name) {
  Token open = token;
  advance();
  SmallVector<ExprPtr, 2> arguments;
  if (!parseList(arguments, ")", open))
    return nullptr;
  return make(ExprKind::Call, name.loc, name.source.begin(), name.text,
              std::move(arguments));
}

/// apply
ExprPtr Parser::parseApply(ExprPtr layer) {
  Token open = token;
  Location loc = layer->loc;
  const char *begin = layer->source.begin();
  advance();
  SmallVector<ExprPtr, 2> operands;
  operands.push_back(std::move(layer));
  if (!parseList(operands, ")", open))
    return nullptr;
  return make(ExprKind::Apply, loc, begin, {}, std::move(operands));
}

/// number
ExprPtr Parser::parseNumber() {
  Token number = token;
  double value = 0;
  if (number.text.getAsDouble(value) || !std::isfinite(value)) {
    error(number.loc) << number.text << " is out of range [number-range]";
    return nullptr;
  }
  advance();
  ExprPtr expr =
      make(ExprKind::Number, number.loc, number.source.begin(), {}, {});
  expr->number = value;
  expr->isInteger = llvm::all_of(number.text, llvm::isDigit);
  return expr;
}

/// primary
ExprPtr Parser::parsePrimary() {
  Token start = token;
  if (start.kind == TokenKind::Number)
    return parseNumber();
  if (start.kind == TokenKind::Name) {
    advance();
    if (at("("))
      return parseCall(start);
    return make(ExprKind::Name, start.loc, start.source.begin(), start.text,
                {});
  }
  if (consume("(")) {
    ExprPtr inner = parseExpr();
    if (!inner || !expectClose(")", start))
      return nullptr;
    const char *begin = start.source.begin();
    inner->source = StringRef(begin, previousEnd - begin);
    return inner;
  }
  if (consume("[")) {
    SmallVector<ExprPtr, 2> parts;
    if (!parseList(parts, "]", start))
      return nullptr;
    if (parts.empty()) {
      error(start.loc) << "there is nothing to put together in '[]' "
                          "[concat-shape]";
      return nullptr;
    }
    return make(ExprKind::Concat, start.loc, start.source.begin(), {},
                std::move(parts));
  }
  if (start.kind == TokenKind::Keyword) {
    auto diagnostic = error(start.loc)
                      << "'" << start.text << "' is a word of the language and "
                      << "has no value [reserved-name]";
    if (start.text == "t")
      diagnostic.attachNote(start.loc)
          << "a step is written behind a state: 'h[t-1]'";
    if (start.text == "T")
      diagnostic.attachNote(start.loc)
          << (inModel ? "a sequence is written '[I][T]' or 'int[T]'"
                      : "a cell does not know how many steps there are");
    return nullptr;
  }
  bool isPower = at("*") && previous.text == "*" &&
                 previous.source.end() == token.source.begin();
  unexpected("an expression", isPower ? "there is no power; write 'x * x', or "
                                        "'exp(p * log(x))' for x > 0"
                                      : "");
  return nullptr;
}
