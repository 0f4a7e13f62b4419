//===- sentiment.cpp - three recurrent networks tell texts apart ----------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "sentiment.h"
#include "BagOfWords.h"
#include "Files.h"
#include "Learner.h"
#include "Options.h"
#include "Use.h"
#include <cstdio>
#include <exception>
#include <filesystem>
#include <iostream>
#include <iterator>
#include <stdexcept>

using namespace sentiment;

/// The models that rnncc compiled from sentiment.rnn.
static const struct {
  const char *option;
  const rnncc_descriptor *model;
} models[] = {
    {"rnn", &sentiment_rnn_model},
    {"lstm", &sentiment_lstm_model},
    {"gru", &sentiment_gru_model},
};

/// Numbers for words that all models have.
constexpr int64_t numbers = SENTIMENT_LSTM_V;

/// One line of the table at the end.
struct Outcome {
  const char *name;
  int64_t parameters;
  double seconds, accuracy;
};

/// The files of a folder that --save writes and --load reads.
static std::string wordsFile(const std::string &folder) {
  return folder + "/words.txt";
}
static std::string labelsFile(const std::string &folder) {
  return folder + "/labels.txt";
}
static std::string weightsFile(const std::string &folder, const char *model) {
  return folder + "/" + model + ".safetensors";
}

static Corpus corpusFor(const Options &options) {
  int64_t standard = options.imdb.empty() ? 4000 : 1000000;
  Choice choice{options.examples ? options.examples : standard, options.seed};
  if (!options.imdb.empty())
    return imdb(options.imdb, choice);
  if (!options.texts.empty())
    return folders(options.texts[0], options.texts[1], choice);
  return installedSources(choice);
}

static Vocabulary vocabularyOf(const std::vector<Text> &texts) {
  std::vector<const std::vector<std::string> *> words;
  for (const Text &text : texts)
    words.push_back(&text.words);
  return Vocabulary(words, numbers);
}

static Training trainingFor(const Options &options) {
  Training training;
  training.epochs = options.epochs;
  training.seed = options.seed;
  training.resume = options.resume;
  training.threads = options.threads;
  return training;
}

static void printTable(const std::vector<Outcome> &outcomes) {
  std::printf("\n%-14s %10s %8s %9s\n", "model", "parameters", "seconds",
              "accuracy");
  for (const Outcome &outcome : outcomes)
    std::printf("%-14s %10lld %8.1f %8.2f%%\n", outcome.name,
                static_cast<long long>(outcome.parameters), outcome.seconds,
                100 * outcome.accuracy);
}

/// Makes the folder for what is learnt, with words and labels. Those that the
/// checkpoints to go on from belong to are not replaced by others.
static void prepareFolder(const Options &options, const Vocabulary &vocabulary,
                          const std::string (&labels)[2]) {
  const std::string &folder = options.save;
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  if (error)
    throw std::runtime_error(folder + ": " + error.message());
  if (options.resume && std::filesystem::exists(wordsFile(folder)) &&
      !(Vocabulary(wordsFile(folder), numbers) == vocabulary))
    throw std::runtime_error(wordsFile(folder) +
                             ": has the words of other texts; --resume goes on "
                             "with the texts that training began with");
  vocabulary.save(wordsFile(folder));
  writeLines(labelsFile(folder), {labels[0], labels[1]});
}

/// Trains, compares, shows.
static void learn(const Options &options) {
  Corpus corpus = corpusFor(options);
  Vocabulary vocabulary = vocabularyOf(corpus.training);
  Examples training = examplesOf(corpus.training, vocabulary);
  Examples validation = examplesOf(corpus.validation, vocabulary);
  Training how = trainingFor(options);
  std::printf("%s or %s? %zu texts to learn from, %zu of other files to check "
              "with, %lld words; threads: %d\n",
              corpus.labels[0].c_str(), corpus.labels[1].c_str(),
              corpus.training.size(), corpus.validation.size(),
              static_cast<long long>(vocabulary.size() - 1), how.threads);
  if (!options.save.empty())
    prepareFolder(options, vocabulary, corpus.labels);

  std::vector<Outcome> outcomes = {
      {"bag of words", 2 * numbers, 0,
       bagOfWordsAccuracy(training, validation, numbers)}};
  std::unique_ptr<Learner> best;
  double highest = -1;
  for (const auto &entry : models) {
    if (options.model != "all" && options.model != entry.option)
      continue;
    std::printf("\n%s\n", entry.model->name);
    if (!options.save.empty())
      how.checkpoint = options.save + "/" + entry.option + ".checkpoint";
    auto learner = std::make_unique<Learner>(*entry.model, how);
    learner->fit(training, validation);
    double accuracy = learner->accuracy(validation);
    outcomes.push_back({entry.model->name, learner->parameters(),
                        learner->seconds(), accuracy});
    if (!options.save.empty())
      learner->save(weightsFile(options.save, entry.option));
    if (accuracy > highest) {
      highest = accuracy;
      best = std::move(learner);
    }
  }
  printTable(outcomes);
  std::printf("\nSome that were not learnt:\n");
  showSome(*best, corpus.validation, vocabulary, corpus.labels);
}

/// Says of texts what saved models think.
static void use(const Options &options) {
  std::vector<std::string> lines = readLines(labelsFile(options.load));
  if (lines.size() != 2)
    throw std::runtime_error(labelsFile(options.load) + ": has " +
                             std::to_string(lines.size()) +
                             " lines; 2 are needed, a label each");
  std::string labels[2] = {lines[0], lines[1]};
  Vocabulary vocabulary(wordsFile(options.load), numbers);

  // Which models there are is what the folder has, unless one is named.
  std::vector<std::unique_ptr<Learner>> learners;
  std::vector<const char *> names;
  for (const auto &entry : models) {
    std::string file = weightsFile(options.load, entry.option);
    if (options.model == "all" ? !std::filesystem::exists(file)
                               : options.model != entry.option)
      continue;
    learners.push_back(
        std::make_unique<Learner>(*entry.model, trainingFor(options)));
    learners.back()->load(file);
    names.push_back(entry.model->name);
  }
  if (learners.empty())
    throw std::runtime_error(options.load + ": has no weights; --save " +
                             options.load + " writes some");

  auto classify = [&](const std::string &place, const std::string &text) {
    for (size_t i = 0; i < learners.size(); ++i) {
      double second = probability(*learners[i], place, text, vocabulary);
      std::printf("%s: %s (%s)\n", place.c_str(),
                  verdict(second, labels).c_str(), names[i]);
    }
  };
  for (const std::string &file : options.files)
    classify(file, readFile(file));
  if (options.files.empty())
    classify("standard input",
             std::string(std::istreambuf_iterator<char>(std::cin), {}));
}

int main(int argc, char **argv) {
  Options options = parseOptions(argc, argv);
  try {
    options.load.empty() ? learn(options) : use(options);
  } catch (const std::exception &error) {
    std::fflush(stdout);
    std::fprintf(stderr, "sentiment: %s\n", error.what());
    return 1;
  }
  return 0;
}
