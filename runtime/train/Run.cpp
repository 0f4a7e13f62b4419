//===- Run.cpp - one call of a model with its arrays ----------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/train/Run.h"
#include "runtime/train/Failure.h"
#include <algorithm>
#include <cmath>
#include <utility>

using namespace rnn::train;

void Sums::add(const Sums &other) {
  for (size_t i = 0; i < sum.size(); ++i) {
    sum[i] += other.sum[i];
    weight[i] += other.weight[i];
  }
}

double Sums::loss(const Model &model) const {
  double loss = 0;
  for (size_t i = 0; i < model.losses.size(); ++i)
    loss += weight[i] ? sum[i] / weight[i] : 0;
  return loss;
}

std::vector<double> Sums::metrics(const Model &model) const {
  std::vector<double> metrics;
  for (size_t i = 0; i < model.metrics.size(); ++i) {
    size_t at = model.losses.size() + i;
    double mean = weight[at] ? sum[at] / weight[at] : 0;
    int32_t finish = model.descriptor.arrays[model.metrics[i].array].finish;
    metrics.push_back(finish == RNNCC_EXP_MEAN ? std::exp(mean) : mean);
  }
  return metrics;
}

Run::Run(Model &model, rnncc_team *team, Purpose purpose)
    : model(model), purpose(purpose), memory(size_t(model.descriptor.n_arrays)),
      masked(nullptr, rnncc_masked_destroy),
      call(rnncc_call_create(&model.descriptor), rnncc_free) {
  if (!call)
    throw std::bad_alloc();
  call->weights = model.packed.get();
  call->team = team;
  if (purpose == Training)
    for (const Param &param : model.params)
      if (param.gradientArray >= 0)
        array(param.gradientArray) = param.gradient.get();
}

size_t Run::bytes(int64_t index) const {
  int64_t bytes = rnncc_array_bytes(&model.descriptor.arrays[index],
                                    call->steps, call->batch);
  if (bytes < 0)
    fail(RNNCC_TRAIN_BAD_OPTION, "a batch of ", call->batch, " rows of ",
         call->steps, " steps is too large");
  return size_t(bytes);
}

void *Run::provide(int64_t index) {
  memory[size_t(index)].grow(bytes(index));
  return array(index) = memory[size_t(index)].get();
}

void Run::load(const Examples &examples, const Selection &selection) {
  call->steps = selection.steps;
  call->batch = selection.rows;
  call->lengths = nullptr;
  if (examples.haveLengths()) {
    lengths.clear();
    for (int64_t i = 0; i < selection.rows; ++i)
      lengths.push_back(std::clamp<int64_t>(
          examples.length(selection.examples[i]) - selection.start, 0,
          selection.steps));
    call->lengths = lengths.data();
  }
  const rnncc_descriptor &descriptor = model.descriptor;
  for (int64_t i = 0; i < descriptor.n_arrays; ++i)
    if (examples.has(i))
      examples.gather(i, selection, provide(i));
  bool measure = true;
  for (int64_t i = 0; i < descriptor.n_arrays; ++i)
    measure &= descriptor.arrays[i].role != RNNCC_TARGET || examples.has(i);
  if (measure) {
    for (const Measure &loss : model.losses)
      provide(loss.array);
    for (const Measure &metric : model.metrics)
      provide(metric.array);
  }
  masked.reset();
  if (examples.isCut(selection)) {
    takeCuts(examples, selection); // with tape and scratch of its own
    return;
  }
  if (purpose != Evaluating)
    tape.grow(descriptor.tape_bytes(call->steps, call->batch));
  size_t scratchBytes =
      descriptor.forward_scratch_bytes(call->steps, call->batch);
  if (purpose != Evaluating)
    scratchBytes =
        std::max(scratchBytes,
                 descriptor.backward_scratch_bytes(call->steps, call->batch));
  scratch.grow(scratchBytes);
  call->tape = purpose == Evaluating ? nullptr : tape.get();
  call->scratch = scratch.get();
}

/// Prepares a call in which steps are left out or states reset.
void Run::takeCuts(const Examples &examples, const Selection &selection) {
  size_t entries = size_t(selection.steps * selection.rows);
  std::vector<uint8_t> resets(entries);
  mask.assign(entries, 0);
  for (int64_t t = 0; t < selection.steps; ++t)
    for (int64_t i = 0; i < selection.rows; ++i) {
      int64_t example = selection.examples[i], step = selection.start + t;
      size_t at = size_t(t * selection.rows + i);
      mask[at] = examples.happens(example, step);
      resets[at] = examples.isReset(example, step);
    }
  rnncc_masked *made = nullptr;
  checkCall(model,
            rnncc_masked_create(&model.descriptor, call->steps, call->batch,
                                call->lengths, mask.data(), resets.data(),
                                purpose != Evaluating, &made),
            "masking");
  masked.reset(made);
}

