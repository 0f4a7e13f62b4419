//===- Options.cpp - the command line -------------------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Options.h"
#include <cmath>
#include <cstdio>
#include <cstdlib>

using namespace textgen;

static const char help[] =
    R"(usage: textgen [OPTIONS] [FILE]

Trains recurrent networks to predict the next character of a text, then lets
them write. Without FILE, the text is a licence that every Debian system has.

  --cell NAME         rnn, lstm, gru or all, one after the other (all)
  --steps N           updates of the parameters (600)
  --seconds S         train each cell for S seconds instead of --steps
  --rate R            learning rate at the start; it falls to 0 (0.005)
  --batch N           places of the text read side by side (32)
  --window N          characters that gradients flow back over (64)
  --clip C            largest norm of the gradient (1)
  --length N          characters to write in the end (500)
  --temperature X     low: keep to the likely; high: be bold (0.7)
  --prompt TEXT       what the written text starts with ("The ")
  --seed N            of all random numbers (1)
  --threads N         processors to use (all, at most 4)
  --help              this text

With the same options except --threads, the results are the same; with
--seconds they also depend on how fast the machine is. The number of hidden
units is compiled in: cmake -DTEXTGEN_HIDDEN=256.
)";

[[noreturn]] static void refuse(const std::string &message) {
  std::fprintf(stderr, "textgen: %s\n", message.c_str());
  std::fputs("Try 'textgen --help'.\n", stderr);
  std::exit(2);
}

/// The number that `text`, the value of `option`, spells.
static double parseNumber(const std::string &option, const char *text,
                          double low, double high, bool whole) {
  char *end;
  double value = std::strtod(text, &end);
  bool good = end != text && *end == '\0' && value >= low && value <= high &&
              (!whole || value == std::floor(value));
  if (!good) {
    char range[80];
    std::snprintf(range, sizeof range, "a %snumber from %g to %g",
                  whole ? "whole " : "", low, high);
    refuse(option + " takes " + range + ", not '" + text + "'");
  }
  return value;
}

Options textgen::parseOptions(int argc, char **argv) {
  Options options;
  TrainingOptions &training = options.training;
  for (int i = 1; i < argc; ++i) {
    std::string option = argv[i];
    if (option == "--help" || option == "-h") {
      std::fputs(help, stdout);
      std::exit(0);
    }
    if (option.empty() || option[0] != '-') {
      if (!options.file.empty())
        refuse("one text file at a time: '" + options.file + "' or '" + option +
               "'");
      if (option.empty())
        refuse("the name of the text file is empty");
      options.file = option;
      continue;
    }

    auto value = [&] {
      if (i + 1 == argc)
        refuse(option + " needs a value");
      return argv[++i];
    };
    auto whole = [&](double low, double high) {
      return int64_t(parseNumber(option, value(), low, high, true));
    };
    auto real = [&](double low, double high) {
      return parseNumber(option, value(), low, high, false);
    };
    if (option == "--cell") {
      options.cell = value();
      if (options.cell != "rnn" && options.cell != "lstm" &&
          options.cell != "gru" && options.cell != "all")
        refuse("--cell takes rnn, lstm, gru or all, not '" + options.cell +
               "'");
    } else if (option == "--steps")
      training.steps = whole(1, 1e9);
    else if (option == "--seconds")
      training.seconds = real(0.01, 1e9);
    else if (option == "--rate")
      training.rate = real(1e-9, 1e30);
    else if (option == "--batch")
      training.batch = whole(1, 4096);
    else if (option == "--window")
      training.window = whole(1, 4096);
    else if (option == "--clip")
      training.clip = real(1e-9, 1e30);
    else if (option == "--length")
      options.length = whole(0, 1e9);
    else if (option == "--temperature")
      options.temperature = real(0.01, 100);
    else if (option == "--prompt")
      options.prompt = value();
    else if (option == "--seed")
      options.seed = uint64_t(whole(0, 0x1p53));
    else if (option == "--threads")
      options.threads = whole(1, 1024);
    else
      refuse("there is no option '" + option + "'");
  }
  return options;
}
