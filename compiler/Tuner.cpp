//===- Tuner.cpp - the search for the schedule of one cell ----------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
//   the compiler's choice, against itself             the noise
//   all that differ from it in one directive,         those that are faster by
//     the best predicted first, against it              more than the noise
//   those of them together, one after the other       the best so far
//   the same around the best, until nothing is faster
//   the best against the choice, several times        what is written
//
// Each is compiled here and measured by a process of its own. The order follows
// from figures that are the same on all machines; this machine's own serve for
// the predictions that are reported.
//
//===----------------------------------------------------------------------===//

#include "compiler/Tuner.h"
#include "compiler/Pipeline.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/ScopeExit.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Format.h"
#include "llvm/TargetParser/Host.h"
#include <cmath>

using namespace mlir;
using namespace rnn;
using llvm::errs;
using llvm::format;

/// Most schedules that differ from one in one directive, and of them those with
/// another tile for one number of units.
static constexpr size_t mostNeighbours = 40, mostTiles = 8;

static std::string textOf(const Decisions &decisions) {
  std::string text;
  llvm::raw_string_ostream os(text);
  decisions.printCommon(os);
  decisions.printLevel(os);
  return text;
}

//===----------------------------------------------------------------------===//
// Candidates
//===----------------------------------------------------------------------===//

/// To compile what is called alone, by these decisions, without a word.
Options Tuner::optionsFor(const Decisions &decisions) const {
  Options its = options;
  its.tuning.reset();
  its.cells = {called};
  its.triedSchedules = others + textOf(decisions);
  its.emit = Emit::Shared;
  its.again = true;
  its.timing = its.warningsAreErrors = false;
  return its;
}

/// What a call takes by these decisions; nothing if they cannot be had.
std::optional<Cost> Tuner::predictFor(const Decisions &decisions,
                                      const Machine &machine) const {
  std::optional<Cost> cost;
  compile(optionsFor(decisions), [&](ModuleOp module) {
    Operation *op = module.lookupSymbol(called);
    if (auto model = dyn_cast<ModelOp>(op))
      cost = predict(model, space.target, machine, work);
    else
      cost = predict(cast<CellOp>(op), space.target, machine, work);
  });
  return cost;
}

/// What differs in one directive and was not tried yet, the best predicted
/// first. What is predicted to take much longer, and more tiles than a few, are
/// left out.
std::vector<Tuner::Candidate>
Tuner::candidatesAround(const Decisions &decisions) {
  constexpr double muchLonger = 1.5;
  const Machine level = machineOf(space.target);
  std::optional<Cost> own = predictFor(decisions, level);
  std::vector<Candidate> found;
  for (const Decisions &next : neighbours(space, decisions)) {
    if (seen.count(textOf(next)) || isInterrupted())
      continue;
    std::optional<Cost> cost = predictFor(next, level);
    if (!cost || (own && cost->seconds > muchLonger * own->seconds))
      continue;
    // Of what nothing waits for, and of sizes without products in what is run,
    // the model sees no difference.
    bool isVisible = next.prefetch != decisions.prefetch ||
                     changedTile(decisions, next).has_value();
    if (own && isVisible && cost->seconds == own->seconds)
      continue;
    found.push_back({next, differences(choice, next), cost->seconds, 0});
  }
  llvm::stable_sort(found, [](const Candidate &a, const Candidate &b) {
    return a.predicted < b.predicted;
  });
  std::map<int64_t, size_t> tiles;
  llvm::erase_if(found, [&](const Candidate &candidate) {
    auto units = changedTile(decisions, candidate.decisions);
    return units && ++tiles[*units] > mostTiles;
  });
  if (found.size() > mostNeighbours)
    found.resize(mostNeighbours);
  return found;
}

void Tuner::plan(llvm::raw_ostream &os) {
  const Machine level = machineOf(space.target);
  os << choice.cell << " on " << space.target.name << ", " << work.text()
     << ", " << (work.training ? "training" : "forward")
     << ": predicted ms, by figures of the level\n";
  if (std::optional<Cost> cost = predictFor(choice, level)) {
    os << format("  %10.4g  ", cost->seconds * 1e3)
       << "the compiler's choice:\n";
    printParts(*cost, os);
  }
  for (const Candidate &candidate : candidatesAround(choice))
    os << format("  %10.4g  ", candidate.predicted * 1e3) << candidate.what
       << "\n";
}

