//===- Words.cpp - text as lines of words ---------------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "halide/Words.h"
#include <sstream>

using namespace rnn;

std::string Words::word(const char *what) {
  if (atEnd())
    fail(std::string("expected ") + what);
  return line.words[next++];
}

void Words::expect(const std::string &wanted) {
  std::string found = word(wanted.c_str());
  if (found != wanted)
    fail("expected '" + wanted + "', found '" + found + "'");
}

int Words::number(const char *what) {
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

int Words::numberAfter(const char *key) {
  expect(key);
  return number(key);
}

bool Words::takes(const char *wanted) {
  bool found = !atEnd() && line.words[next] == wanted;
  next += found;
  return found;
}

void Words::end() {
  if (!atEnd())
    fail("unexpected '" + line.words[next] + "'");
}

Level rnn::readLevel(Words &words) {
  Level level;
  level.cpu = words.word("a CPU level");
  std::string element = words.word("an element type");
  if (element != "f32" && element != "f64")
    words.fail("no element type '" + element + "'");
  level.element = Halide::Float(element == "f64" ? 64 : 32);
  level.lanes = words.numberAfter("lanes");
  return level;
}

int rnn::readLines(std::istream &text, const std::string &name,
                   const std::string &version,
                   const std::function<void(const Line &)> &read) {
  bool hasHeader = false;
  Line line;
  for (std::string content; std::getline(text, content);) {
    ++line.number;
    line.words.clear();
    std::istringstream stream(content.substr(0, content.find('#')));
    for (std::string word; stream >> word;)
      line.words.push_back(word);
    if (line.words.empty())
      continue;
    if (hasHeader) {
      read(line);
      continue;
    }
    Words words(line);
    words.expect(name);
    std::string found = words.word("a version");
    if (found != version)
      words.fail("the text is of version " + found +
                 ", this program reads version " + version);
    words.end();
    hasHeader = true;
  }
  if (!hasHeader)
    throw TextError(line.number, endsTooEarly);
  return line.number;
}
