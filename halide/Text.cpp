//===- Text.cpp - kernels as rnncc writes them ----------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
//   rnncc-kernels 2
//   level avx512 f32 lanes 16
//   kernel NAME product units 64 width 32 rows 12 terms 64 128
//   kernel NAME elementwise units 64
//     ...
//   end
//
//===----------------------------------------------------------------------===//

#include "halide/Kernel.h"
#include <sstream>

using namespace rnn;

static constexpr const char *version = "2";

namespace {
/// Reads the words of one line.
class Words {
public:
  explicit Words(const Line &line) : line(line) {}

  bool atEnd() const { return next == line.words.size(); }
  std::string word(const char *what) {
    if (atEnd())
      fail(std::string("expected ") + what);
    return line.words[next++];
  }
  void expect(const std::string &wanted) {
    std::string found = word(wanted.c_str());
    if (found != wanted)
      fail("expected '" + wanted + "', found '" + found + "'");
  }
  int number(const char *what) {
    std::string text = word(what);
    size_t used = 0;
    int value = 0;
    try {
      value = std::stoi(text, &used);
    } catch (const std::exception &) {
      used = 0;
    }
    if (used != text.size() || value < 1)
      fail(std::string("expected ") + what + ", found '" + text + "'");
    return value;
  }
  int numberAfter(const char *key) {
    expect(key);
    return number(key);
  }
  void end() {
    if (!atEnd())
      fail("unexpected '" + line.words[next] + "'");
  }
  [[noreturn]] void fail(const std::string &message) {
    throw TextError(line.number, message);
  }

private:
  const Line &line;
  size_t next = 0;
};
} // namespace

static Level readLevel(Words &words) {
  Level level;
  level.cpu = words.word("a CPU level");
  std::string element = words.word("an element type");
  if (element != "f32" && element != "f64")
    words.fail("no element type '" + element + "'");
  level.element = Halide::Float(element == "f64" ? 64 : 32);
  level.lanes = words.numberAfter("lanes");
  words.end();
  return level;
}

static Kernel readKernel(Words &words, int line, const Level &level) {
  Kernel kernel;
  kernel.line = line;
  kernel.level = level;
  if (!level.lanes)
    words.fail("a kernel before the first 'level'");
  kernel.name = words.word("a name");
  std::string kind = words.word("a kind of kernel");
  kernel.units = words.numberAfter("units");
  if (kind == "elementwise") {
    kernel.kind = Kernel::Elementwise;
    if (!words.atEnd()) {
      words.expect("narrow");
      kernel.narrow = true;
    }
    words.end();
    return kernel;
  }
  if (kind == "product")
    kernel.kind = Kernel::Product;
  else if (kind == "product-inputs")
    kernel.kind = Kernel::ProductInputs;
  else if (kind == "product-weights")
    kernel.kind = Kernel::ProductWeights;
  else
    words.fail("no kind of kernel '" + kind + "'");
  kernel.width = words.numberAfter("width");
  kernel.rows = words.numberAfter("rows");
  std::string next = words.word("'terms'");
  if (next == "unroll") {
    kernel.unroll = words.number("steps");
    next = words.word("'terms'");
  }
  if (next == "rows-outside") {
    kernel.rowsOutside = true;
    next = words.word("'terms'");
  }
  if (next != "terms")
    words.fail("expected 'terms', found '" + next + "'");
  do
    kernel.depths.push_back(words.number("a depth"));
  while (!words.atEnd());
  if (kernel.width % level.lanes)
    words.fail("a panel is no whole number of vectors");
  return kernel;
}

std::vector<Kernel> rnn::readKernels(std::istream &text) {
  std::vector<Kernel> kernels;
  Level level;
  bool hasHeader = false, inBody = false;
  Line line;
  for (std::string content; std::getline(text, content);) {
    ++line.number;
    line.words.clear();
    std::istringstream stream(content.substr(0, content.find('#')));
    for (std::string word; stream >> word;)
      line.words.push_back(word);
    if (line.words.empty())
      continue;
    Words words(line);
    if (!hasHeader) {
      words.expect("rnncc-kernels");
      std::string found = words.word("a version");
      if (found != version)
        words.fail("the text is of version " + found +
                   ", this program reads version " + version);
      words.end();
      hasHeader = true;
    } else if (inBody) {
      if (line.words.front() == "end" && line.words.size() == 1)
        inBody = false;
      else
        kernels.back().body.push_back(line);
    } else {
      std::string first = words.word("a word");
      if (first == "level") {
        level = readLevel(words);
      } else if (first == "kernel") {
        kernels.push_back(readKernel(words, line.number, level));
        inBody = kernels.back().kind == Kernel::Elementwise;
      } else {
        words.fail("expected 'level' or 'kernel', found '" + first + "'");
      }
    }
  }
  if (!hasHeader || inBody)
    throw TextError(line.number, "the text ends too early");
  return kernels;
}
