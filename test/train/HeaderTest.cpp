//===- HeaderTest.cpp - the training library used from C99 ----------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Models.h"
#include <gtest/gtest.h>

extern "C" double train_in_c(const rnncc_descriptor *model);

TEST(Header, AProgramInC99Trains) {
  EXPECT_NEAR(train_in_c(&models::square<float>()), 3, 1e-4);
}
