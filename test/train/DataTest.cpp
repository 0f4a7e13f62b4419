//===- DataTest.cpp - what is said about examples that do not fit ---------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Support.h"
#include <cmath>

namespace {

/// What a fit of the bag says of examples that `change` has spoilt.
template <typename Change> std::string fitting(Change change) {
  Examples made = sentences<float>(10, 4, 40);
  made.lengths.assign(10, 4);
  for (int32_t &token : made.tokens)
    token = std::max(token, 0);
  TrainerPtr trainer =
      makeTrainer(models::bag<float>(), optionsOf("keras:sgd"));
  auto before = paramOf<float>(trainer.get(), "table", 160);
  rnncc_train_data data = made.data();
  change(made, data);
  rnncc_train_fit_options fit = quietFit(1, 4);
  EXPECT_EQ(rnncc_train_fit(trainer.get(), &data, &fit), RNNCC_TRAIN_BAD_DATA);
  EXPECT_EQ(paramOf<float>(trainer.get(), "table", 160), before);
  return rnncc_train_error(trainer.get());
}

TEST(Data, AMissingArray) {
  EXPECT_EQ(fitting([](Examples &, auto &data) { data.n_arrays = 1; }),
            "bag.rnn:2: target 'y' is missing in the data");
}

TEST(Data, AnUnknownArray) {
  EXPECT_EQ(fitting([](Examples &e, auto &) { e.arrays[0].name = "words"; }),
            "bag.rnn:2: Bag has no input or target 'words'");
  EXPECT_EQ(fitting([](Examples &e, auto &) { e.arrays[0].name = "p"; }),
            "bag.rnn:2: Bag has no input or target 'p'");
  EXPECT_EQ(fitting([](Examples &e, auto &) { e.arrays[1] = e.arrays[0]; }),
            "bag.rnn:2: input 'tokens' stands twice in the data");
}

TEST(Data, AWrongSizeOrType) {
  EXPECT_EQ(fitting([](Examples &e, auto &) { e.arrays[0].elements = 39; }),
            "bag.rnn:2: input 'tokens' has 39 elements, but 10 examples of 4 "
            "steps of [] are 40");
  EXPECT_EQ(
      fitting([](Examples &e, auto &) { e.arrays[0].element = RNNCC_F32; }),
      "bag.rnn:2: input 'tokens' takes 32-bit integers, but was given float");
  EXPECT_EQ(fitting([](Examples &, auto &data) { data.count = 0; }),
            "bag.rnn:2: there are 0 examples of 4 steps: both have to be 1 or "
            "more");
}

TEST(Data, AnIndexWithoutARow) {
  EXPECT_EQ(fitting([](Examples &e, auto &) { e.tokens[3 * 4 + 2] = 40; }),
            "bag.rnn:2: input 'tokens': example 3, step 2: index 40, but the "
            "rows of 'table' are 0 to 39");
  EXPECT_EQ(fitting([](Examples &e, auto &) { e.tokens[39] = -1; }),
            "bag.rnn:2: input 'tokens': example 9, step 3: index -1, but the "
            "rows of 'table' are 0 to 39");
}

// The table is not read by these indices alone, so that none is named.
TEST(Data, AnIndexWithoutARowOfATableThatIsReadElsewhere) {
  Examples made = sentences<float>(3, 4, 40);
  made.lengths.assign(3, 4);
  made.tokens.assign(12, 999);
  made.tokens[9] = 1000;
  TrainerPtr trainer =
      makeTrainer(models::largeBag<float>(false), optionsOf("keras:sgd"));
  rnncc_train_data data = made.data();
  double loss;
  EXPECT_EQ(rnncc_train_evaluate(trainer.get(), &data, 3, &loss, nullptr),
            RNNCC_TRAIN_BAD_DATA);
  EXPECT_STREQ(rnncc_train_error(trainer.get()),
               "bag.rnn:2: input 'tokens': example 2, step 1: index 1000, but "
               "the rows of its table are 0 to 999");
  made.mask.assign(12, 1);
  made.mask[9] = 0; // what a mask leaves out is not looked at
  data = made.data();
  EXPECT_TRAINED(trainer.get(),
                 rnncc_train_evaluate(trainer.get(), &data, 3, &loss, nullptr));
}

TEST(Data, ANumberThatIsNone) {
  EXPECT_EQ(fitting([](Examples &e, auto &) { e.floats[0][7] = NAN; }),
            "bag.rnn:2: target 'y': example 7: element 0 is NaN or infinite");
}

TEST(Data, ALengthOutOfRange) {
  EXPECT_EQ(fitting([](Examples &e, auto &) { e.lengths[5] = 6; }),
            "bag.rnn:2: example 5 has length 6, but lengths are 0 to 4");
}

TEST(Data, WhatLiesBehindALengthIsNotLookedAt) {
  Examples made = sequences<float>(6, 5, true, true);
  for (int64_t n = 0; n < 6; ++n)
    for (int64_t t = made.lengths[size_t(n)]; t < 5; ++t)
      made.floats[0][size_t(n * 5 + t) * 2] = NAN;
  TrainerPtr trainer = makeTrainer(models::elman<float>(models::PerStep),
                                   optionsOf("keras:sgd"));
  rnncc_train_data data = made.data();
  double loss = NAN;
  EXPECT_TRAINED(trainer.get(),
                 rnncc_train_evaluate(trainer.get(), &data, 4, &loss, nullptr));
  EXPECT_TRUE(std::isfinite(loss));
}

// Examples first for the caller, steps first for the model; batches end with
// their longest row.
TEST(Data, PredictionsComeBackInPlace) {
  Examples made = sequences<float>(7, 6, true, true);
  TrainerPtr trainer = makeTrainer(models::elman<float>(models::PerStep),
                                   optionsOf("keras:sgd"));
  rnncc_train_data data = made.data();
  data.n_arrays = 1; // no targets
  std::vector<float> whole(42, -9), single(6, -9);
  rnncc_train_output output = {"p", whole.data(), 42};
  ASSERT_EQ(rnncc_train_predict(trainer.get(), &data, 3, &output, 1),
            RNNCC_TRAIN_OK)
      << rnncc_train_error(trainer.get());
  for (int64_t n = 0; n < 7; ++n) {
    rnncc_train_array x = {"x", made.floats[0].data() + n * 12, 12, RNNCC_F32};
    rnncc_train_data one = {1,       6,      &made.lengths[size_t(n)], 1, &x,
                            nullptr, nullptr};
    rnncc_train_output there = {"p", single.data(), 6};
    ASSERT_EQ(rnncc_train_predict(trainer.get(), &one, 1, &there, 1),
              RNNCC_TRAIN_OK);
    EXPECT_EQ(
        std::vector<float>(whole.begin() + n * 6, whole.begin() + n * 6 + 6),
        single);
    EXPECT_NE(single[0], 0);
    for (int64_t t = made.lengths[size_t(n)]; t < 6; ++t)
      EXPECT_EQ(single[size_t(t)], 0);
  }
  output.elements = 41;
  EXPECT_EQ(rnncc_train_predict(trainer.get(), &data, 3, &output, 1),
            RNNCC_TRAIN_BAD_OPTION);
  EXPECT_STREQ(rnncc_train_error(trainer.get()),
               "elman.rnn:7: output 'p' has room for 41 elements, but 42 are "
               "needed");
}

} // namespace
