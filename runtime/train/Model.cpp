//===- Model.cpp - a model's parameters and what its arrays are -----------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/train/Model.h"
#include "runtime/train/Failure.h"
#include "runtime/train/Random.h"
#include <cmath>

using namespace rnn::train;

void rnn::train::checkCall(const Model &model, rnncc_status status,
                           const char *what) {
  if (status == RNNCC_NO_MEMORY)
    throw std::bad_alloc();
  if (status != RNNCC_OK)
    fail(RNNCC_TRAIN_CALL_FAILED, what, " of ", model.descriptor.name,
         " failed: ", rnncc_status_text(status));
}

/// The array `name` in a role; -1 if there is none.
static int64_t findArray(const rnncc_descriptor &model, const std::string &name,
                         rnncc_array_role role) {
  int64_t index = rnncc_find_array(&model, name.c_str());
  return index >= 0 && model.arrays[index].role == role ? index : -1;
}

/// What a state after the last step is called whose first is called `initial`:
/// "h.T" for "h.0", "h.T-1" for "h.-1".
static std::string finalName(const std::string &initial) {
  size_t dot = initial.rfind('.');
  std::string back = initial.substr(dot + 1);
  return initial.substr(0, dot) + ".T" + (back == "0" ? "" : back);
}

static State readState(const rnncc_descriptor &model, int64_t initial) {
  State state;
  state.name = model.arrays[initial].name;
  state.initial = initial;
  std::string final = finalName(state.name);
  state.final = findArray(model, final, RNNCC_FINAL);
  state.gradInitial =
      findArray(model, "grad." + state.name, RNNCC_GRAD_INITIAL);
  state.gradFinal = findArray(model, "grad." + final, RNNCC_GRAD_FINAL);
  return state;
}

static Param readParam(const rnncc_descriptor &model, int64_t index) {
  const rnncc_param &info = model.params[index];
  Param param;
  param.info = &info;
  param.elements = rnncc_param_elements(&info);
  if (param.elements < 0 || info.indices >= model.n_arrays)
    fail(RNNCC_TRAIN_BAD_MODEL, model.name, ": parameter '", info.name,
         "' has a size out of range");
  param.rows = info.rank > 0 ? info.shape[0] : 1;
  param.columns = param.rows ? param.elements / param.rows : 0;
  param.gradientArray = -1;
  for (int64_t i = 0; i < model.n_arrays; ++i)
    if (model.arrays[i].role == RNNCC_GRAD_PARAM &&
        model.arrays[i].param == index)
      param.gradientArray = i;
  size_t bytes = size_t(param.elements) * rnncc_element_bytes(&model);
  param.values = Memory(bytes);
  param.gradient = Memory(bytes);
  if (param.byRows())
    param.upToDate.assign(size_t(param.rows), 0);
  return param;
}

Model::Model(const rnncc_descriptor &descriptor) : descriptor(descriptor) {
  char message[200];
  if (rnncc_check_abi(&descriptor, message, sizeof message) != RNNCC_OK)
    fail(RNNCC_TRAIN_BAD_MODEL, message);
  if (descriptor.element != RNNCC_F32 && descriptor.element != RNNCC_F64)
    fail(RNNCC_TRAIN_BAD_MODEL, descriptor.name,
         " has elements that this library does not know");
  elementBytes = rnncc_element_bytes(&descriptor);
  for (int64_t i = 0; i < descriptor.n_params; ++i)
    params.push_back(readParam(descriptor, i));
  for (int64_t i = 0; i < descriptor.n_arrays; ++i) {
    const rnncc_array &array = descriptor.arrays[i];
    if (array.role == RNNCC_LOSS) {
      losses.push_back(
          {i, findArray(descriptor, std::string("grad.") + array.name,
                        RNNCC_GRAD_OUTPUT)});
    } else if (array.role == RNNCC_METRIC) {
      metrics.push_back({i, -1});
      metricNames.push_back(array.name);
    } else if (array.role == RNNCC_INITIAL) {
      states.push_back(readState(descriptor, i));
    }
  }
  size_t bytes = descriptor.weights_bytes();
  if (!bytes)
    fail(RNNCC_TRAIN_CALL_FAILED, descriptor.name, ": ",
         rnncc_status_text(RNNCC_UNSUPPORTED));
  packed.grow(bytes);
}

