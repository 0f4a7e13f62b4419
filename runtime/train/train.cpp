//===- train.cpp - the C interface ----------------------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "rnncc/train.h"
#include "runtime/train/Failure.h"
#include "runtime/train/Trainer.h"
#include <algorithm>
#include <cmath>
#include <cstdio>

using namespace rnn::train;

struct rnncc_trainer {
  Trainer trainer;
  std::string error;
};

/// Calls body(), and turns what it throws into a status and a text.
template <typename Body>
static rnncc_train_status guarded(std::string &error, Body body) {
  try {
    error.clear();
    body();
    return RNNCC_TRAIN_OK;
  } catch (const Failure &failure) {
    error = failure.what();
    return failure.status;
  } catch (const std::bad_alloc &) {
    error = "not enough memory";
    return RNNCC_TRAIN_NO_MEMORY;
  } catch (const std::length_error &) {
    error = "not enough memory";
    return RNNCC_TRAIN_NO_MEMORY;
  } catch (const std::exception &exception) {
    error = text("internal: ", exception.what());
    return RNNCC_TRAIN_CALL_FAILED;
  }
}

/// The same for a trainer; errors begin with the model's place.
template <typename Body>
static rnncc_train_status withAnytime(rnncc_trainer *trainer, Body body) {
  std::string error;
  rnncc_train_status status = guarded(error, [&] { body(trainer->trainer); });
  const char *source = trainer->trainer.model.descriptor.source;
  trainer->error =
      status == RNNCC_TRAIN_OK ? "" : text(source ? source : "", ": ", error);
  return status;
}

/// The same for what callbacks may not do.
template <typename Body>
static rnncc_train_status with(rnncc_trainer *trainer, Body body) {
  return withAnytime(trainer, [&](Trainer &t) {
    if (t.isFitting)
      fail(RNNCC_TRAIN_BAD_OPTION, "the trainer is in a fit");
    body(t);
  });
}

/// A path, or Failure if there is none.
static std::string checkedPath(const char *path) {
  if (!path || !*path)
    fail(RNNCC_TRAIN_BAD_OPTION, "no path is given");
  return path;
}

static const rnncc_train_data &checkedData(const rnncc_train_data *data) {
  if (!data)
    fail(RNNCC_TRAIN_BAD_DATA, "no data is given");
  return *data;
}

void rnncc_train_options_default(rnncc_train_options *options) {
  *options = {};
  rnncc_train_optimizer_named("keras:adam", &options->optimizer);
  options->threads = 1;
}

rnncc_train_status rnncc_train_create(const rnncc_descriptor *model,
                                      const rnncc_train_options *options,
                                      rnncc_trainer **trainer, char *message,
                                      size_t capacity) {
  rnncc_train_options defaults;
  rnncc_train_options_default(&defaults);
  std::string error;
  *trainer = nullptr;
  rnncc_train_status status = guarded(error, [&] {
    if (!model)
      fail(RNNCC_TRAIN_BAD_OPTION, "no model is given");
    *trainer = new rnncc_trainer{{*model, options ? *options : defaults}, ""};
  });
  // A descriptor of another ABI cannot be asked where it comes from.
  if (status && model && model->abi_version == RNNCC_ABI_VERSION)
    error = text(model->source, ": ", error);
  if (message && capacity)
    std::snprintf(message, capacity, "%s", error.c_str());
  return status;
}

void rnncc_train_destroy(rnncc_trainer *trainer) { delete trainer; }

const char *rnncc_train_error(const rnncc_trainer *trainer) {
  return trainer->error.c_str();
}

const void *rnncc_train_param(const rnncc_trainer *trainer, const char *name) {
  const Param *param = trainer->trainer.model.find(name);
  return param ? param->values.get() : nullptr;
}

rnncc_train_status rnncc_train_set_param(rnncc_trainer *trainer,
                                         const char *name, const void *values,
                                         int64_t elements) {
  return with(trainer, [&](Trainer &t) {
    const Param *param = t.model.find(name);
    if (!param)
      fail(RNNCC_TRAIN_BAD_OPTION, t.model.descriptor.name,
           " has no parameter '", name, "'");
    if (elements != param->elements)
      fail(RNNCC_TRAIN_BAD_OPTION, "parameter '", name, "' has ",
           param->elements, " elements, but ", elements, " were given");
    std::memcpy(param->values.get(), values, param->values.bytes());
  });
}

const void *rnncc_train_packed(rnncc_trainer *trainer) {
  return with(trainer, [](Trainer &t) { t.pack(); })
             ? nullptr
             : trainer->trainer.model.packed.get();
}

rnncc_train_status rnncc_train_save_weights(rnncc_trainer *trainer,
                                            const char *path) {
  return with(trainer, [&](Trainer &t) { t.saveWeights(checkedPath(path)); });
}

rnncc_train_status rnncc_train_load_weights(rnncc_trainer *trainer,
                                            const char *path) {
  return with(trainer, [&](Trainer &t) { t.loadWeights(checkedPath(path)); });
}

