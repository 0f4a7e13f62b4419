//===- Verdict.cpp - what a comparison came to ----------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "test/run/Verdict.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/raw_ostream.h"
#include <cmath>

using namespace llvm;
using namespace rnn;

void Verdict::require(Aspect aspect, bool condition, const Twine &what) {
  if (condition)
    return;
  errs() << "FAILED: " << what << "\n";
  ++failures;
  if (!firstFailure)
    firstFailure = aspect;
}

double Verdict::error(ArrayRef<double> got, ArrayRef<double> expected) {
  if (got.size() != expected.size())
    return INFINITY;
  double scale = 0.1, error = 0;
  for (double x : expected)
    scale = std::max(scale, std::fabs(x));
  for (auto [x, y] : zip(got, expected)) {
    double difference = std::fabs(x - y) / scale;
    error = std::max(error, std::isnan(difference) ? INFINITY : difference);
  }
  return error;
}

void Verdict::compare(Aspect aspect, ArrayRef<double> got,
                      ArrayRef<double> expected, double tolerance,
                      const Twine &what) {
  double difference = error(got, expected);
  if (aspect != Aspect::Special)
    isFinite &= all_of(expected, [](double x) { return std::isfinite(x); });
  worst[int(aspect)] = std::max(worst[int(aspect)], difference);
  require(aspect, difference <= tolerance,
          what + " is off by " + std::to_string(difference * 1e9) + "e-9");
}
