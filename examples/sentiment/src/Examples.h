//===- Examples.h - texts as the arrays that models take --------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SENTIMENT_EXAMPLES_H
#define SENTIMENT_EXAMPLES_H

#include "Corpus.h"
#include "Vocabulary.h"
#include "rnncc/train.h"

namespace sentiment {

/// Texts as numbers, and their labels.
struct Examples {
  std::vector<int32_t> tokens;  ///< [count, longestText]
  std::vector<int64_t> lengths; ///< [count]
  std::vector<float> labels;    ///< [count, 1]

  /// Adds the words [begin, end), at most longestText.
  void add(const std::string *begin, const std::string *end,
           const Vocabulary &vocabulary, int label);

  /// These examples as the training library takes them: valid while this
  /// object is as it is.
  const rnncc_train_data *data();

private:
  rnncc_train_array arrays[2];
  rnncc_train_data all;
};

/// All of `texts`, in their order.
Examples examplesOf(const std::vector<Text> &texts,
                    const Vocabulary &vocabulary);

} // namespace sentiment

#endif // SENTIMENT_EXAMPLES_H