const Param *Model::find(std::string_view name) const {
  for (const Param &param : params)
    if (name == param.info->name)
      return &param;
  return nullptr;
}

/// Makes the rows of a [rows, columns] matrix with rows <= columns, or else
/// its columns, orthonormal (Gram and Schmidt).
static void orthonormalize(std::vector<double> &values, int64_t rows,
                           int64_t columns) {
  bool byRow = rows <= columns;
  int64_t vectors = byRow ? rows : columns, length = byRow ? columns : rows;
  int64_t across = byRow ? columns : 1, along = byRow ? 1 : columns;
  auto at = [&](int64_t v, int64_t i) -> double & {
    return values[size_t(v * across + i * along)];
  };
  for (int64_t v = 0; v < vectors; ++v) {
    for (int64_t before = 0; before < v; ++before) {
      double dot = 0;
      for (int64_t i = 0; i < length; ++i)
        dot += at(v, i) * at(before, i);
      for (int64_t i = 0; i < length; ++i)
        at(v, i) -= dot * at(before, i);
    }
    double squares = 0;
    for (int64_t i = 0; i < length; ++i)
      squares += at(v, i) * at(v, i);
    for (int64_t i = 0; i < length; ++i)
      at(v, i) /= std::sqrt(squares);
  }
}

/// Values for a parameter, row-major.
static std::vector<double> drawParam(const Param &param, Random random) {
  std::vector<double> values(size_t(param.elements), 0.0);
  auto fill = [&](auto number) {
    for (double &value : values)
      value = number();
  };
  auto fillUniform = [&](double low, double high) {
    fill([&] { return low + (high - low) * random.uniform(); });
  };
  const double *arguments = param.info->init_arguments;
  int64_t columns = param.info->rank > 1 ? param.info->shape[1] : 1;
  switch (param.info->init) {
  case RNNCC_ONES:
    fill([] { return 1.0; });
    break;
  case RNNCC_CONSTANT:
    fill([&] { return arguments[0]; });
    break;
  case RNNCC_UNIFORM:
    fillUniform(arguments[0], arguments[1]);
    break;
  case RNNCC_NORMAL:
    fill([&] { return arguments[0] * random.normal(); });
    break;
  case RNNCC_GLOROT_UNIFORM: {
    double bound = std::sqrt(6.0 / double(param.rows + columns));
    fillUniform(-bound, bound);
    break;
  }
  case RNNCC_ORTHOGONAL:
    fill([&] { return random.normal(); });
    orthonormalize(values, param.rows, param.columns);
    break;
  default:
    break;
  }
  return values;
}

void Model::draw(uint64_t seed) {
  // Each parameter has its own stream: one that is added changes no other.
  for (size_t p = 0; p < params.size(); ++p) {
    std::vector<double> values = drawParam(params[p], Random(seed, p));
    for (size_t i = 0; i < values.size(); ++i)
      if (isFloat())
        params[p].values.as<float>()[i] = float(values[i]);
      else
        params[p].values.as<double>()[i] = values[i];
  }
}

void Model::pack(rnncc_team *team) {
  std::vector<const void *> values;
  for (const Param &param : params)
    values.push_back(param.values.get());
  checkCall(*this, descriptor.pack_on_team(values.data(), packed.get(), team),
            "pack");
}

Tensor Model::tensor(const Param &param, const std::string &name,
                     const Memory &memory) const {
  return {name,
          elementType(),
          param.shape(),
          {memory.as<char>(), size_t(param.elements) * elementBytes}};
}
