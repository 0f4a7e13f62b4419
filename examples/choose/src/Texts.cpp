//===- Texts.cpp - two folders of texts as a task -------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Texts.h"
#include "Files.h"
#include <algorithm>
#include <cstddef>
#include <random>
#include <unordered_map>

using namespace choose;

using Random = std::mt19937_64;
using Words = std::vector<std::string>;

/// Different words that have a number of their own, and 0 for all others.
static constexpr size_t vocabularySize = 2000;
/// Elements of the vector that a token becomes.
static constexpr int64_t embedding = 16;

/// Fisher and Yates; std::shuffle may give another order with another library.
template <typename T>
static void shuffle(std::vector<T> &values, Random &random) {
  for (size_t i = values.size(); i > 1; --i)
    std::swap(values[i - 1], values[random() % i]);
}

static bool isWordByte(unsigned char byte) {
  return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') ||
         (byte >= '0' && byte <= '9') || byte >= 0x80;
}

/// Runs of letters and digits in lower case, and each other character that can
/// be seen; or all bytes.
static Words tokensOf(const std::string &text, Tokens tokens) {
  Words words;
  bool inWord = false;
  for (char c : text) {
    bool wordByte = tokens == Tokens::Words && isWordByte((unsigned char)c);
    if (wordByte && inWord)
      words.back() += c >= 'A' && c <= 'Z' ? char(c - 'A' + 'a') : c;
    else if (wordByte)
      words.emplace_back(1, c >= 'A' && c <= 'Z' ? char(c - 'A' + 'a') : c);
    else if (tokens == Tokens::Bytes || (c > ' ' && c < '\x7f'))
      words.emplace_back(1, c);
    inWord = wordByte;
  }
  return words;
}

/// Up to `most` runs of `steps` tokens from the files [begin, end). What is
/// left over at the end of a file counts only if the file has nothing else.
static std::vector<Words> take(const std::string *begin, const std::string *end,
                               Tokens tokens, size_t steps, size_t most,
                               Random &random) {
  std::vector<Words> taken;
  size_t perFile = std::max<size_t>(8, 2 * most / size_t(end - begin));
  for (; begin != end && taken.size() < most; ++begin) {
    Words all = tokensOf(readFile(*begin), tokens);
    std::vector<Words> runs;
    for (size_t at = 0; at + steps <= all.size(); at += steps)
      runs.emplace_back(all.begin() + std::ptrdiff_t(at),
                        all.begin() + std::ptrdiff_t(at + steps));
    if (runs.empty() && !all.empty())
      runs.push_back(all);
    shuffle(runs, random);
    runs.resize(std::min({runs.size(), perFile, most - taken.size()}));
    std::move(runs.begin(), runs.end(), std::back_inserter(taken));
  }
  return taken;
}

/// Runs of one folder.
struct Folder {
  std::vector<Words> training, validation, test;
};

static Folder readFolder(const std::string &path, Tokens tokens, size_t steps,
                         size_t most, Random &random) {
  std::vector<std::string> files = listFiles(path);
  if (files.size() < 3)
    fail(path, std::string("has ") +
                   (files.empty()       ? "no file"
                    : files.size() == 1 ? "one file"
                                        : "two files") +
                   "; three are needed, to learn from, to validate and to "
                   "test with");
  shuffle(files, random);
  const std::string *begin = files.data(), *end = begin + files.size();
  const size_t fifth = std::max<size_t>(1, files.size() / 5);
  const std::string *tested = begin + fifth, *validated = tested + fifth;
  Folder folder;
  folder.test = take(begin, tested, tokens, steps, most / 2, random);
  folder.validation = take(tested, validated, tokens, steps, most / 2, random);
  folder.training = take(validated, end, tokens, steps, most, random);
  for (const auto &[runs, what] :
       {std::pair(&folder.training, "learn from"),
        std::pair(&folder.validation, "validate with"),
        std::pair(&folder.test, "test with")})
    if (runs->empty())
      fail(path, std::string("the files to ") + what + " have no word");
  return folder;
}

/// Numbers from 1 for the most frequent tokens of `runs`.
static std::unordered_map<std::string, int32_t>
number(const std::vector<Words> &first, const std::vector<Words> &second) {
  std::unordered_map<std::string, int64_t> counts;
  for (const std::vector<Words> *runs : {&first, &second})
    for (const Words &run : *runs)
      for (const std::string &word : run)
        ++counts[word];
  std::vector<std::pair<int64_t, std::string>> ranked;
  for (const auto &[word, count] : counts)
    ranked.push_back({-count, word});
  std::sort(ranked.begin(), ranked.end());
  ranked.resize(std::min(ranked.size(), vocabularySize - 1));
  std::unordered_map<std::string, int32_t> numbers;
  for (const auto &[count, word] : ranked)
    numbers.emplace(word, int32_t(numbers.size() + 1));
  return numbers;
}

Task choose::textTask(const std::string &first, const std::string &second,
                      Tokens tokens, int64_t steps, int64_t most) {
  Random random(1);
  size_t each = size_t(std::max<int64_t>(2, most / 2));
  Folder folders[2] = {readFolder(first, tokens, size_t(steps), each, random),
                       readFolder(second, tokens, size_t(steps), each, random)};
  auto numbers = number(folders[0].training, folders[1].training);

  Task task;
  task.source = first + ", " + second;
  task.question = "Which of '" + first + "' and '" + second + "' up to " +
                  std::to_string(steps) +
                  (tokens == Tokens::Words ? " words" : " bytes") +
                  " are from.";
  task.isText = true;
  task.steps = steps;
  task.inputs = embedding;
  task.vocabulary = int64_t(numbers.size()) + 1;
  task.baseline = task.testBaseline = 0.5;
  task.baselineName = "guessing";
  auto add = [&](Examples &examples, const Words &run, int label) {
    for (int64_t t = 0; t < steps; ++t) {
      auto found = t < int64_t(run.size()) ? numbers.find(run[size_t(t)])
                                           : numbers.end();
      examples.tokens.push_back(found == numbers.end() ? 0 : found->second);
    }
    examples.lengths.push_back(int64_t(run.size()));
    examples.y.push_back(float(label));
  };
  // As many of each, so that an accuracy above a half says something.
  auto addAll = [&](Examples &examples, std::vector<Words> Folder::*part) {
    size_t count =
        std::min((folders[0].*part).size(), (folders[1].*part).size());
    for (size_t i = 0; i < count; ++i)
      for (int label : {0, 1})
        add(examples, (folders[label].*part)[i], label);
  };
  addAll(task.training, &Folder::training);
  addAll(task.validation, &Folder::validation);
  addAll(task.test, &Folder::test);
  return task;
}
