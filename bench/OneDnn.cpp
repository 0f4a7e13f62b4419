//===- OneDnn.cpp - oneDNN's recurrent primitives -------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Written for oneDNN 2, and 3 where it differs. Weights are reordered to the
// layout that the primitive asks for when it is set up, outside the timing;
// everything else stays in plain layouts.
//
//===----------------------------------------------------------------------===//

#include "Side.h"
#include <algorithm>
#include <cstring>
#include <oneapi/dnnl/dnnl.hpp>
#include <unordered_map>

using namespace bench;
using Desc = dnnl::memory::desc;
using Tag = dnnl::memory::format_tag;
using dnnl::memory;
using dnnl::prop_kind;

// oneDNN 3 dropped the operation descriptors that 2 wraps around the arguments.
#if DNNL_VERSION_MAJOR >= 3
#define FORWARD(...) (engine(), __VA_ARGS__)
#define BACKWARD(hint, ...) (engine(), __VA_ARGS__, hint)
#else
#define FORWARD(...) ({__VA_ARGS__}, engine())
#define BACKWARD(hint, ...) ({__VA_ARGS__}, engine(), hint)
#endif

namespace {

dnnl::engine &engine() {
  static dnnl::engine theEngine(dnnl::engine::kind::cpu, 0);
  return theEngine;
}

dnnl::stream &stream() {
  static dnnl::stream theStream(engine());
  return theStream;
}

using Type = memory::data_type;

/// A plain layout, of elements of one type or another.
struct Form {
  memory::dims dims;
  Tag tag;
  Desc of(Type type) const { return Desc(dims, type, tag); }
};

void reorder(memory from, memory to) {
  dnnl::reorder(from, to).execute(stream(), from, to);
  stream().wait();
}

float *data(memory array) {
  return static_cast<float *>(array.get_data_handle());
}

/// A plain array with these values; zeros where there are none.
memory plain(const Form &form, Type type, const Array &values) {
  memory array(form.of(Type::f32), engine());
  std::memset(data(array), 0, array.get_desc().get_size());
  std::copy(values.begin(), values.end(), data(array));
  if (type == Type::f32)
    return array;
  memory narrow(form.of(type), engine());
  reorder(array, narrow);
  return narrow;
}

Array values(memory array, const Form &form) {
  memory wide(form.of(Type::f32), engine());
  reorder(array, wide);
  return Array(data(wide),
               data(wide) + wide.get_desc().get_size() / sizeof(float));
}

class OneDnn : public Side {
public:
  OneDnn(const Problem &problem, Work work, bool bf16);
  void run() override;
  Result fetch() override;

private:
  // oneDNN has weights as [input, gate, unit] where a Problem has [gate, unit,
  // input], and the gates of a GRU in another order.
  int64_t gatePosition(int64_t gate) const;
  Array toOneDnn(const Array &weights, int64_t inputs) const;
  Array fromOneDnn(memory weights, int64_t inputs) const;
  Array biasToOneDnn(const Array &bias) const;
  Form plainWeights(int64_t inputs) const;
  memory pack(const Array &weights, int64_t inputs, const Desc &packed) const;

  template <typename PrimitiveDesc> void setUpForward(PrimitiveDesc forward);
  template <typename PrimitiveDesc> void setUpBackward(PrimitiveDesc backward);

