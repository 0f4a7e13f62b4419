//===- ProcessorsTest.cpp - where threads may run -------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "../../runtime/src/processors.h"
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <sched.h>
#include <string>
#include <thread>
#include <vector>

/// A kernel's folder that says which processors share a core with which.
struct Folder {
  explicit Folder(const std::vector<std::string> &siblings) {
    std::string name = testing::TempDir() + "rnncc-processors-XXXXXX";
    path = mkdtemp(name.data());
    for (size_t i = 0; i < siblings.size(); ++i) {
      auto cpu = path / ("cpu" + std::to_string(i)) / "topology";
      std::filesystem::create_directories(cpu);
      std::ofstream(cpu / "thread_siblings_list") << siblings[i] << "\n";
    }
  }
  ~Folder() { std::filesystem::remove_all(path); }
  std::vector<int> spread(std::vector<int> processors) const {
    rnncc_spread_over_cores(path.c_str(), processors.data(),
                            int64_t(processors.size()));
    return processors;
  }
  std::filesystem::path path;
};

TEST(Processors, CoresComeBeforeTheirSecondThreads) {
  Folder neighbours({"0-1", "0-1", "2-3", "2-3"});
  EXPECT_EQ(neighbours.spread({0, 1, 2, 3}), (std::vector<int>{0, 2, 1, 3}));
  EXPECT_EQ(neighbours.spread({1, 2, 3}), (std::vector<int>{1, 2, 3}));
  Folder apart({"0,2", "1,3", "0,2", "1,3"});
  EXPECT_EQ(apart.spread({0, 1, 2, 3}), (std::vector<int>{0, 1, 2, 3}));
  EXPECT_EQ(apart.spread({0, 2, 3}), (std::vector<int>{0, 3, 2}));
}

TEST(Processors, WhatTheKernelDoesNotTellStaysInOrder) {
  Folder none({});
  EXPECT_EQ(none.spread({5, 3, 4}), (std::vector<int>{5, 3, 4}));
}

TEST(Processors, AreThoseOfTheMask) {
  cpu_set_t set;
  ASSERT_EQ(sched_getaffinity(0, sizeof set, &set), 0);
  int64_t count;
  int *processors = rnncc_processors(&count);
  ASSERT_NE(processors, nullptr);
  EXPECT_EQ(count, CPU_COUNT(&set));
  for (int64_t i = 0; i < count; ++i)
    EXPECT_TRUE(CPU_ISSET(size_t(processors[i]), &set));
  free(processors);
}

TEST(Processors, APinnedThreadHasOne) {
  std::thread([] {
    int64_t count;
    int *processors = rnncc_processors(&count);
    ASSERT_NE(processors, nullptr);
    const int last = processors[count - 1];
    free(processors);
    ASSERT_TRUE(rnncc_pin(pthread_self(), &last, 1));
    processors = rnncc_processors(&count);
    EXPECT_EQ(count, 1);
    EXPECT_EQ(processors[0], last);
    free(processors);
  }).join();
}

TEST(Processors, OneThatIsNotThereIsRefused) {
  const int none = 100000;
  EXPECT_FALSE(rnncc_pin(pthread_self(), &none, 1));
}
