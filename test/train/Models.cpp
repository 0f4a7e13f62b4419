//===- Models.cpp - models written by hand, to train ----------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Models.h"
#include <algorithm>
#include <cmath>
#include <cstring>
#include <initializer_list>

namespace {

template <typename T>
constexpr int32_t element = sizeof(T) == 4 ? RNNCC_F32 : RNNCC_F64;

/// An array of the call.
template <typename T> T *at(const rnncc_call *call, int index) {
  return static_cast<T *>(call->arrays[index]);
}

int64_t length(const rnncc_call *call, int64_t row) {
  return call->lengths ? call->lengths[row] : call->steps;
}

/// 0, or 1 / 0.8 in four of five cases: fixed by seed, iteration, row, unit.
double keep(const rnncc_random *random, int64_t row, int64_t unit) {
  if (!random)
    return 1;
  uint64_t z = random->seed * 0x9e3779b97f4a7c15u + random->iteration;
  for (uint64_t part : {uint64_t(row), uint64_t(unit)}) {
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u + part + 1;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    z ^= z >> 31;
  }
  return z % 5 ? 1.25 : 0;
}

/// Lays parameters one behind the other, as the functions below read them.
template <typename T>
rnncc_status packAll(const rnncc_descriptor &model, const void *const *params,
                     void *weights) {
  T *out = static_cast<T *>(weights);
  for (int64_t p = 0; p < model.n_params; ++p) {
    int64_t count = 1;
    for (int32_t i = 0; i < model.params[p].rank; ++i)
      count *= model.params[p].shape[i];
    std::memcpy(out, params[p], size_t(count) * sizeof(T));
    out += count;
  }
  return RNNCC_OK;
}

rnncc_status noStep(const rnncc_call *) { return RNNCC_UNSUPPORTED; }
size_t noScratch(int64_t, int64_t) { return 64; }

//===----------------------------------------------------------------------===//
// Bag
//===----------------------------------------------------------------------===//

template <typename T, int V, bool byRows> struct Bag {
  static constexpr int E = 4;
  enum { Tokens, Y, P, Bce, Accuracy, GradBce, GradTable, GradW, GradB };

  static const rnncc_descriptor &get() {
    static const rnncc_param params[] = {
        {"table", 2, RNNCC_UNIFORM, {-0.5, 0.5}, {V, E}, byRows ? Tokens : -1},
        {"W", 1, RNNCC_NORMAL, {0.5, 0}, {E}, -1},
        {"b", 0, RNNCC_ZEROS, {0, 0}, {}, -1}};
    constexpr int32_t type = element<T>;
    static const rnncc_array arrays[] = {
        {"tokens", RNNCC_INPUT, RNNCC_STEPS_ROWS, 0, -1, RNNCC_I32, 0, {}, V},
        {"y", RNNCC_TARGET, RNNCC_ROWS, 0, -1, type, 0, {}, 0},
        {"p", RNNCC_OUTPUT, RNNCC_ROWS, 0, -1, type, 0, {}, 0},
        {"bce", RNNCC_LOSS, RNNCC_ROWS, 0, -1, type, 0, {}, 0},
        {"accuracy", RNNCC_METRIC, RNNCC_ROWS, 0, -1, type, RNNCC_MEAN, {}, 0},
        {"grad.bce", RNNCC_GRAD_OUTPUT, RNNCC_ROWS, 0, -1, type, 0, {}, 0},
        {"grad.table", RNNCC_GRAD_PARAM, RNNCC_PLAIN, 2, 0, type, 0, {V, E}, 0},
        {"grad.W", RNNCC_GRAD_PARAM, RNNCC_PLAIN, 1, 1, type, 0, {E}, 0},
        {"grad.b", RNNCC_GRAD_PARAM, RNNCC_PLAIN, 0, 2, type, 0, {}, 0}};
    static const rnncc_descriptor model = {RNNCC_ABI_VERSION,
                                           uint32_t(type),
                                           "Bag",
                                           "bag.rnn:2",
                                           0,
                                           nullptr,
                                           3,
                                           params,
                                           9,
                                           arrays,
                                           1,
                                           bytes,
                                           pack,
                                           packOnTeam,
                                           tapeBytes,
                                           noScratch,
                                           noScratch,
                                           forward,
                                           backward,
                                           noStep};
    return model;
  }

  static size_t bytes() { return (V * E + E + 1) * sizeof(T); }
  static rnncc_status pack(const void *const *params, void *weights) {
    return packAll<T>(get(), params, weights);
  }
  static rnncc_status packOnTeam(const void *const *params, void *weights,
                                 rnncc_team *) {
    return pack(params, weights);
  }
  static size_t tapeBytes(int64_t, int64_t rows) {
    return size_t(rows) * (E + 1) * sizeof(T) + 64;
  }

  static rnncc_status forward(const rnncc_call *call) {
    const T *table = static_cast<const T *>(call->weights);
    const T *w = table + V * E, *b = w + E;
    const int32_t *tokens = at<int32_t>(call, Tokens);
    int64_t rows = call->batch;
    for (int64_t n = 0; n < rows; ++n)
      for (int64_t t = 0; t < length(call, n); ++t)
        if (tokens[t * rows + n] < 0 || tokens[t * rows + n] >= V)
          return RNNCC_BAD_INDEX;
    for (int64_t n = 0; n < rows; ++n) {
      T mean[E] = {}, logit = *b;
      int64_t steps = length(call, n);
      for (int64_t t = 0; t < steps; ++t)
        for (int e = 0; e < E; ++e)
          mean[e] += table[tokens[t * rows + n] * E + e] / T(steps);
      for (int e = 0; e < E; ++e) {
        mean[e] *= T(keep(call->random, n, e));
        logit += w[e] * mean[e];
      }
      T p = 1 / (1 + std::exp(-logit));
      if (call->tape) {
        T *tape = static_cast<T *>(call->tape) + n * (E + 1);
        std::memcpy(tape, mean, sizeof mean);
        tape[E] = p;
      }
      if (T *out = at<T>(call, P))
        out[n] = p;
      const T *y = at<T>(call, Y);
      if (y && at<T>(call, Bce)) // of the logit: p may be 0 or 1
        at<T>(call, Bce)[n] = std::max(logit, T(0)) - logit * y[n] +
                              std::log1p(std::exp(-std::abs(logit)));
      if (y && at<T>(call, Accuracy))
        at<T>(call, Accuracy)[n] = (p > T(0.5)) == (y[n] > T(0.5));
    }
    return RNNCC_OK;
  }

  static rnncc_status backward(const rnncc_call *call) {
    const T *w = static_cast<const T *>(call->weights) + V * E;
    const int32_t *tokens = at<int32_t>(call, Tokens);
    const T *y = at<T>(call, Y), *seed = at<T>(call, GradBce);
    int64_t rows = call->batch;
    for (int64_t n = 0; y && seed && n < rows; ++n) {
      const T *tape = static_cast<const T *>(call->tape) + n * (E + 1);
      T d = (tape[E] - y[n]) * seed[n];
      int64_t steps = length(call, n);
      if (T *gradB = at<T>(call, GradB))
        *gradB += d;
      for (int e = 0; e < E; ++e) {
        if (T *gradW = at<T>(call, GradW))
          gradW[e] += d * tape[e];
        T share = d * w[e] * T(keep(call->random, n, e)) / T(steps);
        for (int64_t t = 0; at<T>(call, GradTable) && t < steps; ++t)
          at<T>(call, GradTable)[tokens[t * rows + n] * E + e] += share;
      }
    }
    return RNNCC_OK;
  }
};

//===----------------------------------------------------------------------===//
// Elman
//===----------------------------------------------------------------------===//

template <typename T, models::Reading reading> struct Elman {
  static constexpr int I = 2, H = 3;
  enum {
    X,
    Y,
    H0,
    HT,
    P,
    Mse,
    GradMse,
    GradHT,
    GradH0,
    GradWx,
    GradWh,
    GradB,
    GradWp
  };
  static constexpr int32_t axes =
      reading == models::PerStep ? RNNCC_STEPS_ROWS : RNNCC_ROWS;

  static const rnncc_descriptor &get() {
    static const rnncc_param params[] = {
        {"W_x", 2, RNNCC_GLOROT_UNIFORM, {0, 0}, {H, I}, -1},
        {"W_h", 2, RNNCC_ORTHOGONAL, {0, 0}, {H, H}, -1},
        {"b", 1, RNNCC_CONSTANT, {0.1, 0}, {H}, -1},
        {"W_p", 1, RNNCC_ONES, {0, 0}, {H}, -1}};
    constexpr int32_t type = element<T>;
    static const rnncc_array arrays[] = {
        {"x", RNNCC_INPUT, RNNCC_STEPS_ROWS, 1, -1, type, 0, {I}, 0},
        {"y", RNNCC_TARGET, axes, 0, -1, type, 0, {}, 0},
        {"h.0", RNNCC_INITIAL, RNNCC_ROWS, 1, -1, type, 0, {H}, 0},
        {"h.T", RNNCC_FINAL, RNNCC_ROWS, 1, -1, type, 0, {H}, 0},
        {"p", RNNCC_OUTPUT, RNNCC_STEPS_ROWS, 0, -1, type, 0, {}, 0},
        {"mse", RNNCC_LOSS, axes, 0, -1, type, 0, {}, 0},
        {"grad.mse", RNNCC_GRAD_OUTPUT, axes, 0, -1, type, 0, {}, 0},
        {"grad.h.T", RNNCC_GRAD_FINAL, RNNCC_ROWS, 1, -1, type, 0, {H}, 0},
        {"grad.h.0", RNNCC_GRAD_INITIAL, RNNCC_ROWS, 1, -1, type, 0, {H}, 0},
        {"grad.W_x", RNNCC_GRAD_PARAM, RNNCC_PLAIN, 2, 0, type, 0, {H, I}, 0},
        {"grad.W_h", RNNCC_GRAD_PARAM, RNNCC_PLAIN, 2, 1, type, 0, {H, H}, 0},
        {"grad.b", RNNCC_GRAD_PARAM, RNNCC_PLAIN, 1, 2, type, 0, {H}, 0},
        {"grad.W_p", RNNCC_GRAD_PARAM, RNNCC_PLAIN, 1, 3, type, 0, {H}, 0}};
    static const rnncc_descriptor model = {RNNCC_ABI_VERSION,
                                           uint32_t(type),
                                           "Elman",
                                           "elman.rnn:7",
                                           0,
                                           nullptr,
                                           4,
                                           params,
                                           13,
                                           arrays,
                                           1,
                                           bytes,
                                           pack,
                                           packOnTeam,
                                           tapeBytes,
                                           noScratch,
                                           noScratch,
                                           forward,
                                           backward,
                                           noStep};
    return model;
  }

  static size_t bytes() { return (H * I + H * H + H + H) * sizeof(T); }
  static rnncc_status pack(const void *const *params, void *weights) {
    return packAll<T>(get(), params, weights);
  }
  static rnncc_status packOnTeam(const void *const *params, void *weights,
                                 rnncc_team *) {
    return pack(params, weights);
  }
  /// h before and after each step, of each row.
  static size_t tapeBytes(int64_t steps, int64_t rows) {
    return size_t((steps + 1) * rows * H) * sizeof(T) + 64;
  }

  /// The target of a step, its weight in the row's loss, and the place of both.
  static int64_t place(const rnncc_call *call, int64_t t, int64_t n, T &share) {
    int64_t steps = length(call, n);
    share = reading == models::PerStep        ? T(1)
            : reading == models::MeanOverTime ? T(1) / T(steps)
                                              : T(t + 1 == steps);
    return reading == models::PerStep ? t * call->batch + n : n;
  }

  static T predict(const T *wp, const T *h) {
    T p = 0;
    for (int i = 0; i < H; ++i)
      p += wp[i] * h[i];
    return p;
  }

  static rnncc_status forward(const rnncc_call *call) {
    const T *wx = static_cast<const T *>(call->weights), *wh = wx + H * I;
    const T *b = wh + H * H, *wp = b + H;
    const T *x = at<T>(call, X), *y = at<T>(call, Y);
    int64_t rows = call->batch;
    T *tape = static_cast<T *>(call->tape), *loss = at<T>(call, Mse);
    if (y && loss)
      std::memset(loss, 0,
                  size_t(axes == RNNCC_ROWS ? rows : rows * call->steps) *
                      sizeof(T));
    for (int64_t n = 0; n < rows; ++n) {
      T h[H] = {}, next[H];
      if (const T *initial = at<T>(call, H0))
        std::memcpy(h, initial + n * H, sizeof h);
      if (tape)
        std::memcpy(tape + n * H, h, sizeof h);
      for (int64_t t = 0; t < call->steps; ++t) {
        if (t >= length(call, n)) {
          if (at<T>(call, P))
            at<T>(call, P)[t * rows + n] = 0;
          continue;
        }
        for (int i = 0; i < H; ++i) {
          next[i] = b[i];
          for (int j = 0; j < I; ++j)
            next[i] += wx[i * I + j] * x[(t * rows + n) * I + j];
          for (int j = 0; j < H; ++j)
            next[i] += wh[i * H + j] * h[j];
          next[i] = std::tanh(next[i]);
        }
        std::memcpy(h, next, sizeof h);
        if (tape)
          std::memcpy(tape + ((t + 1) * rows + n) * H, h, sizeof h);
        T p = predict(wp, h), share;
        if (at<T>(call, P))
          at<T>(call, P)[t * rows + n] = p;
        if (y && loss) {
          int64_t to = place(call, t, n, share);
          loss[to] += share * (p - y[to]) * (p - y[to]);
        }
      }
      if (T *last = at<T>(call, HT))
        std::memcpy(last + n * H, h, sizeof h);
    }
    return RNNCC_OK;
  }

  static rnncc_status backward(const rnncc_call *call) {
    const T *wx = static_cast<const T *>(call->weights), *wh = wx + H * I;
    const T *wp = wh + H * H + H;
    const T *x = at<T>(call, X), *y = at<T>(call, Y);
    const T *seed = at<T>(call, GradMse);
    const T *tape = static_cast<const T *>(call->tape);
    T *gradWx = at<T>(call, GradWx), *gradWh = at<T>(call, GradWh);
    T *gradB = at<T>(call, GradB), *gradWp = at<T>(call, GradWp);
    int64_t rows = call->batch;
    for (int64_t n = 0; n < rows; ++n) {
      T d[H] = {};
      if (const T *last = at<T>(call, GradHT))
        std::memcpy(d, last + n * H, sizeof d);
      for (int64_t t = length(call, n) - 1; t >= 0; --t) {
        const T *before = tape + (t * rows + n) * H, *h = before + rows * H;
        if (y && seed) {
          T share;
          int64_t from = place(call, t, n, share);
          T dp = 2 * share * seed[from] * (predict(wp, h) - y[from]);
          for (int i = 0; i < H; ++i) {
            d[i] += dp * wp[i];
            if (gradWp)
              gradWp[i] += dp * h[i];
          }
        }
        T dh[H] = {};
        for (int i = 0; i < H; ++i) {
          T a = d[i] * (1 - h[i] * h[i]);
          if (gradB)
            gradB[i] += a;
          for (int j = 0; gradWx && j < I; ++j)
            gradWx[i * I + j] += a * x[(t * rows + n) * I + j];
          for (int j = 0; j < H; ++j) {
            if (gradWh)
              gradWh[i * H + j] += a * before[j];
            dh[j] += a * wh[i * H + j];
          }
        }
        std::memcpy(d, dh, sizeof d);
      }
      if (T *first = at<T>(call, GradH0))
        std::memcpy(first + n * H, d, sizeof d);
    }
    return RNNCC_OK;
  }
};

//===----------------------------------------------------------------------===//
// Square
//===----------------------------------------------------------------------===//

template <typename T> struct Square {
  static constexpr int W = 5;
  enum { X, Y, Loss, GradLoss, GradW };

  static const rnncc_descriptor &get() {
    static const rnncc_param params[] = {{"w", 1, RNNCC_ONES, {0, 0}, {W}, -1}};
    constexpr int32_t type = element<T>;
    static const rnncc_array arrays[] = {
        {"x", RNNCC_INPUT, RNNCC_ROWS, 1, -1, type, 0, {W}, 0},
        {"y", RNNCC_TARGET, RNNCC_ROWS, 1, -1, type, 0, {W}, 0},
        {"loss", RNNCC_LOSS, RNNCC_ROWS, 0, -1, type, 0, {}, 0},
        {"grad.loss", RNNCC_GRAD_OUTPUT, RNNCC_ROWS, 0, -1, type, 0, {}, 0},
        {"grad.w", RNNCC_GRAD_PARAM, RNNCC_PLAIN, 1, 0, type, 0, {W}, 0}};
    static const rnncc_descriptor model = {RNNCC_ABI_VERSION,
                                           uint32_t(type),
                                           "Square",
                                           "square.rnn:1",
                                           0,
                                           nullptr,
                                           1,
                                           params,
                                           5,
                                           arrays,
                                           1,
                                           bytes,
                                           pack,
                                           packOnTeam,
                                           tapeBytes,
                                           noScratch,
                                           noScratch,
                                           forward,
                                           backward,
                                           noStep};
    return model;
  }
  static size_t bytes() { return W * sizeof(T); }
  static size_t tapeBytes(int64_t, int64_t) { return 64; }
  static rnncc_status pack(const void *const *params, void *weights) {
    return packAll<T>(get(), params, weights);
  }
  static rnncc_status packOnTeam(const void *const *params, void *weights,
                                 rnncc_team *) {
    return pack(params, weights);
  }
  static rnncc_status forward(const rnncc_call *call) {
    const T *w = static_cast<const T *>(call->weights), *x = at<T>(call, X);
    for (int64_t n = 0; at<T>(call, Loss) && n < call->batch; ++n) {
      T loss = 0;
      for (int i = 0; i < W; ++i)
        loss += (w[i] - x[n * W + i]) * (w[i] - x[n * W + i]) / 2;
      at<T>(call, Loss)[n] = loss;
    }
    return RNNCC_OK;
  }
  static rnncc_status backward(const rnncc_call *call) {
    const T *w = static_cast<const T *>(call->weights), *x = at<T>(call, X);
    for (int64_t n = 0; n < call->batch; ++n)
      for (int i = 0; i < W; ++i)
        at<T>(call, GradW)[i] +=
            at<T>(call, GradLoss)[n] * (w[i] - x[n * W + i]);
    return RNNCC_OK;
  }
};

} // namespace

template <typename T> const rnncc_descriptor &models::bag() {
  return Bag<T, 40, true>::get();
}
template <typename T> const rnncc_descriptor &models::largeBag(bool byRows) {
  return byRows ? Bag<T, 1000, true>::get() : Bag<T, 1000, false>::get();
}
template <typename T> const rnncc_descriptor &models::elman(Reading reading) {
  return reading == PerStep ? Elman<T, PerStep>::get()
         : reading == AtEnd ? Elman<T, AtEnd>::get()
                            : Elman<T, MeanOverTime>::get();
}
template <typename T> const rnncc_descriptor &models::square() {
  return Square<T>::get();
}

#define INSTANTIATE(T)                                                         \
  template const rnncc_descriptor &models::bag<T>();                           \
  template const rnncc_descriptor &models::largeBag<T>(bool);                  \
  template const rnncc_descriptor &models::elman<T>(models::Reading);          \
  template const rnncc_descriptor &models::square<T>();
INSTANTIATE(float)
INSTANTIATE(double)
#undef INSTANTIATE
