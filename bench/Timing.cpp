//===- Timing.cpp - how long calls take -----------------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Timing.h"
#include <algorithm>
#include <ctime>
#include <sched.h>

using namespace bench;

static double milliseconds(clockid_t clock) {
  timespec time;
  clock_gettime(clock, &time);
  return double(time.tv_sec) * 1e3 + double(time.tv_nsec) * 1e-6;
}

namespace {
struct Block {
  std::vector<double> calls;
  double disturbed = 1;
};
} // namespace

/// At least 3 calls and 40 ms of them.
static Block timeBlock(Side &side) {
  Block block;
  side.run();
  double start = milliseconds(CLOCK_MONOTONIC), last = start;
  double cpuStart = milliseconds(CLOCK_PROCESS_CPUTIME_ID);
  while (block.calls.size() < 3 || last - start < 40) {
    side.run();
    double now = milliseconds(CLOCK_MONOTONIC);
    block.calls.push_back(now - last);
    last = now;
  }
  double cpu = milliseconds(CLOCK_PROCESS_CPUTIME_ID) - cpuStart;
  block.disturbed = std::max(0.0, 1 - cpu / (last - start));
  return block;
}

std::vector<Timing> bench::timeByTurns(const std::vector<Side *> &sides,
                                       int rounds) {
  constexpr double calm = 0.02;
  std::vector<std::vector<double>> calls(sides.size());
  std::vector<double> disturbed(sides.size());
  for (int round = 0; round < rounds; ++round)
    for (size_t i = 0; i < sides.size(); ++i) {
      Block best;
      for (int attempt = 0; attempt < 4 && best.disturbed > calm; ++attempt) {
        Block block = timeBlock(*sides[i]);
        if (block.disturbed < best.disturbed)
          best = block;
      }
      calls[i].insert(calls[i].end(), best.calls.begin(), best.calls.end());
      disturbed[i] += best.disturbed / rounds;
    }

  std::vector<Timing> timings;
  for (size_t i = 0; i < sides.size(); ++i) {
    std::sort(calls[i].begin(), calls[i].end());
    timings.push_back({calls[i][calls[i].size() / 2], calls[i].front(),
                       calls[i].size(), disturbed[i]});
  }
  return timings;
}

int bench::stayOnOneCpu() {
  cpu_set_t allowed;
  sched_getaffinity(0, sizeof allowed, &allowed);
  // The last one: the first tends to serve the devices.
  int cpu = CPU_SETSIZE - 1;
  while (cpu > 0 && !CPU_ISSET(cpu, &allowed))
    --cpu;
  cpu_set_t one;
  CPU_ZERO(&one);
  CPU_SET(cpu, &one);
  sched_setaffinity(0, sizeof one, &one);
  return cpu;
}
