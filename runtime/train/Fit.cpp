//===- Fit.cpp - epochs of updates ----------------------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Whatever decides about the numbers to come stands in Progression, Sums,
// parameters and moments, or follows from seed, epoch and step: a fit that goes
// on from a checkpoint cannot tell that it was away.
//
// A checkpoint brings all rows of tables up to date, which rounds differently
// from doing so later. So it is part of the run: the same options, the same
// checkpoints, the same bits.
//
//===----------------------------------------------------------------------===//

#include "runtime/train/Failure.h"
#include "runtime/train/Files.h"
#include "runtime/train/Progress.h"
#include "runtime/train/Random.h"
#include "runtime/train/Schedule.h"
#include "runtime/train/Trainer.h"
#include <algorithm>
#include <cmath>
#include <optional>

using namespace rnn::train;

namespace {
/// One call of Trainer::fit.
class Fit {
public:
  Fit(Trainer &trainer, const rnncc_train_data &data,
      const rnncc_train_fit_options &options);

  void run();

private:
  void checkOptions() const;
  void begin();
  void runEpoch();
  void runBatch();
  double update(const Selection &selection);
  void endEpoch();
  void finish();

  double rate() const;
  void takeStates();
  void restoreStates();
  void report(double loss);
  bool callBack(rnncc_train_callback callback);
  void save();
  bool wantsBest() const { return options.stopping.restore_best; }
  [[noreturn]] void diverged(double loss) const;
  template <typename Body> void placed(Body body) const;

  Trainer &trainer;
  Model &model;
  Progression &progress;
  Position &at;
  const rnncc_train_fit_options &options;

  Examples examples;
  std::optional<Examples> separate; ///< examples that only validate
  std::vector<int64_t> order, validation;
  int64_t trained = 0, batches = 0;
  int64_t window = 0;   ///< steps of a window; 0: batches are whole
  size_t monitored = 0; ///< column of the history

  Run training;
  std::vector<std::vector<int64_t>> rows; ///< per parameter: what a batch reads
  rnncc_train_report told = {};
  std::vector<double> metrics, valMetrics;
  Progress shown;
  double began = 0;     ///< when this epoch, or what is left of it, began
  int64_t doneHere = 0; ///< examples since then
  bool stop = false, isSaved = false;
};
} // namespace

Fit::Fit(Trainer &trainer, const rnncc_train_data &data,
         const rnncc_train_fit_options &options)
    : trainer(trainer), model(trainer.model), progress(trainer.progress),
      at(progress.position), options(options),
      examples(trainer.model, data, /*withTargets=*/true),
      training(trainer.model, trainer.team.get(), Run::Training),
      rows(model.params.size()), shown(options.progress, options.progress_fd) {
  checkOptions();
  trained = examples.count();
  if (options.validation) {
    separate.emplace(model, *options.validation, /*withTargets=*/true);
    validation = inOrder(separate->count());
  } else if (options.validation_split > 0) {
    trained =
        int64_t(double(examples.count()) * (1 - options.validation_split));
    if (trained < 1)
      fail(RNNCC_TRAIN_BAD_OPTION, "a validation split of ",
           options.validation_split, " of ", examples.count(),
           " examples leaves none to train with");
    for (int64_t i = trained; i < examples.count(); ++i)
      validation.push_back(i);
  }
  batches = (trained + options.batch_size - 1) / options.batch_size;
  if (options.stateful && trained % options.batch_size)
    fail(RNNCC_TRAIN_BAD_OPTION, "stateful: batches of ", options.batch_size,
         " do not divide ", trained, " examples");
  window = options.window     ? options.window
           : options.stateful ? examples.steps()
                              : 0;
  told.metric_names = model.metricNames.data();
  told.n_metrics = int64_t(model.metrics.size());

  std::vector<std::string> columns = trainer.columns();
  const char *monitor = options.stopping.monitor;
  std::string name = monitor              ? monitor
                     : validation.empty() ? "loss"
                                          : "val_loss";
  auto found = std::find(columns.begin(), columns.end() - 2, name);
  if (name == "epoch" || found == columns.end() - 2)
    fail(RNNCC_TRAIN_BAD_OPTION, "stopping: there is no '", name,
         "' to monitor");
  if (validation.empty() && name.rfind("val_", 0) == 0)
    fail(RNNCC_TRAIN_BAD_OPTION, "stopping: '", name,
         "' needs examples that validate");
  monitored = size_t(found - columns.begin());
}

