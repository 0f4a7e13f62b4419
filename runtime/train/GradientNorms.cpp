//===- GradientNorms.cpp - how far gradients reach back -------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// One call of one step for each t, each with a tape of its own:
//
//     0 -> [step 0] -> [step 1] -> .. -> [step T-1]     final to initial states
//     n0 <- [      ] <- [      ] <- .. <- [       ]     their gradients
//
// A loss per row counts in the call of the row's last step. That this is the
// loss of the model is checked: it is computed in one call, too.
//
//===----------------------------------------------------------------------===//

#include "runtime/train/Failure.h"
#include "runtime/train/Trainer.h"
#include <algorithm>
#include <cmath>

using namespace rnn::train;

static void checkStates(const Model &model) {
  const char *name = model.descriptor.name;
  if (model.states.empty())
    fail(RNNCC_TRAIN_BAD_MODEL, name,
         " has no states, so no gradients reach back through steps");
  for (const State &state : model.states)
    if (state.final < 0 || state.gradInitial < 0 || state.gradFinal < 0)
      fail(RNNCC_TRAIN_BAD_MODEL, name, " does not give the last value of '",
           state.name, "' or gradients of it");
  for (const Measure &loss : model.losses)
    if (loss.gradient < 0)
      fail(RNNCC_TRAIN_BAD_MODEL, name, ": loss '",
           model.descriptor.arrays[loss.array].name,
           "' has no array for its gradient");
  if (model.losses.empty())
    fail(RNNCC_TRAIN_BAD_MODEL, name, " has no loss");
}

template <typename T> static double norm(const void *values, size_t bytes) {
  double sum = 0;
  auto *numbers = static_cast<const T *>(values);
  for (size_t i = 0; i < bytes / sizeof(T); ++i)
    sum += double(numbers[i]) * double(numbers[i]);
  return std::sqrt(sum);
}

/// True in the rows whose last step is `step`.
static std::unique_ptr<bool[]> endsAt(const Examples &examples, int64_t step) {
  auto ends = std::make_unique<bool[]>(size_t(examples.count()));
  for (int64_t n = 0; n < examples.count(); ++n)
    ends[size_t(n)] = examples.lastStep(n) == step;
  return ends;
}

void Trainer::gradientNorms(const Examples &examples, double *norms) {
  checkStates(model);
  pack();
  std::vector<int64_t> order = inOrder(examples.count());
  const int64_t steps = examples.steps();
  Sums whole = evaluate(examples, order, examples.count());

  std::vector<std::unique_ptr<Run>> runs;
  double loss = 0;
  for (int64_t t = 0; t < steps; ++t) {
    runs.push_back(std::make_unique<Run>(model, team.get(), Run::Gradients));
    Run &run = *runs.back();
    run.load(examples, {order.data(), examples.count(), t, 1});
    run.useStates();
    run.clearStates();
    for (const State &state : model.states)
      if (t > 0)
        std::memcpy(run.array(state.initial),
                    runs[size_t(t - 1)]->array(state.final),
                    run.bytes(state.initial));
    run.forward(nullptr);
    auto ends = endsAt(examples, t);
    loss += run.loss(whole.weight, ends.get());
  }
  // Rows without a step have a loss, but not one that any step adds to.
  double expected = whole.loss(model);
  double tolerance = model.isFloat() ? 1e-4 : 1e-8;
  bool hasEmptyRows = false;
  for (int64_t n = 0; n < examples.count(); ++n)
    hasEmptyRows |= examples.lastStep(n) < 0;
  if (!hasEmptyRows &&
      !(std::abs(loss - expected) <= tolerance * (1 + std::abs(expected))))
    fail(RNNCC_TRAIN_BAD_MODEL, model.descriptor.name, " has the loss ",
         expected, ", but ", loss, " if it is run step by step: its losses ",
         "are not read per step or at the end, or something in it reads ",
         "other steps than those before");

  for (int64_t t = steps - 1; t >= 0; --t) {
    Run &run = *runs[size_t(t)];
    auto ends = endsAt(examples, t);
    run.seed(whole.weight, ends.get());
    for (size_t s = 0; s < model.states.size(); ++s) {
      const State &state = model.states[s];
      run.provide(state.gradInitial);
      void *last = run.provide(state.gradFinal);
      size_t bytes = run.bytes(state.gradFinal);
      if (t + 1 < steps)
        std::memcpy(last, runs[size_t(t + 1)]->array(state.gradInitial), bytes);
      else
        std::memset(last, 0, bytes);
    }
    run.backward();
    for (size_t s = 0; s < model.states.size(); ++s) {
      int64_t array = model.states[s].gradInitial;
      const void *values = run.array(array);
      norms[int64_t(s) * steps + t] =
          model.isFloat() ? norm<float>(values, run.bytes(array))
                          : norm<double>(values, run.bytes(array));
    }
  }
}
