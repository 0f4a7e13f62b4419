//===- rnncc-random.cpp - compare random cells with the interpreter -------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Makes a cell for each seed, compiles it on one road, and compares it with the
// interpreter. What fails is reduced and saved as a test that rnncc-check runs.
//
//===----------------------------------------------------------------------===//

#include "test/random/Generate.h"
#include "test/random/Reduce.h"
#include "test/random/Trial.h"
#include "llvm/Support/CommandLine.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/InitLLVM.h"
#include <csignal>
#include <list>
#include <random>
#include <thread>
#include <unistd.h>

using namespace mlir;
using namespace rnn;
namespace cl = llvm::cl;
using Clock = std::chrono::steady_clock;

namespace {
/// The command line.
struct Wishes {
  uint64_t seed, count;
  unsigned jobs;
  int limit;
  bool all;
  std::string save;
  const Road *road;
};

/// What a seed stands for: a text, and how to try it.
struct Program {
  uint64_t seed;
  std::string text;
  Trial trial;
};
} // namespace

/// The levels that this machine runs.
static std::vector<Target> runnableLevels(bool bf16) {
  Target best = *targetFor("native", bf16);
  std::vector<Target> levels = levelsFor(best.architecture, bf16);
  while (levels.back().name != best.name)
    levels.pop_back();
  return levels;
}

/// One combination of type and level for each seed, or all of them.
static std::vector<Program> programsOf(uint64_t seed, const Wishes &wishes) {
  std::string text = generateCell(seed);
  std::mt19937_64 engine(seed);
  auto below = [&](int64_t n) { return int64_t(engine() % uint64_t(n)); };
  static const int64_t rows[] = {1, 2, 3, 4, 5, 7, 8, 13, 17, 29};
  Extent large{1 + below(4), rows[below(std::size(rows))], false};
  if (below(20) == 0)
    (below(2) ? large.steps : large.batch) = 0;
  // More rows than are computed at a time where nothing is kept.
  if (below(8) == 0)
    large = {3 + below(2), 140, false};
  Extent small{1 + below(2), 1 + below(3), !stopsGradients(text)};
  // What is rounded to bf16 has no slopes.
  Extent rounded{small.steps, small.batch, false};

  std::vector<Program> all;
  for (Element element : {Element::F32, Element::F64, Element::BF16}) {
    const bool bf16 = element == Element::BF16;
    if (bf16 && wishes.road != &roads().front())
      continue;
    for (const Target &level : runnableLevels(bf16))
      all.push_back(
          {seed,
           text + generateSchedules(seed, text, level,
                                    element == Element::F64 ? 8 : 4),
           {wishes.road, element, level, {large, bf16 ? rounded : small}}});
  }
  if (wishes.all)
    return all;
  return {all[below(all.size())]};
}

//===----------------------------------------------------------------------===//
// Findings
//===----------------------------------------------------------------------===//

/// Makes steps and rows fewer as long as the trial fails.
static void shrinkExtents(Trial &trial,
                          function_ref<bool(const Trial &)> fails) {
  for (const Extent &extent : SmallVector<Extent>(trial.extents)) {
    Trial one = trial;
    one.extents = {extent};
    if (trial.extents.size() > 1 && fails(one))
      trial = one;
  }
  auto attempt = [&](auto change) {
    Trial smaller = trial;
    change(smaller.extents.front());
    bool shrinks =
        smaller.extents.front().steps < trial.extents.front().steps ||
        smaller.extents.front().batch < trial.extents.front().batch ||
        smaller.extents.front().differences < trial.extents.front().differences;
    if (!shrinks || !fails(smaller))
      return false;
    trial = smaller;
    return true;
  };
  attempt([](Extent &extent) { extent.differences = false; });
  for (int64_t Extent::*size : {&Extent::steps, &Extent::batch}) {
    attempt([&](Extent &extent) { extent.*size = 1; });
    while (attempt([&](Extent &extent) { extent.*size -= extent.*size > 1; }))
      ;
  }
}

/// Reduces a program that fails, as long as it does so in the same way.
static void reduce(Program &program, Outcome &outcome, const Wishes &wishes) {
  auto fails = [&](const std::string &text, const Trial &trial) {
    if (outcome.aspect == Aspect::Differences && stopsGradients(text))
      return false;
    Outcome now = Running(text, trial, wishes.limit).wait();
    if (!now.isLike(outcome))
      return false;
    outcome = now;
    return true;
  };
  auto ofTrial = [&](const Trial &trial) { return fails(program.text, trial); };
  shrinkExtents(program.trial, ofTrial);
  program.text = reduceText(program.text, [&](const std::string &text) {
    return fails(text, program.trial);
  });
  shrinkExtents(program.trial, ofTrial);
}

