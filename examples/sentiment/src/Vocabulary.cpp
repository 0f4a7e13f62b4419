//===- Vocabulary.cpp - numbers for words ---------------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Vocabulary.h"
#include "Files.h"
#include "Words.h"
#include <algorithm>
#include <stdexcept>

using namespace sentiment;

Vocabulary::Vocabulary(
    const std::vector<const std::vector<std::string> *> &texts, int64_t size) {
  std::unordered_map<std::string, int64_t> counts;
  for (const std::vector<std::string> *text : texts)
    for (const std::string &word : *text)
      ++counts[word];
  std::vector<std::pair<int64_t, std::string>> ranked;
  for (const auto &[word, count] : counts)
    ranked.push_back({-count, word}); // of equals, the first by name
  std::sort(ranked.begin(), ranked.end());
  if (int64_t(ranked.size()) > size - 1)
    ranked.resize(size_t(size - 1));
  for (const auto &[count, word] : ranked) {
    words.push_back(word);
    numbers[word] = int32_t(words.size());
  }
}

Vocabulary::Vocabulary(const std::string &path, int64_t size) {
  for (const std::string &word : readLines(path)) {
    auto fail = [&](const std::string &what) {
      throw std::runtime_error(path + ":" + std::to_string(words.size() + 1) +
                               ": " + what);
    };
    if (wordsOf(word) != std::vector<std::string>{word})
      fail("'" + word + "' is not a word in lower case");
    if (int64_t(words.size()) == size - 1)
      fail("the model has numbers for " + std::to_string(size - 1) +
           " words only");
    if (!numbers.emplace(word, int32_t(words.size() + 1)).second)
      fail("'" + word + "' stands in line " + std::to_string(numbers[word]) +
           " already");
    words.push_back(word);
  }
  if (words.empty())
    throw std::runtime_error(path + ": has no words");
}

void Vocabulary::save(const std::string &path) const {
  writeLines(path, words);
}

int32_t Vocabulary::operator[](const std::string &word) const {
  auto found = numbers.find(word);
  return found == numbers.end() ? 0 : found->second;
}
