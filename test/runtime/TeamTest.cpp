//===- TeamTest.cpp - threads that run one program
//-------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "PthreadCreate.h"
#include "rnncc/runtime.h"
#include <algorithm>
#include <atomic>
#include <chrono>
#include <csignal>
#include <filesystem>
#include <functional>
#include <gtest/gtest.h>
#include <memory>
#include <numeric>
#include <sched.h>
#include <thread>
#include <vector>

using Team = std::unique_ptr<rnncc_team, void (*)(rnncc_team *)>;

static Team makeTeam(int threads) {
  rnncc_team *team = nullptr;
  EXPECT_EQ(rnncc_team_create(threads, &team), RNNCC_OK);
  return Team(team, rnncc_team_destroy);
}

static void run(const Team &team, std::function<void(int64_t)> body) {
  team->run(
      team.get(),
      [](void *argument, int64_t thread) {
        (*static_cast<std::function<void(int64_t)> *>(argument))(thread);
      },
      &body);
}

/// Threads of this process.
static size_t threadsAlive() {
  std::filesystem::directory_iterator tasks("/proc/self/task"), end;
  return size_t(std::distance(tasks, end));
}

/// Waits until that many threads are alive: a joined one may take a moment.
static size_t threadsAliveSettled(size_t expected) {
  for (int i = 0; i < 1000 && threadsAlive() != expected; ++i)
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  return threadsAlive();
}

class TeamOf : public testing::TestWithParam<int> {};
INSTANTIATE_TEST_SUITE_P(Threads, TeamOf, testing::Values(1, 2, 3, 8, 33));

TEST_P(TeamOf, RunsEachThreadOnceAndReturnsAfterAll) {
  Team team = makeTeam(GetParam());
  EXPECT_EQ(team->threads, GetParam());
  // Plain integers: `run` itself has to order what threads and caller do.
  std::vector<int> ran(size_t(GetParam()), 0);
  for (int round = 1; round <= 100; ++round) {
    run(team, [&](int64_t thread) { ++ran[size_t(thread)]; });
    EXPECT_EQ(ran, std::vector<int>(size_t(GetParam()), round));
  }
}

TEST_P(TeamOf, ABarrierOrdersWhatIsBeforeAndAfter) {
  Team team = makeTeam(GetParam());
  const size_t threads = size_t(GetParam());
  std::vector<int64_t> now(threads, 1), next(threads);
  // Every thread sums what all wrote in the round before.
  run(team, [&](int64_t thread) {
    for (int round = 0; round < 50; ++round) {
      next[size_t(thread)] =
          std::accumulate(now.begin(), now.end(), int64_t(0)) % 1000003;
      team->barrier(team.get());
      now[size_t(thread)] = next[size_t(thread)];
      team->barrier(team.get());
    }
  });
  int64_t expected = 1;
  for (int round = 0; round < 50; ++round)
    expected = expected * int64_t(threads) % 1000003;
  EXPECT_EQ(now, std::vector<int64_t>(threads, expected));
}

TEST(Team, TheCallerIsThreadZero) {
  Team team = makeTeam(3);
  std::vector<std::thread::id> ids(3);
  run(team, [&](int64_t thread) {
    ids[size_t(thread)] = std::this_thread::get_id();
  });
  EXPECT_EQ(ids[0], std::this_thread::get_id());
  EXPECT_NE(ids[1], ids[0]);
  EXPECT_NE(ids[1], ids[2]);
}

TEST(Team, WakesUpAfterSleep) {
  Team team = makeTeam(3);
  std::atomic<int> ran{0};
  for (int round = 0; round < 3; ++round) {
    // Much longer than idle threads spin and yield.
    std::this_thread::sleep_for(std::chrono::milliseconds(60));
    run(team, [&](int64_t) { ++ran; });
  }
  EXPECT_EQ(ran, 9);
}

TEST(Team, SleepersAtABarrierWakeUp) {
  Team team = makeTeam(3);
  std::atomic<int> after{0};
  run(team, [&](int64_t thread) {
    if (thread == 1)
      std::this_thread::sleep_for(std::chrono::milliseconds(60));
    team->barrier(team.get());
    ++after;
  });
  EXPECT_EQ(after, 3);
}

