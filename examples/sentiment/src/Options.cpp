//===- Options.cpp - the command line -------------------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Options.h"
#include <cerrno>
#include <cstdio>
#include <cstdlib>

using namespace sentiment;

static const char help[] =
    R"(usage: sentiment [OPTIONS]
       sentiment --load FOLDER [FILE..]

Trains three recurrent networks to tell texts of two kinds apart, compares them
and shows what they say of texts that they have not seen. Without --imdb or
--texts, the texts are lines of C headers and of Python modules of this system.

  --imdb FOLDER       reviews of films: the archive aclImdb, unpacked
  --texts A B         lines of the files in folder A against those in folder B
  --model NAME        rnn, lstm, gru or all, one after the other (all)
  --epochs N          passes over the texts to learn from (4)
  --examples N        texts of each kind to learn from, at most (4000; with
                      --imdb all); a quarter as many to check with
  --save FOLDER       write words, weights and checkpoints to it
  --resume            with --save: go on from the checkpoints that are there
  --load FOLDER       do not train: say of each FILE, or of what comes in
                      through standard input, which kind it is
  --seed N            of all random numbers (1)
  --threads N         processors to use (1)
  --help              this text

With the same options except --threads, the results are the same.
)";

[[noreturn]] static void refuse(const std::string &message) {
  std::fprintf(stderr, "sentiment: %s\n", message.c_str());
  std::fputs("Try 'sentiment --help'.\n", stderr);
  std::exit(2);
}

/// The whole number that `text`, the value of `option`, spells.
static int64_t parseNumber(const std::string &option, const char *text,
                           int64_t low, int64_t high) {
  char *end;
  errno = 0;
  long long value = std::strtoll(text, &end, 10);
  if (end == text || *end != '\0' || errno || value < low || value > high)
    refuse(option + " takes a whole number from " + std::to_string(low) +
           " to " + std::to_string(high) + ", not '" + text + "'");
  return value;
}

/// Ends the program if options do not go together.
static void checkTogether(const Options &options) {
  if (!options.imdb.empty() && !options.texts.empty())
    refuse("--imdb or --texts, not both");
  if (options.resume && options.save.empty())
    refuse("--resume needs --save FOLDER, where the checkpoints are");
  if (options.load.empty() && !options.files.empty())
    refuse("to classify '" + options.files[0] + "', name with --load FOLDER " +
           "what was learnt");
  if (!options.load.empty() &&
      (!options.imdb.empty() || !options.save.empty() ||
       !options.texts.empty()))
    refuse("--load only uses what was learnt: without --imdb, --texts, --save");
}

Options sentiment::parseOptions(int argc, char **argv) {
  Options options;
  for (int i = 1; i < argc; ++i) {
    std::string option = argv[i];
    auto value = [&]() -> std::string {
      if (i + 1 == argc || !*argv[i + 1])
        refuse(option + " needs a value");
      return argv[++i];
    };
    auto whole = [&](int64_t low, int64_t high) {
      return parseNumber(option, value().c_str(), low, high);
    };
    if (option == "--help" || option == "-h") {
      std::fputs(help, stdout);
      std::exit(0);
    } else if (option == "--imdb")
      options.imdb = value();
    else if (option == "--texts") {
      options.texts = {value()};
      options.texts.push_back(value());
    } else if (option == "--model") {
      options.model = value();
      if (options.model != "rnn" && options.model != "lstm" &&
          options.model != "gru" && options.model != "all")
        refuse("--model takes rnn, lstm, gru or all, not '" + options.model +
               "'");
    } else if (option == "--epochs")
      options.epochs = whole(1, 1000000);
    else if (option == "--examples")
      options.examples = whole(1, 10000000);
    else if (option == "--save")
      options.save = value();
    else if (option == "--resume")
      options.resume = true;
    else if (option == "--load")
      options.load = value();
    else if (option == "--seed")
      options.seed = uint64_t(whole(0, int64_t(1) << 53));
    else if (option == "--threads")
      options.threads = int32_t(whole(1, 1024));
    else if (option.empty() || option[0] == '-')
      refuse("there is no option '" + option + "'");
    else
      options.files.push_back(option);
  }
  checkTogether(options);
  return options;
}
