//===- Options.cpp - the command line -------------------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Options.h"
#include <cmath>
#include <cstdio>
#include <cstdlib>

using namespace forecast;

static const char help[] =
    R"(usage: forecast [OPTIONS] [FILE.csv]

Trains a recurrent network to say the next row of a series, compares it with
what comes of saying that nothing changes, and lets it go on by itself. Without
a file, the series is a generated one.

  --columns A,B,..    columns of the file, by name or number (all)
  --series NAME       mackey-glass or lorenz, instead of a file (mackey-glass)
  --rows N            of the generated series (3000)
  --write FILE        only write the generated series to a CSV file
  --model NAME        rnn, lstm or gru (gru)
  --epochs N          passes over the rows to learn from (40)
  --window N          steps that gradients flow back over (50)
  --rate R            learning rate at the start; it falls to 0 (0.01)
  --ahead N           rows to forecast behind the end of the series (100)
  --out FILE          write forecasts to a CSV file
  --seed N            of all random numbers (1)
  --threads N         processors to use (1)
  --help              this text

With the same options except --threads, the results are the same. The number of
hidden units and the most columns are compiled in: cmake -DFORECAST_HIDDEN=64
-DFORECAST_COLUMNS=8.
)";

[[noreturn]] static void refuse(const std::string &message) {
  std::fprintf(stderr, "forecast: %s\n", message.c_str());
  std::fputs("Try 'forecast --help'.\n", stderr);
  std::exit(2);
}

/// The number that `text`, the value of `option`, spells.
static double parseNumber(const std::string &option, const std::string &text,
                          double low, double high, bool whole) {
  char *end;
  double value = std::strtod(text.c_str(), &end);
  bool good = *end == '\0' && value >= low && value <= high &&
              (!whole || value == std::floor(value));
  if (!good) {
    char range[80];
    std::snprintf(range, sizeof range, "a %snumber from %g to %g",
                  whole ? "whole " : "", low, high);
    refuse(option + " takes " + range + ", not '" + text + "'");
  }
  return value;
}

/// The names in `list`, which commas separate.
static std::vector<std::string> splitNames(const std::string &list) {
  std::vector<std::string> names(1);
  for (char c : list)
    if (c == ',')
      names.emplace_back();
    else
      names.back() += c;
  for (size_t i = 0; i < names.size(); ++i)
    for (size_t j = 0; j < i; ++j)
      if (names[i] == names[j])
        refuse("--columns names '" + names[i] + "' twice");
  return names;
}

/// Ends the program unless `value` is one of `known`.
static void checkName(const std::string &option, const std::string &value,
                      const std::vector<std::string> &known) {
  std::string all;
  for (const std::string &name : known) {
    if (value == name)
      return;
    all += (all.empty() ? "" : name == known.back() ? " or " : ", ") + name;
  }
  refuse(option + " takes " + all + ", not '" + value + "'");
}

Options forecast::parseOptions(int argc, char **argv) {
  Options options;
  Training &training = options.training;
  bool generated = false;
  for (int i = 1; i < argc; ++i) {
    std::string option = argv[i];
    auto value = [&]() -> std::string {
      if (i + 1 == argc || !*argv[i + 1])
        refuse(option + " needs a value");
      return argv[++i];
    };
    auto whole = [&](double low, double high) {
      return int64_t(parseNumber(option, value(), low, high, true));
    };
    if (option == "--help" || option == "-h") {
      std::fputs(help, stdout);
      std::exit(0);
    } else if (option == "--columns")
      options.columns = splitNames(value());
    else if (option == "--series") {
      generated = true;
      options.series = value();
      checkName(option, options.series, {"mackey-glass", "lorenz"});
    } else if (option == "--rows") {
      generated = true;
      options.rows = whole(1, 1e7);
    } else if (option == "--write") {
      generated = true;
      options.write = value();
    } else if (option == "--model") {
      options.model = value();
      checkName(option, options.model, {"rnn", "lstm", "gru"});
    } else if (option == "--epochs")
      training.epochs = whole(1, 1e6);
    else if (option == "--window")
      training.window = whole(1, 1e5);
    else if (option == "--rate")
      training.rate = parseNumber(option, value(), 1e-9, 1e9, false);
    else if (option == "--ahead")
      options.ahead = whole(1, 1e7);
    else if (option == "--out")
      options.out = value();
    else if (option == "--seed")
      training.seed = uint64_t(whole(0, 0x1p53));
    else if (option == "--threads")
      training.threads = int32_t(whole(1, 1024));
    else if (option.empty() || option[0] == '-')
      refuse("there is no option '" + option + "'");
    else if (!options.file.empty())
      refuse("one file at a time: '" + options.file + "' or '" + option + "'");
    else
      options.file = option;
  }
  if (generated && !options.file.empty())
    refuse("--series, --rows and --write are for a generated series, not for "
           "the file '" +
           options.file + "'");
  if (!options.columns.empty() && options.file.empty())
    refuse("--columns is for a file");
  return options;
}
