//===- Loss.cpp - softmax and cross-entropy -------------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Loss.h"
#include <algorithm>
#include <cmath>
#include <numeric>

using namespace textgen;

float textgen::softmax(float *logits, int64_t symbols, float temperature) {
  float highest = *std::max_element(logits, logits + symbols);
  float sum = 0;
  for (int64_t i = 0; i < symbols; ++i) {
    logits[i] = std::exp((logits[i] - highest) / temperature);
    sum += logits[i];
  }
  for (int64_t i = 0; i < symbols; ++i)
    logits[i] /= sum;
  return highest / temperature + std::log(sum);
}

/// Calls body(i) for i in 0 .. count-1, spread over the threads of `team`.
template <typename Body>
static void parallelFor(rnncc_team *team, int64_t count, Body body) {
  struct Job {
    Body &body;
    int64_t count, threads;
    void run(int64_t thread) {
      int64_t end = count * (thread + 1) / threads;
      for (int64_t i = count * thread / threads; i < end; ++i)
        body(i);
    }
  } job{body, count, team ? team->threads : 1};
  if (!team)
    return job.run(0);
  team->run(
      team,
      [](void *argument, int64_t thread) {
        static_cast<Job *>(argument)->run(thread);
      },
      &job);
}

double CrossEntropy::operator()(const std::vector<float> &logits,
                                const int32_t *targets,
                                std::vector<float> &gradient) {
  int64_t rows = int64_t(losses.size());
  float share = 1 / float(rows);
  parallelFor(team, rows, [&](int64_t row) {
    const float *from = logits.data() + row * stride;
    float *to = gradient.data() + row * stride;
    std::copy_n(from, symbols, to);
    losses[size_t(row)] = softmax(to, symbols) - from[targets[row]];
    to[targets[row]] -= 1;
    for (int64_t i = 0; i < symbols; ++i)
      to[i] *= share;
  });
  return std::accumulate(losses.begin(), losses.end(), 0.0) / double(rows);
}
