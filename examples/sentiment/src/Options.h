//===- Options.h - the command line -----------------------------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SENTIMENT_OPTIONS_H
#define SENTIMENT_OPTIONS_H

#include <cstdint>
#include <string>
#include <vector>

namespace sentiment {

/// What the command line asks for.
struct Options {
  std::string imdb;               ///< folder of the film reviews; empty: none
  std::vector<std::string> texts; ///< two folders, or none
  std::string model = "all";
  int64_t epochs = 4;
  int64_t examples = 0; ///< of each label to learn from; 0: as the help says
  std::string save;     ///< folder for what is learnt; empty: none
  bool resume = false;
  std::string load;               ///< folder of `save`, to use; empty: learn
  std::vector<std::string> files; ///< to classify; none: standard input
  uint64_t seed = 1;
  int32_t threads = 1;
};

/// Reads the command line; after --help or a mistake, writes what there is to
/// say and ends the program.
Options parseOptions(int argc, char **argv);

} // namespace sentiment

#endif // SENTIMENT_OPTIONS_H
