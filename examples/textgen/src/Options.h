//===- Options.h - the command line -----------------------------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TEXTGEN_OPTIONS_H
#define TEXTGEN_OPTIONS_H

#include "Training.h"
#include <cstdint>
#include <string>

namespace textgen {

/// What the command line asks for.
struct Options {
  std::string file; ///< empty: a text that the system has
  std::string cell = "all";
  std::string prompt = "The ";
  int64_t length = 500;
  double temperature = 0.7;
  uint64_t seed = 1;
  int64_t threads = 0; ///< 0: as many as there are processors, at most 4
  TrainingOptions training;
};

/// Reads the command line; after --help or a mistake, writes what there is to
/// say and ends the program.
Options parseOptions(int argc, char **argv);

} // namespace textgen

#endif // TEXTGEN_OPTIONS_H
