//===- CheckRows.cpp - rows and steps give the bits they give alone -------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "test/run/Check.h"
#include "test/run/Team.h"
#include <cmath>

using namespace mlir;
using namespace rnn;

static bool isValue(int role) {
  return role >= RNNCC_OUTPUT && role <= RNNCC_METRIC;
}

/// step() by step() with one pair of state arrays gives the same bits.
void Check::checkSteps(const CompiledCall &whole, const Twine &what) {
  CompiledCall c(cell, 1, whole.batch);
  Fence scratch(cell.forward_scratch_bytes(1, whole.batch), 64, c.wall);
  c.call->weights = weights->data();
  c.call->scratch = scratch.data();
  std::vector<int64_t> finals;
  for (int64_t i = 0; i < cell.n_arrays; ++i) {
    int role = cell.arrays[i].role;
    if (role == RNNCC_INITIAL)
      c.set(i, whole.get(i));
    if (role == RNNCC_FINAL)
      finals.push_back(i);
  }
  // The same arrays before and after a step, in the order of the table.
  size_t next = 0;
  for (int64_t i = 0; i < cell.n_arrays; ++i)
    if (cell.arrays[i].role == RNNCC_INITIAL)
      c.call->arrays[finals[next++]] = c.call->arrays[i];
  for (int64_t t = 0; t < whole.steps; ++t) {
    for (int64_t i = 0; i < cell.n_arrays; ++i) {
      int role = cell.arrays[i].role;
      bool isRead = role == RNNCC_INPUT || role == RNNCC_TARGET;
      if (!isRead && !isValue(role))
        continue;
      c.make(i);
      if (isRead)
        std::memcpy(c.arrays[i]->data(),
                    static_cast<char *>(whole.arrays[i]->data()) +
                        t * c.arrays[i]->size(),
                    c.arrays[i]->size());
    }
    verdict.require(cell.step(c.call) == RNNCC_OK, what + " step");
    for (int64_t i = 0; i < cell.n_arrays; ++i)
      if (isValue(cell.arrays[i].role))
        verdict.require(
            !std::memcmp(c.arrays[i]->data(),
                         static_cast<char *>(whole.arrays[i]->data()) +
                             t * c.arrays[i]->size(),
                         c.arrays[i]->size()),
            what + " step " + Twine(t) + " of " + cell.arrays[i].name);
  }
  verdict.require(c.intact() && scratch.isIntact(), what + " guards of step");
}

/// A row alone gives the bits that it gives in company.
void Check::checkRows(const CompiledCall &whole, const Twine &what) {
  int64_t row = whole.batch - 1;
  CompiledCall c(cell, whole.steps, 1);
  auto forEachStep = [&](int64_t i, auto body) {
    size_t size = c.elements(i) * c.bytesOf(i);
    int64_t steps = cell.arrays[i].axes == RNNCC_STEPS_ROWS ? whole.steps : 1;
    for (int64_t t = 0; t < steps; ++t)
      body(static_cast<char *>(c.arrays[i]->data()) + t * size / steps,
           static_cast<char *>(whole.arrays[i]->data()) +
               (t * whole.batch + row) * size / steps,
           size / steps);
  };
  for (int64_t i = 0; i < cell.n_arrays; ++i)
    if (cell.arrays[i].role <= RNNCC_METRIC) {
      c.make(i);
      if (cell.arrays[i].role <= RNNCC_INITIAL)
        forEachStep(i, [](char *mine, char *theirs, size_t size) {
          std::memcpy(mine, theirs, size);
        });
    }
  runCompiled(c, false, nullptr, what + " one row");
  for (int64_t i = 0; i < cell.n_arrays; ++i)
    if (isValue(cell.arrays[i].role))
      forEachStep(i, [&](char *mine, char *theirs, size_t size) {
        verdict.require(!std::memcmp(mine, theirs, size),
                        what + " row alone: " + cell.arrays[i].name);
      });
}