double rnncc_train_learning_rate(const rnncc_trainer *trainer) {
  return trainer->trainer.optimizer.options.learning_rate;
}

rnncc_train_status rnncc_train_set_learning_rate(rnncc_trainer *trainer,
                                                 double rate) {
  return withAnytime(trainer, [&](Trainer &t) {
    rnncc_train_optimizer options = t.optimizer.options;
    options.learning_rate = rate;
    checkOptimizer(options);
    t.optimizer.options = options;
  });
}

void rnncc_train_fit_options_default(rnncc_train_fit_options *options) {
  *options = {};
  options->epochs = 10;
  options->batch_size = 32;
  options->shuffle = 1;
  options->schedule.factor = 0.1;
  options->schedule.every = 10;
  options->schedule.patience = 10;
  options->schedule.min_delta = 1e-4;
  options->checkpoint_epochs = 1;
  options->progress = RNNCC_TRAIN_AUTO;
  options->progress_fd = 1;
}

rnncc_train_status rnncc_train_fit(rnncc_trainer *trainer,
                                   const rnncc_train_data *data,
                                   const rnncc_train_fit_options *options) {
  rnncc_train_fit_options defaults;
  rnncc_train_fit_options_default(&defaults);
  return with(trainer, [&](Trainer &t) {
    t.fit(checkedData(data), options ? *options : defaults);
  });
}

int64_t rnncc_train_epochs(const rnncc_trainer *trainer) {
  return int64_t(trainer->trainer.progress.history.size());
}

double rnncc_train_history(const rnncc_trainer *trainer, int64_t epoch,
                           const char *column) {
  std::vector<std::string> names = trainer->trainer.columns();
  auto found = std::find(names.begin(), names.end(), column);
  if (epoch < 1 || epoch > rnncc_train_epochs(trainer) || found == names.end())
    return std::nan("");
  return trainer->trainer.progress
      .history[size_t(epoch - 1)][size_t(found - names.begin())];
}

int64_t rnncc_train_metric_count(const rnncc_trainer *trainer) {
  return int64_t(trainer->trainer.model.metrics.size());
}

const char *rnncc_train_metric_name(const rnncc_trainer *trainer,
                                    int64_t metric) {
  return metric < 0 || metric >= rnncc_train_metric_count(trainer)
             ? nullptr
             : trainer->trainer.model.metricNames[size_t(metric)];
}

rnncc_train_status rnncc_train_evaluate(rnncc_trainer *trainer,
                                        const rnncc_train_data *data,
                                        int64_t batch_size, double *loss,
                                        double *metrics) {
  return with(trainer, [&](Trainer &t) {
    Examples examples(t.model, checkedData(data), /*withTargets=*/true);
    t.pack();
    Sums sums = t.evaluate(examples, inOrder(examples.count()), batch_size);
    if (loss)
      *loss = sums.loss(t.model);
    std::vector<double> values = sums.metrics(t.model);
    if (metrics)
      std::copy(values.begin(), values.end(), metrics);
  });
}

rnncc_train_status rnncc_train_predict(rnncc_trainer *trainer,
                                       const rnncc_train_data *data,
                                       int64_t batch_size,
                                       const rnncc_train_output *outputs,
                                       int64_t n_outputs) {
  return with(trainer, [&](Trainer &t) {
    Examples examples(t.model, checkedData(data), /*withTargets=*/false);
    t.predict(examples, batch_size, {outputs, outputs + n_outputs});
  });
}

rnncc_train_status rnncc_train_save_checkpoint(rnncc_trainer *trainer,
                                               const char *path) {
  return with(trainer,
              [&](Trainer &t) { t.saveCheckpoint(checkedPath(path)); });
}

rnncc_train_status rnncc_train_load_checkpoint(rnncc_trainer *trainer,
                                               const char *path) {
  return with(trainer, [&](Trainer &t) {
    t.loadCheckpoint(checkedPath(path), nullptr);
  });
}

int64_t rnncc_train_state_count(const rnncc_trainer *trainer) {
  return int64_t(trainer->trainer.model.states.size());
}

const char *rnncc_train_state_name(const rnncc_trainer *trainer,
                                   int64_t state) {
  return state < 0 || state >= rnncc_train_state_count(trainer)
             ? nullptr
             : trainer->trainer.model.states[size_t(state)].name.c_str();
}

rnncc_train_status rnncc_train_gradient_norms(rnncc_trainer *trainer,
                                              const rnncc_train_data *data,
                                              double *norms, int64_t elements) {
  return with(trainer, [&](Trainer &t) {
    Examples examples(t.model, checkedData(data), /*withTargets=*/true);
    int64_t needed = int64_t(t.model.states.size()) * examples.steps();
    if (elements != needed || (needed && !norms))
      fail(RNNCC_TRAIN_BAD_OPTION, "there is room for ", elements,
           " norms, but ", needed, " are needed");
    t.gradientNorms(examples, norms);
  });
}
