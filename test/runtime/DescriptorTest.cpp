//===- DescriptorTest.cpp - helpers for any cell
//---------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "rnncc/runtime.h"
#include <gtest/gtest.h>

static const rnncc_param params[] = {
    {"W", 2, RNNCC_GLOROT_UNIFORM, {0, 0}, {3, 5}, -1},
    {"b", 1, RNNCC_ZEROS, {0, 0}, {3}, -1},
    {"s", 0, RNNCC_ONES, {0, 0}, {}, -1},
};
static const rnncc_array arrays[] = {
    {"x", RNNCC_INPUT, RNNCC_STEPS_ROWS, 1, -1, RNNCC_F32, 0, {5}, 0},
    {"h.0", RNNCC_INITIAL, RNNCC_ROWS, 1, -1, RNNCC_F32, 0, {3}, 0},
    {"u", RNNCC_INPUT, RNNCC_STEPS_ROWS, 0, -1, RNNCC_F32, 0, {}, 0},
    {"grad.W", RNNCC_GRAD_PARAM, RNNCC_PLAIN, 2, 0, RNNCC_F32, 0, {3, 5}, 0},
};

static rnncc_descriptor describe(const char *name) {
  rnncc_descriptor cell = {};
  cell.abi_version = RNNCC_ABI_VERSION;
  cell.name = name;
  cell.n_params = 3;
  cell.params = params;
  cell.n_arrays = 4;
  cell.arrays = arrays;
  return cell;
}

TEST(Descriptor, AnotherAbiIsRefusedWithBothVersions) {
  rnncc_descriptor cell = describe("Cell");
  char message[200] = "";
  EXPECT_EQ(rnncc_check_abi(&cell, message, sizeof message), RNNCC_OK);
  EXPECT_STREQ(message, "");

  cell.abi_version = 77;
  EXPECT_EQ(rnncc_check_abi(&cell, message, sizeof message), RNNCC_WRONG_ABI);
  EXPECT_STREQ(message, "the cell was compiled for runtime ABI 77 but this "
                        "program has ABI 4: compile the cell again");
}

TEST(Descriptor, TheMessageIsCutToItsCapacity) {
  rnncc_descriptor cell = describe("Cell");
  cell.abi_version = 77;
  char message[] = "12345678";
  EXPECT_EQ(rnncc_check_abi(&cell, message, 4), RNNCC_WRONG_ABI);
  EXPECT_STREQ(message, "the");
  EXPECT_EQ(message[4], '5');
  EXPECT_EQ(rnncc_check_abi(&cell, nullptr, 0), RNNCC_WRONG_ABI);
  EXPECT_EQ(rnncc_check_abi(&cell, message, 0), RNNCC_WRONG_ABI);
}

TEST(Descriptor, CellsArraysAndParametersAreFoundByName) {
  rnncc_descriptor lstm = describe("LSTM"), gru = describe("GRU");
  const rnncc_descriptor *cells[] = {&lstm, &gru, nullptr};
  EXPECT_EQ(rnncc_find_cell(cells, "GRU"), &gru);
  EXPECT_EQ(rnncc_find_cell(cells, "gru"), nullptr);
  EXPECT_EQ(rnncc_find_array(&gru, "h.0"), 1);
  EXPECT_EQ(rnncc_find_array(&gru, "h"), -1);
  EXPECT_EQ(rnncc_find_param(&gru, "b"), 1);
  EXPECT_EQ(rnncc_find_param(&gru, "x"), -1);
}

TEST(Descriptor, ElementsAreCounted) {
  EXPECT_EQ(rnncc_array_elements(&arrays[0], 7, 2), 7 * 2 * 5);
  EXPECT_EQ(rnncc_array_elements(&arrays[1], 7, 2), 2 * 3);
  EXPECT_EQ(rnncc_array_elements(&arrays[2], 7, 2), 7 * 2);
  EXPECT_EQ(rnncc_array_elements(&arrays[3], 7, 2), 15);
  EXPECT_EQ(rnncc_array_elements(&arrays[0], 0, 2), 0);
  EXPECT_EQ(rnncc_array_bytes(&arrays[1], 7, 2), 2 * 3 * 4);
  rnncc_array indices = {"i", RNNCC_INPUT, RNNCC_ROWS, 0, -1, RNNCC_I32, 0, {}};
  EXPECT_EQ(rnncc_array_bytes(&indices, 7, 2), 2 * 4);
  rnncc_array wide = {"w", RNNCC_OUTPUT, RNNCC_ROWS, 1, -1, RNNCC_F64, 0, {3}};
  EXPECT_EQ(rnncc_array_bytes(&wide, 7, 2), 2 * 3 * 8);
  EXPECT_EQ(rnncc_array_bytes(&wide, 7, -2), -1);
  EXPECT_EQ(rnncc_param_elements(&params[0]), 15);
  EXPECT_EQ(rnncc_param_elements(&params[2]), 1);
}

TEST(Descriptor, SizesOutOfRangeHaveNoElements) {
  const int64_t huge = int64_t(1) << 40;
  EXPECT_EQ(rnncc_array_elements(&arrays[0], -1, 2), -1);
  EXPECT_EQ(rnncc_array_elements(&arrays[1], -1, 2), -1);
  EXPECT_EQ(rnncc_array_elements(&arrays[0], 2, -1), -1);
  EXPECT_EQ(rnncc_array_elements(&arrays[0], huge, huge), -1);
  EXPECT_EQ(rnncc_array_elements(&arrays[1], 1, INT64_MAX), -1);
  rnncc_param wide = {"W", 3, RNNCC_ZEROS, {0, 0}, {huge, huge, 1}, -1};
  EXPECT_EQ(rnncc_param_elements(&wide), -1);
  wide.rank = RNNCC_MAX_RANK + 1;
  EXPECT_EQ(rnncc_param_elements(&wide), -1);
}

TEST(Descriptor, AnElementHasItsBytes) {
  rnncc_descriptor cell = describe("Cell");
  cell.element = RNNCC_F32;
  EXPECT_EQ(rnncc_element_bytes(&cell), 4u);
  cell.element = RNNCC_F64;
  EXPECT_EQ(rnncc_element_bytes(&cell), 8u);
}

TEST(Descriptor, ACallStartsEmpty) {
  rnncc_descriptor cell = describe("Cell");
  rnncc_call *call = rnncc_call_create(&cell);
  ASSERT_NE(call, nullptr);
  EXPECT_EQ(call->steps, 0);
  EXPECT_EQ(call->lengths, nullptr);
  for (int64_t i = 0; i < cell.n_arrays; ++i)
    EXPECT_EQ(call->arrays[i], nullptr);
  rnncc_free(call);
}
