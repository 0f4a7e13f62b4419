//===- StatusTest.cpp - every status has a text of its own
//-----------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "rnncc/runtime.h"
#include <gtest/gtest.h>
#include <set>
#include <string>

TEST(Status, EachHasATextOfItsOwn) {
  std::set<std::string> texts;
  for (int status = RNNCC_OK; status <= RNNCC_BAD_INDEX; ++status)
    texts.insert(rnncc_status_text(rnncc_status(status)));
  EXPECT_EQ(texts.size(), size_t(RNNCC_BAD_INDEX) + 1);
}

TEST(Status, AnUnknownNumberHasATextToo) {
  volatile int number = RNNCC_BAD_INDEX + 1;
  EXPECT_STREQ(rnncc_status_text(static_cast<rnncc_status>(number)),
               "not a status of this version");
}
