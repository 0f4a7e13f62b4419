//===- Options.h - the command line -----------------------------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef FORECAST_OPTIONS_H
#define FORECAST_OPTIONS_H

#include "Training.h"
#include <string>
#include <vector>

namespace forecast {

/// What the command line asks for.
struct Options {
  std::string file; ///< empty: `series` is generated
  std::string series = "mackey-glass";
  int64_t rows = 3000;              ///< of a generated series
  std::string write;                ///< only write the series there
  std::vector<std::string> columns; ///< none: all
  std::string model = "gru";
  int64_t ahead = 100;
  std::string out; ///< for forecasts; empty: none
  Training training;
};

/// Reads the command line; after --help or a mistake, writes what there is to
/// say and ends the program.
Options parseOptions(int argc, char **argv);

} // namespace forecast

#endif // FORECAST_OPTIONS_H
