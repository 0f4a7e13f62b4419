//===- GradientNormsTest.cpp - how far gradients reach back ---------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Support.h"
#include "rnncc/runtime.h"
#include <cmath>

namespace {

using models::Reading;

/// Runs steps [start, T) of one row of an elman from a state; gives the sum of
/// its losses and, in `h`, its last state.
double lossFrom(rnncc_trainer *trainer, Reading reading, const Examples &made,
                int64_t row, int64_t start, int64_t end, double *h) {
  const rnncc_descriptor &model = models::elman<double>(reading);
  int64_t steps = made.steps, count = end - start;
  std::unique_ptr<rnncc_call, void (*)(void *)> call(rnncc_call_create(&model),
                                                     rnncc_free);
  std::vector<double> loss(size_t(steps) + 1);
  call->steps = count;
  call->batch = 1;
  call->weights = rnncc_train_packed(trainer);
  auto set = [&](const char *name, const double *array) {
    call->arrays[rnncc_find_array(&model, name)] = const_cast<double *>(array);
  };
  bool perStep = reading == models::PerStep;
  set("x", made.doubles[0].data() + (row * steps + start) * 2);
  set("y", made.doubles[1].data() + (perStep ? row * steps + start : row));
  set("h.0", h);
  set("h.T", h);
  set("mse", loss.data());
  EXPECT_EQ(model.forward(call.get()), RNNCC_OK);
  double sum = 0;
  for (int64_t t = 0; t < (perStep ? count : 1); ++t)
    sum += loss[size_t(t)];
  return sum;
}

void checkNorms(Reading reading, bool withLengths) {
  const int64_t rows = 4, steps = 6;
  Examples made =
      sequences<double>(rows, steps, reading == models::PerStep, withLengths);
  TrainerPtr trainer =
      makeTrainer(models::elman<double>(reading), optionsOf("keras:sgd", 4));
  ASSERT_EQ(rnncc_train_state_count(trainer.get()), 1);
  EXPECT_STREQ(rnncc_train_state_name(trainer.get(), 0), "h.0");
  EXPECT_EQ(rnncc_train_state_name(trainer.get(), 1), nullptr);
  rnncc_train_data data = made.data();
  double norms[6];
  EXPECT_TRAINED(trainer.get(),
                 rnncc_train_gradient_norms(trainer.get(), &data, norms, 6));
  int64_t total = 0;
  for (int64_t n = 0; n < rows; ++n)
    total += withLengths ? made.lengths[size_t(n)] : steps;
  double weight = double(reading == models::PerStep ? total : rows);
  for (int64_t t = 0; t < steps; ++t) {
    double squares = 0;
    for (int64_t n = 0; n < rows; ++n) {
      int64_t end = withLengths ? made.lengths[size_t(n)] : steps;
      if (t >= end)
        continue;
      double state[3] = {};
      if (t > 0)
        lossFrom(trainer.get(), reading, made, n, 0, t, state);
      for (int i = 0; i < 3; ++i) {
        const double h = 1e-5;
        double up[3], down[3];
        std::copy(state, state + 3, up);
        std::copy(state, state + 3, down);
        up[i] += h;
        down[i] -= h;
        double slope =
            (lossFrom(trainer.get(), reading, made, n, t, end, up) -
             lossFrom(trainer.get(), reading, made, n, t, end, down)) /
            (2 * h * weight);
        squares += slope * slope;
      }
    }
    EXPECT_NEAR(norms[t], std::sqrt(squares), 1e-9) << "t = " << t;
    EXPECT_GT(norms[0], 0);
  }
}

TEST(GradientNorms, AreThoseOfCentralDifferences) {
  for (bool withLengths : {false, true}) {
    checkNorms(models::PerStep, withLengths);
    checkNorms(models::AtEnd, withLengths);
  }
}

TEST(GradientNorms, AModelWithoutStatesHasNone) {
  Examples made = sentences<float>(4, 5, 40);
  TrainerPtr trainer =
      makeTrainer(models::bag<float>(), optionsOf("keras:sgd"));
  rnncc_train_data data = made.data();
  EXPECT_EQ(rnncc_train_gradient_norms(trainer.get(), &data, nullptr, 0),
            RNNCC_TRAIN_BAD_MODEL);
  EXPECT_STREQ(rnncc_train_error(trainer.get()),
               "bag.rnn:2: Bag has no states, so no gradients reach back "
               "through steps");
}

TEST(GradientNorms, ALossThatReadsAllStepsAtOnceIsRefused) {
  Examples made = sequences<double>(4, 5, false);
  TrainerPtr trainer = makeTrainer(models::elman<double>(models::MeanOverTime),
                                   optionsOf("keras:sgd"));
  rnncc_train_data data = made.data();
  double norms[5];
  EXPECT_EQ(rnncc_train_gradient_norms(trainer.get(), &data, norms, 5),
            RNNCC_TRAIN_BAD_MODEL);
  EXPECT_NE(std::string(rnncc_train_error(trainer.get()))
                .find("its losses are not read per step or at the end"),
            std::string::npos)
      << rnncc_train_error(trainer.get());
  EXPECT_EQ(rnncc_train_gradient_norms(trainer.get(), &data, norms, 4),
            RNNCC_TRAIN_BAD_OPTION);
}

} // namespace
