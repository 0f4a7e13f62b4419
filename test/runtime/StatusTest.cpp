//===- StatusTest.cpp - every status has a text of its own -----------------===//
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
  for (int status = RNN_OK; status <= RNN_NO_MEMORY; ++status)
    texts.insert(rnn_status_text(rnn_status(status)));
  EXPECT_EQ(texts.size(), size_t(RNN_NO_MEMORY) + 1);
}

TEST(Status, AnUnknownNumberHasATextToo) {
  volatile int number = RNN_NO_MEMORY + 1;
  EXPECT_STREQ(rnn_status_text(static_cast<rnn_status>(number)),
               "not a status of this version");
}
