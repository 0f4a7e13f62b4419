//===- Use.cpp - what trained models say of texts -------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Use.h"
#include "Words.h"
#include <algorithm>
#include <cstdio>
#include <numeric>
#include <stdexcept>

using namespace sentiment;

std::string sentiment::verdict(double probability,
                               const std::string (&labels)[2]) {
  bool second = probability > 0.5;
  char number[32];
  std::snprintf(number, sizeof number, " %.3f",
                second ? probability : 1 - probability);
  return labels[second] + number;
}

void sentiment::showSome(Learner &learner, const std::vector<Text> &texts,
                         const Vocabulary &vocabulary,
                         const std::string (&labels)[2]) {
  size_t count = std::min<size_t>(6, texts.size());
  std::vector<Text> some;
  for (size_t i = 0; i < count; ++i)
    some.push_back(texts[i * texts.size() / count]);
  Examples examples = examplesOf(some, vocabulary);
  std::vector<float> probabilities = learner.predict(examples);
  for (size_t i = 0; i < some.size(); ++i) {
    bool right = (probabilities[i] > 0.5f) == (some[i].label == 1);
    std::printf("  %s%s\n    %s: %s\n",
                verdict(double(probabilities[i]), labels).c_str(),
                right ? "" : " (wrong)", some[i].place.c_str(),
                some[i].excerpt.c_str());
  }
}

double sentiment::probability(Learner &learner, const std::string &place,
                              const std::string &text,
                              const Vocabulary &vocabulary) {
  std::vector<std::string> words = wordsOf(text);
  if (words.empty())
    throw std::runtime_error(place + ": has no words");
  Examples examples;
  const std::string *begin = words.data(), *end = begin + words.size();
  while (begin != end) {
    const std::string *next =
        begin + std::min<ptrdiff_t>(longestText, end - begin);
    examples.add(begin, next, vocabulary, 0);
    begin = next;
  }
  std::vector<float> each = learner.predict(examples);
  return std::accumulate(each.begin(), each.end(), 0.0) / double(each.size());
}
