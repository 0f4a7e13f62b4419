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

Desc describe(memory::dims dims, Tag tag) {
  return Desc(dims, memory::data_type::f32, tag);
}

void reorder(memory from, memory to) {
  dnnl::reorder(from, to).execute(stream(), from, to);
  stream().wait();
}

float *data(memory array) {
  return static_cast<float *>(array.get_data_handle());
}

/// A plain array with these values; zeros where there are none.
memory plain(const Desc &desc, const Array &values) {
  memory array(desc, engine());
  std::memset(data(array), 0, desc.get_size());
  std::copy(values.begin(), values.end(), data(array));
  return array;
}

Array values(memory array) {
  size_t size = array.get_desc().get_size() / sizeof(float);
  return Array(data(array), data(array) + size);
}

class OneDnn : public Side {
public:
  OneDnn(const Problem &problem, Work work);
  void run() override;
  Result fetch() override;

private:
  // oneDNN has weights as [input, gate, unit] where a Problem has [gate, unit,
  // input], and the gates of a GRU in another order.
  int64_t gatePosition(int64_t gate) const;
  Array toOneDnn(const Array &weights, int64_t inputs) const;
  Array fromOneDnn(memory weights, int64_t inputs) const;
  Array biasToOneDnn(const Array &bias) const;
  Desc plainWeights(int64_t inputs) const;
  memory pack(const Array &weights, int64_t inputs, const Desc &packed) const;

  template <typename PrimitiveDesc> void setUpForward(PrimitiveDesc forward);
  template <typename PrimitiveDesc> void setUpBackward(PrimitiveDesc backward);

  const Problem &problem;
  const Work work;
  const int64_t T, N, I, H, G;
  const bool lstm;
  const Desc state, bias;
  dnnl::primitive forward, backward;
  std::unordered_map<int, memory> arrays, backwardArrays;
};

int64_t OneDnn::gatePosition(int64_t gate) const {
  bool gru = problem.shape.cell == "gru" || problem.shape.cell == "lbr_gru";
  return gru && gate < 2 ? 1 - gate : gate;
}

Desc OneDnn::plainWeights(int64_t inputs) const {
  return describe({1, 1, inputs, G, H}, Tag::ldigo);
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
  memory unpacked(plainWeights(inputs), engine());
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
  reorder(plain(plainWeights(inputs), toOneDnn(weights, inputs)), result);
  return result;
}

template <typename PrimitiveDesc>
void OneDnn::setUpForward(PrimitiveDesc desc) {
  implementation = desc.impl_info_str();
  Desc x = describe({T, N, I}, Tag::tnc), h = describe({T, N, H}, Tag::tnc);
  arrays[DNNL_ARG_SRC_LAYER] = plain(x, problem.x);
  arrays[DNNL_ARG_SRC_ITER] = plain(state, problem.h0);
  arrays[DNNL_ARG_WEIGHTS_LAYER] =
      pack(problem.W, I, desc.weights_layer_desc());
  arrays[DNNL_ARG_WEIGHTS_ITER] = pack(problem.U, H, desc.weights_iter_desc());
  arrays[DNNL_ARG_BIAS] = plain(bias, biasToOneDnn(problem.b));
  arrays[DNNL_ARG_DST_LAYER] = plain(h, {});
  arrays[DNNL_ARG_DST_ITER] = plain(state, {});
  if (lstm) {
    arrays[DNNL_ARG_SRC_ITER_C] = plain(state, problem.c0);
    arrays[DNNL_ARG_DST_ITER_C] = plain(state, {});
  }
  if (work != Work::Inference)
    arrays[DNNL_ARG_WORKSPACE] = memory(desc.workspace_desc(), engine());
}

