//===- MaskTest.cpp - examples with steps left out and states reset -------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Support.h"
#include "rnncc/runtime.h"
#include <cmath>

namespace {

using models::Reading;

/// Examples with a mask, and the same without the steps that it leaves out.
struct Masked {
  Examples all, kept;
};

/// Leaves out about a third of the steps of `made`; what stands there is NaN,
/// or no index, in `all`.
Masked leaveOut(Examples made, unsigned seed) {
  Masked both;
  std::mt19937 random(seed);
  Examples &kept = both.kept;
  kept.count = made.count;
  kept.steps = made.steps;
  const size_t steps = size_t(made.steps);
  made.mask.resize(size_t(made.count) * steps);
  for (uint8_t &happens : made.mask)
    happens = random() % 3 != 0;
  for (size_t n = 0; n < size_t(made.count); ++n) {
    std::vector<size_t> places;
    for (size_t t = 0; t < size_t(made.length(int64_t(n))); ++t) {
      if (made.mask[n * steps + t])
        places.push_back(n * steps + t);
      else if (made.tokens.empty())
        made.floats[0][2 * (n * steps + t)] = NAN;
      else
        made.tokens[n * steps + t] = 4711;
    }
    kept.lengths.push_back(int64_t(places.size()));
    places.resize(steps, n * steps); // what lies behind is not looked at
    for (size_t place : places) {
      if (!made.tokens.empty()) {
        kept.tokens.push_back(made.tokens[place]);
        continue;
      }
      for (size_t i = 0; i < 2; ++i)
        kept.floats[0].push_back(made.floats[0][2 * place + i]);
      if (made.floats[1].size() > size_t(made.count))
        kept.floats[1].push_back(made.floats[1][place]);
    }
  }
  // Targets once for each row stay what they are.
  if (!made.tokens.empty())
    kept.floats[0] = made.floats[0];
  if (kept.floats[1].empty())
    kept.floats[1] = made.floats[1];
  kept.arrays = made.arrays;
  both.all = std::move(made);
  both.all.refresh();
  kept.refresh();
  return both;
}

/// All parameters after a fit.
std::vector<float> fitted(const rnncc_descriptor &model, const Examples &made,
                          rnncc_train_fit_options fit,
                          const char *optimizer = "keras:adam",
                          int threads = 1) {
  rnncc_train_options options = optionsOf(optimizer);
  options.optimizer.learning_rate = 0.02;
  options.threads = threads;
  TrainerPtr trainer = makeTrainer(model, options);
  rnncc_train_data data = made.data();
  EXPECT_TRAINED(trainer.get(), rnncc_train_fit(trainer.get(), &data, &fit));
  std::vector<float> all;
  for (int64_t p = 0; p < model.n_params; ++p) {
    std::vector<float> one =
        paramOf<float>(trainer.get(), model.params[p].name,
                       size_t(rnncc_param_elements(&model.params[p])));
    all.insert(all.end(), one.begin(), one.end());
  }
  return all;
}

TEST(Mask, TrainingIsThatWithoutTheStepsLeftOut) {
  for (Reading reading :
       {models::PerStep, models::AtEnd, models::MeanOverTime}) {
    const rnncc_descriptor &model = models::elman<float>(reading);
    Masked made =
        leaveOut(sequences<float>(20, 9, reading == models::PerStep, true), 7);
    std::vector<float> with = fitted(model, made.all, quietFit(4, 6));
    EXPECT_EQ(with, fitted(model, made.kept, quietFit(4, 6)));
    EXPECT_EQ(with, fitted(model, made.all, quietFit(4, 6), "keras:adam", 2));
    made.all.mask.assign(made.all.mask.size(), 1);
    for (float &number : made.all.floats[0])
      number = std::isnan(number) ? 0 : number;
    EXPECT_NE(with, fitted(model, made.all, quietFit(4, 6)));
  }
}

// Dropout and the rows of a table that are read are those of the steps left.
TEST(Mask, TablesAndDropoutDoNotSeeTheStepsLeftOut) {
  Masked made = leaveOut(sentences<float>(30, 8, 40), 3);
  for (const rnncc_descriptor *model :
       {&models::bag<float>(), &models::largeBag<float>(true)})
    EXPECT_EQ(fitted(*model, made.all, quietFit(3, 7)),
              fitted(*model, made.kept, quietFit(3, 7)));
}

TEST(Mask, EvaluatingAndPredictingLeaveThemOut) {
  Masked made = leaveOut(sequences<float>(8, 7, true, true), 5);
  TrainerPtr trainer = makeTrainer(models::elman<float>(models::PerStep),
                                   optionsOf("keras:sgd"));
  rnncc_train_data all = made.all.data(), kept = made.kept.data();
  double with, without;
  EXPECT_TRAINED(trainer.get(),
                 rnncc_train_evaluate(trainer.get(), &all, 3, &with, nullptr));
  EXPECT_TRAINED(trainer.get(), rnncc_train_evaluate(trainer.get(), &kept, 3,
                                                     &without, nullptr));
  EXPECT_NEAR(with, without, 1e-12); // sums in another order
  std::vector<float> p(56, -9), dense(56, -9);
  rnncc_train_output output = {"p", p.data(), 56},
                     other = {"p", dense.data(), 56};
  EXPECT_TRAINED(trainer.get(),
                 rnncc_train_predict(trainer.get(), &all, 3, &output, 1));
  EXPECT_TRAINED(trainer.get(),
                 rnncc_train_predict(trainer.get(), &kept, 3, &other, 1));
  int64_t leftOut = 0;
  for (int64_t n = 0; n < 8; ++n) {
    int64_t at = 0;
    for (int64_t t = 0; t < 7; ++t) {
      bool happens =
          t < made.all.lengths[size_t(n)] && made.all.mask[size_t(n * 7 + t)];
      EXPECT_EQ(p[size_t(n * 7 + t)], happens ? dense[size_t(n * 7 + at)] : 0);
      at += happens;
      leftOut += !happens;
    }
  }
  EXPECT_GT(leftOut, 8);
}

TEST(Mask, AWindowThatDoesNotHappenChangesNothing) {
  Examples made = sequences<float>(4, 9, true);
  made.mask.assign(36, 1);
  Examples shorter = made;
  shorter.steps = 6;
  shorter.mask.clear();
  for (auto &values : shorter.floats)
    values.clear();
  for (size_t n = 0; n < 4; ++n)
    for (size_t t = 0; t < 9; ++t) {
      if (t / 3 == 1) {
        made.mask[n * 9 + t] = 0;
        continue;
      }
      for (size_t i = 0; i < 2; ++i)
        shorter.floats[0].push_back(made.floats[0][2 * (n * 9 + t) + i]);
      shorter.floats[1].push_back(made.floats[1][n * 9 + t]);
    }
  made.refresh();
  shorter.refresh();
  rnncc_train_fit_options fit = quietFit(5, 2);
  fit.window = 3;
  const rnncc_descriptor &model = models::elman<float>(models::PerStep);
  EXPECT_EQ(fitted(model, made, fit, "keras:sgd"),
            fitted(model, shorter, fit, "keras:sgd"));
}

/// Sequences that are reset once, and their halves in the same order.
struct Reset {
  Examples whole, halves;
};

/// The reset stands before step `at(n)` of row n.
template <typename At> Reset resetAt(int64_t count, int64_t steps, At at) {
  Reset both;
  both.whole = sequences<float>(count, steps, true);
  both.whole.resets.assign(size_t(count * steps), 0);
  Examples &halves = both.halves;
  halves.count = 2 * count;
  halves.steps = steps;
  halves.arrays = both.whole.arrays;
  for (int64_t n = 0; n < count; ++n) {
    both.whole.resets[size_t(n * steps + at(n))] = 1;
    for (bool second : {false, true}) {
      int64_t first = second ? at(n) : 0, last = second ? steps : at(n);
      halves.lengths.push_back(last - first);
      for (int64_t t = 0; t < steps; ++t) {
        size_t from = size_t(n * steps + std::min(first + t, steps - 1));
        for (size_t i = 0; i < 2; ++i)
          halves.floats[0].push_back(both.whole.floats[0][2 * from + i]);
        halves.floats[1].push_back(both.whole.floats[1][from]);
      }
    }
  }
  both.whole.refresh();
  halves.refresh();
  return both;
}

TEST(Resets, AreTwoSequences) {
  Reset made = resetAt(9, 8, [](int64_t n) { return n % 8; });
  rnncc_train_fit_options fit = quietFit(4, 3), twice = quietFit(4, 6);
  fit.shuffle = twice.shuffle = 0;
  const rnncc_descriptor &model = models::elman<float>(models::PerStep);
  std::vector<float> with = fitted(model, made.whole, fit);
  EXPECT_EQ(with, fitted(model, made.halves, twice));
  made.whole.resets.clear();
  EXPECT_NE(with, fitted(model, made.whole, fit));
}

// States that a window leaves for the next one end at a reset there.
TEST(Resets, StandAtTheBeginningOfWindows) {
  Reset made = resetAt(4, 6, [](int64_t) { return 3; });
  // Window by window: all first halves, then all second ones.
  Examples windows = made.halves;
  windows.lengths.assign(8, 3);
  for (auto *values : {&windows.floats[0], &windows.floats[1]}) {
    size_t row = values->size() / 8;
    const std::vector<float> &from =
        made.halves.floats[values - windows.floats];
    for (size_t n = 0; n < 8; ++n)
      std::copy_n(from.begin() + long((n % 4 * 2 + n / 4) * row), row,
                  values->begin() + long(n * row));
  }
  windows.refresh();
  rnncc_train_fit_options fit = quietFit(5, 4), whole = quietFit(5, 4);
  fit.window = 3;
  fit.shuffle = whole.shuffle = 0;
  const rnncc_descriptor &model = models::elman<float>(models::PerStep);
  std::vector<float> with = fitted(model, made.whole, fit);
  EXPECT_EQ(with, fitted(model, windows, whole));
  made.whole.resets.clear();
  EXPECT_NE(with, fitted(model, made.whole, fit));
}

TEST(Resets, PredictionsAreThoseOfTwoSequences) {
  Reset made = resetAt(5, 6, [](int64_t n) { return n + 1; });
  TrainerPtr trainer = makeTrainer(models::elman<float>(models::PerStep),
                                   optionsOf("keras:sgd"));
  rnncc_train_data whole = made.whole.data(), halves = made.halves.data();
  std::vector<float> p(30, -9), dense(60, -9);
  rnncc_train_output output = {"p", p.data(), 30},
                     other = {"p", dense.data(), 60};
  EXPECT_TRAINED(trainer.get(),
                 rnncc_train_predict(trainer.get(), &whole, 2, &output, 1));
  EXPECT_TRAINED(trainer.get(),
                 rnncc_train_predict(trainer.get(), &halves, 4, &other, 1));
  for (int64_t n = 0; n < 5; ++n)
    for (int64_t t = 0; t < 6; ++t)
      EXPECT_EQ(p[size_t(n * 6 + t)],
                dense[size_t(t < n + 1 ? n * 12 + t : n * 12 + 6 + t - n - 1)])
          << n << ", " << t;
}

TEST(Resets, WhatAModelHasOnceForAnExampleCannotBeCut) {
  Examples made = sentences<float>(6, 5, 40);
  made.lengths.assign(6, 5);
  made.tokens.assign(30, 1);
  made.resets.assign(30, 0);
  made.resets[3 * 5 + 2] = 1;
  TrainerPtr trainer =
      makeTrainer(models::bag<float>(), optionsOf("keras:sgd"));
  std::vector<float> before = paramOf<float>(trainer.get(), "table", 160);
  rnncc_train_data data = made.data();
  rnncc_train_fit_options fit = quietFit(1, 2);
  EXPECT_EQ(rnncc_train_fit(trainer.get(), &data, &fit), RNNCC_TRAIN_BAD_MODEL);
  EXPECT_STREQ(rnncc_train_error(trainer.get()),
               "bag.rnn:2: example 3, step 2: states are reset, but Bag has "
               "'y' once for a whole example");
  EXPECT_EQ(paramOf<float>(trainer.get(), "table", 160), before);
  made.lengths[3] = 2; // what lies behind a length is not looked at
  EXPECT_TRAINED(trainer.get(), rnncc_train_fit(trainer.get(), &data, &fit));
}

// A step that is left out hands the gradient on; a reset ends it.
TEST(Mask, GradientsReachThroughStepsLeftOutAndNotThroughResets) {
  for (Reading reading : {models::PerStep, models::AtEnd}) {
    Examples made = sequences<float>(3, 6, reading == models::PerStep);
    TrainerPtr trainer =
        makeTrainer(models::elman<float>(reading), optionsOf("keras:sgd"));
    for (size_t n = 0; n < 3; ++n)
      for (size_t t = 0; t < 6; ++t)
        made.mask.push_back(t != 2 && t != 5);
    double norms[6], dense[4];
    rnncc_train_data data = made.data();
    EXPECT_TRAINED(trainer.get(),
                   rnncc_train_gradient_norms(trainer.get(), &data, norms, 6));
    Examples kept = made;
    kept.mask.clear();
    kept.steps = 4;
    for (int a = 0; a < (reading == models::PerStep ? 2 : 1); ++a) {
      kept.floats[a].clear();
      size_t width = a ? 1 : 2;
      for (size_t i = 0; i < made.floats[a].size(); ++i)
        if (made.mask[i / width])
          kept.floats[a].push_back(made.floats[a][i]);
    }
    kept.refresh();
    data = kept.data();
    EXPECT_TRAINED(trainer.get(),
                   rnncc_train_gradient_norms(trainer.get(), &data, dense, 4));
    const int64_t places[6] = {0, 1, 2, 2, 3, -1};
    for (size_t t = 0; t < 6; ++t)
      EXPECT_EQ(norms[t], places[t] < 0 ? 0 : dense[places[t]]) << t;
    EXPECT_GT(norms[0], 0);

    if (reading == models::AtEnd)
      continue;
    made.resets.assign(18, 0);
    for (size_t n = 0; n < 3; ++n)
      made.resets[n * 6 + 3] = 1;
    data = made.data();
    EXPECT_TRAINED(trainer.get(),
                   rnncc_train_gradient_norms(trainer.get(), &data, norms, 6));
    EXPECT_GT(norms[1], 0);
    EXPECT_EQ(norms[2], 0);
    EXPECT_EQ(norms[3], 0);
    EXPECT_GT(norms[4], 0);
  }
}

} // namespace
