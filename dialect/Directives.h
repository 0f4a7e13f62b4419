//===- Directives.h - the words of schedules --------------------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Which directives a schedule can have, and which clauses each takes. The front
// end and the verifier of rnn.schedule read the same table.
//
//===----------------------------------------------------------------------===//

#ifndef RNNCC_DIALECT_DIRECTIVES_H
#define RNNCC_DIALECT_DIRECTIVES_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"
#include <optional>

namespace rnn {

/// A clause as it is written: `units 32 of 128`.
struct DirectiveClause {
  llvm::StringRef name;
  bool hasValue = false, hasOf = false;
};

/// A directive as the language names it.
struct DirectiveRule {
  llvm::StringRef word;
  llvm::StringRef form; ///< how it is written, for errors and help
  llvm::StringRef help;
};

llvm::ArrayRef<DirectiveRule> directiveRules();

/// The directive of that name, or null.
const DirectiveRule *directiveRule(llvm::StringRef word);

/// True if a directive can have these clauses.
bool fitsDirective(const DirectiveRule &rule,
                   llvm::ArrayRef<DirectiveClause> clauses);

} // namespace rnn

#endif // RNNCC_DIALECT_DIRECTIVES_H