//===----------------------------------------------------------------------===//
// Measuring
//===----------------------------------------------------------------------===//

bool Tuner::compileTo(const Decisions &decisions, const std::string &object) {
  Options its = optionsFor(decisions);
  its.output = object;
  return compile(its) == Success;
}

llvm::Expected<Trial> Tuner::compareWithChoice(const std::string &object,
                                               bool swapped) {
  const double before = elapsed();
  const unsigned patience =
      trialSeconds > 0 ? unsigned(10 + 20 * trialSeconds) : 600;
  auto trial = trials.compare(object, folder + "/choice.so", called, work,
                              swapped, patience);
  trialSeconds = elapsed() - before;
  return trial;
}

/// The ratio to the choice. One that looks better than the best is measured
/// again, and the worse figure counts; of one that is much worse than
/// predicted, the better.
llvm::Expected<double> Tuner::ratioOf(const std::string &object,
                                      double predicted) {
  constexpr double muchWorse = 1.15;
  auto trial = compareWithChoice(object, tried.size() % 2);
  if (!trial)
    return trial.takeError();
  const bool isBest = trial->ratio < best.ratio - noise;
  if ((!isBest && trial->ratio < muchWorse * predicted) || isInterrupted())
    return trial->ratio;
  auto again = compareWithChoice(object, !(tried.size() % 2));
  if (!again)
    return again.takeError();
  return isBest ? std::max(trial->ratio, again->ratio)
                : std::min(trial->ratio, again->ratio);
}

/// Measures the choice against itself. False after an error.
bool Tuner::measureNoise() {
  constexpr double leastNoise = 0.005;
  noise = leastNoise;
  if (!compileTo(choice, folder + "/choice.so") ||
      !compileTo(choice, folder + "/copy.so")) {
    commandLineError("internal: '" + choice.cell +
                     "' does not compile with its own schedule, please "
                     "report it");
    return false;
  }
  std::vector<double> times;
  for (int i = 0; i < noiseRepeats; ++i) {
    auto trial = compareWithChoice(folder + "/copy.so", i % 2);
    if (isInterrupted()) {
      llvm::consumeError(trial.takeError());
      return false;
    }
    if (!trial) {
      commandLineError("'" + choice.cell + "' cannot be measured: " +
                       llvm::toString(trial.takeError()));
      return false;
    }
    noise = std::max(noise, std::fabs(trial->ratio - 1));
    times.push_back(trial->reference);
  }
  llvm::sort(times);
  choiceMs = times[times.size() / 2];
  return true;
}

/// Compiles and measures a candidate. False if that cannot be done, which it
/// reports.
bool Tuner::measure(Candidate &candidate) {
  seen.insert(textOf(candidate.decisions));
  const std::string object = folder + "/candidate.so";
  llvm::scope_exit remove([&] { llvm::sys::fs::remove(object); });
  std::string why = "it does not compile";
  if (compileTo(candidate.decisions, object) && !isInterrupted()) {
    std::optional<Cost> cost = predictFor(candidate.decisions, machine);
    const double predicted = cost ? cost->seconds * 1e3 : 0;
    auto ratio = ratioOf(object, predicted / tried.front().predicted);
    if (ratio) {
      candidate.ratio = *ratio;
      tried.push_back(
          {candidate.decisions, candidate.what, predicted, *ratio * choiceMs});
      return true;
    }
    why = llvm::toString(ratio.takeError());
  }
  if (!isInterrupted())
    errs() << choice.cell << ": not considered: '" << candidate.what
           << "': " << why << "; please report it\n";
  return false;
}

