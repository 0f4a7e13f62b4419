//===- Mutate.cpp - changes of text, word by word -------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// libFuzzer changes bytes, which hardly ever gives a text that parses. This
// changes words: takes some out, repeats some elsewhere, puts one for another.
//
//===----------------------------------------------------------------------===//

#include "llvm/ADT/StringExtras.h"
#include <cstring>
#include <random>
#include <vector>

using llvm::StringRef;

extern "C" size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t maxSize);

/// What hurts where a number or a name is expected.
static constexpr StringRef sharp[] = {"0",
                                      "-1",
                                      "1",
                                      "2",
                                      "2147483647",
                                      "2147483648",
                                      "4294967296",
                                      "4611686018427387904",
                                      "9223372036854775807",
                                      "18446744073709551616",
                                      "1e999",
                                      "0x",
                                      ".",
                                      "\"\"",
                                      "\xcf\x83",
                                      "\xff"};

/// Names and numbers, single other characters, and what stands between them.
static std::vector<StringRef> wordsOf(StringRef text) {
  auto isLetter = [](char c) { return llvm::isAlnum(c) || c == '_'; };
  auto isBlank = [](char c) { return llvm::isSpace(c); };
  std::vector<StringRef> words;
  while (!text.empty()) {
    size_t length = 1;
    if (isLetter(text[0]))
      length = text.take_while(isLetter).size();
    else if (isBlank(text[0]))
      length = text.take_while(isBlank).size();
    words.push_back(text.take_front(length));
    text = text.drop_front(length);
  }
  return words;
}

extern "C" size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size,
                                          size_t maxSize, unsigned seed) {
  std::minstd_rand random(seed);
  auto below = [&](size_t bound) { return random() % bound; };
  std::vector<StringRef> words =
      wordsOf(StringRef(reinterpret_cast<char *>(data), size));
  // Bytes change, too, and what the dictionary holds comes in.
  if (words.empty() || below(3) == 0)
    return LLVMFuzzerMutate(data, size, maxSize);

  for (size_t changes = 1 + below(3); changes && !words.empty(); --changes) {
    size_t at = below(words.size());
    size_t few = 1 + below(std::min<size_t>(words.size() - at, 12));
    auto first = words.begin() + at;
    switch (below(5)) {
    case 0: // out
      words.erase(first, first + few);
      break;
    case 1: { // once more, elsewhere
      std::vector<StringRef> again(first, first + few);
      words.insert(words.begin() + below(words.size()), again.begin(),
                   again.end());
      break;
    }
    case 2: // another word of this text
    case 3:
      *first = words[below(words.size())];
      break;
    case 4:
      *first = sharp[below(std::size(sharp))];
      break;
    }
  }
  std::string text = llvm::join(words, "").substr(0, maxSize);
  std::memcpy(data, text.data(), text.size());
  return text.size();
}
