//===- Skipped.cpp - many updates without a gradient at once --------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/train/Skipped.h"
#include <cmath>
#include <limits>

using namespace rnn::train;

void SkippedSteps::restart(int64_t step) {
  first = step;
  steps.clear();
  keep.assign(1, 1.0);
  known.clear();
}

void SkippedSteps::record(const Step &step) {
  steps.push_back(step);
  keep.push_back(keep.back() * step.decay);
}

Skipped SkippedSteps::start(int64_t begin) const {
  Skipped skipped = {};
  skipped.begin = skipped.end = skipped.last = begin;
  skipped.fade1 = skipped.fade2 = 1;
  // Where momentum has its centre.
  skipped.centre =
      divides ? step(begin + 1).second * std::pow(beta2, 0.5 / (1 - beta1)) : 1;
  return skipped;
}

/// Goes on to the last step that is recorded.
void SkippedSteps::extend(Skipped &skipped) const {
  const int64_t now = first + int64_t(steps.size());
  const double kept = keep[size_t(skipped.begin - first)];
  const double root2 = std::sqrt(beta2);
  for (int64_t t = skipped.last + 1;
       t <= now && skipped.fade1 * beta1 > precision; ++t) {
    skipped.fade1 *= beta1;
    skipped.fade2 *= root2;
    skipped.last = t;
    double x =
        divides ? step(t).second * skipped.fade2 / skipped.centre - 1 : 0;
    double power =
        step(t).rate * skipped.fade1 * kept / keep[size_t(t - first)];
    for (int n = 0; n < terms; ++n, power *= x)
      skipped.term[n] += power;
    // The terms left out are a geometric series.
    skipped.rest += std::abs(x) < 1 ? std::abs(power) / (1 - std::abs(x))
                                    : std::numeric_limits<double>::infinity();
  }
  skipped.end = now;
  skipped.decay = keep.back() / kept;
  skipped.first = std::pow(beta1, double(now - skipped.begin));
  skipped.second = std::pow(beta2, double(now - skipped.begin));
  skipped.isSum = skipped.rest <= precision * std::abs(skipped.term[0]);
}

void SkippedSteps::prepare(int64_t begin) {
  auto at = known.find(begin);
  if (at == known.end())
    at = known.emplace(begin, start(begin)).first;
  if (at->second.end != first + int64_t(steps.size()))
    extend(at->second);
}
