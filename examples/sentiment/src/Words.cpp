//===- Words.cpp - words and marks of a text ------------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Words.h"

using namespace sentiment;

static bool isWordByte(unsigned char byte) {
  return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') ||
         (byte >= '0' && byte <= '9') || byte >= 0x80;
}

std::vector<std::string> sentiment::wordsOf(std::string_view text) {
  std::vector<std::string> words;
  for (size_t at = 0; at < text.size();) {
    if (!isWordByte(text[at])) {
      if (text[at] > ' ' && text[at] < '\x7f')
        words.push_back(std::string(1, text[at]));
      ++at;
      continue;
    }
    std::string word;
    for (; at < text.size(); ++at) {
      bool apostrophe =
          text[at] == '\'' && at + 1 < text.size() && isWordByte(text[at + 1]);
      if (!isWordByte(text[at]) && !apostrophe)
        break;
      bool upper = text[at] >= 'A' && text[at] <= 'Z';
      word += upper ? char(text[at] - 'A' + 'a') : text[at];
    }
    words.push_back(word);
  }
  return words;
}
