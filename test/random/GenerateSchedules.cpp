//===- GenerateSchedules.cpp - random schedules ---------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "test/random/Generate.h"
#include <random>
#include <vector>

using std::string;
using std::to_string;

string rnn::generateSchedules(uint64_t seed, const string &cell,
                              const Target &level, int64_t elementBytes) {
  std::mt19937_64 engine(seed ^ 0x5CED);
  auto below = [&](int64_t n) { return int64_t(engine() % uint64_t(n)); };
  auto pick = [&](const std::vector<string> &choices) {
    return choices[below(choices.size())];
  };
  if (below(3) == 0)
    return "";
  string all, own;
  auto maybe = [&](string &to, const string &directive) {
    if (below(2))
      to += "  " + directive + "\n";
  };

  string hoisted;
  for (const char *name : {"x", "u", "s"})
    if (cell.find(string("input ") + name + " :") != string::npos && below(2))
      hoisted += (hoisted.empty() ? "" : ", ") + string(name);
  maybe(all, "hoist " + (hoisted.empty() ? "none" : hoisted));
  maybe(all, "compute_at " + pick({"panel", "stage"}));

  int64_t most = level.vectorBytes / elementBytes;
  int64_t lanes = most;
  if (below(2)) {
    int64_t least = std::min(most, 16 / elementBytes);
    while (lanes > least && below(2))
      lanes /= 2;
    own += "  vectorize units " + to_string(lanes) + "\n";
  }
  if (below(4)) {
    int64_t vectors = 1 + below(below(2) ? 4 : level.accumulators);
    int64_t rows = 1 + below(level.accumulators / vectors);
    own += "  tile units " + to_string(vectors * lanes) + ", batch " +
           to_string(rows) + "\n";
  }
  maybe(own, "reorder " + pick({"batch, units", "units, batch"}));
  maybe(own, "unroll " + pick({"auto", "k " + to_string(1 + below(6))}));
  maybe(own, "parallel " + pick({"units", "units " + to_string(1 + below(3)),
                                 "none", "auto"}));
  maybe(own, "prefetch " + pick({"next_panel", "none", "auto"}));
  maybe(all, "recompute gates");
  string text;
  if (!all.empty())
    text += "schedule Random on cpu {\n" + all + "}\n";
  if (!own.empty())
    text += "schedule Random on " + level.name + " {\n" + own + "}\n";
  return text;
}
