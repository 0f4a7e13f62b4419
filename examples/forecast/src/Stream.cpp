//===- Stream.cpp - a model that is fed step by step ----------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Stream.h"
#include "rnncc/runtime.h"
#include <new>
#include <stdexcept>
#include <string>

using namespace forecast;

Stream::Stream(const rnncc_descriptor &model, const void *weights)
    : model(&model), weights(weights),
      scratch(rnncc_alloc(model.forward_scratch_bytes(1, 1)), rnncc_free),
      call(rnncc_call_create(&model), rnncc_free) {
  if (!scratch || !call)
    throw std::bad_alloc();
  for (int64_t i = 0; i < model.n_arrays; ++i) {
    const rnncc_array &array = model.arrays[i];
    auto elements = size_t(rnncc_array_elements(&array, 1, 1));
    if (array.role == RNNCC_INITIAL)
      states.emplace_back(elements);
    if (array.role == RNNCC_OUTPUT)
      forecast.resize(elements);
  }
}

const std::vector<float> &Stream::next(const float *row) {
  call->steps = call->batch = 1;
  call->weights = weights;
  call->scratch = scratch.get();
  size_t initial = 0, final = 0;
  for (int64_t i = 0; i < model->n_arrays; ++i) {
    int32_t role = model->arrays[i].role;
    if (role == RNNCC_INPUT)
      call->arrays[i] = const_cast<float *>(row);
    else if (role == RNNCC_INITIAL)
      call->arrays[i] = states[initial++].data();
    else if (role == RNNCC_FINAL)
      call->arrays[i] = states[final++].data();
    else if (role == RNNCC_OUTPUT)
      call->arrays[i] = forecast.data();
  }
  if (rnncc_status status = model->step(call.get()))
    throw std::runtime_error(std::string(model->name) + ": " +
                             rnncc_status_text(status));
  return forecast;
}
