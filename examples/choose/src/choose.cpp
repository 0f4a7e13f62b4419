//===- choose.cpp - which recurrent network for these data? ---------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Advice.h"
#include "Csv.h"
#include "Options.h"
#include "Page.h"
#include "Progress.h"
#include "Series.h"
#include "Table.h"
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <exception>

using namespace choose;

static Task readTask(const Options &options) {
  if (!options.texts[0].empty())
    return textTask(options.texts[0], options.texts[1], options.tokens,
                    options.steps, options.examples);
  if (options.csv.empty())
    return forecastTask(mackeyGlass(1500), options.steps, options.examples);
  std::vector<std::string> columns = {options.target};
  columns.insert(columns.end(), options.inputs.begin(), options.inputs.end());
  return forecastTask(readCsv(options.csv, columns), options.steps,
                      options.examples);
}

/// RNN, LSTM, GRU and what the command line names. Of two cells with one name
/// each gets its file's name too.
static std::vector<Cell> readCells(const Options &options) {
  std::vector<Cell> cells;
  for (const char *name : {"rnn", "lstm", "gru"})
    cells.push_back(findCell(std::string(CHOOSE_CELLS) + "/" + name + ".rnn"));
  for (const std::string &where : options.cells)
    cells.push_back(findCell(where));
  for (Cell &cell : cells)
    if (std::count_if(cells.begin(), cells.end(), [&](const Cell &other) {
          return other.name == cell.name;
        }) > 1)
      cell.label = cell.path.substr(cell.path.rfind('/') + 1) + ":" + cell.name;
  return cells;
}

static std::vector<Candidate> prepare(const Options &options,
                                      const Task &task) {
  Compiler compiler;
  std::vector<Candidate> candidates;
  std::vector<Cell> cells = readCells(options);
  // The last first: those of the user are more likely to have mistakes.
  std::reverse(cells.begin(), cells.end());
  for (const Cell &cell : cells) {
    Sized sized = sizeCell(compiler, cell, task, options.parameters);
    Cost cost =
        costOf(*sized.model.descriptor, task.steps, options.protocol.batch);
    std::printf("%s: %lld units, %lld parameters\n", cell.label.c_str(),
                (long long)sized.hidden, (long long)sized.parameters);
    std::fflush(stdout);
    candidates.push_back({cell, sized, cost, {}});
  }
  std::reverse(candidates.begin(), candidates.end());
  return candidates;
}

/// Seed by seed, so that a machine that slows down does so for all cells.
static void trainAll(std::vector<Candidate> &candidates, const Task &task,
                     const Options &options) {
  Progress progress(options.seeds * int64_t(candidates.size()));
  for (int64_t seed = 1; seed <= options.seeds; ++seed)
    for (Candidate &candidate : candidates) {
      std::string run = candidate.cell.label + ", seed " + std::to_string(seed);
      auto afterEpoch = [&](int64_t epoch, double loss) {
        progress.show(run,
                      "epoch " + std::to_string(epoch) + " of " +
                          std::to_string(options.protocol.epochs) + ", loss " +
                          shown(loss),
                      double(epoch) / double(options.protocol.epochs));
      };
      Trial trial = train(*candidate.sized.model.descriptor, task,
                          options.protocol, uint64_t(seed), afterEpoch);
      trial.microseconds = measureStep(*candidate.sized.model.descriptor);
      progress.done(run, trial.diverged ? "diverged"
                                        : std::to_string(trial.losses.size()) +
                                              " epochs, " + task.quality() +
                                              " " + shown(trial.quality));
      candidate.trials.push_back(trial);
    }
}

static void run(const Options &options) {
  Task task = readTask(options);
  std::printf("%s: %s\n%lld examples to learn from, %lld to validate, %lld to "
              "test; %s by %s is %s\n",
              task.source.c_str(), task.question.c_str(),
              (long long)task.training.count(),
              (long long)task.validation.count(), (long long)task.test.count(),
              task.quality(), task.baselineName.c_str(),
              shown(task.testBaseline).c_str());
  checkWritable(options.html); // not only after minutes of training
  std::vector<Candidate> candidates = prepare(options, task);
  trainAll(candidates, task, options);
  Table table = tableOf(task, candidates);
  Advice advice = advise(task, candidates);
  std::printf("\n%s\n%s %s\n", aligned(table).c_str(), advice.sentence.c_str(),
              advice.certainty.c_str());
  if (!advice.tested.empty())
    std::printf("%s\n", advice.tested.c_str());
  for (const std::string &reason : advice.reasons)
    std::printf("  %s\n", reason.c_str());
  writeFile(options.html,
            pageOf(task, options.protocol, candidates, table, advice));
  std::printf("%s: the same with plots\n", options.html.c_str());
}

int main(int argc, char **argv) {
  Options options = parseOptions(argc, argv);
  try {
    run(options);
  } catch (const std::exception &error) {
    std::fflush(stdout);
    std::fprintf(stderr, "choose: %s\n", error.what());
    return 1;
  }
  return 0;
}
