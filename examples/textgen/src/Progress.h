//===- Progress.h - how far the training is ---------------------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TEXTGEN_PROGRESS_H
#define TEXTGEN_PROGRESS_H

#include <cstdint>

namespace textgen {

/// Writes to standard output how far the training is: one line that is written
/// over again on a terminal, a line now and then elsewhere.
class Progress {
public:
  Progress();
  void show(int64_t step, double loss, double charactersPerSecond,
            double secondsLeft, bool last);

private:
  bool onTerminal;
  double secondsBetween;
  double shown; // when, on the steady clock
};

} // namespace textgen

#endif // TEXTGEN_PROGRESS_H
