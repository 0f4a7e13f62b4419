//===- Text.h - a text as numbers -------------------------------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TEXTGEN_TEXT_H
#define TEXTGEN_TEXT_H

#include <cstdint>
#include <string>
#include <vector>

namespace textgen {

/// A text file as symbols 0 .. symbols()-1, one for each different byte.
class Text {
public:
  /// Reads `path`. Where the text has more than `maxSymbols` different bytes,
  /// the rarest share the last symbol. Throws std::runtime_error with a
  /// message for the user.
  Text(const std::string &path, int64_t maxSymbols);

  int64_t symbols() const { return int64_t(bytes.size()); }

  /// The byte that `symbol` stands for.
  char byteOf(int64_t symbol) const { return bytes[size_t(symbol)]; }

  /// The symbol of `byte`, or -1 if the text never has it.
  int64_t symbolOf(char byte) const { return symbolOfByte[uint8_t(byte)]; }

  /// What to train on, and the last twentieth of the text, kept apart to
  /// measure what was learnt.
  std::vector<int32_t> training, heldOut;

private:
  std::string bytes;
  int32_t symbolOfByte[256];
};

} // namespace textgen

#endif // TEXTGEN_TEXT_H
