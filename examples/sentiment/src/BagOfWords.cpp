//===- BagOfWords.cpp - a baseline that knows no order --------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "BagOfWords.h"
#include <cmath>

using namespace sentiment;

double sentiment::bagOfWordsAccuracy(const Examples &training,
                                     const Examples &validation,
                                     int64_t words) {
  // One more of each than was seen, so that no word rules a label out.
  std::vector<double> counts[2];
  double texts[2] = {0, 0}, sums[2] = {double(words), double(words)};
  for (auto &count : counts)
    count.assign(size_t(words), 1);
  for (size_t i = 0; i < training.lengths.size(); ++i) {
    int label = training.labels[i] > 0.5f;
    ++texts[label];
    sums[label] += double(training.lengths[i]);
    for (int64_t t = 0; t < training.lengths[i]; ++t)
      ++counts[label]
              [size_t(training.tokens[i * size_t(longestText) + size_t(t)])];
  }

  int64_t right = 0;
  for (size_t i = 0; i < validation.lengths.size(); ++i) {
    double odds = std::log(texts[1] / texts[0]);
    for (int64_t t = 0; t < validation.lengths[i]; ++t) {
      auto word =
          size_t(validation.tokens[i * size_t(longestText) + size_t(t)]);
      odds += std::log(counts[1][word] / sums[1]) -
              std::log(counts[0][word] / sums[0]);
    }
    right += (odds > 0) == (validation.labels[i] > 0.5f);
  }
  return double(right) / double(validation.lengths.size());
}
