//===- RowsTest.cpp - tables that are read by rows ------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// largeBag is there twice: with a table whose rows catch up when they are read,
// and with one that is updated as a whole in each step.
//
//===----------------------------------------------------------------------===//

#include "Support.h"
#include <cmath>

namespace {

constexpr size_t tableSize = 1000 * 4;

template <typename T>
std::vector<T> tableAfter(bool byRows, const rnncc_train_options &options,
                          int64_t epochs, int64_t batchSize,
                          rnncc_train_schedule_kind kind) {
  Examples made = sentences<T>(600, 3, 1000);
  TrainerPtr trainer = makeTrainer(models::largeBag<T>(byRows), options);
  rnncc_train_fit_options fit = quietFit(epochs, batchSize);
  fit.schedule.kind = kind;
  fit.schedule.factor = 0.7;
  rnncc_train_data data = made.data();
  EXPECT_TRAINED(trainer.get(), rnncc_train_fit(trainer.get(), &data, &fit));
  return paramOf<T>(trainer.get(), "table", tableSize);
}

/// Trains both ways, and expects the same to `tolerance`.
template <typename T>
void expectDense(const rnncc_train_optimizer &optimizer, double tolerance,
                 const char *what) {
  rnncc_train_options options = optionsOf("keras:adam");
  options.optimizer = optimizer;
  // 2 rows a batch: 300 steps an epoch, between which rows are away for long.
  auto rows = tableAfter<T>(true, options, 3, 2, RNNCC_TRAIN_COSINE);
  auto whole = tableAfter<T>(false, options, 3, 2, RNNCC_TRAIN_COSINE);
  TrainerPtr untrained = makeTrainer(models::largeBag<T>(true), options);
  auto before = paramOf<T>(untrained.get(), "table", tableSize);
  double worst = 0, moved = 0;
  for (size_t i = 0; i < tableSize; ++i) {
    worst = std::max(worst, std::abs(double(rows[i]) - double(whole[i])));
    moved = std::max(moved, std::abs(double(whole[i]) - double(before[i])));
  }
  EXPECT_LT(worst, tolerance) << what;
  EXPECT_GT(moved, 1000 * tolerance) << what; // or there was nothing to compare
}

rnncc_train_optimizer with(const char *name, double rate, double momentum,
                           int nesterov, double decay) {
  rnncc_train_optimizer optimizer = optionsOf(name).optimizer;
  optimizer.learning_rate = rate;
  optimizer.momentum = momentum;
  optimizer.nesterov = nesterov;
  optimizer.weight_decay = decay;
  return optimizer;
}

TEST(Rows, TheyHaveTheNumbersOfADenseTable) {
  struct {
    const char *what;
    rnncc_train_optimizer optimizer;
  } cases[] = {
      {"keras:sgd", with("keras:sgd", 0.5, 0, 0, 0)},
      {"keras:sgd decay", with("keras:sgd", 0.5, 0, 0, 0.01)},
      {"keras:sgd momentum", with("keras:sgd", 0.1, 0.9, 0, 0)},
      {"keras:sgd nesterov decay", with("keras:sgd", 0.1, 0.9, 1, 0.01)},
      {"torch:sgd momentum", with("torch:sgd", 0.1, 0.9, 0, 0)},
      {"torch:sgd nesterov", with("torch:sgd", 0.1, 0.9, 1, 0)},
      {"torch:sgd decay", with("torch:sgd", 0.1, 0.9, 1, 0.01)},
      {"keras:rmsprop", with("keras:rmsprop", 0.01, 0, 0, 0)},
      {"keras:rmsprop momentum", with("keras:rmsprop", 0.01, 0.8, 0, 0.02)},
      {"torch:rmsprop momentum", with("torch:rmsprop", 0.01, 0.8, 0, 0)},
      {"keras:adam", with("keras:adam", 0.01, 0, 0, 0)},
      {"torch:adam", with("torch:adam", 0.01, 0, 0, 0)},
      {"torch:adam decay", with("torch:adam", 0.01, 0, 0, 0.01)},
      {"keras:adamw", with("keras:adamw", 0.01, 0, 0, 0.1)},
      {"torch:adamw", with("torch:adamw", 0.01, 0, 0, 0.1)}};
  for (auto &[what, optimizer] : cases) {
    expectDense<double>(optimizer, 1e-11, what);
    expectDense<float>(optimizer, 2e-5, what);
  }
}

// Where epsilon is as large as roots of second moments, and where decays are
// such that no short polynomial will do.
TEST(Rows, UnusualDecaysAndEpsilons) {
  for (double epsilon : {1e-4, 1e-2, 1.0})
    for (double rho : {0.5, 0.9, 0.99999}) {
      rnncc_train_optimizer optimizer = with("torch:adam", 0.01, 0, 0, 0);
      optimizer.epsilon = epsilon;
      optimizer.rho = rho;
      std::string what = std::to_string(epsilon) + " " + std::to_string(rho);
      // The smallest of 3e-4 is what epsilon 1 lets move.
      expectDense<double>(optimizer, 1e-11, what.c_str());
    }
  rnncc_train_optimizer optimizer = with("keras:adam", 0.01, 0, 0, 0);
  optimizer.beta1 = 0;
  expectDense<double>(optimizer, 1e-11, "beta1 0");
  optimizer.beta1 = 0.999;
  expectDense<double>(optimizer, 1e-11, "beta1 0.999");
}

TEST(Rows, ClippingByNormCountsThemOnce) {
  rnncc_train_optimizer optimizer = with("keras:adam", 0.01, 0, 0, 0);
  optimizer.clip_norm = 0.05;
  expectDense<double>(optimizer, 1e-11, "clip_norm");
}

TEST(Rows, BitsDoNotDependOnThreads) {
  rnncc_train_options options = optionsOf("keras:adamw");
  options.optimizer.clip_norm = 0.1;
  auto one = tableAfter<float>(true, options, 2, 16, RNNCC_TRAIN_COSINE);
  options.threads = 3;
  auto three = tableAfter<float>(true, options, 2, 16, RNNCC_TRAIN_COSINE);
  EXPECT_EQ(std::memcmp(one.data(), three.data(), tableSize * sizeof(float)),
            0);
}

// A callback sees a row that no batch has read as it was: nothing touched it.
TEST(Rows, OnlyThoseThatAreReadCostSomething) {
  Examples made = sentences<float>(40, 3, 20); // tokens 0 .. 19 of 1000
  rnncc_train_options options = optionsOf("keras:adamw");
  TrainerPtr trainer = makeTrainer(models::largeBag<float>(true), options);
  struct Seen {
    rnncc_trainer *trainer;
    std::vector<float> before, during;
  } seen = {
      trainer.get(), paramOf<float>(trainer.get(), "table", tableSize), {}};
  rnncc_train_fit_options fit = quietFit(1, 4);
  fit.context = &seen;
  fit.after_batch = [](void *context, const rnncc_train_report *report) {
    auto &seen = *static_cast<Seen *>(context);
    if (report->batch == 9)
      seen.during = paramOf<float>(seen.trainer, "table", tableSize);
    return 0;
  };
  rnncc_train_data data = made.data();
  EXPECT_TRAINED(trainer.get(), rnncc_train_fit(trainer.get(), &data, &fit));
  auto after = paramOf<float>(trainer.get(), "table", tableSize);
  ASSERT_EQ(seen.during.size(), tableSize);
  EXPECT_NE(seen.during[0], seen.before[0]);
  for (size_t i = 20 * 4; i < tableSize; ++i) {
    EXPECT_EQ(seen.during[i], seen.before[i]);
    // Ten steps of decay, made up for at the end.
    EXPECT_NEAR(after[i], seen.before[i] * std::pow(1 - 4e-6, 10), 1e-7);
  }
}

} // namespace
