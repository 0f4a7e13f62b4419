//===- Use.h - what trained models say of texts -----------------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SENTIMENT_USE_H
#define SENTIMENT_USE_H

#include "Learner.h"

namespace sentiment {

/// Prints what `learner` says of six texts that it has not learnt from, spread
/// over all of `texts`.
void showSome(Learner &learner, const std::vector<Text> &texts,
              const Vocabulary &vocabulary, const std::string (&labels)[2]);

/// How probably a text of any length has label 1: the mean over its runs of
/// longestText words. Throws std::runtime_error, naming `place`, if it has no
/// words.
double probability(Learner &learner, const std::string &place,
                   const std::string &text, const Vocabulary &vocabulary);

/// "Python 0.987": the label that is more probable, and how probable it is.
std::string verdict(double probability, const std::string (&labels)[2]);

} // namespace sentiment

#endif // SENTIMENT_USE_H
