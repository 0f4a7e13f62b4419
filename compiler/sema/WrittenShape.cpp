//===- WrittenShape.cpp - shapes in the words of the text -----------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Made when an error is shown and at no other time, from the tree alone.
//
//===----------------------------------------------------------------------===//

#include "compiler/sema/WrittenShape.h"
#include "compiler/sema/Builtins.h"
#include "compiler/sema/Report.h"
#include "llvm/ADT/StringExtras.h"

using namespace rnn;
using namespace rnn::syntax;
using llvm::StringRef;

namespace {
class Reader {
public:
  explicit Reader(const Cell &cell) : cell(cell) {}
  std::optional<WrittenShape> read(const Expr &expr);

  std::optional<WrittenShape> readName(StringRef name);

private:
  std::optional<WrittenShape> readProduct(const Expr &expr);
  std::optional<WrittenShape> readSlice(const Expr &expr);
  std::optional<WrittenShape> readConcat(const Expr &expr);
  std::optional<WrittenShape> readCall(const Expr &expr);
  std::optional<WrittenShape> readAlike(llvm::ArrayRef<ExprPtr> operands);

  const Cell &cell;
  unsigned left = 1000; ///< expressions to look at: names may double them
};
} // namespace

std::optional<WrittenShape> Reader::read(const Expr &expr) {
  if (left == 0)
    return std::nullopt;
  --left;
  switch (expr.kind) {
  case ExprKind::Number:
    return WrittenShape();
  case ExprKind::Name:
  case ExprKind::Time:
    return readName(expr.name);
  case ExprKind::Slice:
    return readSlice(expr);
  case ExprKind::Transpose: {
    auto shape = read(*expr.operands[0]);
    if (shape)
      std::reverse(shape->begin(), shape->end());
    return shape;
  }
  case ExprKind::Negate:
    return read(*expr.operands[0]);
  case ExprKind::Binary:
    return expr.name == "@" ? readProduct(expr) : readAlike(expr.operands);
  case ExprKind::Call:
    return readCall(expr);
  case ExprKind::Apply:
    return std::nullopt;
  case ExprKind::Concat:
    return readConcat(expr);
  }
  llvm_unreachable("all kinds are handled");
}

std::optional<WrittenShape> Reader::readName(StringRef name) {
  for (const Statement &statement : cell.statements) {
    if (auto *declaration = std::get_if<Declaration>(&statement)) {
      for (const Identifier &declared : declaration->names)
        if (declared.text == name) {
          WrittenShape shape;
          for (const ExprPtr &size : declaration->shape)
            shape.push_back(size->source.str());
          return shape;
        }
    } else if (auto *equation = std::get_if<Equation>(&statement)) {
      if (equation->name.text == name)
        return read(*equation->value);
    }
  }
  return WrittenShape(); // a size
}

/// The dimension that is summed over leaves both sides.
std::optional<WrittenShape> Reader::readProduct(const Expr &expr) {
  auto first = read(*expr.operands[0]), second = read(*expr.operands[1]);
  if (!first || !second || first->empty() || second->empty())
    return std::nullopt;
  first->pop_back();
  first->append(second->begin() + 1, second->end());
  return first;
}

std::optional<WrittenShape> Reader::readSlice(const Expr &expr) {
  auto shape = read(*expr.operands[0]);
  if (!shape || shape->empty())
    return std::nullopt;
  std::string high =
      expr.operands[2] ? expr.operands[2]->source.str() : shape->front();
  const Expr *low = expr.operands[1].get();
  bool isSum =
      low && low->kind == ExprKind::Binary && !low->source.starts_with("(");
  if (low && low->source != "0")
    high +=
        isSum ? " - (" + low->source.str() + ")" : " - " + low->source.str();
  shape->front() = high;
  return shape;
}

std::optional<WrittenShape> Reader::readConcat(const Expr &expr) {
  std::optional<WrittenShape> whole;
  for (const ExprPtr &part : expr.operands) {
    auto shape = read(*part);
    if (!shape || shape->empty())
      return std::nullopt;
    if (whole)
      whole->front() += " + " + shape->front();
    else
      whole = shape;
  }
  return whole;
}

std::optional<WrittenShape> Reader::readCall(const Expr &expr) {
  static constexpr StringRef toScalar[] = {"max", "mean", "min", "sum"};
  if (!isBuiltin(expr.name))
    return std::nullopt;
  if (expr.operands.size() == 1 && llvm::is_contained(toScalar, expr.name))
    return WrittenShape();
  return readAlike(expr.operands);
}

std::optional<WrittenShape>
Reader::readAlike(llvm::ArrayRef<ExprPtr> operands) {
  for (const ExprPtr &operand : operands) {
    auto shape = read(*operand);
    if (!shape || !shape->empty())
      return shape;
  }
  return WrittenShape();
}

std::optional<WrittenShape> rnn::writtenShape(const Expr &expr,
                                              const Cell &cell) {
  return Reader(cell).read(expr);
}

std::optional<WrittenShape> rnn::writtenShape(StringRef name,
                                              const Cell &cell) {
  return Reader(cell).readName(name);
}

std::string rnn::shapeText(const std::optional<WrittenShape> &written,
                           llvm::ArrayRef<int64_t> shape) {
  std::string numbers = shapeText(shape);
  if (!written || written->size() != shape.size() || shape.empty())
    return numbers;
  std::string words = "[" + llvm::join(*written, ", ") + "]";
  return words == numbers ? numbers : words + " = " + numbers;
}
