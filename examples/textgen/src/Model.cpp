//===- Model.cpp - a compiled cell with its parameters and arrays ---------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Model.h"
#include "rnncc/runtime.h"
#include <algorithm>
#include <new>
#include <stdexcept>
#include <string>
#include <string_view>

using namespace textgen;

AlignedBytes::AlignedBytes(size_t bytes) {
  constexpr size_t alignment = 64;
  size_t rounded = (bytes + alignment - 1) / alignment * alignment;
  if (rounded == 0)
    return;
  memory.reset(std::aligned_alloc(alignment, rounded));
  if (!memory)
    throw std::bad_alloc();
}

/// Turns what an entry point returned into an exception.
static void check(rnncc_status status, const rnncc_descriptor &cell,
                  const char *what) {
  if (status != RNNCC_OK)
    throw std::runtime_error(std::string(cell.name) + ": " + what + ": " +
                             rnncc_status_text(status));
}

static int64_t elements(int64_t rank, const int64_t *shape) {
  int64_t product = 1;
  for (int64_t axis = 0; axis < rank; ++axis)
    product *= shape[axis];
  return product;
}

/// Makes the rows of a [rows, columns] matrix with rows <= columns, or else
/// its columns, orthonormal (Gram and Schmidt).
static void orthonormalize(std::vector<float> &values, int64_t rows,
                           int64_t columns) {
  bool byRow = rows <= columns;
  int64_t vectors = byRow ? rows : columns, length = byRow ? columns : rows;
  int64_t across = byRow ? columns : 1, along = byRow ? 1 : columns;
  auto dot = [&](int64_t a, int64_t b) {
    double sum = 0;
    for (int64_t i = 0; i < length; ++i)
      sum += double(values[a * across + i * along]) *
             double(values[b * across + i * along]);
    return sum;
  };
  for (int64_t v = 0; v < vectors; ++v) {
    for (int64_t before = 0; before < v; ++before) {
      double shared = dot(v, before);
      for (int64_t i = 0; i < length; ++i)
        values[v * across + i * along] -=
            float(shared * double(values[before * across + i * along]));
    }
    double norm = std::sqrt(dot(v, v));
    for (int64_t i = 0; i < length; ++i)
      values[v * across + i * along] /= float(norm);
  }
}

/// Draws one parameter as its declaration in the cell says.
static std::vector<float> draw(const rnncc_param &param, Random &random) {
  std::vector<float> values(size_t(elements(param.rank, param.shape)));
  auto fill = [&](auto number) {
    std::generate(values.begin(), values.end(),
                  [&] { return float(number()); });
  };
  auto fillUniform = [&](double low, double high) {
    fill([&] { return low + (high - low) * random.uniform(); });
  };
  int64_t rows = param.rank > 0 ? param.shape[0] : 1;
  int64_t columns = rows ? int64_t(values.size()) / rows : 0;
  switch (rnncc_init(param.init)) {
  case RNNCC_ZEROS:
    break;
  case RNNCC_ONES:
    fill([] { return 1; });
    break;
  case RNNCC_CONSTANT:
    fill([&] { return param.init_arguments[0]; });
    break;
  case RNNCC_UNIFORM:
    fillUniform(param.init_arguments[0], param.init_arguments[1]);
    break;
  case RNNCC_NORMAL:
    fill([&] { return param.init_arguments[0] * random.normal(); });
    break;
  case RNNCC_GLOROT_UNIFORM: {
    double bound = std::sqrt(6.0 / double(rows + columns));
    fillUniform(-bound, bound);
    break;
  }
  case RNNCC_ORTHOGONAL:
    fill([&] { return random.normal(); });
    orthonormalize(values, rows, columns);
    break;
  }
  return values;
}

/// The elements of the vector `name` that `cell` has in the role `role`.
static int64_t vectorSize(const rnncc_descriptor &cell, const char *name,
                          rnncc_array_role role) {
  for (int64_t i = 0; i < cell.n_arrays; ++i) {
    const rnncc_array &array = cell.arrays[i];
    if (array.role == role && array.rank == 1 &&
        std::string_view(array.name) == name)
      return array.shape[0];
  }
  throw std::runtime_error(std::string(cell.name) + " has no " +
                           (role == RNNCC_INPUT ? "input" : "output") +
                           " vector '" + name + "'");
}

Model::Model(const rnncc_descriptor &cell, Random &random)
    : cell(cell), inputs(vectorSize(cell, "x", RNNCC_INPUT)),
      outputs(vectorSize(cell, "y", RNNCC_OUTPUT)),
      packed(cell.weights_bytes()) {
  if (cell.abi_version != RNNCC_ABI_VERSION || cell.element != RNNCC_F32)
    throw std::runtime_error(std::string(cell.name) +
                             " was not compiled for this program: it needs "
                             "elements f32 and ABI version " +
                             std::to_string(RNNCC_ABI_VERSION));

  for (int64_t i = 0; i < cell.n_params; ++i)
    parameters.push_back({draw(cell.params[i], random), {}});
  rnncc_param table = {};
  table.rank = 2;
  table.shape[0] = outputs;
  table.shape[1] = inputs;
  table.init = RNNCC_UNIFORM;
  table.init_arguments[0] = -1;
  table.init_arguments[1] = 1;
  parameters.push_back({draw(table, random), {}});
  for (Parameter &parameter : parameters)
    parameter.gradient.resize(parameter.values.size());
  pack();
}

