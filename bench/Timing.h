//===- Timing.h - how long calls take ---------------------------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef BENCH_TIMING_H
#define BENCH_TIMING_H

#include "Side.h"
#include <vector>

namespace bench {

/// Milliseconds of single calls.
struct Timing {
  double median, minimum;
  size_t calls;
  double disturbed; ///< share of the time in which other programs had the CPU
};

/// Times the sides by turns, `rounds` times: each gets one call to warm up and
/// then a block of calls, so that none is favoured by when it ran. A block that
/// other programs disturbed is repeated a few times.
std::vector<Timing> timeByTurns(const std::vector<Side *> &sides, int rounds);

/// Keeps this program, and all its threads, on one CPU; returns which.
int stayOnOneCpu();

} // namespace bench

#endif // BENCH_TIMING_H
