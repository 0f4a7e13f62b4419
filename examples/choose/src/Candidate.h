//===- Candidate.h - a cell and all that was found out about it -*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef CHOOSE_CANDIDATE_H
#define CHOOSE_CANDIDATE_H

#include "Cell.h"
#include "Measure.h"
#include "Sizing.h"
#include "Trial.h"

namespace choose {

/// A cell in the comparison.
struct Candidate {
  Cell cell;
  Sized sized;
  Cost cost;
  std::vector<Trial> trials; ///< one for each seed, in one order for all cells

  /// Qualities in validation, one for each seed that could be trained from.
  std::vector<double> qualities() const { return each(&Trial::quality); }

  /// The same in the test.
  std::vector<double> tested() const { return each(&Trial::tested); }

  /// Whether every seed could be trained from.
  bool isSteady() const { return qualities().size() == trials.size(); }

  /// Medians over the seeds.
  double sequencesPerSecond() const;
  double microseconds() const;

private:
  std::vector<double> each(double Trial::*number) const {
    std::vector<double> values;
    for (const Trial &trial : trials)
      if (!trial.diverged)
        values.push_back(trial.*number);
    return values;
  }
};

/// A number in `digits` places that count: "0.00123".
std::string shown(double value, int digits = 3);

} // namespace choose

#endif // CHOOSE_CANDIDATE_H
