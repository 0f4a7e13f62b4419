//===- Corpus.h - texts of two kinds, to learn from and to check with -*- C++
//-*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SENTIMENT_CORPUS_H
#define SENTIMENT_CORPUS_H

#include <cstdint>
#include <string>
#include <vector>

namespace sentiment {

/// How many words of a text a model reads: the last ones, as Keras's
/// pad_sequences keeps them.
constexpr int64_t longestText = 50;

/// A text whose kind is known.
struct Text {
  std::string place;              ///< file, or file:line
  std::string excerpt;            ///< how it begins, on one line
  std::vector<std::string> words; ///< at most longestText
  int label;                      ///< 0 or 1
};

/// Texts of two kinds. None of the files in `training` is in `validation`.
struct Corpus {
  std::string labels[2];
  std::vector<Text> training, validation;
};

/// How many texts to take at most, and which.
struct Choice {
  int64_t perLabel; ///< to learn from; a quarter of it to check with
  uint64_t seed;
};

// All of these throw std::runtime_error with a message for the user.

/// Reviews of films: the archive aclImdb, unpacked. Learns from its train/pos
/// and train/neg, checks with its test/pos and test/neg.
Corpus imdb(const std::string &folder, const Choice &choice);

/// Runs of lines from the files of two folders. A fifth of the files of each is
/// kept to check with.
Corpus folders(const std::string &first, const std::string &second,
               const Choice &choice);

/// The same from what a machine with a compiler has: C and C++ headers, and
/// modules of Python.
Corpus installedSources(const Choice &choice);

} // namespace sentiment

#endif // SENTIMENT_CORPUS_H