void Run::useStates() {
  for (const State &state : model.states) {
    provide(state.initial);
    provide(state.final);
  }
}

void Run::clearStates() {
  for (const State &state : model.states)
    std::memset(array(state.initial), 0, bytes(state.initial));
}

void Run::carryStates() {
  // The arrays change places: backward reads what forward started from.
  for (const State &state : model.states) {
    std::swap(memory[size_t(state.initial)], memory[size_t(state.final)]);
    std::swap(array(state.initial), array(state.final));
  }
}

void Run::forward(const rnncc_random *random) {
  call->random = random;
  checkCall(model,
            masked ? rnncc_masked_forward(masked.get(), call.get())
                   : model.descriptor.forward(call.get()),
            "forward");
}

void Run::backward() {
  checkCall(model,
            masked ? rnncc_masked_backward(masked.get(), call.get())
                   : model.descriptor.backward(call.get()),
            "backward");
}

/// Elements of one step and row, one row, or the whole array.
static int64_t innerElements(const rnncc_array &array) {
  rnncc_array inner = array;
  inner.axes = RNNCC_PLAIN;
  return rnncc_array_elements(&inner, 1, 1);
}

/// Calls body(at, row) with the place of each element that counts in an array
/// of a loss or metric: no step that does not happen.
template <typename Body>
static void forEachValid(const rnncc_array &array, const Run &run, Body body) {
  int64_t inner = innerElements(array);
  int64_t rows = array.axes == RNNCC_PLAIN ? 1 : run.rows();
  int64_t steps = array.axes == RNNCC_STEPS_ROWS ? run.steps() : 1;
  for (int64_t t = 0; t < steps; ++t)
    for (int64_t n = 0; n < rows; ++n)
      if (array.axes != RNNCC_STEPS_ROWS || run.happens(t, n))
        for (int64_t i = 0; i < inner; ++i)
          body((t * rows + n) * inner + i, n);
}

static double numberAt(const rnncc_array &array, const void *values,
                       int64_t index) {
  return array.element == RNNCC_F64
             ? static_cast<const double *>(values)[index]
             : double(static_cast<const float *>(values)[index]);
}

Sums Run::sums() const {
  Sums sums(model);
  size_t at = 0;
  auto add = [&](const Measure &measure) {
    const rnncc_array &array = model.descriptor.arrays[measure.array];
    double sum = 0, weight = 0;
    forEachValid(array, *this, [&](int64_t i, int64_t) {
      sum += numberAt(array, call->arrays[measure.array], i);
      ++weight;
    });
    sums.sum[at] = sum;
    sums.weight[at++] = weight;
  };
  for (const Measure &loss : model.losses)
    add(loss);
  for (const Measure &metric : model.metrics)
    add(metric);
  return sums;
}

/// Calls body(at, row) for each element of a loss that counts in a call that is
/// a part of a batch.
template <typename Body>
static void forEachCounting(const rnncc_array &array, const Run &run,
                            const bool *counts, Body body) {
  bool all = !counts || array.axes == RNNCC_STEPS_ROWS;
  forEachValid(array, run, [&](int64_t i, int64_t row) {
    if (all || counts[row])
      body(i);
  });
}

void Run::seed(const std::vector<double> &weight, const bool *counts) {
  for (size_t l = 0; l < model.losses.size(); ++l) {
    const Measure &loss = model.losses[l];
    const rnncc_array &array = model.descriptor.arrays[loss.array];
    void *seeds = provide(loss.gradient);
    std::memset(seeds, 0, bytes(loss.gradient));
    forEachCounting(array, *this, counts, [&](int64_t i) {
      if (array.element == RNNCC_F64)
        static_cast<double *>(seeds)[i] = 1 / weight[l];
      else
        static_cast<float *>(seeds)[i] = float(1 / weight[l]);
    });
  }
}

double Run::loss(const std::vector<double> &weight, const bool *counts) const {
  double sum = 0;
  for (size_t l = 0; l < model.losses.size(); ++l) {
    int64_t index = model.losses[l].array;
    const rnncc_array &array = model.descriptor.arrays[index];
    forEachCounting(array, *this, counts, [&](int64_t i) {
      sum += numberAt(array, call->arrays[index], i) / weight[l];
    });
  }
  return sum;
}

void Run::seed() { seed(sums().weight, nullptr); }

void Run::rowsRead(const Param &param, std::vector<int64_t> &rows) const {
  const rnncc_array &array = model.descriptor.arrays[param.info->indices];
  auto *indices = static_cast<const int32_t *>(
      call->arrays[&array - model.descriptor.arrays]);
  rows.clear();
  seen.resize(std::max(seen.size(), size_t(param.rows)));
  forEachValid(array, *this, [&](int64_t i, int64_t) {
    char &isSeen = seen[size_t(indices[i])];
    if (!isSeen)
      rows.push_back(indices[i]);
    isSeen = true;
  });
  for (int64_t row : rows)
    seen[size_t(row)] = false;
}
