//===- Options.cpp - the command line -------------------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Options.h"
#include <cmath>
#include <cstdio>
#include <cstdlib>

using namespace choose;

static const char help[] =
    R"(usage: choose [OPTIONS]

Trains an RNN, an LSTM and a GRU with equally many parameters on your data and
says which to take, and how sure that is. Without data, on a chaotic series.

  --csv FILE --target COLUMN    a series: what is the next value of the column?
  --inputs A,B,..     further columns of the file to read
  --texts FOLDER_A FOLDER_B     texts: from which of the two folders?
  --tokens KIND       words or bytes of the texts (words)
  --cells FILE.rnn:CELL,..      more cells to compare
  --steps N           steps that a cell reads before it answers (32)
  --examples N        examples to learn from, at most (2000)
  --parameters N      of each cell with its read-out (2000)
  --seeds N           how often to train each cell (5)
  --epochs N          passes over the examples, at most (30)
  --patience N        stop after N epochs that do not get better (6)
  --batch N           examples of an update (32)
  --rate R            learning rate of Adam (0.003)
  --threads N         threads that train (1)
  --html FILE         where the page goes (choose.html)
  --help              this text

Columns are told by name or number. With the same options except --threads,
qualities are the same; times are those of the machine.
)";

[[noreturn]] static void refuse(const std::string &message) {
  std::fprintf(stderr, "choose: %s\n", message.c_str());
  std::fputs("Try 'choose --help'.\n", stderr);
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
static std::vector<std::string> splitNames(const std::string &option,
                                           const std::string &list) {
  std::vector<std::string> names(1);
  for (char c : list)
    if (c == ',')
      names.emplace_back();
    else
      names.back() += c;
  for (size_t i = 0; i < names.size(); ++i) {
    if (names[i].empty())
      refuse(option + " has an empty name in '" + list + "'");
    for (size_t j = 0; j < i; ++j)
      if (names[i] == names[j])
        refuse(option + " names '" + names[i] + "' twice");
  }
  return names;
}

Options choose::parseOptions(int argc, char **argv) {
  Options options;
  Protocol &protocol = options.protocol;
  bool hasTokens = false;
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
    } else if (option == "--csv")
      options.csv = value();
    else if (option == "--target")
      options.target = value();
    else if (option == "--inputs")
      options.inputs = splitNames(option, value());
    else if (option == "--texts") {
      if (i + 2 >= argc)
        refuse("--texts needs two folders");
      for (std::string &folder : options.texts)
        folder = value();
    } else if (option == "--tokens") {
      hasTokens = true;
      std::string kind = value();
      if (kind != "words" && kind != "bytes")
        refuse("--tokens takes words or bytes, not '" + kind + "'");
      options.tokens = kind == "words" ? Tokens::Words : Tokens::Bytes;
    } else if (option == "--cells")
      options.cells = splitNames(option, value());
    else if (option == "--steps")
      options.steps = whole(2, 1e5);
    else if (option == "--examples")
      options.examples = whole(10, 1e8);
    else if (option == "--parameters")
      options.parameters = whole(50, 1e8);
    else if (option == "--seeds")
      options.seeds = whole(1, 1000);
    else if (option == "--epochs")
      protocol.epochs = whole(1, 1e6);
    else if (option == "--patience")
      protocol.patience = whole(1, 1e6);
    else if (option == "--batch")
      protocol.batch = whole(1, 1e6);
    else if (option == "--rate")
      protocol.rate = parseNumber(option, value(), 1e-9, 10, false);
    else if (option == "--threads")
      protocol.threads = int32_t(whole(1, 1024));
    else if (option == "--html")
      options.html = value();
    else if (!option.empty() && option[0] == '-')
      refuse("there is no option '" + option + "'");
    else
      refuse("'" + option + "' belongs to no option");
  }
  bool isText = !options.texts[0].empty();
  if (isText && !options.csv.empty())
    refuse("--csv and --texts are two tasks; one at a time");
  if (options.csv.empty() &&
      (!options.target.empty() || !options.inputs.empty()))
    refuse("--target and --inputs are for a file, --csv FILE");
  if (!options.csv.empty() && options.target.empty())
    refuse("--csv needs --target COLUMN");
  for (const std::string &name : options.inputs)
    if (name == options.target)
      refuse("--inputs names the target '" + name + "', which is read anyway");
  if (hasTokens && !isText)
    refuse("--tokens is for --texts");
  return options;
}