void Fit::checkOptions() const {
  auto need = [](bool holds, const char *name, double value,
                 const char *range) {
    if (!holds)
      fail(RNNCC_TRAIN_BAD_OPTION, name, " is ", value, ", but ", range);
  };
  need(options.epochs >= 1, "epochs", double(options.epochs),
       "has to be 1 or more");
  need(options.batch_size >= 1, "batch_size", double(options.batch_size),
       "has to be 1 or more");
  need(options.validation_split >= 0 && options.validation_split < 1,
       "validation_split", options.validation_split,
       "has to be 0 or more and below 1");
  need(options.window >= 0, "window", double(options.window),
       "has to be 0 or more");
  need(options.checkpoint_steps >= 0, "checkpoint_steps",
       double(options.checkpoint_steps), "has to be 0 or more");
  need(options.checkpoint_epochs >= 0, "checkpoint_epochs",
       double(options.checkpoint_epochs), "has to be 0 or more");
  need(options.stopping.patience >= 0, "stopping.patience",
       double(options.stopping.patience), "has to be 0 or more");
  need(options.stopping.min_delta >= 0, "stopping.min_delta",
       options.stopping.min_delta, "has to be 0 or more");
  checkSchedule(options.schedule);
  if (options.resume && !options.checkpoint)
    fail(RNNCC_TRAIN_BAD_OPTION, "resume: no checkpoint is named");
  if (options.stateful && options.shuffle)
    fail(RNNCC_TRAIN_BAD_OPTION,
         "stateful: examples that are shuffled do not follow each other");
  if (model.losses.empty())
    fail(RNNCC_TRAIN_BAD_MODEL, model.descriptor.name, " has no loss");
  for (const Measure &loss : model.losses)
    if (loss.gradient < 0)
      fail(RNNCC_TRAIN_BAD_MODEL, model.descriptor.name, ": loss '",
           model.descriptor.arrays[loss.array].name,
           "' has no array for its gradient");
  if (!options.window && !options.stateful)
    return;
  const char *what = options.window ? "window" : "stateful";
  if (model.states.empty())
    fail(RNNCC_TRAIN_BAD_MODEL, what, ": ", model.descriptor.name,
         " has no states to carry on");
  for (const State &state : model.states)
    if (state.final < 0)
      fail(RNNCC_TRAIN_BAD_MODEL, what, ": ", model.descriptor.name,
           " does not give the last value of state '", state.name, "'");
  for (const Measure &loss : model.losses) {
    const rnncc_array &array = model.descriptor.arrays[loss.array];
    if (options.window && options.window < examples.steps() &&
        array.axes != RNNCC_STEPS_ROWS)
      fail(RNNCC_TRAIN_BAD_MODEL, "window: loss '", array.name,
           "' is not per step, but windows end before the sequences do");
  }
}

/// What may not change when a fit goes on.
static std::string runText(const rnncc_train_fit_options &options,
                           int64_t trained, int64_t validates) {
  return text(trained, " examples in batches of ", options.batch_size,
              options.shuffle ? ", shuffled" : "",
              options.window ? text(", windows of ", options.window) : "",
              options.stateful ? ", stateful" : "",
              validates ? text(", ", validates, " validate") : "");
}

void Fit::begin() {
  std::string run = runText(options, trained, int64_t(validation.size()));
  if (options.resume && exists(options.checkpoint)) {
    trainer.loadCheckpoint(options.checkpoint, &run);
    if (at.batch > batches || (at.start && (!window || at.batch == batches)))
      fail(RNNCC_TRAIN_BAD_FILE, "'", options.checkpoint, "' stands at batch ",
           at.batch, " of ", batches);
    bool carries =
        at.start || (options.stateful && at.batch && at.batch < batches);
    if (carries != !progress.states.empty())
      fail(RNNCC_TRAIN_BAD_FILE, "'", options.checkpoint,
           "' has not the states that its place in the examples needs");
    isSaved = true;
  } else {
    int64_t epochs = progress.epochs;
    progress = Progression();
    progress.epochs = epochs;
    progress.run = run;
    trainer.sums = Sums(model);
  }
  for (Param &param : model.params)
    param.gradient.clear(); // a fit that failed may have left some
}

void Fit::run() {
  begin();
  while (!stop && !at.stopped && at.epoch < options.epochs)
    runEpoch();
  finish();
}

void Fit::runEpoch() {
  order = inOrder(trained);
  // As many epochs, the same order; the stream is not that of initial values.
  if (options.shuffle)
    shuffle(order, Random(~trainer.seed, uint64_t(progress.epochs)));
  began = now();
  doneHere = 0;
  while (!stop && at.batch < batches)
    runBatch();
  if (!stop || at.batch == batches)
    endEpoch();
}

