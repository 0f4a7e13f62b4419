//===- Vocabulary.h - numbers for words -------------------------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SENTIMENT_VOCABULARY_H
#define SENTIMENT_VOCABULARY_H

#include <cstdint>
#include <string>
#include <unordered_map>
#include <vector>

namespace sentiment {

/// Words and their numbers, 1 for the most frequent; 0 stands for all words
/// that have none.
class Vocabulary {
public:
  /// The `size` - 1 most frequent words of `texts`.
  Vocabulary(const std::vector<const std::vector<std::string> *> &texts,
             int64_t size);

  /// Reads what `save` wrote, for a model that has `size` numbers. Throws
  /// std::runtime_error with file and line.
  Vocabulary(const std::string &path, int64_t size);

  /// Writes the words, a line each. Throws std::runtime_error.
  void save(const std::string &path) const;

  /// How many numbers are in use.
  int64_t size() const { return int64_t(words.size()) + 1; }

  bool operator==(const Vocabulary &other) const {
    return words == other.words;
  }

  /// The number of `word`.
  int32_t operator[](const std::string &word) const;

private:
  std::vector<std::string> words; ///< from number 1
  std::unordered_map<std::string, int32_t> numbers;
};

} // namespace sentiment

#endif // SENTIMENT_VOCABULARY_H
