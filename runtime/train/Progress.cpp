//===- Progress.cpp - how far a fit is ------------------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/train/Progress.h"
#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <unistd.h>

using namespace rnn::train;

double rnn::train::now() {
  return std::chrono::duration<double>(
             std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

/// A number as a printf format says.
static std::string formatted(const char *format, double number) {
  char buffer[64];
  std::snprintf(buffer, sizeof buffer, format, number);
  return buffer;
}

std::string
rnn::train::historyText(const std::vector<std::string> &columns,
                        const std::vector<std::vector<double>> &history) {
  std::string text;
  for (size_t c = 0; c < columns.size(); ++c)
    text += (c ? "," : "") + columns[c];
  text += '\n';
  for (const std::vector<double> &row : history) {
    for (size_t c = 0; c < row.size(); ++c)
      text += std::string(c ? "," : "") +
              (std::isnan(row[c]) ? "" : formatted("%.9g", row[c]));
    text += '\n';
  }
  return text;
}

Progress::Progress(int32_t kind, int fd)
    : lines(kind != RNNCC_TRAIN_QUIET),
      bar(kind == RNNCC_TRAIN_AUTO && isatty(fd)), fd(fd) {}

void Progress::write(const std::string &line) const {
  // A progress that nobody can read any more is no reason to end a training.
  for (size_t done = 0; done < line.size();) {
    ssize_t count = ::write(fd, line.data() + done, line.size() - done);
    if (count <= 0)
      return;
    done += size_t(count);
  }
}

/// "loss 0.412   accuracy 0.81", with names put behind `prefix`.
static std::string measures(const rnncc_train_report &report,
                            const char *prefix, double loss,
                            const double *metrics) {
  std::string text =
      std::string("   ") + prefix + "loss" + formatted(" %.4g", loss);
  for (int64_t i = 0; i < report.n_metrics; ++i)
    text += std::string("   ") + prefix + report.metric_names[i] +
            formatted(" %.4g", metrics[i]);
  return text;
}

static std::string epochText(const rnncc_train_report &report) {
  return "epoch " + std::to_string(report.epoch) + "/" +
         std::to_string(report.epochs);
}

void Progress::batch(const rnncc_train_report &report, double examplesPerSecond,
                     double secondsLeft) {
  if (!bar || now() - drawn < 0.1)
    return;
  drawn = now();
  constexpr int64_t width = 20;
  int64_t full = width * report.batch / std::max<int64_t>(1, report.batches);
  // \033[K clears what a longer line before this one left behind.
  write("\r" + epochText(report) + " [" + std::string(size_t(full), '#') +
        std::string(size_t(width - full), '.') + "] " +
        std::to_string(report.batch) + "/" + std::to_string(report.batches) +
        formatted("   %.0f examples/s", examplesPerSecond) +
        measures(report, "", report.loss, report.metrics) +
        formatted("   %.0f s left\033[K", secondsLeft));
}

void Progress::epoch(const rnncc_train_report &report, double seconds) {
  if (!lines)
    return;
  std::string line = epochText(report) + formatted("   %.1f s", seconds) +
                     measures(report, "", report.loss, report.metrics);
  if (!std::isnan(report.val_loss))
    line += measures(report, "val_", report.val_loss, report.val_metrics);
  write((bar ? "\r" : "") + line + (bar ? "\033[K\n" : "\n"));
}