/// The states that the next window goes on from become part of the progress.
void Fit::takeStates() {
  progress.states.clear();
  for (const State &state : model.states)
    progress.states.emplace_back(
        static_cast<const char *>(training.array(state.final)),
        training.bytes(state.final));
}

/// Puts states of a checkpoint where a window before would have left them.
void Fit::restoreStates() {
  if (progress.states.size() != model.states.size())
    fail(RNNCC_TRAIN_BAD_FILE, "'", options.checkpoint,
         "' lacks some of the states");
  for (size_t s = 0; s < model.states.size(); ++s) {
    int64_t array = model.states[s].final;
    if (progress.states[s].size() != training.bytes(array))
      fail(RNNCC_TRAIN_BAD_FILE, "'", options.checkpoint, "': state '",
           model.states[s].name, "' is not of ", training.rows(), " rows");
    std::memcpy(training.array(array), progress.states[s].data(),
                progress.states[s].size());
  }
  progress.states.clear();
}

/// Updates from one window of a batch, or from all of it.
void Fit::runBatch() {
  int64_t first = at.batch * options.batch_size;
  Selection selection = {order.data() + first,
                         std::min(options.batch_size, trained - first),
                         at.start, 0};
  int64_t longest = examples.longest(selection.examples, selection.rows);
  int64_t end = window ? std::min(at.start + window, longest) : longest;
  if (end <= at.start)
    fail(RNNCC_TRAIN_BAD_FILE, "'", options.checkpoint, "' stands at step ",
         at.start, " of sequences that have ", longest);
  selection.steps = end - at.start;
  training.load(examples, selection);
  if (window) {
    training.useStates();
    if (!progress.states.empty())
      restoreStates();
    if (at.start > 0 || (options.stateful && at.batch > 0))
      training.carryStates();
    else
      training.clearStates();
  }

  double loss = update(selection);
  bool endsBatch = end == longest;
  at.start = endsBatch ? 0 : end;
  at.batch += endsBatch;
  doneHere += endsBatch ? selection.rows : 0;
  report(loss);

  bool carries = at.start > 0 || (options.stateful && at.batch < batches);
  double perSecond = double(doneHere) / std::max(1e-9, now() - began);
  int64_t left = trained - std::min(trained, at.batch * options.batch_size);
  shown.batch(told, perSecond, double(left) / std::max(1e-9, perSecond));
  if (callBack(options.after_batch))
    stop = true;
  if (options.checkpoint && !stop && options.checkpoint_steps &&
      trainer.optimizer.step % options.checkpoint_steps == 0) {
    if (carries)
      takeStates();
    save();
    progress.states.clear();
  } else if (stop && carries) {
    takeStates();
  }
}

double Fit::rate() const {
  double part = (double(at.epoch) + double(at.batch) / double(batches)) /
                double(options.epochs);
  return scheduled(options.schedule, trainer.optimizer.options.learning_rate,
                   {at.epoch, std::min(part, 1.0), trainer.optimizer.step,
                    progress.rateFactor});
}

void Fit::diverged(double loss) const {
  std::string kept =
      options.checkpoint && exists(options.checkpoint)
          ? text("; the checkpoint '", options.checkpoint, "' is as it was")
          : "";
  fail(RNNCC_TRAIN_DIVERGED, "epoch ", told.epoch, ", step ",
       trainer.optimizer.step + 1, ": the loss is ",
       std::isnan(loss) ? "NaN" : "infinite", kept);
}

/// Calls body(); a Failure says after which epoch and step it came.
template <typename Body> void Fit::placed(Body body) const {
  try {
    body();
  } catch (const Failure &failure) {
    fail(failure.status, "after epoch ", told.epoch, ", step ",
         trainer.optimizer.step, ": ", failure.what());
  }
}

/// One step; gives the loss before it.
double Fit::update(const Selection &selection) {
  Optimizer &optimizer = trainer.optimizer;
  told.epoch = at.epoch + 1;
  told.learning_rate = rate();
  for (size_t p = 0; p < model.params.size(); ++p)
    if (optimizer.skipsRows(model.params[p]))
      training.rowsRead(model.params[p], rows[p]);
  optimizer.catchUp(rows);
  model.pack(trainer.team.get());

  rnncc_random random = {trainer.seed, uint64_t(optimizer.step)};
  try {
    training.forward(&random);
    Sums sums = training.sums();
    double loss = sums.loss(model);
    if (!std::isfinite(loss))
      diverged(loss);
    training.seed();
    training.backward();
    trainer.sums.add(sums);
    optimizer.update(rows, told.learning_rate);
    isSaved = false;
    return loss;
  } catch (const Failure &failure) {
    if (failure.status != RNNCC_TRAIN_CALL_FAILED)
      throw;
    fail(failure.status, "epoch ", told.epoch, ", step ", optimizer.step + 1,
         " (", selection.rows, " rows of ", selection.steps,
         " steps): ", failure.what());
  }
}

