//===- Statistics.h - means, and whether they differ ------------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef CHOOSE_STATISTICS_H
#define CHOOSE_STATISTICS_H

#include <vector>

namespace choose {

double mean(const std::vector<double> &values);

/// Standard deviation of a sample; 0 of fewer than two values.
double deviation(const std::vector<double> &values);

/// 0 of none.
double median(std::vector<double> values);

/// The probability that Student's t is further from 0 than `t`.
double studentP(double t, int freedom);

/// Pairs of values compared.
struct Comparison {
  double difference; ///< mean of a - b
  double error;      ///< its standard error
  double p;          ///< that chance alone makes so large a difference
  double bound;      ///< differences below it would not have shown
};

/// Compares a[i] with b[i]; two pairs at least. One of `comparisons`: p is
/// multiplied by it (Bonferroni); what is below 0.05 then counts.
Comparison comparePairs(const std::vector<double> &a,
                        const std::vector<double> &b, int comparisons);

} // namespace choose

#endif // CHOOSE_STATISTICS_H