/// The program as a test.
static std::string asTest(const Program &program, const Outcome &outcome) {
  return "# A random cell, reduced; it " + outcome.summary() +
         "\n# RUN: rnncc-check %s " + program.trial.options() +
         " | FileCheck %s\n" + program.text +
         "# CHECK-NOT: FAILED\n# CHECK: all agree\n";
}

static void report(Program program, Outcome outcome, const Wishes &wishes) {
  llvm::outs() << "seed " << program.seed << " (" << program.trial.options()
               << ") " << outcome.summary() << "\n  reducing ..\n";
  llvm::outs().flush();
  reduce(program, outcome, wishes);
  llvm::sys::fs::create_directories(wishes.save);
  std::string path =
      wishes.save + "/seed-" + std::to_string(program.seed) + ".rnn";
  std::string test = asTest(program, outcome);
  std::error_code error;
  llvm::raw_fd_ostream(path, error) << test;
  llvm::outs() << "  reduced, in " << path << ":\n"
               << program.text << "  again: rnncc-check " << path << " "
               << program.trial.options() << "\n";
  if (error)
    llvm::outs() << "  cannot write " << path << ": " << error.message()
                 << "\n";
  llvm::outs().flush();
}

//===----------------------------------------------------------------------===//
// Many programs
//===----------------------------------------------------------------------===//

/// Says now and then how far it is.
class Progress {
public:
  explicit Progress(uint64_t count) : count(count) {}

  void show(uint64_t done, uint64_t findings) {
    double since = std::chrono::duration<double>(Clock::now() - shown).count();
    if (since < (isatty(STDOUT_FILENO) ? 1 : 10) || done == 0)
      return;
    shown = Clock::now();
    double rate = done / std::chrono::duration<double>(shown - begin).count();
    llvm::outs() << done << " of " << count
                 << llvm::format(", %.1f a second, %.0f s left, ", rate,
                                 (count - done) / rate)
                 << findings << " findings\n";
    llvm::outs().flush();
  }

private:
  uint64_t count;
  Clock::time_point begin = Clock::now(), shown = begin;
};

/// Runs all programs, some at a time; gives the number of findings.
static uint64_t runAll(const Wishes &wishes) {
  struct Job {
    Program program;
    Running running;
    Job(const Program &program, int limit)
        : program(program), running(program.text, program.trial, limit) {}
  };
  std::list<Job> jobs;
  std::vector<Program> waiting;
  uint64_t seed = wishes.seed, end = wishes.seed + wishes.count;
  uint64_t done = 0, findings = 0;
  Progress progress(wishes.count * programsOf(seed, wishes).size());
  while (seed < end || !waiting.empty() || !jobs.empty()) {
    while (jobs.size() < wishes.jobs && (seed < end || !waiting.empty())) {
      if (waiting.empty())
        waiting = programsOf(seed++, wishes);
      jobs.emplace_back(waiting.back(), wishes.limit);
      waiting.pop_back();
    }
    for (auto job = jobs.begin(); job != jobs.end();) {
      std::optional<Outcome> outcome = job->running.poll();
      if (!outcome) {
        ++job;
        continue;
      }
      if (outcome->ending != Ending::Agreed) {
        ++findings;
        report(job->program, *outcome, wishes);
      }
      job = jobs.erase(job);
      ++done;
    }
    progress.show(done, findings);
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  llvm::outs() << done << " programs, " << findings << " findings\n";
  return findings;
}

int main(int argc, char **argv) {
  llvm::InitLLVM init(argc, argv);
  cl::ResetCommandLineParser();
  static cl::opt<uint64_t> seed("seed", cl::init(1),
                                cl::desc("The first seed"));
  static cl::opt<uint64_t> count("count", cl::init(300),
                                 cl::desc("How many programs"));
  static cl::opt<unsigned> jobs("jobs", cl::init(2),
                                cl::desc("How many at a time"));
  static cl::opt<int> limit("limit", cl::init(120),
                            cl::desc("Seconds after which a program hangs"));
  static cl::opt<bool> all("all",
                           cl::desc("Every type and CPU level for each seed"));
  static cl::opt<std::string> save("save", cl::init("findings"),
                                   cl::desc("Folder for what is found"));
  static cl::opt<std::string> road("road", cl::init("mlir"),
                                   cl::desc("The backend to check"));
  static cl::opt<bool> print("print",
                             cl::desc("Print the program of --seed, no more"));
  cl::ParseCommandLineOptions(argc, argv,
                              "compares random cells with the oracle\n");
  if (!roadOf(road) || jobs == 0) {
    llvm::errs() << "rnncc-random: no such --road, or --jobs 0\n";
    return 2;
  }
  if (print) {
    llvm::outs() << generateCell(seed);
    return 0;
  }
  return runAll({seed, count, jobs, limit, all, save, roadOf(road)}) != 0;
}
