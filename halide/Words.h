//===- Words.h - text as lines of words -------------------------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What all text has in common that rnncc writes for this program.
//
//===----------------------------------------------------------------------===//

#ifndef RNNCC_HALIDE_WORDS_H
#define RNNCC_HALIDE_WORDS_H

#include "halide/Kernel.h"
#include <functional>

namespace rnn {

inline constexpr const char *endsTooEarly = "the text ends too early";

/// Reads the words of one line.
class Words {
public:
  explicit Words(const Line &line) : line(line) {}

  bool atEnd() const { return next == line.words.size(); }
  std::string word(const char *what);
  void expect(const std::string &wanted);
  /// A number from 1 on.
  int number(const char *what);
  int numberAfter(const char *key);
  /// True if that word is next, which then is read.
  bool takes(const char *wanted);
  void end();
  [[noreturn]] void fail(const std::string &message) {
    throw TextError(line.number, message);
  }

private:
  const Line &line;
  size_t next = 0;
};

/// Reads `CPU f32 lanes N`.
Level readLevel(Words &words);

/// Reads lines without comments and empty ones. The first is `name version`;
/// gives the others to `read`, and the number of the last. Throws TextError.
int readLines(std::istream &text, const std::string &name,
              const std::string &version,
              const std::function<void(const Line &)> &read);

} // namespace rnn

#endif // RNNCC_HALIDE_WORDS_H
