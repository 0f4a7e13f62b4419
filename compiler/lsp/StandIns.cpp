//===- StandIns.cpp - sizes that nobody gave ------------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "compiler/lsp/StandIns.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringSet.h"

using namespace rnn;
using namespace rnn::lsp;
using namespace rnn::syntax;
using llvm::ArrayRef;
using llvm::StringRef;

/// Times a prime each, so that small sums of them differ; a matrix of the two
/// largest, and four of them one below the other, have fewer elements than a
/// matrix may have.
static constexpr int64_t unit = 24;
static constexpr int64_t largeNumbers[] = {
    unit * 101, unit * 211, unit * 307, unit * 401, unit * 503,
    unit * 601, unit * 701, unit * 809, unit * 907, unit * 997};
static constexpr int64_t smallNumbers[] = {4, 3, 2, 6, 8, 12};

//===----------------------------------------------------------------------===//
// Choosing
//===----------------------------------------------------------------------===//

/// Calls `visit` with every expression of a cell.
static void walk(const Expr &expr,
                 llvm::function_ref<void(const Expr &)> visit) {
  visit(expr);
  for (const ExprPtr &operand : expr.operands)
    if (operand)
      walk(*operand, visit);
}

static void walk(const Cell &cell,
                 llvm::function_ref<void(const Expr &)> visit) {
  for (const Parameter &parameter : cell.parameters)
    if (parameter.value)
      walk(*parameter.value, visit);
  for (const Statement &statement : cell.statements) {
    if (auto *declaration = std::get_if<Declaration>(&statement))
      for (const ExprPtr &size : declaration->shape)
        walk(*size, visit);
    if (auto *equation = std::get_if<Equation>(&statement))
      walk(*equation->value, visit);
  }
}

static void addNames(const Expr &expr, llvm::StringSet<> &names) {
  walk(expr, [&](const Expr &part) {
    if (part.kind == ExprKind::Name)
      names.insert(part.name);
  });
}

static const Setting *findSetting(ArrayRef<Setting> given, const Cell &cell,
                                  StringRef name) {
  const Setting *found = llvm::find_if(given, [&](const Setting &setting) {
    return setting.name == name &&
           (setting.cell.empty() || setting.cell == cell.name.text);
  });
  return found == given.end() ? nullptr : found;
}

/// The same numbers again with a further factor, should there be no end of
/// names.
static int64_t numberFor(ArrayRef<int64_t> numbers, size_t index) {
  return numbers[index % numbers.size()] * (1 + index / numbers.size());
}

std::vector<Setting> rnn::lsp::withStandIns(const File &file,
                                            ArrayRef<Setting> given,
                                            bool inReverse) {
  std::vector<Setting> settings = given;
  llvm::SmallVector<const Cell *> all;
  for (const std::vector<Cell> *list : {&file.cells, &file.models})
    for (const Cell &cell : *list)
      all.push_back(&cell);
  for (const Cell &cell : llvm::make_pointee_range(all)) {
    llvm::StringSet<> called, small;
    walk(cell, [&](const Expr &expr) {
      if (expr.kind == ExprKind::Call)
        called.insert(expr.name);
      if (expr.kind == ExprKind::Binary && expr.name == "/")
        addNames(*expr.operands[1], small);
      if (expr.kind == ExprKind::Time && !expr.operands.empty())
        addNames(*expr.operands[0], small);
    });
    llvm::SmallVector<StringRef> largeNames, smallNames;
    for (const Parameter &parameter : cell.parameters) {
      StringRef name = parameter.name.text;
      if (parameter.value || findSetting(given, cell, name))
        continue;
      if (called.contains(name))
        settings.push_back({cell.name.text.str(), name.str(), "tanh"});
      else
        (small.contains(name) ? smallNames : largeNames).push_back(name);
    }
    for (auto [names, numbers] :
         {std::pair(ArrayRef(largeNames), ArrayRef(largeNumbers)),
          std::pair(ArrayRef(smallNames), ArrayRef(smallNumbers))})
      for (auto [index, name] : llvm::enumerate(names)) {
        size_t place = inReverse ? names.size() - 1 - index : index;
        settings.push_back({cell.name.text.str(), name.str(),
                            std::to_string(numberFor(numbers, place))});
      }
  }
  return settings;
}

//===----------------------------------------------------------------------===//
// Naming
//===----------------------------------------------------------------------===//

