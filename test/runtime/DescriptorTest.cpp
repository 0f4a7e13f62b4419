//===- DescriptorTest.cpp - helpers for any cell ---------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "rnncc/runtime.h"
#include <gtest/gtest.h>

static const rnn_param params[] = {
    {"W", 2, RNN_GLOROT_UNIFORM, {0, 0}, {3, 5}},
    {"b", 1, RNN_ZEROS, {0, 0}, {3}},
    {"s", 0, RNN_ONES, {0, 0}, {}},
};
static const rnn_array arrays[] = {
    {"x", RNN_INPUT, RNN_STEPS_ROWS, 1, -1, {5}},
    {"h.0", RNN_INITIAL, RNN_ROWS, 1, -1, {3}},
    {"u", RNN_INPUT, RNN_STEPS_ROWS, 0, -1, {}},
    {"grad.W", RNN_GRAD_PARAM, RNN_PLAIN, 2, 0, {3, 5}},
};

static rnn_descriptor describe(const char *name) {
  rnn_descriptor cell = {};
  cell.abi_version = RNN_ABI_VERSION;
  cell.name = name;
  cell.n_params = 3;
  cell.params = params;
  cell.n_arrays = 4;
  cell.arrays = arrays;
  return cell;
}

TEST(Descriptor, AnotherAbiIsRefusedWithBothVersions) {
  rnn_descriptor cell = describe("Cell");
  char message[200] = "";
  EXPECT_EQ(rnn_check_abi(&cell, message, sizeof message), RNN_OK);
  EXPECT_STREQ(message, "");

  cell.abi_version = 77;
  EXPECT_EQ(rnn_check_abi(&cell, message, sizeof message), RNN_WRONG_ABI);
  EXPECT_STREQ(message, "the cell was compiled for runtime ABI 77 but this "
                        "program has ABI 1: compile the cell again");
}

TEST(Descriptor, TheMessageIsCutToItsCapacity) {
  rnn_descriptor cell = describe("Cell");
  cell.abi_version = 77;
  char message[] = "12345678";
  EXPECT_EQ(rnn_check_abi(&cell, message, 4), RNN_WRONG_ABI);
  EXPECT_STREQ(message, "the");
  EXPECT_EQ(message[4], '5');
  EXPECT_EQ(rnn_check_abi(&cell, nullptr, 0), RNN_WRONG_ABI);
  EXPECT_EQ(rnn_check_abi(&cell, message, 0), RNN_WRONG_ABI);
}

TEST(Descriptor, CellsArraysAndParametersAreFoundByName) {
  rnn_descriptor lstm = describe("LSTM"), gru = describe("GRU");
  const rnn_descriptor *cells[] = {&lstm, &gru, nullptr};
  EXPECT_EQ(rnn_find_cell(cells, "GRU"), &gru);
  EXPECT_EQ(rnn_find_cell(cells, "gru"), nullptr);
  EXPECT_EQ(rnn_find_array(&gru, "h.0"), 1);
  EXPECT_EQ(rnn_find_array(&gru, "h"), -1);
  EXPECT_EQ(rnn_find_param(&gru, "b"), 1);
  EXPECT_EQ(rnn_find_param(&gru, "x"), -1);
}

TEST(Descriptor, ElementsAreCounted) {
  EXPECT_EQ(rnn_array_elements(&arrays[0], 7, 2), 7 * 2 * 5);
  EXPECT_EQ(rnn_array_elements(&arrays[1], 7, 2), 2 * 3);
  EXPECT_EQ(rnn_array_elements(&arrays[2], 7, 2), 7 * 2);
  EXPECT_EQ(rnn_array_elements(&arrays[3], 7, 2), 15);
  EXPECT_EQ(rnn_array_elements(&arrays[0], 0, 2), 0);
  EXPECT_EQ(rnn_param_elements(&params[0]), 15);
  EXPECT_EQ(rnn_param_elements(&params[2]), 1);
}

TEST(Descriptor, SizesOutOfRangeHaveNoElements) {
  const int64_t huge = int64_t(1) << 40;
  EXPECT_EQ(rnn_array_elements(&arrays[0], -1, 2), -1);
  EXPECT_EQ(rnn_array_elements(&arrays[1], -1, 2), -1);
  EXPECT_EQ(rnn_array_elements(&arrays[0], 2, -1), -1);
  EXPECT_EQ(rnn_array_elements(&arrays[0], huge, huge), -1);
  EXPECT_EQ(rnn_array_elements(&arrays[1], 1, INT64_MAX), -1);
  rnn_param wide = {"W", 3, RNN_ZEROS, {0, 0}, {huge, huge, 1}};
  EXPECT_EQ(rnn_param_elements(&wide), -1);
  wide.rank = RNN_MAX_RANK + 1;
  EXPECT_EQ(rnn_param_elements(&wide), -1);
}

TEST(Descriptor, AnElementHasItsBytes) {
  rnn_descriptor cell = describe("Cell");
  cell.element = RNN_F32;
  EXPECT_EQ(rnn_element_bytes(&cell), 4u);
  cell.element = RNN_F64;
  EXPECT_EQ(rnn_element_bytes(&cell), 8u);
}

TEST(Descriptor, ACallStartsEmpty) {
  rnn_descriptor cell = describe("Cell");
  rnn_call *call = rnn_call_create(&cell);
  ASSERT_NE(call, nullptr);
  EXPECT_EQ(call->steps, 0);
  EXPECT_EQ(call->lengths, nullptr);
  for (int64_t i = 0; i < cell.n_arrays; ++i)
    EXPECT_EQ(call->arrays[i], nullptr);
  rnn_free(call);
}
