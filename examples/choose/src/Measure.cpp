//===- Measure.cpp - what a model costs -----------------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Measure.h"
#include "Statistics.h"
#include <algorithm>
#include <chrono>
#include <cstring>
#include <memory>
#include <stdexcept>
#include <string>

using namespace choose;

using Memory = std::unique_ptr<void, void (*)(void *)>;

/// Zeros that the model's functions take.
static Memory zeros(size_t bytes) {
  Memory memory(rnncc_alloc(bytes), rnncc_free);
  if (!memory)
    throw std::runtime_error("not enough memory");
  std::memset(memory.get(), 0, bytes);
  return memory;
}

static void check(rnncc_status status, const char *what) {
  if (status != RNNCC_OK)
    throw std::runtime_error(std::string(what) + ": " +
                             rnncc_status_text(status));
}

/// The median over blocks of steps: a clock is too coarse for one.
static double timeStep(const rnncc_descriptor &model, const rnncc_call *call) {
  using Clock = std::chrono::steady_clock;
  constexpr int blocks = 1001, steps = 20;
  std::vector<double> times;
  for (int block = 0; block < blocks; ++block) {
    Clock::time_point begin = Clock::now();
    for (int step = 0; step < steps; ++step)
      check(model.step(call), "step");
    times.push_back(
        std::chrono::duration<double, std::micro>(Clock::now() - begin)
            .count() /
        steps);
  }
  return median(times);
}

Cost choose::costOf(const rnncc_descriptor &model, int64_t steps,
                    int64_t batch) {
  return {model.forward_flops,
          double(model.weights_bytes() + model.tape_bytes(steps, batch) +
                 std::max(model.forward_scratch_bytes(steps, batch),
                          model.backward_scratch_bytes(steps, batch)))};
}

double choose::measureStep(const rnncc_descriptor &model) {
  std::vector<Memory> memory;
  std::vector<const void *> params;
  for (int64_t i = 0; i < model.n_params; ++i) {
    size_t bytes = size_t(rnncc_param_elements(&model.params[i])) *
                   rnncc_element_bytes(&model);
    params.push_back(memory.emplace_back(zeros(bytes)).get());
  }
  void *weights = memory.emplace_back(zeros(model.weights_bytes())).get();
  check(model.pack(params.data(), weights), "pack");

  std::unique_ptr<rnncc_call, void (*)(void *)> call(rnncc_call_create(&model),
                                                     rnncc_free);
  if (!call)
    throw std::runtime_error("not enough memory");
  call->steps = call->batch = 1;
  call->weights = weights;
  call->scratch =
      memory.emplace_back(zeros(model.forward_scratch_bytes(1, 1))).get();
  for (int64_t i = 0; i < model.n_arrays; ++i) {
    int32_t role = model.arrays[i].role;
    if (role == RNNCC_INPUT || role == RNNCC_INITIAL || role == RNNCC_FINAL ||
        role == RNNCC_OUTPUT)
      call->arrays[i] =
          memory
              .emplace_back(
                  zeros(size_t(rnncc_array_bytes(&model.arrays[i], 1, 1))))
              .get();
  }
  return timeStep(model, call.get());
}
