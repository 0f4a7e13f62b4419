//===- Elements.cpp - what updates do to elements -------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Loops over elements are plain, so that the compiler vectorises them, once for
// each level of the processor. This file is compiled without contraction: all
// levels give the same bits.
//
//===----------------------------------------------------------------------===//

#include "runtime/train/Elements.h"
#include <algorithm>
#include <cmath>

using namespace rnn::train;

/// Inlined into functions that are compiled for a level.
#define RNN_INLINE static inline __attribute__((always_inline))

//===----------------------------------------------------------------------===//
// Steps
//===----------------------------------------------------------------------===//

/// Calls body(i, g) with the gradient of each element as the method takes it.
template <typename T, typename Body>
RNN_INLINE void withGradients(int64_t count, const T *weight, const T *gradient,
                              const Update &update, Body body) {
  const T scale = T(update.scale), clip = T(update.clip);
  const T decay = T(update.inGradient);
  // A NaN goes through: the next loss tells.
  for (int64_t i = 0; i < count; ++i) {
    T g = gradient[i] * scale;
    g = g > clip ? clip : g;
    g = g < -clip ? -clip : g;
    body(i, g + decay * weight[i]);
  }
}

template <typename T>
RNN_INLINE void update(const rnncc_train_optimizer &options,
                       const Update &update, const Elements<T> &elements) {
  T *__restrict w = elements.values, *__restrict m = elements.first;
  T *__restrict v = elements.second;
  const T *__restrict gradient = elements.gradient;
  const T rate = T(update.rate), keep = T(update.decay);
  const T momentum = T(options.momentum), epsilon = T(options.epsilon);
  const bool keras = options.form == RNNCC_TRAIN_KERAS;
  auto apply = [&](auto body) {
    withGradients(elements.count, w, gradient, update, body);
  };

  if (options.method == RNNCC_TRAIN_ADAM) {
    const T fresh1 = T(1 - options.beta1), fresh2 = T(1 - options.rho);
    const T corrected = T(update.correctedRate);
    const T second = T(update.correctedSecond);
    apply([=](int64_t i, T g) {
      m[i] += (g - m[i]) * fresh1;
      v[i] += (g * g - v[i]) * fresh2;
      w[i] =
          w[i] * keep - corrected * m[i] / (std::sqrt(v[i]) * second + epsilon);
    });
    return;
  }

  if (options.method == RNNCC_TRAIN_RMSPROP) {
    const T rho = T(options.rho), fresh = T(1 - options.rho);
    // Momentum sums steps (Keras) or scaled gradients (PyTorch).
    const T inside = keras ? rate : T(1), outside = keras ? T(1) : rate;
    auto step = [=](int64_t i, T g) {
      v[i] = v[i] * rho + g * g * fresh;
      T root = keras ? std::sqrt(v[i] + epsilon) : std::sqrt(v[i]) + epsilon;
      return inside * g / root;
    };
    if (m)
      apply([=](int64_t i, T g) {
        m[i] = momentum * m[i] + step(i, g);
        w[i] = w[i] * keep - outside * m[i];
      });
    else
      apply([=](int64_t i, T g) { w[i] = w[i] * keep - outside * step(i, g); });
    return;
  }

  // SGD: momentum sums steps or gradients, as above.
  const T inside = keras ? rate : T(1), outside = keras ? T(1) : rate;
  if (!m)
    apply([=](int64_t i, T g) { w[i] = w[i] * keep - rate * g; });
  else if (options.nesterov)
    apply([=](int64_t i, T g) {
      m[i] = momentum * m[i] + inside * g;
      w[i] = w[i] * keep - outside * (momentum * m[i] + inside * g);
    });
  else
    apply([=](int64_t i, T g) {
      m[i] = momentum * m[i] + inside * g;
      w[i] = w[i] * keep - outside * m[i];
    });
}

