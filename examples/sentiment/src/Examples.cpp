//===- Examples.cpp - texts as the arrays that models take ----------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Examples.h"

using namespace sentiment;

void Examples::add(const std::string *begin, const std::string *end,
                   const Vocabulary &vocabulary, int label) {
  lengths.push_back(end - begin);
  labels.push_back(float(label));
  for (; begin != end; ++begin)
    tokens.push_back(vocabulary[*begin]);
  tokens.resize(lengths.size() * size_t(longestText));
}

const rnncc_train_data *Examples::data() {
  arrays[0] = {"tokens", tokens.data(), int64_t(tokens.size()), RNNCC_I32};
  arrays[1] = {"y", labels.data(), int64_t(labels.size()), RNNCC_F32};
  all = {};
  all.count = int64_t(lengths.size());
  all.steps = longestText;
  all.lengths = lengths.data();
  all.n_arrays = 2;
  all.arrays = arrays;
  return &all;
}

Examples sentiment::examplesOf(const std::vector<Text> &texts,
                               const Vocabulary &vocabulary) {
  Examples examples;
  for (const Text &text : texts)
    examples.add(text.words.data(), text.words.data() + text.words.size(),
                 vocabulary, text.label);
  return examples;
}
