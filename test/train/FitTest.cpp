//===- FitTest.cpp - epochs, schedules, stopping, callbacks ---------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Support.h"
#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <fcntl.h>
#include <fstream>
#include <poll.h>
#include <sstream>

namespace {

std::string contentsOf(const std::string &path) {
  std::ifstream file(path);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

/// A fit of the bag on 200 sentences; what it needs and leaves.
struct BagFit {
  Examples made = sentences<float>(200, 8, 40);
  rnncc_train_data data = made.data();
  rnncc_train_fit_options options = quietFit(5, 16);
  TrainerPtr trainer;

  explicit BagFit(rnncc_train_options with = optionsOf("keras:adam"),
                  double rate = 0.02)
      : trainer(nullptr, rnncc_train_destroy) {
    with.optimizer.learning_rate = rate;
    trainer = makeTrainer(models::bag<float>(), with);
  }
  rnncc_train_status run() {
    return rnncc_train_fit(trainer.get(), &data, &options);
  }
  double history(int64_t epoch, const char *column) const {
    return rnncc_train_history(trainer.get(), epoch, column);
  }
  std::vector<float> table() const {
    return paramOf<float>(trainer.get(), "table", 160);
  }
};

TEST(Fit, ItLearns) {
  BagFit fit;
  fit.options.epochs = 40;
  double before[2], after[2];
  EXPECT_STREQ(rnncc_train_metric_name(fit.trainer.get(), 0), "accuracy");
  EXPECT_EQ(rnncc_train_metric_name(fit.trainer.get(), 1), nullptr);
  EXPECT_EQ(rnncc_train_metric_count(fit.trainer.get()), 1);
  EXPECT_TRAINED(fit.trainer.get(),
                 rnncc_train_evaluate(fit.trainer.get(), &fit.data, 32,
                                      &before[0], &before[1]));
  EXPECT_TRAINED(fit.trainer.get(), fit.run());
  EXPECT_TRAINED(fit.trainer.get(),
                 rnncc_train_evaluate(fit.trainer.get(), &fit.data, 32,
                                      &after[0], &after[1]));
  EXPECT_GT(before[0], 0.6);
  EXPECT_LT(after[0], 0.35);
  EXPECT_GT(after[1], 0.9);
  EXPECT_EQ(rnncc_train_epochs(fit.trainer.get()), 40);
  EXPECT_LT(fit.history(40, "loss"), fit.history(1, "loss"));
  EXPECT_TRUE(std::isnan(fit.history(1, "val_loss")));
  EXPECT_TRUE(std::isnan(fit.history(41, "loss")));
  EXPECT_TRUE(std::isnan(fit.history(1, "nothing")));
}

TEST(Fit, TheSameSeedIsTheSameBits) {
  auto tableOf = [](uint64_t seed, int threads) {
    rnncc_train_options options = optionsOf("keras:adam", seed);
    options.threads = threads;
    BagFit fit(options);
    EXPECT_TRAINED(fit.trainer.get(), fit.run());
    return fit.table();
  };
  EXPECT_EQ(tableOf(1, 1), tableOf(1, 1));
  EXPECT_EQ(tableOf(1, 1), tableOf(1, 2));
  EXPECT_NE(tableOf(1, 1), tableOf(2, 1));
}

TEST(Fit, ASecondFitGoesOnInAnotherOrder) {
  BagFit once, twice;
  once.options.epochs = 6;
  twice.options.epochs = 3;
  EXPECT_TRAINED(once.trainer.get(), once.run());
  EXPECT_TRAINED(twice.trainer.get(), twice.run());
  EXPECT_TRAINED(twice.trainer.get(), twice.run());
  EXPECT_EQ(once.table(), twice.table());
  EXPECT_EQ(rnncc_train_epochs(twice.trainer.get()), 3);
}

TEST(Fit, TheLastPartValidates) {
  BagFit split, separate;
  split.options.validation_split = 0.25;
  EXPECT_TRAINED(split.trainer.get(), split.run());

  Examples &all = separate.made;
  std::vector<rnncc_train_array> first = {
      {"tokens", all.tokens.data(), 150 * 8, RNNCC_I32},
      {"y", all.floats[0].data(), 150, RNNCC_F32}};
  std::vector<rnncc_train_array> last = {
      {"tokens", all.tokens.data() + 150 * 8, 50 * 8, RNNCC_I32},
      {"y", all.floats[0].data() + 150, 50, RNNCC_F32}};
  separate.data = {150,     8,      all.lengths.data(), 2, first.data(),
                   nullptr, nullptr};
  rnncc_train_data validation = {
      50, 8, all.lengths.data() + 150, 2, last.data(), nullptr, nullptr};
  separate.options.validation = &validation;
  EXPECT_TRAINED(separate.trainer.get(), separate.run());
  EXPECT_EQ(split.table(), separate.table());
  for (int64_t epoch = 1; epoch <= 5; ++epoch)
    for (const char *column : {"loss", "val_loss", "val_accuracy"})
      EXPECT_EQ(split.history(epoch, column), separate.history(epoch, column));
  double loss = NAN;
  EXPECT_TRAINED(split.trainer.get(),
                 rnncc_train_evaluate(split.trainer.get(), &validation, 16,
                                      &loss, nullptr));
  EXPECT_EQ(loss, split.history(5, "val_loss"));
}

TEST(Fit, RatesFollowTheirSchedule) {
  auto rates = [](int32_t kind, auto change) {
    BagFit fit(optionsOf("keras:sgd"), 1e-3);
    fit.options.epochs = 6;
    fit.options.batch_size = 100; // 2 updates an epoch
    fit.options.schedule.kind = kind;
    fit.options.schedule.factor = 0.5;
    change(fit.options.schedule);
    EXPECT_TRAINED(fit.trainer.get(), fit.run());
    std::vector<double> rates;
    for (int64_t epoch = 1; epoch <= 6; ++epoch)
      rates.push_back(fit.history(epoch, "learning_rate") * 1e3);
    return rates;
  };
  auto near = [](const std::vector<double> &found,
                 const std::vector<double> &expected) {
    for (size_t i = 0; i < expected.size(); ++i)
      EXPECT_NEAR(found[i], expected[i], 1e-12) << "epoch " << i + 1;
  };
  near(rates(RNNCC_TRAIN_CONSTANT, [](auto &) {}), {1, 1, 1, 1, 1, 1});
  near(rates(RNNCC_TRAIN_STEP, [](auto &s) { s.every = 2; }),
       {1, 1, 0.5, 0.5, 0.25, 0.25});
  near(rates(RNNCC_TRAIN_EXPONENTIAL, [](auto &s) { s.minimum = 2e-4; }),
       {1, 0.5, 0.25, 0.2, 0.2, 0.2});
  auto cosine = rates(RNNCC_TRAIN_COSINE, [](auto &) {});
  for (int epoch = 0; epoch < 6; ++epoch) // that of the second update
    EXPECT_NEAR(cosine[size_t(epoch)],
                (1 + std::cos(M_PI * (2 * epoch + 1) / 12)) / 2, 1e-12);
  // A rate that starts below the minimum stays where it is.
  near(rates(RNNCC_TRAIN_COSINE, [](auto &s) { s.minimum = 1; }),
       {1, 1, 1, 1, 1, 1});
  // Nothing gets better by 100.
  near(rates(RNNCC_TRAIN_PLATEAU,
             [](auto &s) { s.patience = 2, s.min_delta = 100; }),
       {1, 1, 1, 0.5, 0.5, 0.25});
  near(rates(RNNCC_TRAIN_CONSTANT, [](auto &s) { s.warmup = 8; }),
       {0.25, 0.5, 0.75, 1, 1, 1});
}

TEST(Fit, ItStopsEarlyAndRestoresTheBest) {
  BagFit fit;
  fit.options.epochs = 200;
  fit.options.validation_split = 0.5;
  fit.options.stopping.patience = 3;
  fit.options.stopping.restore_best = 1;
  EXPECT_TRAINED(fit.trainer.get(), fit.run());
  int64_t epochs = rnncc_train_epochs(fit.trainer.get());
  ASSERT_LT(epochs, 200);
  std::vector<double> losses;
  for (int64_t epoch = 1; epoch <= epochs; ++epoch)
    losses.push_back(fit.history(epoch, "val_loss"));
  auto best = std::min_element(losses.begin(), losses.end());
  EXPECT_EQ(best - losses.begin(), epochs - 4);
  rnncc_train_data last = fit.data;
  std::vector<rnncc_train_array> arrays = {
      {"tokens", fit.made.tokens.data() + 100 * 8, 100 * 8, RNNCC_I32},
      {"y", fit.made.floats[0].data() + 100, 100, RNNCC_F32}};
  last = {100,     8,      fit.made.lengths.data() + 100, 2, arrays.data(),
          nullptr, nullptr};
  double loss = NAN;
  EXPECT_TRAINED(
      fit.trainer.get(),
      rnncc_train_evaluate(fit.trainer.get(), &last, 16, &loss, nullptr));
  EXPECT_EQ(loss, *best);
}

TEST(Fit, WhatIsMonitoredHasToBeThere) {
  BagFit fit;
  fit.options.stopping.monitor = "acuracy";
  EXPECT_EQ(fit.run(), RNNCC_TRAIN_BAD_OPTION);
  EXPECT_STREQ(rnncc_train_error(fit.trainer.get()),
               "bag.rnn:2: stopping: there is no 'acuracy' to monitor");
  fit.options.stopping.monitor = "val_accuracy";
  EXPECT_EQ(fit.run(), RNNCC_TRAIN_BAD_OPTION);
  EXPECT_STREQ(rnncc_train_error(fit.trainer.get()),
               "bag.rnn:2: stopping: 'val_accuracy' needs examples that "
               "validate");
  fit.options.stopping.monitor = "accuracy";
  fit.options.stopping.maximize = 1;
  fit.options.stopping.min_delta = 2; // more than it can get better
  fit.options.stopping.patience = 2;
  EXPECT_TRAINED(fit.trainer.get(), fit.run());
  EXPECT_EQ(rnncc_train_epochs(fit.trainer.get()), 3);
}

TEST(Fit, CallbacksSeeAndStop) {
  BagFit fit;
  struct Seen {
    std::vector<int64_t> steps;
    int64_t epochs = 0;
    double loss = 0, learning = 0;
    rnncc_trainer *trainer;
  } seen;
  seen.trainer = fit.trainer.get();
  fit.options.context = &seen;
  fit.options.after_batch = [](void *context, const rnncc_train_report *now) {
    auto &seen = *static_cast<Seen *>(context);
    seen.steps.push_back(now->step);
    EXPECT_EQ(now->batch, (now->step - 1) % 13 + 1);
    EXPECT_EQ(now->batches, 13);
    EXPECT_STREQ(now->metric_names[0], "accuracy");
    seen.learning = now->learning_rate;
    // Neither a fit nor a checkpoint within a fit.
    EXPECT_EQ(rnncc_train_save_checkpoint(seen.trainer, "/nowhere/x"),
              RNNCC_TRAIN_BAD_OPTION);
    EXPECT_EQ(rnncc_train_set_learning_rate(seen.trainer, -1),
              RNNCC_TRAIN_BAD_OPTION);
    if (now->step == 20) {
      EXPECT_EQ(rnncc_train_set_learning_rate(seen.trainer, 0.5),
                RNNCC_TRAIN_OK);
    }
    return now->step == 30 ? 1 : 0;
  };
  fit.options.after_epoch = [](void *context, const rnncc_train_report *now) {
    auto &seen = *static_cast<Seen *>(context);
    seen.epochs = now->epoch;
    seen.loss = now->loss;
    return 0;
  };
  EXPECT_TRAINED(fit.trainer.get(), fit.run());
  EXPECT_EQ(seen.steps.size(), 30u);
  EXPECT_EQ(seen.epochs, 2);
  EXPECT_EQ(seen.loss, fit.history(2, "loss"));
  EXPECT_EQ(seen.learning, 0.5);
  EXPECT_EQ(rnncc_train_learning_rate(fit.trainer.get()), 0.5);
  EXPECT_EQ(rnncc_train_epochs(fit.trainer.get()), 2);
}

TEST(Fit, HistoryIsAFileAndProgressIsLines) {
  BagFit fit;
  std::string path = freshPath("history.csv"), log = freshPath("log");
  std::FILE *file = std::fopen(log.c_str(), "w");
  fit.options.epochs = 2;
  fit.options.validation_split = 0.1;
  fit.options.history = path.c_str();
  fit.options.progress = RNNCC_TRAIN_AUTO; // a file is no terminal
  fit.options.progress_fd = fileno(file);
  EXPECT_TRAINED(fit.trainer.get(), fit.run());
  std::fclose(file);
  std::istringstream lines(contentsOf(path));
  std::string line;
  std::getline(lines, line);
  EXPECT_EQ(line, "epoch,loss,accuracy,val_loss,val_accuracy,learning_rate,"
                  "seconds");
  for (int epoch = 1; epoch <= 2; ++epoch) {
    std::getline(lines, line);
    std::istringstream cells(line);
    double number;
    char comma;
    cells >> number;
    EXPECT_EQ(number, epoch);
    cells >> comma >> number;
    EXPECT_NEAR(number, fit.history(epoch, "loss"), 1e-8);
  }
  EXPECT_FALSE(std::getline(lines, line));
  std::string written = contentsOf(log);
  EXPECT_EQ(std::count(written.begin(), written.end(), '\n'), 2);
  EXPECT_EQ(written.rfind("epoch 1/2   ", 0), 0u) << written;
  EXPECT_NE(written.find("   val_accuracy "), std::string::npos) << written;
  EXPECT_EQ(written.find('\r'), std::string::npos);
  std::remove(path.c_str());
  std::remove(log.c_str());
}

TEST(Fit, ALossThatIsNoNumberStopsIt) {
  BagFit fit(optionsOf("keras:sgd"), 1e30);
  std::string path = freshPath("nan.safetensors");
  fit.options.checkpoint = path.c_str();
  fit.options.checkpoint_steps = 1;
  EXPECT_EQ(fit.run(), RNNCC_TRAIN_DIVERGED);
  EXPECT_EQ(std::string(rnncc_train_error(fit.trainer.get()))
                .rfind("bag.rnn:2: epoch 1, step ", 0),
            0u)
      << rnncc_train_error(fit.trainer.get());
  EXPECT_NE(std::string(rnncc_train_error(fit.trainer.get()))
                .find("; the checkpoint '" + path + "' is as it was"),
            std::string::npos)
      << rnncc_train_error(fit.trainer.get());
  // What was kept is good.
  EXPECT_TRAINED(fit.trainer.get(),
                 rnncc_train_load_checkpoint(fit.trainer.get(), path.c_str()));
  for (float weight : fit.table())
    EXPECT_TRUE(std::isfinite(weight));
  std::remove(path.c_str());
}

TEST(Fit, AFailureOfTheModelIsPlaced) {
  Examples made = sentences<float>(30, 3, 1000);
  made.tokens[3] = 5000;
  made.tokens[4] = made.tokens[5] = 0;
  made.lengths[1] = 3;
  // A model that takes fewer indices than its descriptor says.
  rnncc_descriptor model = models::largeBag<float>(false);
  std::vector<rnncc_array> arrays(model.arrays, model.arrays + model.n_arrays);
  arrays[0].indices = 10000;
  model.arrays = arrays.data();
  TrainerPtr trainer = makeTrainer(model, optionsOf("keras:sgd"));
  rnncc_train_data data = made.data();
  rnncc_train_fit_options options = quietFit(2, 10);
  options.shuffle = 0;
  EXPECT_EQ(rnncc_train_fit(trainer.get(), &data, &options),
            RNNCC_TRAIN_CALL_FAILED);
  EXPECT_STREQ(rnncc_train_error(trainer.get()),
               "bag.rnn:2: epoch 1, step 1 (10 rows of 3 steps): forward of "
               "Bag failed: an index is below 0 or too large for its table");
}

/// A bag whose fifth gradient of b is no number, while its loss is one.
int backwards = 0;

rnncc_status spoilingBackward(const rnncc_call *call) {
  rnncc_status status = models::bag<float>().backward(call);
  int64_t b = rnncc_find_array(&models::bag<float>(), "grad.b");
  if (++backwards == 5)
    *static_cast<float *>(call->arrays[b]) = NAN;
  return status;
}

TEST(Fit, WeightsThatAreNoNumbersAreNotKept) {
  rnncc_descriptor spoilt = models::bag<float>();
  spoilt.backward = spoilingBackward;
  backwards = 0;
  TrainerPtr trainer = makeTrainer(spoilt, optionsOf("keras:sgd"));
  Examples made = sentences<float>(40, 3, 40);
  rnncc_train_data data = made.data();
  rnncc_train_fit_options fit = quietFit(2, 8); // 5 updates an epoch
  std::string path = freshPath("spoilt-weights.safetensors");
  fit.checkpoint = path.c_str();
  fit.checkpoint_steps = 2;
  EXPECT_EQ(rnncc_train_fit(trainer.get(), &data, &fit), RNNCC_TRAIN_DIVERGED);
  EXPECT_EQ(std::string(rnncc_train_error(trainer.get())),
            "bag.rnn:2: after epoch 1, step 5: parameter 'b' has become NaN or "
            "infinite; the checkpoint '" +
                path + "' is as it was");
  EXPECT_TRAINED(trainer.get(),
                 rnncc_train_load_checkpoint(trainer.get(), path.c_str()));
  EXPECT_TRUE(std::isfinite(paramOf<float>(trainer.get(), "b", 1)[0]));
  std::remove(path.c_str());
}

TEST(Fit, AFileThatCannotBeWrittenIsPlaced) {
  BagFit fit;
  fit.options.history = "/nowhere/history.csv";
  EXPECT_EQ(fit.run(), RNNCC_TRAIN_BAD_FILE);
  EXPECT_STREQ(rnncc_train_error(fit.trainer.get()),
               "bag.rnn:2: after epoch 1, step 13: cannot write "
               "'/nowhere/history.csv': cannot create "
               "'/nowhere/history.csv.tmp': No such file or directory");
}

TEST(Fit, ATerminalHasABar) {
  int terminal = posix_openpt(O_RDWR | O_NOCTTY);
  ASSERT_GE(terminal, 0);
  ASSERT_EQ(grantpt(terminal), 0);
  ASSERT_EQ(unlockpt(terminal), 0);
  int fd = open(ptsname(terminal), O_RDWR | O_NOCTTY);
  ASSERT_GE(fd, 0);
  BagFit fit;
  fit.options.epochs = 2;
  fit.options.progress = RNNCC_TRAIN_AUTO;
  fit.options.progress_fd = fd;
  EXPECT_TRAINED(fit.trainer.get(), fit.run());
  // A terminal passes on what was written when it likes, in parts.
  std::string shown;
  pollfd ready = {terminal, POLLIN, 0};
  while (std::count(shown.begin(), shown.end(), '\n') < 2 &&
         poll(&ready, 1, 5000) == 1) {
    char part[1000];
    ssize_t count = read(terminal, part, sizeof part);
    ASSERT_GT(count, 0);
    shown.append(part, size_t(count));
  }
  EXPECT_EQ(shown.find("\repoch 1/2 [#"), 0u) << shown;
  for (const char *part : {" examples/s   loss ", "   accuracy ", " s left",
                           "] 1/13 ", "\033[K", "\repoch 1/2   "})
    EXPECT_NE(shown.find(part), std::string::npos) << part << shown;
  close(fd);
  close(terminal);
}

/// What the calls of `recorded` were given: seed and iteration, or nothing.
std::vector<std::pair<uint64_t, uint64_t>> given;
int64_t withoutRandom = 0;

rnncc_status recordingForward(const rnncc_call *call) {
  if (call->random)
    given.emplace_back(call->random->seed, call->random->iteration);
  else
    ++withoutRandom;
  return models::bag<float>().forward(call);
}

TEST(Fit, DropoutIsGivenTheSeedAndTheStep) {
  rnncc_descriptor recorded = models::bag<float>();
  recorded.forward = recordingForward;
  given.clear();
  withoutRandom = 0;
  TrainerPtr trainer = makeTrainer(recorded, optionsOf("keras:sgd", 77));
  Examples made = sentences<float>(20, 3, 40);
  rnncc_train_data data = made.data();
  rnncc_train_fit_options fit = quietFit(2, 6);
  fit.validation_split = 0.4; // 12 train in 2 batches, 8 validate in 2
  EXPECT_TRAINED(trainer.get(), rnncc_train_fit(trainer.get(), &data, &fit));
  EXPECT_EQ(withoutRandom, 4);
  ASSERT_EQ(given.size(), 4u);
  for (size_t i = 0; i < 4; ++i)
    EXPECT_EQ(given[i], std::make_pair(uint64_t(77), uint64_t(i)));
}

// Names and numbers that the header promises.
TEST(Fit, DefaultsAreThoseOfTheHeader) {
  rnncc_train_options options;
  rnncc_train_options_default(&options);
  EXPECT_EQ(options.optimizer.method, RNNCC_TRAIN_ADAM);
  EXPECT_EQ(options.optimizer.form, RNNCC_TRAIN_KERAS);
  EXPECT_EQ(options.seed, 0u);
  EXPECT_EQ(options.threads, 1);
  rnncc_train_fit_options fit;
  rnncc_train_fit_options_default(&fit);
  EXPECT_EQ(fit.epochs, 10);
  EXPECT_EQ(fit.batch_size, 32);
  EXPECT_EQ(fit.shuffle, 1);
  EXPECT_EQ(fit.schedule.kind, RNNCC_TRAIN_CONSTANT);
  EXPECT_EQ(fit.stopping.patience, 0);
  EXPECT_EQ(fit.checkpoint, nullptr);
  EXPECT_EQ(fit.checkpoint_epochs, 1);
  EXPECT_EQ(fit.progress, RNNCC_TRAIN_AUTO);
  EXPECT_EQ(fit.progress_fd, 1);
}

/// The loss of the first epoch of an elman that does not learn.
double lossOf(const rnncc_train_data &data, int64_t batchSize, int64_t window,
              int stateful) {
  rnncc_train_options options = optionsOf("keras:sgd");
  options.optimizer.learning_rate = 0;
  TrainerPtr trainer =
      makeTrainer(models::elman<double>(models::PerStep), options);
  rnncc_train_fit_options fit = quietFit(1, batchSize);
  fit.shuffle = 0;
  fit.window = window;
  fit.stateful = stateful;
  EXPECT_TRAINED(trainer.get(), rnncc_train_fit(trainer.get(), &data, &fit));
  return rnncc_train_history(trainer.get(), 1, "loss");
}

TEST(Fit, WindowsCarryStatesOn) {
  Examples made = sequences<double>(6, 11, true, true);
  double whole = lossOf(made.data(), 4, 0, 0);
  EXPECT_NEAR(lossOf(made.data(), 4, 3, 0), whole, 1e-14);
  EXPECT_NEAR(lossOf(made.data(), 4, 1, 0), whole, 1e-14);
  EXPECT_NEAR(lossOf(made.data(), 4, 50, 0), whole, 1e-14);
}

// Two rows of 12 steps are the same as three batches of two rows of 4.
TEST(Fit, StatefulBatchesFollowEachOther) {
  Examples made = sequences<double>(2, 12, true);
  Examples cut = made;
  for (int64_t n = 0; n < 2; ++n)
    for (int64_t t = 0; t < 12; ++t) {
      size_t from = size_t(n * 12 + t),
             to = size_t((t / 4 * 2 + n) * 4 + t % 4);
      cut.doubles[1][to] = made.doubles[1][from];
      for (size_t i = 0; i < 2; ++i)
        cut.doubles[0][to * 2 + i] = made.doubles[0][from * 2 + i];
    }
  cut.count = 6;
  cut.steps = 4;
  cut.arrays[0].values = cut.doubles[0].data();
  cut.arrays[1].values = cut.doubles[1].data();
  double whole = lossOf(made.data(), 2, 0, 0);
  EXPECT_NEAR(lossOf(cut.data(), 2, 0, 1), whole, 1e-14);
  EXPECT_NEAR(lossOf(cut.data(), 2, 2, 1), whole, 1e-14);
  EXPECT_GT(std::abs(lossOf(cut.data(), 2, 0, 0) - whole), 1e-6);
}

TEST(Fit, EachWindowIsAnUpdate) {
  Examples made = sequences<double>(6, 10, true);
  TrainerPtr trainer = makeTrainer(models::elman<double>(models::PerStep),
                                   optionsOf("keras:adam"));
  rnncc_train_fit_options fit = quietFit(2, 3);
  fit.window = 4; // 3 of them
  int64_t steps = 0;
  fit.context = &steps;
  fit.after_batch = [](void *context, const rnncc_train_report *now) {
    *static_cast<int64_t *>(context) = now->step;
    return 0;
  };
  rnncc_train_data data = made.data();
  EXPECT_TRAINED(trainer.get(), rnncc_train_fit(trainer.get(), &data, &fit));
  EXPECT_EQ(steps, 2 * 2 * 3);
  EXPECT_LT(rnncc_train_history(trainer.get(), 2, "loss"),
            rnncc_train_history(trainer.get(), 1, "loss"));
}

TEST(Fit, WindowsThatMakeNoSenseAreRefused) {
  auto messageOf = [](const rnncc_descriptor &model, const Examples &made,
                      auto change) {
    TrainerPtr trainer = makeTrainer(model, optionsOf("keras:sgd"));
    rnncc_train_data data = made.data();
    rnncc_train_fit_options fit = quietFit(1, 4);
    fit.shuffle = 0;
    change(fit);
    EXPECT_NE(rnncc_train_fit(trainer.get(), &data, &fit), RNNCC_TRAIN_OK);
    return std::string(rnncc_train_error(trainer.get()));
  };
  auto window = [](auto &fit) { fit.window = 2; };
  EXPECT_EQ(messageOf(models::bag<float>(), sentences<float>(4, 4, 40), window),
            "bag.rnn:2: window: Bag has no states to carry on");
  EXPECT_EQ(messageOf(models::elman<float>(models::AtEnd),
                      sequences<float>(4, 5, false), window),
            "elman.rnn:7: window: loss 'mse' is not per step, but windows end "
            "before the sequences do");
  EXPECT_EQ(messageOf(models::elman<float>(models::PerStep),
                      sequences<float>(6, 5, true),
                      [](auto &fit) { fit.stateful = 1; }),
            "elman.rnn:7: stateful: batches of 4 do not divide 6 examples");
}

} // namespace
