//===- Training.cpp - learning to say what comes next ---------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Training.h"
#include <algorithm>
#include <cstdio>
#include <stdexcept>

using namespace forecast;

/// Windows of a series, and the same a step later.
struct Windows {
  int64_t count = 0;
  std::vector<float> now, next; ///< [count, window, width]

  Windows(const Series &series, int64_t window) {
    // Windows may overlap; about a thousand of them are enough.
    int64_t last = series.learning - window - 1;
    int64_t stride = std::max<int64_t>(1, last / 1000);
    for (int64_t r = 0; r <= last; r += stride, ++count) {
      now.insert(now.end(), series.row(r), series.row(r + window));
      next.insert(next.end(), series.row(r + 1), series.row(r + 1 + window));
    }
  }
};

Trainer forecast::train(const rnncc_descriptor &model, const Series &series,
                        const Training &training) {
  rnncc_train_options options;
  rnncc_train_options_default(&options);
  options.optimizer.learning_rate = training.rate;
  options.optimizer.clip_norm = 1;
  options.seed = training.seed;
  options.threads = training.threads;
  rnncc_trainer *made;
  char message[400];
  if (rnncc_train_create(&model, &options, &made, message, sizeof message))
    throw std::runtime_error(message);
  Trainer trainer(made, rnncc_train_destroy);

  Windows windows(series, training.window);
  rnncc_train_array arrays[] = {
      {"x", windows.now.data(), int64_t(windows.now.size()), RNNCC_F32},
      {"y", windows.next.data(), int64_t(windows.next.size()), RNNCC_F32}};
  rnncc_train_data data = {windows.count, training.window, nullptr, 2,
                           arrays,        nullptr,         nullptr};

  rnncc_train_fit_options fit;
  rnncc_train_fit_options_default(&fit);
  fit.epochs = training.epochs;
  fit.validation_split = 0.1;
  fit.schedule.kind = RNNCC_TRAIN_COSINE;
  fit.stopping.restore_best = 1;
  std::fflush(stdout); // the library writes its progress past stdio
  if (rnncc_train_fit(trainer.get(), &data, &fit))
    throw std::runtime_error(rnncc_train_error(trainer.get()));
  return trainer;
}
