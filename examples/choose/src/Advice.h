//===- Advice.h - what the numbers say --------------------------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef CHOOSE_ADVICE_H
#define CHOOSE_ADVICE_H

#include "Candidate.h"

namespace choose {

/// A choice, how sure it is, and the comparisons that it follows from.
struct Advice {
  std::string sentence, certainty;
  std::vector<std::string> reasons;
  std::string tested = {}; ///< what is chosen, in the test; or nothing
};

/// The rule, in words.
extern const char *const rule;

/// Follows the rule.
Advice advise(const Task &task, const std::vector<Candidate> &candidates);

} // namespace choose

#endif // CHOOSE_ADVICE_H
