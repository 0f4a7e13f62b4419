//===- Trial.cpp - a cell trained from one seed ---------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Trial.h"
#include "Statistics.h"
#include <algorithm>
#include <chrono>
#include <cmath>
#include <memory>
#include <stdexcept>

using namespace choose;

/// Examples as the library takes them, the first `count` of them.
struct View {
  rnncc_train_array arrays[2];
  rnncc_train_data data;

  View(const Examples &examples, const Task &task, int64_t count) {
    if (task.isText)
      arrays[0] = {"tokens", examples.tokens.data(), count * task.steps,
                   RNNCC_I32};
    else
      arrays[0] = {"x", examples.x.data(), count * task.steps * task.inputs,
                   RNNCC_F32};
    arrays[1] = {"y", examples.y.data(), count, RNNCC_F32};
    data = {};
    data.count = count;
    data.steps = task.steps;
    data.lengths = examples.lengths.data();
    data.n_arrays = 2;
    data.arrays = arrays;
  }
};

/// What callbacks gather.
struct Watch {
  const AfterEpoch &afterEpoch;
  std::chrono::steady_clock::time_point first;
  std::vector<double> losses, secondsPerBatch;
};

static int afterBatch(void *context, const rnncc_train_report *report) {
  Watch &watch = *static_cast<Watch *>(context);
  auto now = std::chrono::steady_clock::now();
  if (report->batch == 1)
    watch.first = now;
  else if (report->batch == report->batches)
    watch.secondsPerBatch.push_back(
        std::chrono::duration<double>(now - watch.first).count() /
        double(report->batches - 1));
  return 0;
}

static int afterEpoch(void *context, const rnncc_train_report *report) {
  Watch &watch = *static_cast<Watch *>(context);
  watch.losses.push_back(report->val_loss);
  watch.afterEpoch(report->epoch, report->val_loss);
  return 0;
}

/// Accuracy, or RMSE in the units of the data. Throws std::runtime_error.
static double qualityOf(rnncc_trainer *trainer, const Task &task,
                        const Protocol &protocol, const View &view) {
  double loss, accuracy = 0;
  if (rnncc_train_evaluate(trainer, &view.data, protocol.batch, &loss,
                           task.isText ? &accuracy : nullptr))
    throw std::runtime_error(rnncc_train_error(trainer));
  return task.isText ? accuracy : std::sqrt(loss) * task.unit;
}

/// Up to 64 examples that are as long as any, so that the same step is as far
/// from the answer in all of them.
static Examples longest(const Examples &examples, const Task &task) {
  Examples some;
  auto copy = [](const auto &from, auto &to, int64_t i, int64_t size) {
    if (!from.empty())
      to.insert(to.end(), from.begin() + i * size,
                from.begin() + (i + 1) * size);
  };
  for (int64_t i = 0; i < examples.count() && some.count() < 64; ++i) {
    if (examples.lengths[size_t(i)] != task.steps)
      continue;
    copy(examples.x, some.x, i, task.steps * task.inputs);
    copy(examples.tokens, some.tokens, i, task.steps);
    copy(examples.lengths, some.lengths, i, 1);
    copy(examples.y, some.y, i, 1);
  }
  return some;
}

/// Norms over all states together, for each step.
static std::vector<double> gradientsOf(rnncc_trainer *trainer, const Task &task,
                                       std::string &why) {
  Examples examples = longest(task.validation, task);
  if (examples.count() == 0) {
    why = "no text to validate with is as long as --steps";
    return {};
  }
  View some(examples, task, examples.count());
  int64_t states = rnncc_train_state_count(trainer);
  std::vector<double> norms(size_t(states * task.steps));
  if (rnncc_train_gradient_norms(trainer, &some.data, norms.data(),
                                 int64_t(norms.size()))) {
    why = rnncc_train_error(trainer);
    return {};
  }
  std::vector<double> all(static_cast<size_t>(task.steps));
  for (size_t i = 0; i < norms.size(); ++i)
    all[i % all.size()] = std::hypot(all[i % all.size()], norms[i]);
  return all;
}

Trial choose::train(const rnncc_descriptor &model, const Task &task,
                    const Protocol &protocol, uint64_t seed,
                    const AfterEpoch &told) {
  rnncc_train_options options;
  rnncc_train_options_default(&options);
  options.optimizer.learning_rate = protocol.rate;
  options.optimizer.clip_norm = 1;
  options.seed = seed;
  options.threads = protocol.threads;
  char message[300];
  rnncc_trainer *made;
  if (rnncc_train_create(&model, &options, &made, message, sizeof message))
    throw std::runtime_error(message);
  std::unique_ptr<rnncc_trainer, void (*)(rnncc_trainer *)> trainer(
      made, rnncc_train_destroy);

  View training(task.training, task, task.training.count());
  View validation(task.validation, task, task.validation.count());
  Watch watch{told, {}, {}, {}};
  rnncc_train_fit_options fit;
  rnncc_train_fit_options_default(&fit);
  fit.epochs = protocol.epochs;
  fit.batch_size = protocol.batch;
  fit.validation = &validation.data;
  fit.stopping.patience = protocol.patience;
  fit.stopping.restore_best = 1;
  fit.progress = RNNCC_TRAIN_QUIET;
  fit.after_batch = afterBatch;
  fit.after_epoch = afterEpoch;
  fit.context = &watch;
  Trial trial;
  rnncc_train_status status =
      rnncc_train_fit(trainer.get(), &training.data, &fit);
  trial.losses = watch.losses;
  if (status == RNNCC_TRAIN_DIVERGED) {
    trial.diverged = true;
    return trial;
  }
  if (status)
    throw std::runtime_error(rnncc_train_error(trainer.get()));
  trial.quality = qualityOf(trainer.get(), task, protocol, validation);
  trial.tested = qualityOf(trainer.get(), task, protocol,
                           View(task.test, task, task.test.count()));
  double seconds = median(watch.secondsPerBatch);
  if (watch.secondsPerBatch.empty()) // one batch an epoch
    seconds = rnncc_train_history(trainer.get(), 1, "seconds");
  trial.sequencesPerSecond =
      double(std::min(protocol.batch, task.training.count())) / seconds;
  trial.gradients = gradientsOf(trainer.get(), task, trial.noGradients);
  return trial;
}
