//===- AllocTest.cpp - memory aligned for cells
//----------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "rnncc/runtime.h"
#include <cstring>
#include <gtest/gtest.h>

TEST(Alloc, GivesAlignedMemoryThatCanBeWritten) {
  for (size_t bytes : {size_t(1), size_t(63), size_t(4096), size_t(5) << 20}) {
    void *memory = rnncc_alloc(bytes);
    ASSERT_NE(memory, nullptr) << bytes;
    EXPECT_EQ(reinterpret_cast<uintptr_t>(memory) % 64, 0u) << bytes;
    std::memset(memory, 1, bytes);
    rnncc_free(memory);
  }
}

TEST(Alloc, NothingIsAPointerToo) {
  void *memory = rnncc_alloc(0);
  EXPECT_NE(memory, nullptr);
  rnncc_free(memory);
  rnncc_free(nullptr);
}

// AddressSanitizer ends the program instead, unless told otherwise.
#if defined(__has_feature)
#define HAS_FEATURE(feature) __has_feature(feature)
#else
#define HAS_FEATURE(feature) 0
#endif
#if !defined(__SANITIZE_ADDRESS__) && !HAS_FEATURE(address_sanitizer)
TEST(Alloc, TooMuchIsNull) {
  EXPECT_EQ(rnncc_alloc(SIZE_MAX), nullptr);
  EXPECT_EQ(rnncc_alloc(size_t(PTRDIFF_MAX)), nullptr);
}
#endif
