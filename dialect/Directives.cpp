//===- Directives.cpp - the words of schedules ----------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A form is its own grammar: clauses are separated by commas, `N` is a number,
// what stands in parentheses may be left out, `|` separates alternatives and
// `NAME ..` stands for any names.
//
//===----------------------------------------------------------------------===//

#include "dialect/Directives.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/SmallVector.h"

using namespace rnn;
using llvm::ArrayRef;
using llvm::SmallVector;
using llvm::StringRef;

ArrayRef<DirectiveRule> rnn::directiveRules() {
  static const DirectiveRule rules[] = {
      {"hoist", "NAME ..",
       "products of these inputs run for all steps at once, before the loop; "
       "'none' for none"},
      {"tile", "units N (of N), batch N",
       "register tile of products: units wide, batch rows high"},
      {"vectorize", "units N", "units in a vector"},
      {"reorder", "batch, units|units, batch",
       "order of the loops over tiles, the inner one first"},
      {"unroll", "k N|auto", "steps of a product's sum in a turn of its loop"},
      {"multiply", "f32|bf16x3",
       "products over all steps take f32 as it is, or in three parts of bf16"},
      {"parallel", "units (N)|none|auto",
       "units are shared out among the threads of a team"},
      {"compute_at", "panel|stage",
       "elementwise work follows each panel of products, or all of them"},
      {"prefetch", "next_panel|none|auto", "weights are fetched a panel ahead"},
      {"save", "gates", "backward reads what forward kept"},
      {"recompute", "gates", "backward computes again what it needs"},
  };
  return rules;
}

const DirectiveRule *rnn::directiveRule(StringRef word) {
  auto rules = directiveRules();
  auto rule = llvm::find_if(
      rules, [&](const DirectiveRule &rule) { return rule.word == word; });
  return rule == rules.end() ? nullptr : rule;
}

/// One clause against `units N (of N)`, `units (N)` or `panel`.
static bool fitsClause(StringRef form, const DirectiveClause &clause) {
  auto [name, rest] = form.trim().split(' ');
  if (name == "NAME")
    return !clause.hasValue && !clause.hasOf;
  bool mustHave = rest.starts_with("N"), mayHave = rest.contains("N");
  return name == clause.name && (clause.hasValue || !mustHave) &&
         (!clause.hasValue || mayHave) &&
         (!clause.hasOf || rest.contains("of"));
}

bool rnn::fitsDirective(const DirectiveRule &rule,
                        ArrayRef<DirectiveClause> clauses) {
  SmallVector<StringRef> alternatives;
  rule.form.split(alternatives, '|');
  return llvm::any_of(alternatives, [&](StringRef alternative) {
    SmallVector<StringRef> forms;
    alternative.split(forms, ',');
    if (alternative.ends_with(".."))
      forms.resize(clauses.size(), alternative);
    return !clauses.empty() && forms.size() == clauses.size() &&
           llvm::all_of(llvm::zip(forms, clauses), [](auto pair) {
             return fitsClause(std::get<0>(pair), std::get<1>(pair));
           });
  });
}
