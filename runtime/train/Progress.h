//===- Progress.h - how far a fit is ----------------------------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef RNNCC_RUNTIME_TRAIN_PROGRESS_H
#define RNNCC_RUNTIME_TRAIN_PROGRESS_H

#include "rnncc/train.h"
#include <string>
#include <vector>

namespace rnn::train {

/// Seconds of a clock that only goes on.
double now();

/// The history as CSV: a line of names, then a line an epoch; nothing where
/// there is no number.
std::string historyText(const std::vector<std::string> &columns,
                        const std::vector<std::vector<double>> &history);

/// Shows a fit on a terminal, or writes it down.
class Progress {
public:
  Progress(int32_t kind, int fd);

  /// After an update: speed in examples a second, and what remains of the
  /// epoch. Draws ten times a second at most.
  void batch(const rnncc_train_report &report, double examplesPerSecond,
             double secondsLeft);

  /// After an epoch.
  void epoch(const rnncc_train_report &report, double seconds);

private:
  void write(const std::string &line) const;

  bool lines, bar;
  int fd;
  double drawn = 0;
};

} // namespace rnn::train

#endif // RNNCC_RUNTIME_TRAIN_PROGRESS_H