/// A row of a padded batch against the same row alone, forward and backward.
void Check::checkRowAlone(const CompiledCall &whole, int64_t row,
                          int64_t length, const Twine &what) {
  CompiledCall c(cell, length, 1);
  auto forEachStep = [&](int64_t i, auto body) {
    bool isSeries = cell.arrays[i].axes == RNNCC_STEPS_ROWS;
    size_t size = whole.elements(i) * c.bytesOf(i) / whole.batch /
                  (isSeries ? whole.steps : 1);
    for (int64_t t = 0; t < (isSeries ? length : 1); ++t)
      body(static_cast<char *>(c.arrays[i]->data()) + t * size,
           static_cast<char *>(whole.arrays[i]->data()) +
               (t * whole.batch + row) * size,
           size);
  };
  auto isRead = [](int role) {
    return role <= RNNCC_INITIAL || role == RNNCC_GRAD_OUTPUT ||
           role == RNNCC_GRAD_FINAL;
  };
  for (int64_t i = 0; i < cell.n_arrays; ++i) {
    int role = cell.arrays[i].role;
    if (role == RNNCC_GRAD_PARAM)
      continue;
    c.make(i);
    if (isRead(role))
      forEachStep(i, [](char *mine, char *theirs, size_t size) {
        std::memcpy(mine, theirs, size);
      });
  }
  runCompiled(c, true, nullptr, what);
  for (int64_t i = 0; i < cell.n_arrays; ++i)
    if (cell.arrays[i].role != RNNCC_GRAD_PARAM && !isRead(cell.arrays[i].role))
      forEachStep(i, [&](char *mine, char *theirs, size_t size) {
        verdict.require(!std::memcmp(mine, theirs, size),
                        what + ": " + cell.arrays[i].name);
      });
}

/// Rows of different lengths, with NaN where nobody may look.
void Check::checkLengths(Call call, const Twine &what) {
  const CellInterface &face = flat->interface();
  CompiledCall plain(cell, call.steps, call.batch);
  fill(plain, call, true);
  runCompiled(plain, true, nullptr, what + " without lengths");
  call.lengths.assign(call.batch, call.steps);
  CompiledCall full(cell, call.steps, call.batch);
  fill(full, call, true);
  runCompiled(full, true, nullptr, what + " full lengths");
  verdict.require(full.sameBits(plain), what + " bits of full lengths");

  for (int64_t &length : call.lengths)
    length = generator() % (call.steps + 1);
  for (auto [index, array] : llvm::enumerate(face.arrays)) {
    auto &values = call.arrays[index];
    if (array.role == ArrayRole::GradParam)
      values.clear();
    bool isGiven =
        array.role <= ArrayRole::Target || array.role == ArrayRole::GradOutput;
    if (!isGiven || array.axes != Axes::StepsRows)
      continue;
    double nobody = limits[index] ? -7 : NAN;
    size_t size = values.size() / (call.steps * call.batch);
    for (int64_t t = 0; t < call.steps; ++t)
      for (int64_t row = 0; row < call.batch; ++row)
        if (t >= call.lengths[row])
          std::fill_n(values.begin() + (t * call.batch + row) * size, size,
                      nobody);
  }
  CompiledCall inference(cell, call.steps, call.batch),
      training(cell, call.steps, call.batch),
      together(cell, call.steps, call.batch, Wall::InFront);
  fill(inference, call, false);
  fill(training, call, true);
  fill(together, call, true);
  Team team(2);
  runCompiled(inference, false, nullptr, what + " inference with lengths");
  runCompiled(training, true, nullptr, what + " lengths");
  runCompiled(together, true, &team, what + " lengths, two threads");
  verdict.require(training.sameBits(together), what + " bits with lengths");
  flat->forward(call);
  flat->backward(call);
  compareAll(training, call, what + " with lengths");
  for (auto [index, array] : llvm::enumerate(face.arrays))
    if (isWritten(array.role))
      verdict.require(!std::memcmp(inference.arrays[index]->data(),
                                   training.arrays[index]->data(),
                                   training.arrays[index]->size()),
                      what + " with lengths, inference " + array.name);
  for (int64_t row = 0; row < std::min<int64_t>(call.batch, 4); ++row)
    checkRowAlone(training, row, call.lengths[row],
                  what + " row " + Twine(row) + " of length " +
                      Twine(call.lengths[row]) + " alone");
}
