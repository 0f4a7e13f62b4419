//===- Timing.cpp - compiled cells on the clock ---------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "compiler/run/Timing.h"
#include "compiler/run/Draw.h"
#include "llvm/ADT/STLExtras.h"
#include <chrono>
#include <cmath>
#include <limits>

using namespace llvm;
using namespace rnn;

//===----------------------------------------------------------------------===//
// Random data
//===----------------------------------------------------------------------===//

/// Writes values in the element type of the cell.
static void fill(const rnncc_descriptor &cell, ArrayRef<double> values,
                 void *to) {
  for (auto [i, value] : enumerate(values))
    if (cell.element == RNNCC_F64)
      static_cast<double *>(to)[i] = value;
    else
      static_cast<float *>(to)[i] = float(value);
}

/// Indices of rows of a table or of classes.
static void drawIndices(const rnncc_array &array, size_t count, void *to,
                        std::mt19937_64 &random) {
  for (size_t i = 0; i < count; ++i)
    static_cast<int32_t *>(to)[i] = int32_t(random() % uint64_t(array.indices));
}

/// Values as large as the initialiser's; that they are orthogonal makes no
/// difference to times but takes seconds to compute.
static std::vector<double> drawLike(rnncc_param param,
                                    std::mt19937_64 &random) {
  if (param.init == RNNCC_ORTHOGONAL) {
    param.init = RNNCC_NORMAL;
    param.init_arguments[0] =
        1 / std::sqrt(double(std::max(param.shape[0], param.shape[1])));
  }
  return drawParam(param, random);
}

Error RandomCall::prepare() {
  const rnncc_descriptor &cell = call.cell;
  if (Error error = call.prepare())
    return error;
  std::mt19937_64 random(1);
  for (int64_t i = 0; i < cell.n_params; ++i) {
    std::vector<double> drawn = drawLike(cell.params[i], random);
    values.emplace_back(rnncc_alloc(drawn.size() * 8));
    fill(cell, drawn, values.back().get());
    params.push_back(values.back().get());
  }
  for (int64_t i = 0; i < cell.n_arrays; ++i) {
    const rnncc_array &array = cell.arrays[i];
    if (!isRead(array, call.sizes.grad))
      continue;
    if (Error error = call.make(i))
      return error;
    void *to = call.arrays[i].get();
    std::vector<double> drawn(
        rnncc_array_elements(&array, call.sizes.steps, call.sizes.batch));
    if (array.element == RNNCC_I32) {
      drawIndices(array, drawn.size(), to, random);
      continue;
    }
    for (double &value : drawn)
      value = std::uniform_real_distribution<double>(-1, 1)(random);
    fill(cell, drawn, to);
  }
  return pack();
}

Error RandomCall::pack() { return call.pack(params); }

Error RandomCall::run() {
  if (Error error = call.forward())
    return error;
  return call.sizes.grad ? call.backward() : Error::success();
}

//===----------------------------------------------------------------------===//
// The clock
//===----------------------------------------------------------------------===//

/// Milliseconds of one run.
static Expected<double> timeRun(function_ref<Error()> run) {
  using Clock = std::chrono::steady_clock;
  auto start = Clock::now();
  if (Error error = run())
    return error;
  return std::chrono::duration<double, std::milli>(Clock::now() - start)
      .count();
}

Expected<std::vector<double>> rnn::timeRuns(function_ref<Error()> run) {
  std::vector<double> times;
  double total = 0;
  for (int i = 0; i < 1000 && (i < 6 || total < 500); ++i) {
    Expected<double> time = timeRun(run);
    if (!time)
      return time.takeError();
    if (i == 0)
      continue;
    times.push_back(*time);
    total += *time;
  }
  llvm::sort(times);
  return times;
}

double rnn::median(ArrayRef<double> sorted) {
  return sorted[sorted.size() / 2];
}

/// The least milliseconds of `count` runs; short ones get one more before, to
/// find caches as they leave them.
static Expected<double> timeBlock(function_ref<Error()> run, int count) {
  double least = std::numeric_limits<double>::infinity();
  for (int i = count > 1 ? -1 : 0; i < count; ++i) {
    Expected<double> time = timeRun(run);
    if (!time)
      return time.takeError();
    if (i >= 0)
      least = std::min(least, *time);
  }
  return least;
}

Expected<Comparison> rnn::compareRuns(function_ref<Error()> first,
                                      function_ref<Error()> second) {
  // In milliseconds. What a long run finds in caches does not count.
  constexpr double blockTime = 6, longRun = 20, wholeTime = 400;
  constexpr size_t leastRounds = 5, mostRounds = 25;
  Comparison result;
  // Once to warm up, once to see how many runs a block is.
  double longest = 0;
  for (int i = 0; i < 2; ++i)
    for (function_ref<Error()> run : {first, second}) {
      Expected<double> time = timeRun(run);
      if (!time)
        return time.takeError();
      longest = i ? std::max(longest, *time) : 0;
    }
  const int runs =
      longest > longRun ? 1 : int(std::clamp(blockTime / longest, 2.0, 1000.0));
  std::vector<double> ratios;
  double total = 0;
  for (size_t round = 0;
       round < mostRounds && (round < leastRounds || total < wholeTime);
       ++round) {
    // Who begins changes, too.
    double times[2];
    for (size_t turn : {round % 2, 1 - round % 2}) {
      Expected<double> time = timeBlock(turn ? second : first, runs);
      if (!time)
        return time.takeError();
      times[turn] = *time;
      total += *time * (runs > 1 ? runs + 1 : 1);
    }
    result.first.push_back(times[0]);
    result.second.push_back(times[1]);
    ratios.push_back(times[1] / times[0]);
  }
  for (std::vector<double> *values : {&result.first, &result.second, &ratios})
    llvm::sort(*values);
  result.ratio = median(ratios);
  result.spread =
      (ratios[ratios.size() * 3 / 4] - ratios[ratios.size() / 4]) / 2;
  return result;
}
