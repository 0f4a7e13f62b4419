//===- Table.cpp - the numbers of all cells -------------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Table.h"
#include "Statistics.h"
#include <algorithm>

using namespace choose;

Table choose::tableOf(const Task &task,
                      const std::vector<Candidate> &candidates) {
  Table table = {{"cell", "units", "parameters", task.quality(), "spread",
                  "validation", "flop/step", "us/step", "sequences/s", "KiB"}};
  for (const Candidate &candidate : candidates) {
    std::vector<double> tested = candidate.tested();
    bool none = tested.empty();
    table.push_back(
        {candidate.cell.label, std::to_string(candidate.sized.hidden),
         std::to_string(candidate.sized.parameters),
         none ? "diverged" : shown(mean(tested)),
         tested.size() < 2 ? "-" : shown(deviation(tested), 2),
         none ? "-" : shown(mean(candidate.qualities())),
         shown(candidate.cost.flops, 4), shown(candidate.microseconds()),
         none ? "-" : shown(candidate.sequencesPerSecond()),
         shown(candidate.cost.bytes / 1024)});
  }
  return table;
}

std::string choose::aligned(const Table &table) {
  std::string text;
  for (const auto &row : table) {
    for (size_t c = 0; c < row.size(); ++c) {
      size_t width = 0;
      for (const auto &other : table)
        width = std::max(width, other[c].size());
      std::string blanks(width - row[c].size(), ' ');
      text += c == 0 ? row[c] + blanks : "  " + blanks + row[c];
    }
    text += '\n';
  }
  return text;
}