template <typename T>
RNN_INLINE void skip(const Skipped &skipped, const SkippedSteps &all,
                     double smallest, const Elements<T> &elements) {
  const int64_t count = elements.count;
  T *__restrict w = elements.values, *__restrict m = elements.first;
  T *__restrict v = elements.second;
  const T epsilon = T(smallest);
  const T keep = T(skipped.decay), centre = T(skipped.centre);
  const T first = T(skipped.first), second = T(skipped.second);
  if (!skipped.isSum) {
    // One by one. Behind `last`, momentum is too small to be seen.
    double fade1 = 1, fade2 = 1, root2 = std::sqrt(all.beta2);
    for (int64_t t = skipped.begin + 1; t <= skipped.last; ++t) {
      const SkippedSteps::Step &step = all.step(t);
      fade1 *= all.beta1;
      fade2 *= root2;
      const T decay = T(step.decay), rate = T(step.rate * fade1);
      const T scale = T(step.second * fade2);
      for (int64_t i = 0; i < count; ++i)
        w[i] = w[i] * decay - rate * m[i] / (std::sqrt(v[i]) * scale + epsilon);
    }
    double rest = 1;
    for (int64_t t = skipped.last + 1; t <= skipped.end; ++t)
      rest *= all.step(t).decay;
    for (int64_t i = 0; i < count; ++i)
      w[i] *= T(rest);
  } else if (all.divides) {
    constexpr int terms = termsFor(sizeof(T));
    T term[terms];
    std::copy_n(skipped.term, terms, term);
    for (int64_t i = 0; i < count; ++i) {
      T root = std::sqrt(v[i]) * centre, whole = root + epsilon;
      T p = -(root / whole), sum = term[terms - 1];
      for (int n = terms - 2; n >= 0; --n)
        sum = sum * p + term[n];
      w[i] = (w[i] - m[i] / whole * sum) * keep;
    }
  } else if (m) {
    const T sum = T(skipped.term[0]);
    for (int64_t i = 0; i < count; ++i)
      w[i] = (w[i] - m[i] * sum) * keep;
  } else if (keep != T(1)) {
    for (int64_t i = 0; i < count; ++i)
      w[i] *= keep;
  }
  for (int64_t i = 0; m && i < count; ++i)
    m[i] *= first;
  for (int64_t i = 0; v && i < count; ++i)
    v[i] *= second;
}

//===----------------------------------------------------------------------===//
// Levels
//===----------------------------------------------------------------------===//

#ifdef __x86_64__
#define RNN_LEVEL(NAME, FEATURES)                                              \
  template <typename T>                                                        \
  __attribute__((target(FEATURES))) static void update##NAME(                  \
      const rnncc_train_optimizer &options, const Update &numbers,             \
      const Elements<T> &elements) {                                           \
    update(options, numbers, elements);                                        \
  }                                                                            \
  template <typename T>                                                        \
  __attribute__((target(FEATURES))) static void skip##NAME(                    \
      const Skipped &skipped, const SkippedSteps &all, double smallest,        \
      const Elements<T> &elements) {                                           \
    skip(skipped, all, smallest, elements);                                    \
  }
RNN_LEVEL(Avx512, "avx512f,avx512vl")
RNN_LEVEL(Avx2, "avx2")
static const bool hasAvx512 =
    __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl");
static const bool hasAvx2 = __builtin_cpu_supports("avx2");
#define RNN_DISPATCH(FUNCTION, ...)                                            \
  if (hasAvx512)                                                               \
    return FUNCTION##Avx512(__VA_ARGS__);                                      \
  if (hasAvx2)                                                                 \
    return FUNCTION##Avx2(__VA_ARGS__);                                        \
  FUNCTION(__VA_ARGS__)
#else
#define RNN_DISPATCH(FUNCTION, ...) FUNCTION(__VA_ARGS__)
#endif

template <typename T>
void rnn::train::updateElements(const rnncc_train_optimizer &options,
                                const Update &numbers,
                                const Elements<T> &elements) {
  RNN_DISPATCH(update, options, numbers, elements);
}

template <typename T>
void rnn::train::applySkipped(const Skipped &skipped, const SkippedSteps &all,
                              double epsilon, const Elements<T> &elements) {
  RNN_DISPATCH(skip, skipped, all, epsilon, elements);
}

namespace rnn::train {
#define RNN_INSTANTIATE(T)                                                     \
  template void updateElements(const rnncc_train_optimizer &, const Update &,  \
                               const Elements<T> &);                           \
  template void applySkipped(const Skipped &, const SkippedSteps &, double,    \
                             const Elements<T> &);
RNN_INSTANTIATE(float)
RNN_INSTANTIATE(double)
} // namespace rnn::train