TEST(Team, AnIdleOneCostsNoTime) {
  Team team = makeTeam(2);
  run(team, [](int64_t) {});
  std::this_thread::sleep_for(std::chrono::milliseconds(100));
  const std::clock_t before = std::clock();
  std::this_thread::sleep_for(std::chrono::milliseconds(200));
  EXPECT_LT(double(std::clock() - before) / CLOCKS_PER_SEC, 0.05);
}

TEST(Team, MoreThreadsThanProcessorsStillMove) {
  Team team = makeTeam(int(4 * std::thread::hardware_concurrency()) + 1);
  const auto start = std::chrono::steady_clock::now();
  run(team, [&](int64_t) {
    for (int step = 0; step < 200; ++step)
      team->barrier(team.get());
  });
  // Spinning without a yield would take a time slice a step: 200 * n * 4 ms.
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(4));
}

TEST(Team, SeveralWorkAtOnce) {
  constexpr int teams = 3;
  std::vector<std::atomic<int>> sums(teams);
  std::vector<std::thread> callers;
  for (std::atomic<int> &sum : sums)
    callers.emplace_back([&sum] {
      Team team = makeTeam(3);
      for (int round = 0; round < 50; ++round)
        run(team, [&](int64_t thread) {
          sum += int(thread);
          team->barrier(team.get());
        });
    });
  for (std::thread &caller : callers)
    caller.join();
  for (const std::atomic<int> &sum : sums)
    EXPECT_EQ(sum, 50 * (0 + 1 + 2));
}

TEST(Team, MayBeRunFromOneThreadAfterAnother) {
  Team team = makeTeam(2);
  int ran = 0; // plain: joining orders the callers, `run` the rest
  for (int caller = 0; caller < 5; ++caller)
    std::thread([&] {
      run(team, [&](int64_t thread) {
        if (thread == 1)
          ++ran;
      });
    }).join();
  EXPECT_EQ(ran, 5);
}

TEST(Team, CallersTakeTurns) {
  Team team = makeTeam(3);
  constexpr int callers = 4, rounds = 50;
  int inside = 0, most = 0; // plain: turns order them
  std::vector<int> ran(3, 0);
  std::vector<std::thread> threads;
  for (int caller = 0; caller < callers; ++caller)
    threads.emplace_back([&] {
      for (int round = 0; round < rounds; ++round)
        run(team, [&](int64_t thread) {
          if (thread == 0)
            most = std::max(most, ++inside);
          team->barrier(team.get());
          ++ran[size_t(thread)];
          team->barrier(team.get());
          if (thread == 0)
            --inside;
        });
    });
  for (std::thread &thread : threads)
    thread.join();
  EXPECT_EQ(most, 1);
  EXPECT_EQ(ran, std::vector<int>(3, callers * rounds));
}

/// The processors that the calling thread may run on.
static std::vector<int> mayRunOn() {
  cpu_set_t set;
  EXPECT_EQ(sched_getaffinity(0, sizeof set, &set), 0);
  std::vector<int> processors;
  for (int i = 0; i < CPU_SETSIZE; ++i)
    if (CPU_ISSET(size_t(i), &set))
      processors.push_back(i);
  return processors;
}

TEST(PinnedTeam, EachThreadHasAProcessorOfItsOwn) {
  const std::vector<int> before = mayRunOn();
  rnncc_team *made = nullptr;
  ASSERT_EQ(rnncc_team_create_pinned(int(before.size()), &made), RNNCC_OK);
  Team team(made, rnncc_team_destroy);
  std::vector<std::vector<int>> on(before.size());
  run(team, [&](int64_t thread) { on[size_t(thread)] = mayRunOn(); });
  std::vector<int> all;
  for (const std::vector<int> &processors : on) {
    ASSERT_EQ(processors.size(), 1u);
    all.push_back(processors[0]);
  }
  std::sort(all.begin(), all.end());
  EXPECT_EQ(all, before);
  EXPECT_EQ(mayRunOn(), on[0]); // the thread that made it stays where it is
  team.reset();
  EXPECT_EQ(mayRunOn(), before);
}

