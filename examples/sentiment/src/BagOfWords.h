//===- BagOfWords.h - a baseline that knows no order ------------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SENTIMENT_BAGOFWORDS_H
#define SENTIMENT_BAGOFWORDS_H

#include "Examples.h"

namespace sentiment {

/// Naive Bayes: learns from `training` how often each of `words` numbers stands
/// in texts of each label, and gives the part of `validation` that it labels
/// right. The order of words plays no part.
double bagOfWordsAccuracy(const Examples &training, const Examples &validation,
                          int64_t words);

} // namespace sentiment

#endif // SENTIMENT_BAGOFWORDS_H