int64_t Model::count() const {
  int64_t sum = 0;
  for (const Parameter &parameter : parameters)
    sum += int64_t(parameter.values.size());
  return sum;
}

void Model::pack() {
  std::vector<const void *> values;
  for (const Parameter &parameter : parameters)
    values.push_back(parameter.values.data());
  check(cell.pack(values.data(), packed.get()), cell, "packing the weights");
}

/// A call with room for all arrays of `cell`, none of them set.
static rnncc_call *makeCall(const rnncc_descriptor &cell) {
  size_t bytes = sizeof(rnncc_call) + size_t(cell.n_arrays) * sizeof(void *);
  void *memory = std::calloc(1, bytes);
  if (!memory)
    throw std::bad_alloc();
  return static_cast<rnncc_call *>(memory);
}

Run::Run(Model &model, int64_t steps, int64_t batch, Purpose purpose,
         rnncc_team *team)
    : logits(size_t(steps * batch * model.outputs)), model(model), steps(steps),
      batch(batch), input(size_t(steps * batch * model.inputs)),
      tape(purpose == Training ? model.cell.tape_bytes(steps, batch) : 0),
      scratch(std::max(model.cell.forward_scratch_bytes(steps, batch),
                       model.cell.backward_scratch_bytes(steps, batch))),
      call(makeCall(model.cell), std::free) {
  const rnncc_descriptor &cell = model.cell;
  call->steps = steps;
  call->batch = batch;
  call->weights = model.weights();
  call->tape = tape.get();
  call->scratch = scratch.get();
  call->team = team;
  array("x") = input.data();
  array("y") = logits.data();
  for (int64_t i = 0; i < cell.n_arrays; ++i) {
    const rnncc_array &state = cell.arrays[i];
    if (state.role != RNNCC_INITIAL && state.role != RNNCC_FINAL)
      continue;
    states.emplace_back(size_t(batch * elements(state.rank, state.shape)));
    call->arrays[i] = states.back().data();
  }
  if (purpose == Reading)
    return;

  logitsGradient.resize(logits.size());
  inputGradient.resize(input.size());
  array("grad.y") = logitsGradient.data();
  array("grad.x") = inputGradient.data();
  for (int64_t i = 0; i < cell.n_arrays; ++i)
    if (cell.arrays[i].role == RNNCC_GRAD_PARAM)
      call->arrays[i] =
          model.parameters[size_t(cell.arrays[i].param)].gradient.data();
}

void *&Run::array(const char *name) {
  for (int64_t i = 0; i < model.cell.n_arrays; ++i)
    if (std::string_view(model.cell.arrays[i].name) == name)
      return call->arrays[i];
  throw std::runtime_error(std::string(model.cell.name) + " has no array '" +
                           name + "'");
}

void Run::embed(const int32_t *symbols) {
  const float *table = model.embedding().values.data();
  for (int64_t i = 0; i < steps * batch; ++i)
    std::copy_n(table + symbols[i] * model.inputs, model.inputs,
                input.data() + i * model.inputs);
}

/// Each state's last value becomes its first; in a new run, both are zeros. The
/// arrays change places, since backward still reads what forward started from.
void Run::carryStates() {
  const rnncc_descriptor &cell = model.cell;
  int64_t last = 0; // the final states are in the order of the initial ones
  for (int64_t first = 0; first < cell.n_arrays; ++first) {
    if (cell.arrays[first].role != RNNCC_INITIAL)
      continue;
    while (cell.arrays[last].role != RNNCC_FINAL)
      ++last;
    std::swap(call->arrays[first], call->arrays[last++]);
  }
}

void Run::forward(const int32_t *symbols) {
  embed(symbols);
  carryStates();
  check(model.cell.forward(call.get()), model.cell, "forward");
}

void Run::step(const int32_t *symbols) {
  embed(symbols);
  carryStates();
  check(model.cell.step(call.get()), model.cell, "step");
}

void Run::backward(const int32_t *symbols) {
  for (Parameter &parameter : model.parameters)
    std::fill(parameter.gradient.begin(), parameter.gradient.end(), 0.0f);
  check(model.cell.backward(call.get()), model.cell, "backward");

  float *table = model.embedding().gradient.data();
  for (int64_t i = 0; i < steps * batch; ++i)
    for (int64_t k = 0; k < model.inputs; ++k)
      table[symbols[i] * model.inputs + k] +=
          inputGradient[i * model.inputs + k];
}
