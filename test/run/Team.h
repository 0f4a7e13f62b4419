//===- Team.h - a team of threads made for each call ------------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef RNNCC_TEST_RUN_TEAM_H
#define RNNCC_TEST_RUN_TEAM_H

#include "rnncc/abi.h"
#include <pthread.h>
#include <thread>
#include <vector>

/// A team made of fresh threads for each call.
struct Team : rnncc_team {
  explicit Team(int64_t count) {
    threads = count;
    pthread_barrier_init(&wait, nullptr, count);
    run = [](rnncc_team *team, void (*body)(void *, int64_t), void *argument) {
      std::vector<std::thread> others;
      for (int64_t i = 1; i < team->threads; ++i)
        others.emplace_back(body, argument, i);
      body(argument, 0);
      for (std::thread &other : others)
        other.join();
    };
    barrier = [](rnncc_team *team) {
      pthread_barrier_wait(&static_cast<Team *>(team)->wait);
    };
  }
  ~Team() { pthread_barrier_destroy(&wait); }
  pthread_barrier_t wait;
};

#endif // RNNCC_TEST_RUN_TEAM_H
