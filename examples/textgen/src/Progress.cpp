//===- Progress.cpp - how far the training is -----------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Progress.h"
#include <chrono>
#include <cstdio>
#include <unistd.h>

using namespace textgen;

static double now() {
  return std::chrono::duration<double>(
             std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

Progress::Progress()
    : onTerminal(isatty(STDOUT_FILENO)), secondsBetween(onTerminal ? 0.1 : 2),
      shown(0) {}

void Progress::show(int64_t step, double loss, double charactersPerSecond,
                    double secondsLeft, bool last) {
  if (!last && now() - shown < secondsBetween)
    return;
  shown = now();
  // \033[K clears what a longer line before this one left behind.
  std::printf("%sstep %5lld   loss %.3f nats/char   %7.0f chars/s   "
              "%3.0f s left%s%s",
              onTerminal ? "\r" : "", static_cast<long long>(step), loss,
              charactersPerSecond, secondsLeft, onTerminal ? "\033[K" : "",
              onTerminal && !last ? "" : "\n");
  std::fflush(stdout);
}