SizeNames::SizeNames(const Cell &cell, const CellSymbols &symbols,
                     ArrayRef<Setting> given) {
  llvm::StringMap<const Symbol *> byName;
  for (const Symbol &symbol : symbols.names)
    byName[symbol.name] = &symbol;
  for (const Parameter &parameter : cell.parameters) {
    StringRef name = parameter.name.text;
    const Symbol *symbol = byName.lookup(name);
    if (!symbol || !symbol->size || findSetting(given, cell, name) ||
        (parameter.value && isKnown(*parameter.value)))
      continue;
    open[name] = *symbol->size;
    addKnown(name.str(), *symbol->size);
  }
  for (const Statement &statement : cell.statements) {
    auto *declaration = std::get_if<Declaration>(&statement);
    if (!declaration || declaration->names.empty())
      continue;
    const Symbol *symbol = byName.lookup(declaration->names[0].text);
    if (!symbol || !symbol->shape ||
        symbol->shape->size() != declaration->shape.size())
      continue;
    for (auto [size, number] : llvm::zip(declaration->shape, *symbol->shape))
      addKnown(isKnown(*size) ? std::to_string(number) : size->source.str(),
               number);
  }
}

void SizeNames::addKnown(std::string text, int64_t number) {
  // Smaller ones stand in the text for themselves more often than not.
  bool isNew = llvm::none_of(
      known, [&](const auto &other) { return other.second == number; });
  if (isNew && number >= unit)
    known.push_back({std::move(text), number});
}

bool SizeNames::isKnown(const Expr &size) const {
  bool known = true;
  walk(size, [&](const Expr &part) {
    known &= part.kind != ExprKind::Name || !open.count(part.name);
  });
  return known;
}

/// A name can be multiplied in writing, a sum or a number had better not.
static bool isName(StringRef text) {
  return !llvm::isDigit(text.front()) && llvm::all_of(text, [](char c) {
    return llvm::isAlnum(c) || c == '_';
  });
}

/// `H`, `2*H`, `H/heads`; nothing where `number` is no such multiple.
static std::optional<std::string> multiple(int64_t number, StringRef text,
                                           int64_t value) {
  constexpr int64_t most = 16;
  if (number == value)
    return text.str();
  if (!isName(text) || number <= 0 || number % value || number / value > most)
    return std::nullopt;
  return std::to_string(number / value) + "*" + text.str();
}

std::optional<std::string> SizeNames::nameOf(int64_t number) const {
  for (auto &[text, value] : known)
    if (value == number)
      return text;
  for (auto &[text, value] : known)
    if (auto found = multiple(number, text, value))
      return found;
  // Two vectors, one after the other.
  for (auto &[first, firstValue] : known)
    for (auto &[second, secondValue] : known)
      for (int64_t factor = 1; factor <= (isName(first) ? 4 : 1); ++factor) {
        int64_t part = factor * firstValue;
        auto rest = multiple(number - part, second, secondValue);
        if (rest && first != second)
          return *multiple(part, first, firstValue) + " + " + *rest;
      }
  return std::nullopt;
}

std::string SizeNames::shapeOf(llvm::ArrayRef<int64_t> shape) const {
  std::string text;
  for (int64_t size : shape) {
    std::string number = std::to_string(size);
    bool isStrange = !open.empty() && size >= largeNumbers[0];
    text += (text.empty() ? "" : ", ") +
            nameOf(size).value_or(isStrange ? "?" : number);
  }
  return "[" + text + "]";
}

/// `[I] = [I]`, a shape as written and in numbers that now are names, is said
/// once.
static std::string withoutEcho(std::string text) {
  static constexpr StringRef link = "] = [";
  for (size_t at = text.find(link); at != std::string::npos;
       at = text.find(link, at + 1)) {
    size_t open = text.rfind('[', at), close = text.find(']', at + link.size());
    if (open == std::string::npos || close == std::string::npos)
      break;
    StringRef left = StringRef(text).slice(open, at + 1);
    StringRef right = StringRef(text).slice(at + link.size() - 1, close + 1);
    if (left == right)
      text.erase(at + 1, close - at);
  }
  return text;
}

std::string SizeNames::replaceIn(StringRef text) const {
  std::string result;
  while (!text.empty()) {
    // A word, a number or one other character.
    auto isPart = [](char c) { return llvm::isAlnum(c) || c == '_'; };
    StringRef piece = text.take_while(isPart);
    if (piece.empty())
      piece = text.take_front(1);
    text = text.drop_front(piece.size());
    int64_t number = 0;
    std::optional<std::string> name;
    if (!piece.getAsInteger(10, number))
      name = nameOf(number);
    result += name ? *name : piece.str();
  }
  return withoutEcho(result);
}
