//===- Options.h - the command line -----------------------------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef CHOOSE_OPTIONS_H
#define CHOOSE_OPTIONS_H

#include "Texts.h"
#include "Trial.h"

namespace choose {

/// What the command line asks for.
struct Options {
  std::string csv, target;         ///< empty: a series that the program makes
  std::vector<std::string> inputs; ///< further columns to read
  std::string texts[2];            ///< folders; empty: a series
  Tokens tokens = Tokens::Words;
  std::vector<std::string> cells; ///< beside RNN, LSTM and GRU
  int64_t steps = 32, examples = 2000, seeds = 5, parameters = 2000;
  Protocol protocol;
  std::string html = "choose.html";
};

/// Reads the command line; after --help or a mistake, writes what there is to
/// say and ends the program.
Options parseOptions(int argc, char **argv);

} // namespace choose

#endif // CHOOSE_OPTIONS_H