void Fit::report(double loss) {
  metrics = trainer.sums.metrics(model);
  valMetrics.assign(metrics.size(), std::nan(""));
  told.epochs = options.epochs;
  told.batch = at.start ? at.batch + 1 : at.batch;
  told.batches = batches;
  told.step = trainer.optimizer.step;
  told.batch_loss = loss;
  told.loss = trainer.sums.loss(model);
  told.val_loss = std::nan("");
  told.metrics = metrics.data();
  told.val_metrics = valMetrics.data();
}

bool Fit::callBack(rnncc_train_callback callback) {
  return callback && callback(options.context, &told) != 0;
}

void Fit::endEpoch() {
  // A fit that goes on here has not run a batch that reported.
  if (told.epoch != at.epoch + 1) {
    told.epoch = at.epoch + 1;
    told.learning_rate = rate();
    report(std::nan(""));
  }
  trainer.pack();
  if (!validation.empty()) {
    Sums sums = trainer.evaluate(separate ? *separate : examples, validation,
                                 options.batch_size);
    told.val_loss = sums.loss(model);
    valMetrics = sums.metrics(model);
    told.val_metrics = valMetrics.data();
  }
  double seconds = progress.seconds + (now() - began);
  std::vector<double> row = {double(told.epoch), told.loss};
  row.insert(row.end(), metrics.begin(), metrics.end());
  row.push_back(told.val_loss);
  row.insert(row.end(), valMetrics.begin(), valMetrics.end());
  row.push_back(told.learning_rate);
  row.push_back(seconds);
  progress.history.push_back(row);

  const rnncc_train_stopping &stopping = options.stopping;
  if (progress.stopping.improves(row[monitored], stopping.min_delta,
                                 stopping.maximize) &&
      wantsBest()) {
    for (Param &param : model.params) {
      param.best.grow(param.values.bytes());
      std::memcpy(param.best.get(), param.values.get(), param.values.bytes());
    }
    progress.hasBest = true;
  }
  if (stopping.patience && progress.stopping.wait >= stopping.patience)
    at.stopped = 1;
  double watched = validation.empty() ? told.loss : told.val_loss;
  const rnncc_train_schedule &schedule = options.schedule;
  if (schedule.kind == RNNCC_TRAIN_PLATEAU &&
      !progress.plateau.improves(watched, schedule.min_delta, false) &&
      progress.plateau.wait >= schedule.patience) {
    progress.rateFactor *= schedule.factor;
    progress.plateau.wait = 0;
  }

  ++at.epoch;
  ++progress.epochs;
  at.batch = 0;
  progress.seconds = 0;
  trainer.sums = Sums(model);
  isSaved = false;
  shown.epoch(told, seconds);
  if (callBack(options.after_epoch))
    stop = true;
  if (options.history)
    placed([&] {
      writeFile(options.history,
                {historyText(trainer.columns(), progress.history)});
    });
  if (options.checkpoint && options.checkpoint_epochs &&
      at.epoch % options.checkpoint_epochs == 0)
    save();
}

void Fit::save() {
  double before = progress.seconds;
  if (at.batch || at.start)
    progress.seconds += now() - began;
  placed([&] { trainer.saveCheckpoint(options.checkpoint); });
  progress.seconds = before;
  isSaved = true;
}

void Fit::finish() {
  trainer.optimizer.catchUpAll();
  bool ended = at.stopped || at.epoch >= options.epochs;
  if (ended && wantsBest() && progress.hasBest)
    for (Param &param : model.params) {
      if (std::memcmp(param.values.get(), param.best.get(),
                      param.values.bytes()))
        isSaved = false;
      std::memcpy(param.values.get(), param.best.get(), param.values.bytes());
    }
  if (options.checkpoint && !isSaved)
    save();
}

void Trainer::fit(const rnncc_train_data &data,
                  const rnncc_train_fit_options &options) {
  Fit fit(*this, data, options);
  isFitting = true;
  try {
    fit.run();
  } catch (...) {
    isFitting = false;
    optimizer.catchUpAll();
    throw;
  }
  isFitting = false;
}
