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
  outs() << "FAILED: " << what << "\n";
  ++failures;
  if (!firstFailure)
    firstFailure = aspect;
}

void Verdict::compare(Aspect aspect, ArrayRef<double> got,
                      ArrayRef<double> expected, double tolerance,
                      const Twine &what) {
  double scale = 0.1, error = 0;
  for (double x : expected) {
    scale = std::max(scale, std::fabs(x));
    if (aspect != Aspect::Special && !std::isfinite(x))
      isFinite = false;
  }
  for (auto [x, y] : zip(got, expected)) {
    double difference = std::fabs(x - y) / scale;
    if (std::isnan(difference))
      difference = INFINITY;
    error = std::max(error, difference);
  }
  double &worstYet = worst[int(aspect)];
  worstYet = std::max(worstYet, error);
  require(aspect, error <= tolerance && got.size() == expected.size(),
          what + " is off by " + std::to_string(error * 1e9) + "e-9");
}
