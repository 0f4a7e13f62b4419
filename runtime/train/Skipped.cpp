//===- Skipped.cpp - many updates without a gradient at once --------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/train/Skipped.h"
#include <algorithm>
#include <cmath>

using namespace rnn::train;

/// More terms than this cost more than most rows' steps one by one.
static constexpr int maxTerms = 16;

void SkippedSteps::restart(int64_t step) {
  first = step;
  steps.clear();
  keep.assign(1, 1.0);
  known.clear();
}

void SkippedSteps::record(const Step &step) {
  steps.push_back(step);
  keep.push_back(keep.back() * step.decay);
  known.clear();
}

void SkippedSteps::prepare(int64_t begin) {
  auto [at, isNew] = known.try_emplace(begin);
  if (isNew)
    at->second = compute(begin, first + int64_t(steps.size()));
}

Skipped SkippedSteps::compute(int64_t begin, int64_t end) const {
  Skipped skipped;
  skipped.begin = begin;
  skipped.end = end;
  double kept = keep[size_t(end - first)];
  skipped.decay = kept / keep[size_t(begin - first)];
  skipped.first = std::pow(beta1, double(end - begin));
  skipped.second = std::pow(beta2, double(end - begin));

  // A_j and c_j, as long as they count.
  std::vector<double> weight, second;
  double fade1 = 1, fade2 = 1, root2 = std::sqrt(beta2);
  for (int64_t t = begin + 1; t <= end; ++t) {
    fade1 *= beta1;
    fade2 *= root2;
    if (fade1 < precision * 1e-4)
      break;
    weight.push_back(step(t).rate * fade1 * kept / keep[size_t(t - first)]);
    second.push_back(divides ? step(t).second * fade2 : 1);
  }
  skipped.last = begin + int64_t(weight.size());
  double sum = 0, mean = 0;
  for (size_t j = 0; j < weight.size(); ++j) {
    sum += weight[j];
    mean += weight[j] * second[j];
  }
  skipped.centre = sum != 0 ? mean / sum : 1;
  skipped.terms.push_back(sum);
  if (!divides || sum == 0)
    return skipped;

  std::vector<double> power = weight; // A_j x_j^n
  for (int n = 1; n <= maxTerms; ++n) {
    double term = 0, rest = 0, widest = 0;
    for (size_t j = 0; j < power.size(); ++j) {
      double x = second[j] / skipped.centre - 1;
      power[j] *= x;
      term += power[j];
      rest += std::abs(power[j]);
      widest = std::max(widest, std::abs(x));
    }
    // What this term and all after it can add: a geometric series.
    if (widest < 1 && rest / (1 - widest) <= precision * sum)
      return skipped;
    skipped.terms.push_back(term);
  }
  skipped.terms.clear();
  return skipped;
}