template <typename PrimitiveDesc>
void OneDnn::setUpBackward(PrimitiveDesc desc) {
  implementation += std::string(" / ") + desc.impl_info_str();
  Desc x = describe({T, N, I}, Tag::tnc), h = describe({T, N, H}, Tag::tnc);
  auto &a = backwardArrays = arrays;
  a[DNNL_ARG_WEIGHTS_LAYER] = pack(problem.W, I, desc.weights_layer_desc());
  a[DNNL_ARG_WEIGHTS_ITER] = pack(problem.U, H, desc.weights_iter_desc());
  a[DNNL_ARG_DIFF_DST_LAYER] = plain(h, problem.outputGradient);
  a[DNNL_ARG_DIFF_DST_ITER] = plain(state, {});
  a[DNNL_ARG_DIFF_SRC_LAYER] = plain(x, {});
  a[DNNL_ARG_DIFF_SRC_ITER] = plain(state, {});
  a[DNNL_ARG_DIFF_WEIGHTS_LAYER] =
      memory(desc.diff_weights_layer_desc(), engine());
  a[DNNL_ARG_DIFF_WEIGHTS_ITER] =
      memory(desc.diff_weights_iter_desc(), engine());
  a[DNNL_ARG_DIFF_BIAS] = plain(bias, {});
  if (lstm) {
    a[DNNL_ARG_DIFF_DST_ITER_C] = plain(state, {});
    a[DNNL_ARG_DIFF_SRC_ITER_C] = plain(state, {});
  }
}

OneDnn::OneDnn(const Problem &problem, Work work)
    : problem(problem), work(work), T(problem.shape.steps),
      N(problem.shape.batch), I(problem.shape.inputs), H(problem.shape.hidden),
      G(int64_t(problem.shape.gates().size())),
      lstm(problem.shape.cell == "lstm"),
      state(describe({1, 1, N, H}, Tag::ldnc)),
      bias(describe({1, 1, problem.shape.biases(), H}, Tag::ldgo)) {
  const Desc x = describe({T, N, I}, Tag::tnc),
             h = describe({T, N, H}, Tag::tnc),
             W = describe({1, 1, I, G, H}, Tag::any),
             U = describe({1, 1, H, G, H}, Tag::any);
  const auto kind = work == Work::Inference ? prop_kind::forward_inference
                                            : prop_kind::forward_training;
  const auto back = prop_kind::backward;
  const auto direction = dnnl::rnn_direction::unidirectional_left2right;
  const auto tanh = dnnl::algorithm::eltwise_tanh;
  const bool train = work == Work::TrainingStep;

  if (lstm) {
    dnnl::lstm_forward::primitive_desc f FORWARD(
        kind, direction, x, state, state, W, U, bias, h, state, state);
    setUpForward(f);
    forward = dnnl::lstm_forward(f);
    if (train) {
      dnnl::lstm_backward::primitive_desc b BACKWARD(
          f, back, direction, x, state, state, W, U, bias, h, state, state, x,
          state, state, W, U, bias, h, state, state);
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
          f, back, direction, x, state, W, U, bias, h, state, x, state, W, U,
          bias, h, state);
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
          f, back, direction, x, state, W, U, bias, h, state, x, state, W, U,
          bias, h, state);
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
          f, back, tanh, direction, x, state, W, U, bias, h, state, x, state, W,
          U, bias, h, state);
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
  result.h = values(arrays[DNNL_ARG_DST_LAYER]);
  result.last = values(arrays[DNNL_ARG_DST_ITER]);
  if (lstm)
    result.cell = values(arrays[DNNL_ARG_DST_ITER_C]);
  if (work != Work::TrainingStep)
    return result;
  auto &a = backwardArrays;
  result.dx = values(a[DNNL_ARG_DIFF_SRC_LAYER]);
  result.dh0 = values(a[DNNL_ARG_DIFF_SRC_ITER]);
  if (lstm)
    result.dc0 = values(a[DNNL_ARG_DIFF_SRC_ITER_C]);
  result.dW = fromOneDnn(a[DNNL_ARG_DIFF_WEIGHTS_LAYER], I);
  result.dU = fromOneDnn(a[DNNL_ARG_DIFF_WEIGHTS_ITER], H);
  result.db = biasToOneDnn(values(a[DNNL_ARG_DIFF_BIAS]));
  return result;
}

} // namespace

std::unique_ptr<Side> bench::makeOneDnn(const Problem &problem, Work work) {
  try {
    return std::make_unique<OneDnn>(problem, work);
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