TEST(PinnedTeam, SecondOneHasTheSameProcessors) {
  const std::vector<int> before = mayRunOn();
  const int all = int(before.size());
  rnncc_team *made = nullptr;
  ASSERT_EQ(rnncc_team_create_pinned(all, &made), RNNCC_OK);
  Team first(made, rnncc_team_destroy);
  ASSERT_EQ(rnncc_team_create_pinned(all, &made), RNNCC_OK);
  Team second(made, rnncc_team_destroy);
  EXPECT_EQ(rnncc_team_create_pinned(all + 1, &made), RNNCC_BAD_SIZE);
  first.reset();
  EXPECT_EQ(mayRunOn().size(), 1u); // the second one still works here
  std::atomic<int64_t> sum = 0;
  run(second, [&](int64_t thread) { sum += thread; });
  EXPECT_EQ(sum, all * (all - 1) / 2);
  second.reset();
  EXPECT_EQ(mayRunOn(), before);
}

TEST(PinnedTeam, DestroyedElsewhereLeavesThatThreadAlone) {
  std::thread([] {
    const std::vector<int> before = mayRunOn();
    rnncc_team *team = nullptr;
    ASSERT_EQ(rnncc_team_create_pinned(1, &team), RNNCC_OK);
    std::vector<int> inherited, after;
    std::thread([&] {
      inherited = mayRunOn();
      rnncc_team_destroy(team);
      after = mayRunOn();
    }).join();
    EXPECT_EQ(inherited, after);
    EXPECT_EQ(mayRunOn().size(), 1u);
  }).join();
}

TEST(PinnedTeam, NeedsAsManyProcessorsAsThreads) {
  const std::vector<int> before = mayRunOn();
  for (int threads : {-1, 0, int(before.size()) + 1}) {
    rnncc_team *team = reinterpret_cast<rnncc_team *>(1);
    EXPECT_EQ(rnncc_team_create_pinned(threads, &team), RNNCC_BAD_SIZE);
    EXPECT_EQ(team, nullptr);
  }
  EXPECT_EQ(mayRunOn(), before);
}

TEST(PinnedTeam, WithoutEnoughThreadsNothingIsPinned) {
  const std::vector<int> before = mayRunOn();
  if (before.size() < 2)
    GTEST_SKIP() << "one processor";
  threadsLeft = 0;
  rnncc_team *team = reinterpret_cast<rnncc_team *>(1);
  EXPECT_EQ(rnncc_team_create_pinned(2, &team), RNNCC_NO_MEMORY);
  threadsLeft = -1;
  EXPECT_EQ(team, nullptr);
  EXPECT_EQ(mayRunOn(), before);
}

TEST(Team, DestroyEndsItsThreads) {
  makeTeam(2).reset(); // a sanitizer may start a thread of its own, once
  const size_t before = threadsAlive();
  Team team = makeTeam(5);
  EXPECT_EQ(threadsAlive(), before + 4);
  team.reset();
  EXPECT_EQ(threadsAliveSettled(before), before);
  rnncc_team_destroy(nullptr);
}

TEST(Team, NeverRunIsDestroyedAsWell) { makeTeam(4); }

TEST(Team, NeedsAtLeastOneThread) {
  for (int threads : {0, -1}) {
    rnncc_team *team = reinterpret_cast<rnncc_team *>(1);
    EXPECT_EQ(rnncc_team_create(threads, &team), RNNCC_BAD_SIZE);
    EXPECT_EQ(team, nullptr);
  }
}

TEST(Team, WithoutEnoughThreadsThereIsNoneAndNothingIsLeft) {
  makeTeam(2).reset();
  const size_t before = threadsAlive();
  for (int given : {0, 1, 3}) {
    threadsLeft = given;
    rnncc_team *team = reinterpret_cast<rnncc_team *>(1);
    EXPECT_EQ(rnncc_team_create(5, &team), RNNCC_NO_MEMORY);
    EXPECT_EQ(team, nullptr);
    threadsLeft = -1;
    EXPECT_EQ(threadsAliveSettled(before), before);
  }
}

TEST(Team, ItsThreadsTakeNoSignals) {
  Team team = makeTeam(2);
  run(team, [](int64_t thread) {
    sigset_t blocked;
    pthread_sigmask(SIG_SETMASK, nullptr, &blocked);
    EXPECT_EQ(sigismember(&blocked, SIGINT), int(thread));
  });
}
