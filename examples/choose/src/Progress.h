//===- Progress.h - how far the training is ---------------------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef CHOOSE_PROGRESS_H
#define CHOOSE_PROGRESS_H

#include <chrono>
#include <cstdint>
#include <string>

namespace choose {

/// Writes to standard output how far the training of all cells is: one line
/// that is written over again on a terminal, a line a run elsewhere.
class Progress {
public:
  explicit Progress(int64_t runs);

  /// Part of a run is done.
  void show(const std::string &run, const std::string &state, double part);

  /// A run is done.
  void done(const std::string &run, const std::string &result);

private:
  bool onTerminal;
  int64_t runs, finished = 0;
  std::chrono::steady_clock::time_point began, last;
};

} // namespace choose

#endif // CHOOSE_PROGRESS_H
