//===- Sema.cpp - tree to rnn ops -----------------------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "compiler/sema/Sema.h"
#include "compiler/sema/CellBuilder.h"
#include "compiler/sema/Functions.h"
#include "compiler/sema/ModelBuilder.h"
#include "compiler/sema/Schedules.h"
#include "dialect/CellInterface.h"

using namespace mlir;
using namespace rnn;

std::optional<Setting> rnn::parseSetting(StringRef text) {
  auto [name, value] = text.split('=');
  Setting setting;
  if (name.contains('.'))
    std::tie(setting.cell, setting.name) = name.split('.');
  else
    setting.name = name;
  setting.value = value;
  bool isWhole = !setting.name.empty() && !setting.value.empty() &&
                 name.contains('.') != setting.cell.empty();
  return isWhole ? std::optional(setting) : std::nullopt;
}

bool Request::wants(StringRef cell) const {
  return cells.empty() || llvm::is_contained(cells, cell);
}

/// Reports cells of one name, or of names that make the same names in C.
static void checkCellNames(const syntax::File &file, Reporter &reporter) {
  llvm::StringMap<const syntax::Cell *> names, prefixes;
  SmallVector<const syntax::Cell *> all;
  for (const syntax::Cell &cell : file.cells)
    all.push_back(&cell);
  for (const syntax::Cell &model : file.models)
    all.push_back(&model);
  for (const syntax::Cell *one : all) {
    const syntax::Cell &cell = *one;
    StringRef name = cell.name.text;
    auto [same, isNew] = names.try_emplace(name, &cell);
    if (!isNew) {
      (reporter.error(cell.name.loc) << "the " << cell.kind() << " '" << name
                                     << "' is defined twice [defined-twice]")
          .note(same->second->name.loc, "it is defined here first");
      continue;
    }
    std::string prefix = snakeCase(name);
    if (prefix == "rnncc")
      (reporter.error(cell.name.loc) << "the " << cell.kind() << " '" << name
                                     << "' has the name of the runtime in C "
                                        "[cell-name]")
          .note(cell.name.loc, "give it another name");
    auto [other, isFree] = prefixes.try_emplace(prefix, &cell);
    if (!isFree)
      (reporter.error(cell.name.loc)
       << "the " << cell.kind() << "s '" << other->second->name.text
       << "' and '" << name << "' are both '" << prefix << "' in C [cell-name]")
          .note(other->second->name.loc, "the other " + other->second->kind())
          .note(cell.name.loc, "give one of them another name");
  }
}

static bool names(const syntax::Expr &expr, StringRef name) {
  return (expr.kind == syntax::ExprKind::Call && expr.name == name) ||
         llvm::any_of(expr.operands, [&](const syntax::ExprPtr &operand) {
           return operand && names(*operand, name);
         });
}

/// True if all sizes of the cell are given, by its text or by the user.
static bool isGiven(const syntax::Cell &cell, const Request &request) {
  return llvm::all_of(cell.parameters, [&](const syntax::Parameter &parameter) {
    return parameter.value ||
           llvm::any_of(request.settings, [&](const Setting &setting) {
             return setting.name == parameter.name.text &&
                    (setting.cell.empty() || setting.cell == cell.name.text);
           });
  });
}

/// True if a model of the file applies the cell.
static bool isApplied(const syntax::Cell &cell, const syntax::File &file) {
  StringRef name = cell.name.text;
  for (const syntax::Cell &model : file.models)
    for (const syntax::Statement &statement : model.statements) {
      auto *equation = std::get_if<syntax::Equation>(&statement);
      auto *score = std::get_if<syntax::Score>(&statement);
      if ((equation && names(*equation->value, name)) ||
          (score && names(*score->value, name)))
        return true;
    }
  return false;
}

OwningOpRef<ModuleOp> rnn::analyze(const syntax::File &file,
                                   const Request &request, Location loc,
                                   std::vector<CellSymbols> *symbols) {
  Reporter reporter(request.warningsAreErrors);
  checkCellNames(file, reporter);
  checkSchedules(file, reporter);
  Functions functions(file, reporter);

  OwningOpRef<ModuleOp> module = ModuleOp::create(loc);
  OpBuilder builder = OpBuilder::atBlockEnd(module->getBody());
  // Without sizes a cell is no more than a part of models; if it is not that
  // either, because no model names it rightly, that error comes first.
  SmallVector<const syntax::Cell *> parts;
  auto build = [&](const syntax::Cell &cell) {
    CellBuilder cellBuilder(cell, file.schedules, functions, request, reporter);
    unsigned before = reporter.errorCount();
    cellBuilder.build(builder);
    if (reporter.errorCount() == before)
      drawForCallers(cellBuilder.result(), builder);
    if (symbols)
      symbols->push_back(cellBuilder.symbols());
  };
  for (const syntax::Cell &cell : file.cells) {
    if (!request.wants(cell.name.text))
      continue;
    if (file.models.empty() || isGiven(cell, request))
      build(cell);
    else
      parts.push_back(&cell);
  }
  for (const syntax::Cell &model : file.models)
    if (request.wants(model.name.text)) {
      ModelBuilder modelBuilder(model, file, functions, request, reporter);
      modelBuilder.build(builder);
      if (symbols)
        symbols->push_back(modelBuilder.symbols());
    }
  if (!reporter.errorCount())
    checkPartSchedules(file, *module, reporter);
  for (const syntax::Cell *cell : parts)
    if (!reporter.errorCount() && !isApplied(*cell, file))
      build(*cell);
  return reporter.errorCount() ? nullptr : std::move(module);
}
