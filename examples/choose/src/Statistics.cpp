//===- Statistics.cpp - means, and whether they differ --------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Statistics.h"
#include <algorithm>
#include <cmath>
#include <cstddef>

using namespace choose;

double choose::mean(const std::vector<double> &values) {
  double sum = 0;
  for (double value : values)
    sum += value;
  return sum / double(values.size());
}

double choose::deviation(const std::vector<double> &values) {
  if (values.size() < 2)
    return 0;
  double middle = mean(values), squares = 0;
  for (double value : values)
    squares += (value - middle) * (value - middle);
  return std::sqrt(squares / double(values.size() - 1));
}

double choose::median(std::vector<double> values) {
  if (values.empty())
    return 0;
  auto middle = values.begin() + std::ptrdiff_t(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

double choose::studentP(double t, int freedom) {
  // Finite sums for whole degrees of freedom: Abramowitz and Stegun 26.7.3-4.
  double angle = std::atan(std::fabs(t) / std::sqrt(double(freedom)));
  double cosine = std::cos(angle), sum = 0;
  bool odd = freedom % 2;
  double term = odd ? cosine : 1;
  for (int k = odd ? 3 : 2; k <= freedom; k += 2) {
    sum += term;
    term *= cosine * cosine * double(k - 1) / double(k);
  }
  double inside = std::sin(angle) * sum;
  if (odd)
    inside = (angle + inside) * 2 / std::acos(-1.0);
  return std::max(0.0, 1 - inside);
}

/// The t that chance exceeds with probability `p`.
static double studentT(double p, int freedom) {
  double low = 0, high = 1;
  while (studentP(high, freedom) > p && high < 1e9)
    high *= 2;
  for (int i = 0; i < 60; ++i) {
    double middle = (low + high) / 2;
    (studentP(middle, freedom) > p ? low : high) = middle;
  }
  return high;
}

Comparison choose::comparePairs(const std::vector<double> &a,
                                const std::vector<double> &b, int comparisons) {
  std::vector<double> differences;
  for (size_t i = 0; i < a.size(); ++i)
    differences.push_back(a[i] - b[i]);
  int freedom = int(differences.size()) - 1;
  Comparison c;
  c.difference = mean(differences);
  c.error = deviation(differences) / std::sqrt(double(differences.size()));
  double p = c.error > 0         ? studentP(c.difference / c.error, freedom)
             : c.difference == 0 ? 1
                                 : 0;
  c.p = std::min(1.0, p * comparisons);
  c.bound = studentT(0.05 / comparisons, freedom) * c.error;
  return c;
}