  const Problem &problem;
  const Work work;
  const int64_t T, N, I, H, G;
  const bool lstm;
  const Type type; ///< of what is multiplied, and of h
  const Form xs, hs, states, biases;
  dnnl::primitive forward, backward;
  std::unordered_map<int, memory> arrays, backwardArrays;
};

int64_t OneDnn::gatePosition(int64_t gate) const {
  bool gru = problem.shape.cell == "gru" || problem.shape.cell == "lbr_gru";
  return gru && gate < 2 ? 1 - gate : gate;
}

Form OneDnn::plainWeights(int64_t inputs) const {
  return {{1, 1, inputs, G, H}, Tag::ldigo};
}

Array OneDnn::toOneDnn(const Array &weights, int64_t inputs) const {
  Array result(weights.size());
  for (int64_t g = 0; g < G; ++g)
    for (int64_t j = 0; j < H; ++j)
      for (int64_t k = 0; k < inputs; ++k)
        result[size_t((k * G + gatePosition(g)) * H + j)] =
            weights[size_t((g * H + j) * inputs + k)];
  return result;
}

Array OneDnn::fromOneDnn(memory weights, int64_t inputs) const {
  memory unpacked(plainWeights(inputs).of(Type::f32), engine());
  reorder(weights, unpacked);
  Array result(size_t(G * H * inputs));
  for (int64_t g = 0; g < G; ++g)
    for (int64_t j = 0; j < H; ++j)
      for (int64_t k = 0; k < inputs; ++k)
        result[size_t((g * H + j) * inputs + k)] =
            data(unpacked)[(k * G + gatePosition(g)) * H + j];
  return result;
}

/// Its own inverse. One behind those of the gates stays where it is.
Array OneDnn::biasToOneDnn(const Array &given) const {
  Array result = given;
  for (int64_t g = 0; g < G; ++g)
    std::copy_n(given.begin() + g * H, H, result.begin() + gatePosition(g) * H);
  return result;
}

memory OneDnn::pack(const Array &weights, int64_t inputs,
                    const Desc &packed) const {
  memory result(packed, engine());
  reorder(plain(plainWeights(inputs), type, toOneDnn(weights, inputs)), result);
  return result;
}

template <typename PrimitiveDesc>
void OneDnn::setUpForward(PrimitiveDesc desc) {
  implementation = desc.impl_info_str();
  arrays[DNNL_ARG_SRC_LAYER] = plain(xs, type, problem.x);
  arrays[DNNL_ARG_SRC_ITER] = plain(states, type, problem.h0);
  arrays[DNNL_ARG_WEIGHTS_LAYER] =
      pack(problem.W, I, desc.weights_layer_desc());
  arrays[DNNL_ARG_WEIGHTS_ITER] = pack(problem.U, H, desc.weights_iter_desc());
  arrays[DNNL_ARG_BIAS] = plain(biases, Type::f32, biasToOneDnn(problem.b));
  arrays[DNNL_ARG_DST_LAYER] = plain(hs, type, {});
  arrays[DNNL_ARG_DST_ITER] = plain(states, type, {});
  if (lstm) {
    arrays[DNNL_ARG_SRC_ITER_C] = plain(states, Type::f32, problem.c0);
    arrays[DNNL_ARG_DST_ITER_C] = plain(states, Type::f32, {});
  }
  if (work != Work::Inference)
    arrays[DNNL_ARG_WORKSPACE] = memory(desc.workspace_desc(), engine());
}

template <typename PrimitiveDesc>
void OneDnn::setUpBackward(PrimitiveDesc desc) {
  implementation += std::string(" / ") + desc.impl_info_str();
  auto &a = backwardArrays = arrays;
  a[DNNL_ARG_WEIGHTS_LAYER] = pack(problem.W, I, desc.weights_layer_desc());
  a[DNNL_ARG_WEIGHTS_ITER] = pack(problem.U, H, desc.weights_iter_desc());
  a[DNNL_ARG_DIFF_DST_LAYER] = plain(hs, Type::f32, problem.outputGradient);
  a[DNNL_ARG_DIFF_DST_ITER] = plain(states, Type::f32, {});
  a[DNNL_ARG_DIFF_SRC_LAYER] = plain(xs, Type::f32, {});
  a[DNNL_ARG_DIFF_SRC_ITER] = plain(states, Type::f32, {});
  a[DNNL_ARG_DIFF_WEIGHTS_LAYER] =
      memory(desc.diff_weights_layer_desc(), engine());
  a[DNNL_ARG_DIFF_WEIGHTS_ITER] =
      memory(desc.diff_weights_iter_desc(), engine());
  a[DNNL_ARG_DIFF_BIAS] = plain(biases, Type::f32, {});
  if (lstm) {
    a[DNNL_ARG_DIFF_DST_ITER_C] = plain(states, Type::f32, {});
    a[DNNL_ARG_DIFF_SRC_ITER_C] = plain(states, Type::f32, {});
  }
}

OneDnn::OneDnn(const Problem &problem, Work work, bool bf16)
    : problem(problem), work(work), T(problem.shape.steps),
      N(problem.shape.batch), I(problem.shape.inputs), H(problem.shape.hidden),
      G(int64_t(problem.shape.gates().size())),
      lstm(problem.shape.cell == "lstm"), type(bf16 ? Type::bf16 : Type::f32),
      xs{{T, N, I}, Tag::tnc}, hs{{T, N, H}, Tag::tnc},
      states{{1, 1, N, H}, Tag::ldnc},
      biases{{1, 1, problem.shape.biases(), H}, Tag::ldgo} {
  const Form weightsOfX{{1, 1, I, G, H}, Tag::any},
      weightsOfH{{1, 1, H, G, H}, Tag::any};
  const Desc x = xs.of(type), h = hs.of(type), state = states.of(type),
             W = weightsOfX.of(type), U = weightsOfH.of(type);
  // What stays f32.
  const Desc c = states.of(Type::f32), bias = biases.of(Type::f32),
             dx = xs.of(Type::f32), dh = hs.of(Type::f32), dstate = c,
             dW = weightsOfX.of(Type::f32), dU = weightsOfH.of(Type::f32);
  const auto kind = work == Work::Inference ? prop_kind::forward_inference
                                            : prop_kind::forward_training;
  const auto back = prop_kind::backward;
  const auto direction = dnnl::rnn_direction::unidirectional_left2right;
  const auto tanh = dnnl::algorithm::eltwise_tanh;
  const bool train = work == Work::TrainingStep;

  if (lstm) {
    dnnl::lstm_forward::primitive_desc f FORWARD(kind, direction, x, state, c,
                                                 W, U, bias, h, state, c);
    setUpForward(f);
    forward = dnnl::lstm_forward(f);
    if (train) {
      dnnl::lstm_backward::primitive_desc b BACKWARD(
          f, back, direction, x, state, c, W, U, bias, h, state, c, dx, dstate,
          c, dW, dU, bias, dh, dstate, c);
      setUpBackward(b);
      backward = dnnl::lstm_backward(b);
    }
  } else if (problem.shape.cell == "gru") {
    dnnl::gru_forward::primitive_desc f FORWARD(kind, direction, x, state, W, U,
                                                bias, h, state);
    setUpForward(f);
    forward = dnnl::gru_forward(f);
    if (train) {
      dnnl::gru_backward::primitive_desc b BACKWARD(
          f, back, direction, x, state, W, U, bias, h, state, dx, dstate, dW,
          dU, bias, dh, dstate);
      setUpBackward(b);
      backward = dnnl::gru_backward(b);
    }
  } else if (problem.shape.cell == "lbr_gru") {
    dnnl::lbr_gru_forward::primitive_desc f FORWARD(kind, direction, x, state,
                                                    W, U, bias, h, state);
    setUpForward(f);
    forward = dnnl::lbr_gru_forward(f);
    if (train) {
      dnnl::lbr_gru_backward::primitive_desc b BACKWARD(
          f, back, direction, x, state, W, U, bias, h, state, dx, dstate, dW,
          dU, bias, dh, dstate);
      setUpBackward(b);
      backward = dnnl::lbr_gru_backward(b);
    }
  } else {
    dnnl::vanilla_rnn_forward::primitive_desc f FORWARD(
        kind, tanh, direction, x, state, W, U, bias, h, state);
    setUpForward(f);
    forward = dnnl::vanilla_rnn_forward(f);
    if (train) {
      dnnl::vanilla_rnn_backward::primitive_desc b BACKWARD(
          f, back, tanh, direction, x, state, W, U, bias, h, state, dx, dstate,
          dW, dU, bias, dh, dstate);
      setUpBackward(b);
      backward = dnnl::vanilla_rnn_backward(b);
    }
  }
}

void OneDnn::run() {
  forward.execute(stream(), arrays);
  if (work == Work::TrainingStep) {
    for (int gradient : {DNNL_ARG_DIFF_WEIGHTS_LAYER,
                         DNNL_ARG_DIFF_WEIGHTS_ITER, DNNL_ARG_DIFF_BIAS}) {
      memory &array = backwardArrays[gradient];
      std::memset(data(array), 0, array.get_desc().get_size());
    }
    backward.execute(stream(), backwardArrays);
  }
  stream().wait();
}

Result OneDnn::fetch() {
  Result result;
  result.h = values(arrays[DNNL_ARG_DST_LAYER], hs);
  result.last = values(arrays[DNNL_ARG_DST_ITER], states);
  if (lstm)
    result.cell = values(arrays[DNNL_ARG_DST_ITER_C], states);
  if (work != Work::TrainingStep)
    return result;
  auto &a = backwardArrays;
  result.dx = values(a[DNNL_ARG_DIFF_SRC_LAYER], xs);
  result.dh0 = values(a[DNNL_ARG_DIFF_SRC_ITER], states);
  if (lstm)
    result.dc0 = values(a[DNNL_ARG_DIFF_SRC_ITER_C], states);
  result.dW = fromOneDnn(a[DNNL_ARG_DIFF_WEIGHTS_LAYER], I);
  result.dU = fromOneDnn(a[DNNL_ARG_DIFF_WEIGHTS_ITER], H);
  result.db = biasToOneDnn(values(a[DNNL_ARG_DIFF_BIAS], biases));
  return result;
}

} // namespace

std::unique_ptr<Side> bench::makeOneDnn(const Problem &problem, Work work,
                                        bool bf16) {
  try {
    return std::make_unique<OneDnn>(problem, work, bf16);
  } catch (const dnnl::error &error) {
    if (error.status == dnnl_unimplemented)
      return nullptr;
    throw;
  }
}

std::string bench::oneDnnVersion() {
  const dnnl_version_t *version = dnnl_version();
  return std::to_string(version->major) + "." + std::to_string(version->minor) +
         "." + std::to_string(version->patch);
}
