//===- Tuner.h - the search for the schedule of one cell --------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef RNNCC_COMPILER_TUNER_H
#define RNNCC_COMPILER_TUNER_H

#include "compiler/Options.h"
#include "compiler/tune/Candidates.h"
#include "compiler/tune/Report.h"
#include "compiler/tune/Trials.h"
#include <chrono>
#include <set>

namespace rnn {

/// True when the user wants the program to end.
bool isInterrupted();

/// What is to be scheduled: a cell, or a part of a model.
struct Subject {
  std::string called; ///< the cell or the model, which is what is measured
  Decisions choice;   ///< the compiler's
  SearchSpace space;
};

/// The search for one subject.
class Tuner {
public:
  /// `others` are the schedules found for other parts.
  Tuner(const Options &options, TrialRunner &trials, const Machine &machine,
        const Subject &subject, const std::string &others,
        const std::string &folder)
      : options(options), trials(trials), machine(machine),
        called(subject.called), choice(subject.choice), space(subject.space),
        others(others), folder(folder), work(options.tuning->work) {}

  /// Prints what would be measured first.
  void plan(llvm::raw_ostream &os);
  /// The schedule that is to be written; nothing after an error, which it
  /// reports, or when the user interrupts.
  std::optional<std::string> run();

private:
  /// How often the choice is measured against itself, and the best against it.
  static constexpr int noiseRepeats = 4, finalRepeats = 5;

  using Clock = std::chrono::steady_clock;
  struct Candidate {
    Decisions decisions;
    std::string what;
    double predicted = 0; ///< seconds, by the figures of the level
    double ratio = 0;     ///< to the choice, measured
  };

  Options optionsFor(const Decisions &decisions) const;
  std::optional<Cost> predictFor(const Decisions &decisions,
                                 const Machine &machine) const;
  std::vector<Candidate> candidatesAround(const Decisions &decisions);
  bool compileTo(const Decisions &decisions, const std::string &object);
  llvm::Expected<Trial> compareWithChoice(const std::string &object,
                                          bool swapped);
  llvm::Expected<double> ratioOf(const std::string &object, double predicted);
  bool measureNoise();
  bool measure(Candidate &candidate);
  std::vector<Candidate> measureAll(std::vector<Candidate> candidates);
  bool improve();
  std::string finish();
  std::string withComment(const Decisions &decisions, const std::string &why);

  double elapsed() const {
    return std::chrono::duration<double>(Clock::now() - start).count();
  }
  /// What is left of the time, but for the end.
  double left() const {
    return double(options.tuning->seconds) - elapsed() -
           (finalRepeats + 1) * trialSeconds;
  }
  bool isOver() const { return isInterrupted() || left() <= 0; }

  const Options &options;
  TrialRunner &trials;
  const Machine &machine;
  const std::string called;
  const Decisions choice;
  const SearchSpace space;
  const std::string others, folder;
  const Workload work;
  Clock::time_point start = Clock::now();
  double noise = 0;        ///< by which ratios differ from 1 for no reason
  double choiceMs = 0;     ///< a call, by the compiler's choice
  double trialSeconds = 0; ///< what measuring takes
  Candidate best;
  std::vector<Tried> tried;
  std::set<std::string> seen;
};

} // namespace rnn

#endif // RNNCC_COMPILER_TUNER_H
