//===- Text.cpp - kernels as rnncc writes them ----------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
//   rnncc-kernels 2
//   level avx512 f32 lanes 16
//   kernel NAME product units 64 width 32 rows 12 terms 64 128
//   kernel NAME step-product rows 4 inner 3 columns 2 left right transposed
//   kernel NAME elementwise units 64
//     ...
//   end
//
//===----------------------------------------------------------------------===//

#include "halide/Words.h"
#include <map>

using namespace rnn;

static constexpr const char *version = "2";

/// A product of matrices of a step, its transpose, or the gradient of one.
static void readStepProduct(Words &words, Kernel &kernel, bool isProduct) {
  kernel.kind = isProduct ? Kernel::StepProduct : Kernel::StepTranspose;
  kernel.units = words.numberAfter("rows");
  if (isProduct)
    kernel.inner = words.numberAfter("inner");
  kernel.columns = words.numberAfter("columns");
  for (int operand = 0; operand < (isProduct ? 2 : 1); ++operand) {
    words.expect(!isProduct ? "operand" : operand ? "right" : "left");
    kernel.operands[operand].isTransposed = words.takes("transposed");
    kernel.operands[operand].isParam = words.takes("param");
  }
  words.end();
}

static Kernel readKernel(Words &words, int line, const Level &level) {
  Kernel kernel;
  kernel.line = line;
  kernel.level = level;
  if (!level.lanes)
    words.fail("a kernel before the first 'level'");
  kernel.name = words.word("a name");
  std::string kind = words.word("a kind of kernel");
  static const std::map<std::string, int> ofSteps = {
      {"step-product", -1},
      {"step-product-left", 0},
      {"step-product-right", 1},
      {"step-transpose", -1},
      {"step-transpose-operand", 0}};
  if (auto found = ofSteps.find(kind); found != ofSteps.end()) {
    kernel.wanted = found->second;
    readStepProduct(words, kernel, kind.rfind("step-product", 0) == 0);
    return kernel;
  }
  kernel.units = words.numberAfter("units");
  if (kind == "elementwise") {
    kernel.kind = Kernel::Elementwise;
    if (!words.atEnd()) {
      words.expect("narrow");
      kernel.narrow = true;
    }
    words.end();
    return kernel;
  }
  if (kind == "product")
    kernel.kind = Kernel::Product;
  else if (kind == "product-inputs")
    kernel.kind = Kernel::ProductInputs;
  else if (kind == "product-weights")
    kernel.kind = Kernel::ProductWeights;
  else
    words.fail("no kind of kernel '" + kind + "'");
  kernel.width = words.numberAfter("width");
  kernel.rows = words.numberAfter("rows");
  std::string next = words.word("'terms'");
  if (next == "unroll") {
    kernel.unroll = words.number("steps");
    next = words.word("'terms'");
  }
  if (next == "rows-outside") {
    kernel.rowsOutside = true;
    next = words.word("'terms'");
  }
  if (next != "terms")
    words.fail("expected 'terms', found '" + next + "'");
  do
    kernel.depths.push_back(words.number("a depth"));
  while (!words.atEnd());
  if (kernel.width % level.lanes)
    words.fail("a panel is no whole number of vectors");
  return kernel;
}

std::vector<Kernel> rnn::readKernels(std::istream &text) {
  std::vector<Kernel> kernels;
  Level level;
  bool inBody = false;
  int last = readLines(text, "rnncc-kernels", version, [&](const Line &line) {
    if (inBody) {
      if (line.words.front() == "end" && line.words.size() == 1)
        inBody = false;
      else
        kernels.back().body.push_back(line);
      return;
    }
    Words words(line);
    std::string first = words.word("a word");
    if (first == "level") {
      level = readLevel(words);
      words.end();
    } else if (first == "kernel") {
      kernels.push_back(readKernel(words, line.number, level));
      inBody = kernels.back().kind == Kernel::Elementwise;
    } else {
      words.fail("expected 'level' or 'kernel', found '" + first + "'");
    }
  });
  if (inBody)
    throw TextError(last, endsTooEarly);
  return kernels;
}
