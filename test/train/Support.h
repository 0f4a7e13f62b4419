//===- Support.h - trainers and examples for tests --------------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef RNNCC_TEST_TRAIN_SUPPORT_H
#define RNNCC_TEST_TRAIN_SUPPORT_H

#include "Models.h"
#include "rnncc/train.h"
#include <cstring>
#include <gtest/gtest.h>
#include <memory>
#include <random>
#include <string>
#include <type_traits>
#include <unistd.h>
#include <vector>

/// A trainer that destroys itself.
using TrainerPtr = std::unique_ptr<rnncc_trainer, void (*)(rnncc_trainer *)>;

inline rnncc_train_options optionsOf(const char *optimizer, uint64_t seed = 1) {
  rnncc_train_options options;
  rnncc_train_options_default(&options);
  EXPECT_EQ(rnncc_train_optimizer_named(optimizer, &options.optimizer),
            RNNCC_TRAIN_OK);
  options.seed = seed;
  return options;
}

inline TrainerPtr makeTrainer(const rnncc_descriptor &model,
                              const rnncc_train_options &options) {
  rnncc_trainer *trainer = nullptr;
  char message[300];
  EXPECT_EQ(
      rnncc_train_create(&model, &options, &trainer, message, sizeof message),
      RNNCC_TRAIN_OK)
      << message;
  return TrainerPtr(trainer, rnncc_train_destroy);
}

/// Fit options that print nothing.
inline rnncc_train_fit_options quietFit(int64_t epochs, int64_t batchSize) {
  rnncc_train_fit_options options;
  rnncc_train_fit_options_default(&options);
  options.epochs = epochs;
  options.batch_size = batchSize;
  options.progress = RNNCC_TRAIN_QUIET;
  return options;
}

/// Examples that own their arrays.
struct Examples {
  int64_t count, steps;
  std::vector<int64_t> lengths;
  std::vector<int32_t> tokens;
  std::vector<float> floats[2];
  std::vector<double> doubles[2];
  std::vector<rnncc_train_array> arrays;
  std::vector<uint8_t> mask, resets; ///< empty: none

  rnncc_train_data data() const {
    return {count,
            steps,
            lengths.empty() ? nullptr : lengths.data(),
            int64_t(arrays.size()),
            arrays.data(),
            mask.empty() ? nullptr : mask.data(),
            resets.empty() ? nullptr : resets.data()};
  }
  int64_t length(int64_t example) const {
    return lengths.empty() ? steps : lengths[size_t(example)];
  }
  /// Names the arrays of floats and tokens again, after a copy or a change.
  void refresh() {
    bool ofTokens = !tokens.empty();
    arrays[0].values =
        ofTokens ? static_cast<const void *>(tokens.data()) : floats[0].data();
    arrays[0].elements =
        ofTokens ? int64_t(tokens.size()) : int64_t(floats[0].size());
    const std::vector<float> &targets = floats[ofTokens ? 0 : 1];
    arrays[1].values = targets.data();
    arrays[1].elements = int64_t(targets.size());
  }
  template <typename T> std::vector<T> &values(int i) {
    if constexpr (std::is_same_v<T, float>)
      return floats[i];
    else
      return doubles[i];
  }
};

/// Sentences for the bags: those with more large tokens than small ones are 1.
template <typename T>
Examples sentences(int64_t count, int64_t steps, int32_t vocabulary,
                   unsigned seed = 3) {
  Examples made;
  made.count = count;
  made.steps = steps;
  std::mt19937 random(seed);
  std::vector<T> &labels = made.values<T>(0);
  for (int64_t n = 0; n < count; ++n) {
    made.lengths.push_back(1 + int64_t(random() % unsigned(steps)));
    int64_t large = 0;
    for (int64_t t = 0; t < steps; ++t) {
      int32_t token = int32_t(random() % unsigned(vocabulary));
      // What lies behind an end is no index at all.
      made.tokens.push_back(t < made.lengths.back() ? token : -7);
      large += t < made.lengths.back() && token >= vocabulary / 2;
    }
    labels.push_back(2 * large > made.lengths.back());
  }
  made.arrays = {
      {"tokens", made.tokens.data(), count * steps, RNNCC_I32},
      {"y", labels.data(), count, sizeof(T) == 4 ? RNNCC_F32 : RNNCC_F64}};
  return made;
}

/// Sequences for `elman`: y follows x with a delay.
template <typename T>
Examples sequences(int64_t count, int64_t steps, bool perStep,
                   bool withLengths = false) {
  Examples made;
  made.count = count;
  made.steps = steps;
  std::mt19937 random(5);
  std::vector<T> &x = made.values<T>(0), &y = made.values<T>(1);
  for (int64_t n = 0; n < count; ++n) {
    if (withLengths)
      made.lengths.push_back(1 + int64_t(random() % unsigned(steps)));
    T before = 0;
    for (int64_t t = 0; t < steps; ++t) {
      for (int i = 0; i < 2; ++i)
        x.push_back(T(random() % 1000) / 500 - 1);
      if (perStep || t + 1 == steps)
        y.push_back(before);
      before = x.back() / 2;
    }
  }
  int32_t type = sizeof(T) == 4 ? RNNCC_F32 : RNNCC_F64;
  made.arrays = {{"x", x.data(), int64_t(x.size()), type},
                 {"y", y.data(), int64_t(y.size()), type}};
  return made;
}

/// The values of a parameter.
template <typename T>
std::vector<T> paramOf(const rnncc_trainer *trainer, const char *name,
                       size_t elements) {
  auto *values = static_cast<const T *>(rnncc_train_param(trainer, name));
  return {values, values + elements};
}

/// Expects success, or prints what the trainer says.
#define EXPECT_TRAINED(trainer, call)                                          \
  EXPECT_EQ(call, RNNCC_TRAIN_OK) << rnncc_train_error(trainer)

/// A path in the folder of temporary files, where nothing is.
inline std::string freshPath(const std::string &name) {
  std::string path = ::testing::TempDir() + "rnncc-train-" +
                     std::to_string(getpid()) + "-" + name;
  std::remove(path.c_str());
  return path;
}

#endif // RNNCC_TEST_TRAIN_SUPPORT_H