/// Measures candidates while there is time. Gives those that are faster than
/// the best by more than the noise, the fastest first.
std::vector<Tuner::Candidate>
Tuner::measureAll(std::vector<Candidate> candidates) {
  std::vector<Candidate> faster;
  double least = best.ratio;
  std::string leading = best.what.empty() ? "the compiler's choice" : best.what;
  for (auto [i, candidate] : llvm::enumerate(candidates)) {
    if (isOver())
      break;
    if (!measure(candidate))
      continue;
    if (candidate.ratio < least - noise) {
      least = candidate.ratio;
      leading = candidate.what;
    }
    if (candidate.ratio < best.ratio - noise)
      faster.push_back(candidate);
    errs() << choice.cell << ": " << i + 1 << " of " << candidates.size()
           << format(": %.3f ", candidate.ratio) << candidate.what
           << format("; best %.3f ", least) << leading
           << format(
                  "; %.0f s left\n",
                  std::max(0.0, double(options.tuning->seconds) - elapsed()));
  }
  llvm::stable_sort(faster, [](const Candidate &a, const Candidate &b) {
    return a.ratio < b.ratio;
  });
  return faster;
}

/// Looks around the best; true if something is better.
bool Tuner::improve() {
  const Decisions from = best.decisions;
  std::vector<Candidate> faster = measureAll(candidatesAround(from));
  if (faster.empty())
    return false;
  best = faster.front();
  // What is good alone may be good together.
  for (const Candidate &other : llvm::drop_begin(faster)) {
    Candidate both;
    both.decisions = merged(best.decisions, from, other.decisions);
    both.what = differences(choice, both.decisions);
    if (seen.count(textOf(both.decisions)))
      continue;
    std::vector<Candidate> better = measureAll({both});
    if (!better.empty())
      best = better.front();
    if (isOver())
      break;
  }
  return true;
}

//===----------------------------------------------------------------------===//
// The end
//===----------------------------------------------------------------------===//

std::string Tuner::withComment(const Decisions &decisions,
                               const std::string &why) {
  return "# " + choice.cell + ", " + work.text() + ", " +
         (work.training ? "training" : "forward") + ", on " +
         space.target.name + " (" + llvm::sys::getHostCPUName().str() +
         "):\n# " + why + "\n" + textOf(decisions);
}

/// Measures the best once more; gives what is written.
std::string Tuner::finish() {
  std::string text;
  llvm::raw_string_ostream os(text);
  auto keep = [&] {
    os << format("the compiler's choice, %.4g ms; ", choiceMs);
    if (tried.empty())
      os << "there was no time for others (--tune-seconds)";
    else
      os << format("none of %zu others is faster by more than the noise, "
                   "%.1f %%",
                   tried.size(), 100 * noise);
    return withComment(choice, text);
  };
  if (best.what.empty())
    return keep();
  std::vector<double> ratios;
  if (!compileTo(best.decisions, folder + "/best.so"))
    return keep();
  for (int i = 0; i < finalRepeats && !isInterrupted(); ++i) {
    auto trial = compareWithChoice(folder + "/best.so", i % 2);
    if (!trial) {
      llvm::consumeError(trial.takeError());
      return keep();
    }
    ratios.push_back(trial->ratio);
  }
  llvm::sort(ratios);
  if (ratios.empty() || ratios[ratios.size() / 2] > 1 - noise)
    return keep();
  double ratio = ratios[ratios.size() / 2];
  os << format("%.4g ms, %.3f times the %.4g ms of the compiler's choice; "
               "noise %.1f %%; by %zu schedules",
               ratio * choiceMs, ratio, choiceMs, 100 * noise, tried.size());
  return withComment(best.decisions, text);
}

std::optional<std::string> Tuner::run() {
  best = {choice, "", 0, 1};
  if (!measureNoise())
    return std::nullopt;
  std::optional<Cost> cost = predictFor(choice, machine);
  tried.push_back({choice, "the compiler's choice",
                   cost ? cost->seconds * 1e3 : 0, choiceMs});
  errs() << choice.cell << ", " << work.text() << ", "
         << (work.training ? "training" : "forward")
         << format(": the compiler's choice takes %.4g ms; noise %.1f %%\n",
                   choiceMs, 100 * noise);
  if (cost)
    printParts(*cost, errs());
  seen.insert(textOf(choice));
  while (!isOver() && improve())
    ;
  if (isInterrupted())
    return std::nullopt;
  printTried(choice.cell, tried, errs());
  tried.erase(tried.begin());
  std::string text = finish();
  if (isInterrupted())
    return std::nullopt;
  errs() << choice.cell << ": "
         << StringRef(text).split('\n').second.split('\n').first.drop_front(2)
         << "\n";
  return text;
}
