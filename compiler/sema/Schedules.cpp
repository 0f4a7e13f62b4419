//===- Schedules.cpp - schedules to rnn.schedule ops ----------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "compiler/sema/Schedules.h"
#include "compiler/sema/Sizes.h"
#include "dialect/Directives.h"
#include "llvm/ADT/StringExtras.h"
#include <map>

using namespace mlir;
using namespace rnn;

void rnn::checkSchedules(const syntax::File &file, Reporter &reporter) {
  std::map<std::pair<StringRef, StringRef>, Location> first;
  auto checkTwice = [&](const syntax::Schedule &schedule) {
    auto [entry, isNew] = first.try_emplace(
        {schedule.cell.text, schedule.target.text}, schedule.cell.loc);
    if (!isNew)
      (reporter.error(schedule.cell.loc)
       << "the schedule of '" << schedule.cell.text << "' on "
       << schedule.target.text << " is defined twice [defined-twice]")
          .note(entry->second, "it is defined here first");
  };
  for (const syntax::Schedule &schedule : file.schedules) {
    StringRef name = schedule.cell.text;
    if (name.contains('.')) {
      checkTwice(schedule);
      continue;
    }
    auto names = llvm::map_to_vector(
        file.cells, [](const syntax::Cell &cell) { return cell.name.text; });
    if (!llvm::is_contained(names, name)) {
      Report report = reporter.error(schedule.cell.loc);
      report << "there is no cell '" << name << "' to schedule [unknown-name]";
      auto model = llvm::find_if(file.models, [&](const syntax::Cell &model) {
        return model.name.text == name;
      });
      if (model != file.models.end())
        report.note(model->name.loc,
                    "a model has no schedule; give one to the cells that it "
                    "applies, or to a part that '--print-schedule' names");
      else
        report.suggest(schedule.cell.loc, name,
                       [&] { return SmallVector<StringRef>(names); });
      continue;
    }
    checkTwice(schedule);
  }
}

void rnn::checkPartSchedules(const syntax::File &file, ModuleOp module,
                             Reporter &reporter) {
  SmallVector<StringRef> models, parts;
  for (auto model : module.getOps<ModelOp>())
    models.push_back(model.getSymName());
  for (auto cell : module.getOps<CellOp>())
    if (cell.getPart())
      parts.push_back(cell.getSymName());
  for (const syntax::Schedule &schedule : file.schedules) {
    StringRef name = schedule.cell.text, model = name.split('.').first;
    // A cell that draws random numbers is made a model.
    auto isCalledSo = [&](const syntax::Cell &other) {
      return other.name.text == model;
    };
    const bool isOther = (llvm::any_of(file.models, isCalledSo) ||
                          llvm::any_of(file.cells, isCalledSo)) &&
                         !module.lookupSymbol(model);
    if (!name.contains('.') || isOther || llvm::is_contained(parts, name))
      continue;
    Report report = reporter.error(schedule.cell.loc);
    if (!llvm::is_contained(models, model)) {
      report << "there is no model '" << model
             << "' to schedule a part of [unknown-name]";
      report.suggest(schedule.cell.loc, model, [&] { return models; });
      continue;
    }
    report << "the model '" << model << "' has no part '" << name
           << "' to schedule [unknown-name]";
    report.suggest(schedule.cell.loc, name, [&] { return parts; });
  }
}

/// The size behind a clause, 0 if there is none, nothing after an error.
static std::optional<int64_t> numberOf(const syntax::ExprPtr &expr,
                                       Scope &scope) {
  if (!expr)
    return 0;
  std::optional<int64_t> value = scope.size(*expr);
  if (!value || !checkSize(*value, quoted(*expr), expr->loc, scope.reporter))
    return std::nullopt;
  return value;
}

static void addDirective(const syntax::Directive &directive, StringRef target,
                         Scope &scope, OpBuilder &builder) {
  const DirectiveRule *rule = directiveRule(directive.word.text);
  if (!rule) {
    auto words = llvm::map_to_vector(
        directiveRules(), [](const DirectiveRule &rule) { return rule.word; });
    Report report = scope.error(directive.word.loc);
    report << "'" << directive.word.text << "' is no directive of schedules "
           << "[unknown-directive]";
    if (!report.suggest(directive.word.loc, directive.word.text,
                        [&] { return words; }))
      report.note(directive.word.loc,
                  "there are '" + llvm::join(words, "', '") + "'");
    return;
  }
  SmallVector<DirectiveClause> clauses;
  SmallVector<StringRef> names;
  SmallVector<int64_t> values;
  IntegerAttr of;
  bool wrong = false, firstOf = true;
  for (const syntax::Clause &clause : directive.clauses) {
    clauses.push_back({clause.name.text, !!clause.value, !!clause.of});
    firstOf &= !clause.of || clauses.size() == 1;
    names.push_back(clause.name.text);
    auto value = numberOf(clause.value, scope),
         size = numberOf(clause.of, scope);
    wrong |= !value || !size;
    values.push_back(value.value_or(0));
    if (size && *size)
      of = builder.getI64IntegerAttr(*size);
  }
  if (!fitsDirective(*rule, clauses) || !firstOf) {
    Report report = scope.error(directive.word.loc);
    report << "'" << rule->word << "' does not have these clauses "
           << "[directive-form]";
    SmallVector<StringRef> forms;
    rule->form.split(forms, '|');
    for (StringRef &form : forms)
      form = form.trim();
    report.note(directive.word.loc,
                "write '" + rule->word.str() + " " +
                    llvm::join(forms, "' or '" + rule->word.str() + " ") +
                    (rule->form.contains(" N") || rule->form.contains("(N")
                         ? "', where N is a number"
                         : "'"));
    return;
  }
  if (!wrong)
    ScheduleOp::create(builder, directive.word.loc, rule->word,
                       builder.getStrArrayAttr(names), values, of, target);
}

void rnn::addSchedules(ArrayRef<syntax::Schedule> schedules, StringRef part,
                       Scope &scope, OpBuilder &builder) {
  auto isOfPart = [&](const syntax::Schedule &schedule) {
    return schedule.cell.text == part;
  };
  for (const syntax::Schedule &schedule : schedules) {
    const bool isOfCell =
        schedule.cell.text == scope.cell.name.text &&
        llvm::none_of(schedules, [&](auto &other) {
          return isOfPart(other) && other.target.text == schedule.target.text;
        });
    if (!isOfPart(schedule) && !isOfCell)
      continue;
    for (const syntax::Directive &directive : schedule.directives)
      addDirective(directive, schedule.target.text, scope, builder);
  }
}
