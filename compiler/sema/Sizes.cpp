//===- Sizes.cpp - size expressions ---------------------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "compiler/sema/Sizes.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace rnn;
using namespace rnn::syntax;

static std::optional<int64_t> divide(int64_t left, int64_t right,
                                     const Expr &expr, Reporter &reporter) {
  if (right == -1 && left == INT64_MIN) {
    reporter.error(expr.loc) << quoted(expr) << " is too large [size-range]";
    return std::nullopt;
  }
  if (right != 0 && left % right == 0)
    return left / right;
  Report report = reporter.error(expr.loc);
  report << quoted(expr) << " divides " << left << " by " << right;
  if (right != 0)
    report << " with a remainder of " << left % right;
  report << " [size-division]";
  return std::nullopt;
}

static std::optional<int64_t> apply(const Expr &expr, int64_t left,
                                    int64_t right, Reporter &reporter) {
  int64_t result = 0;
  bool overflows = false;
  if (expr.name == "/")
    return divide(left, right, expr, reporter);
  if (expr.name == "+")
    overflows = llvm::AddOverflow(left, right, result);
  else if (expr.name == "-")
    overflows = llvm::SubOverflow(left, right, result);
  else
    overflows = llvm::MulOverflow(left, right, result);
  if (!overflows)
    return result;
  reporter.error(expr.loc) << quoted(expr) << " is too large [size-range]";
  return std::nullopt;
}

std::optional<int64_t> rnn::evaluateSize(const Expr &expr, SizeLookup lookup,
                                         Reporter &reporter) {
  auto operand = [&](unsigned i) {
    return evaluateSize(*expr.operands[i], lookup, reporter);
  };
  if (expr.kind == ExprKind::Number && expr.isInteger) {
    int64_t value = 0;
    if (!expr.source.getAsInteger(10, value))
      return value;
    reporter.error(expr.loc) << expr.source << " is too large [size-range]";
    return std::nullopt;
  }
  if (expr.kind == ExprKind::Name)
    return lookup(expr);
  if (expr.kind == ExprKind::Negate) {
    std::optional<int64_t> value = operand(0);
    int64_t result = 0;
    if (!value || !llvm::SubOverflow(int64_t(0), *value, result))
      return value ? std::optional(result) : std::nullopt;
    reporter.error(expr.loc) << quoted(expr) << " is too large [size-range]";
    return std::nullopt;
  }
  bool isArithmetic =
      expr.kind == ExprKind::Binary && StringRef("+-*/").contains(expr.name);
  if (!isArithmetic) {
    (reporter.error(expr.loc) << quoted(expr) << " is not a size [size-form]")
        .note(expr.loc, "a size is made of whole numbers, the cell's sizes, "
                        "'+', '-', '*' and '/'");
    return std::nullopt;
  }
  std::optional<int64_t> left = operand(0), right = operand(1);
  if (!left || !right)
    return std::nullopt;
  return apply(expr, *left, *right, reporter);
}

static constexpr int64_t most = (int64_t(1) << 31) - 1;

bool rnn::checkSize(int64_t value, const Twine &what, Location loc,
                    Reporter &reporter) {
  if (value >= 1 && value <= most)
    return true;
  reporter.error(loc) << "the size " << what.str() << " is "
                      << std::to_string(value) << ", not 1 to "
                      << std::to_string(most) << " [size-range]";
  return false;
}

bool rnn::checkElements(ArrayRef<int64_t> shape, const Twine &what,
                        Location loc, Reporter &reporter) {
  // No overflow: each size is one.
  int64_t elements = 1;
  for (int64_t size : shape) {
    elements *= size;
    if (elements > most) {
      reporter.error(loc) << what.str() << " is too large [size-range]";
      return false;
    }
  }
  return true;
}
