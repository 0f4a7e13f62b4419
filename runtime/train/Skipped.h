//===- Skipped.h - many updates without a gradient at once ------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A row that no batch reads has a gradient of zero, and step t does to it
//
//     m = b1 m    v = b2 v    w = d_t w - a_t m / (c_t sqrt(v) + e)
//
// (SGD and RMSprop: without the denominator). k such steps are
//
//     w' = D (w - m sum over j of A_j / (s c_j + e)),   s = sqrt(v)
//
// where A_j and c_j depend on the steps alone, not on the element, D is the
// product of the d_t, and c_j now includes sqrt(b2)^j. The c_j that count are
// close together. With one of them, c, and c_j = c (1 + x_j), and with the
// element's share p = s c / (s c + e), which lies in 0..1,
//
//     sum = 1 / (s c + e) * sum over n of (-p)^n M_n,   M_n = sum A_j x_j^n
//
// is a polynomial in p. What its remainder can be is known when its numbers are
// computed; where it is too large, the steps are taken one by one. So a row
// costs the same however many steps it has missed. The M_n of rows that were
// read last in the same step are the same, and grow from step to step by one
// term each, until momentum has faded.
//
//===----------------------------------------------------------------------===//

#ifndef RNNCC_RUNTIME_TRAIN_SKIPPED_H
#define RNNCC_RUNTIME_TRAIN_SKIPPED_H

#include <cstddef>
#include <cstdint>
#include <unordered_map>
#include <vector>

namespace rnn::train {

/// The numbers of updates without a gradient in steps begin + 1 .. end.
struct Skipped {
  static constexpr int maxTerms = 12;

  int64_t begin, end;
  int64_t last;          ///< behind it, momentum is too small to be seen
  double decay;          ///< D
  double first, second;  ///< what becomes of the moments: b1^k, b2^k
  double centre;         ///< c
  double term[maxTerms]; ///< M_n
  double rest;           ///< no less than what further terms can add
  bool isSum;            ///< false: only one by one is exact enough

  double fade1, fade2; ///< b1^j and sqrt(b2)^j of the last step that counts
};

/// What updates without a gradient do, remembered since some step.
class SkippedSteps {
public:
  /// One step's numbers: a_t, c_t, d_t.
  struct Step {
    double rate, second, decay;
  };

  /// `divides`: whether there is a denominator. `terms`: how many the
  /// polynomial has. `precision`: how exact sums should be, relative.
  SkippedSteps(double beta1, double beta2, bool divides, int terms,
               double precision)
      : beta1(beta1), beta2(beta2), divides(divides), terms(terms),
        precision(precision) {}

  /// Forgets all steps; the next one is step + 1.
  void restart(int64_t step);
  void record(const Step &step);

  /// The first step of all that may be asked for is this + 1.
  int64_t base() const { return first; }
  const Step &step(int64_t number) const {
    return steps[size_t(number - first - 1)];
  }

  /// Computes the numbers of steps begin + 1 .. end, end being the last
  /// recorded, for `get`.
  void prepare(int64_t begin);
  const Skipped &get(int64_t begin) const { return known.at(begin); }

  const double beta1, beta2;
  const bool divides;
  const int terms;

private:
  Skipped start(int64_t begin) const;
  void extend(Skipped &skipped) const;

  double precision;
  int64_t first = 0;
  std::vector<Step> steps;
  std::vector<double> keep; ///< product of the decays up to each step
  std::unordered_map<int64_t, Skipped> known; ///< by begin
};

} // namespace rnn::train

#endif // RNNCC_RUNTIME_TRAIN_SKIPPED_H
