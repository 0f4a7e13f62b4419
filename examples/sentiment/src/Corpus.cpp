//===- Corpus.cpp - texts of two kinds, to learn from and to check with ---===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Corpus.h"
#include "Files.h"
#include "Words.h"
#include <algorithm>
#include <filesystem>
#include <random>
#include <sstream>
#include <stdexcept>
#include <unordered_set>

using namespace sentiment;

using Random = std::mt19937_64;

/// Fisher and Yates; std::shuffle may give another order with another library.
template <typename T>
static void shuffle(std::vector<T> &values, Random &random) {
  for (size_t i = values.size(); i > 1; --i)
    std::swap(values[i - 1], values[random() % i]);
}

/// The first bytes of `text`, with one space for any run of white space.
static std::string excerptOf(const std::string &text) {
  std::istringstream stream(text);
  std::string excerpt;
  for (std::string part; excerpt.size() < 60 && stream >> part;)
    excerpt += (excerpt.empty() ? "" : " ") + part;
  return excerpt.substr(0, 60);
}

static Text makeText(const std::string &place, const std::string &text,
                     std::vector<std::string> words, int label) {
  if (int64_t(words.size()) > longestText)
    words.erase(words.begin(), words.end() - longestText);
  return {place, excerptOf(text), std::move(words), label};
}

/// A file cut into runs of lines that have longestText words or a few more.
/// What is left over at the end is not among them.
static std::vector<Text> cut(const std::string &file, int label) {
  std::vector<Text> texts;
  std::string text;
  std::vector<std::string> words;
  size_t number = 0, first = 1;
  for (const std::string &line : readLines(file)) {
    ++number;
    if (text.empty())
      first = number;
    text += line + '\n';
    std::vector<std::string> more = wordsOf(line);
    words.insert(words.end(), more.begin(), more.end());
    if (int64_t(words.size()) < longestText)
      continue;
    texts.push_back(makeText(file + ":" + std::to_string(first), text,
                             std::move(words), label));
    text.clear();
    words.clear();
  }
  return texts;
}

/// Licences and the like stand in many files: each run of words counts once.
using Seen = std::unordered_set<std::string>;

static bool isNew(const Text &text, Seen &seen) {
  std::string all;
  for (const std::string &word : text.words)
    all += word + ' ';
  return seen.insert(all).second;
}

/// Up to `most` texts of the files [begin, end), a few of each.
static std::vector<Text> take(const std::string *begin, const std::string *end,
                              int label, size_t most, Seen &seen,
                              Random &random) {
  std::vector<Text> taken;
  size_t perFile = std::max<size_t>(8, 2 * most / size_t(end - begin));
  for (; begin != end && taken.size() < most; ++begin) {
    std::vector<Text> texts = cut(*begin, label);
    shuffle(texts, random);
    size_t ofFile = 0;
    for (Text &text : texts)
      if (ofFile < perFile && taken.size() < most && isNew(text, seen)) {
        taken.push_back(std::move(text));
        ++ofFile;
      }
  }
  return taken;
}

/// Texts of one kind.
struct Kind {
  std::vector<Text> learning, checking;
};

/// Texts of `files`, which come from `source`. A fifth of the files is kept to
/// check with.
static Kind kindOf(int label, const std::string &source,
                   std::vector<std::string> files, const Choice &choice) {
  if (files.size() < 2)
    throw std::runtime_error(
        source + ": has " + (files.empty() ? "no file" : "one file") +
        "; two are needed, one to learn from and another to check with");
  Random random(choice.seed + uint64_t(label));
  shuffle(files, random);
  const std::string *begin = files.data(), *end = begin + files.size();
  const std::string *middle = begin + std::max<size_t>(1, files.size() / 5);
  Seen seen;
  size_t most = size_t(choice.perLabel);
  Kind kind;
  kind.checking = take(begin, middle, label, (most + 3) / 4, seen, random);
  kind.learning = take(middle, end, label, most, seen, random);
  for (const auto *texts : {&kind.checking, &kind.learning})
    if (texts->empty())
      throw std::runtime_error(
          source + ": the files to " +
          (texts == &kind.checking ? "check with" : "learn from") +
          " have no run of lines with " + std::to_string(longestText) +
          " words");
  return kind;
}

/// As many texts of each kind, so that an accuracy above a half says something.
static std::vector<Text> balanced(std::vector<Text> first,
                                  std::vector<Text> second) {
  size_t size = std::min(first.size(), second.size());
  first.erase(first.begin() + ptrdiff_t(size), first.end());
  std::move(second.begin(), second.begin() + ptrdiff_t(size),
            std::back_inserter(first));
  return first;
}

static Corpus join(const std::string &firstLabel, Kind first,
                   const std::string &secondLabel, Kind second) {
  return {{firstLabel, secondLabel},
          balanced(std::move(first.learning), std::move(second.learning)),
          balanced(std::move(first.checking), std::move(second.checking))};
}

static std::string lastPart(const std::string &folder) {
  return std::filesystem::absolute(folder + "/").parent_path().filename();
}

Corpus sentiment::folders(const std::string &first, const std::string &second,
                          const Choice &choice) {
  return join(lastPart(first), kindOf(0, first, listFiles(first), choice),
              lastPart(second), kindOf(1, second, listFiles(second), choice));
}

/// The modules of each Python 3 that is installed.
static std::vector<std::string> pythonModules() {
  std::vector<std::string> modules;
  for (const auto &entry : std::filesystem::directory_iterator("/usr/lib"))
    if (entry.path().filename().string().rfind("python3", 0) == 0)
      for (std::string &file : listFiles(entry.path(), ".py"))
        modules.push_back(std::move(file));
  std::sort(modules.begin(), modules.end());
  return modules;
}

Corpus sentiment::installedSources(const Choice &choice) {
  return join(
      "C",
      kindOf(0, "/usr/include (*.h)", listFiles("/usr/include", ".h"), choice),
      "Python", kindOf(1, "/usr/lib/python3* (*.py)", pythonModules(), choice));
}

Corpus sentiment::imdb(const std::string &folder, const Choice &choice) {
  Corpus corpus{{"negative", "positive"}, {}, {}};
  Random random(choice.seed);
  for (const char *part : {"train", "test"})
    for (int label : {0, 1}) {
      bool learning = part == std::string("train");
      std::string place = folder + "/" + part + (label ? "/pos" : "/neg");
      if (!std::filesystem::is_directory(place))
        throw std::runtime_error(place +
                                 ": is no folder; aclImdb, unpacked, has "
                                 "train and test, with pos and neg in each");
      std::vector<std::string> files = listFiles(place, ".txt");
      shuffle(files, random);
      size_t most = size_t(learning ? choice.perLabel : choice.perLabel / 4);
      if (files.size() > most)
        files.resize(std::max<size_t>(1, most));
      auto &texts = learning ? corpus.training : corpus.validation;
      size_t before = texts.size();
      for (const std::string &file : files) {
        std::string text = readFile(file);
        if (auto words = wordsOf(text); !words.empty())
          texts.push_back(makeText(file, text, std::move(words), label));
      }
      if (texts.size() == before)
        throw std::runtime_error(place + ": has no reviews (*.txt)");
    }
  return corpus;
}
