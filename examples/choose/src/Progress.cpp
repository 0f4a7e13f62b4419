//===- Progress.cpp - how far the training is -----------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Progress.h"
#include <cstdio>
#include <unistd.h>

using namespace choose;

using Clock = std::chrono::steady_clock;

static double seconds(Clock::duration time) {
  return std::chrono::duration<double>(time).count();
}

Progress::Progress(int64_t runs)
    : onTerminal(isatty(STDOUT_FILENO)), runs(runs), began(Clock::now()) {}

void Progress::show(const std::string &run, const std::string &state,
                    double part) {
  Clock::time_point now = Clock::now();
  if (!onTerminal || seconds(now - last) < 0.1)
    return;
  last = now;
  double all = (double(finished) + part) / double(runs);
  std::string bar(size_t(30 * all), '=');
  bar.resize(30, ' ');
  // \033[K clears what a longer line before this one left behind.
  std::printf("\r[%s] %s: %s, %.0f s left at most\033[K", bar.c_str(),
              run.c_str(), state.c_str(),
              seconds(now - began) * (1 - all) / all);
  std::fflush(stdout);
}

void Progress::done(const std::string &run, const std::string &result) {
  ++finished;
  std::printf("%s%lld of %lld: %s: %s%s\n", onTerminal ? "\r" : "",
              (long long)finished, (long long)runs, run.c_str(), result.c_str(),
              onTerminal ? "\033[K" : "");
  std::fflush(stdout);
}
