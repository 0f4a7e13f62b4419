//===- Writing.cpp - text written by a model ------------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Writing.h"
#include "Loss.h"
#include <algorithm>

using namespace textgen;

/// Draws an index with the given probabilities.
static int32_t draw(const float *probabilities, int64_t count, Random &random) {
  double rest = random.uniform();
  for (int64_t i = 0; i < count; ++i) {
    rest -= double(probabilities[i]);
    if (rest < 0)
      return int32_t(i);
  }
  return 0; // rounding left a little over: the most frequent symbol
}

std::string textgen::write(Model &model, const Text &text,
                           const std::string &prompt, int64_t length,
                           double temperature, Random &random) {
  Run run(model, /*steps=*/1, /*batch=*/1, Run::Reading);
  // As if a line had just ended; in a text of one line, the commonest symbol.
  int32_t symbol = int32_t(std::max<int64_t>(0, text.symbolOf('\n')));
  run.step(&symbol);

  std::string written;
  for (char byte : prompt) {
    symbol = int32_t(text.symbolOf(byte));
    if (symbol < 0)
      continue;
    written += byte;
    run.step(&symbol);
  }
  for (int64_t i = 0; i < length; ++i) {
    softmax(run.logits.data(), text.symbols(), float(temperature));
    symbol = draw(run.logits.data(), text.symbols(), random);
    written += text.byteOf(symbol);
    run.step(&symbol);
  }
  return written;
}
