//===- Words.h - words and marks of a text ----------------------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SENTIMENT_WORDS_H
#define SENTIMENT_WORDS_H

#include <string>
#include <string_view>
#include <vector>

namespace sentiment {

/// The words of `text`, in lower case: runs of letters, digits and bytes beyond
/// ASCII, with an apostrophe between them ("don't"); each other character that
/// can be seen is a word of its own.
std::vector<std::string> wordsOf(std::string_view text);

} // namespace sentiment

#endif // SENTIMENT_WORDS_H
