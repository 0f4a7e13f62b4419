//===- Advice.cpp - what the numbers say ----------------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Advice.h"
#include "Statistics.h"
#include <algorithm>
#include <cmath>
#include <cstdio>

using namespace choose;

const char *const choose::rule =
    "Cells that could not be trained from every seed are out. All choices are "
    "made in validation, the test has no say. The cell with "
    "the best mean is compared with each other cell, seed by seed (paired t "
    "test, p times the number of pairs of cells). Those with p of 0.05 or more "
    "are as good as the best within the noise. If there are none, the best is "
    "advised. Else, of these and the best, the one that takes the least time "
    "for a step, if it is at least 1.1 times as fast as each other; if not, "
    "there is no clear winner. Where the noise hides a difference of more than "
    "a quarter of the best RMSE, or of 5 points of accuracy, nothing is "
    "decided.";

static constexpr double significant = 0.05, faster = 1.1;

std::string choose::shown(double value, int digits) {
  char text[40];
  double size = std::fabs(value);
  int whole = size >= 1 ? int(std::floor(std::log10(size))) + 1 : 1;
  if (size != 0 && size < 1e-4)
    std::snprintf(text, sizeof text, "%.*g", digits, value);
  else if (size >= 1 || size == 0)
    std::snprintf(text, sizeof text, "%.*f", std::max(0, digits - whole),
                  value);
  else
    std::snprintf(text, sizeof text, "%.*f",
                  digits - 1 - int(std::floor(std::log10(size))), value);
  return text;
}

double Candidate::sequencesPerSecond() const {
  std::vector<double> values;
  for (const Trial &trial : trials)
    if (!trial.diverged)
      values.push_back(trial.sequencesPerSecond);
  return median(values);
}

double Candidate::microseconds() const {
  std::vector<double> values;
  for (const Trial &trial : trials)
    values.push_back(trial.microseconds);
  return median(values);
}

/// "A, B and C".
static std::string listed(const std::vector<std::string> &names) {
  std::string text;
  for (size_t i = 0; i < names.size(); ++i)
    text += (i == 0 ? "" : i + 1 == names.size() ? " and " : ", ") + names[i];
  return text;
}

/// "p = 0.02", "p < 0.001".
static std::string shownP(double p) {
  return p < 0.001 ? "p < 0.001" : "p = " + shown(p, 2);
}

/// A cell that is compared with the best.
struct Rival {
  const Candidate *candidate;
  Comparison comparison;
};

static std::string reason(const Task &task, const Candidate &best,
                          const Rival &rival, size_t pairs) {
  const Comparison &c = rival.comparison;
  std::string text = rival.candidate->cell.label + " against " +
                     best.cell.label + ": " + task.quality() + " " +
                     (c.difference < 0 ? "-" : "+") +
                     shown(std::fabs(c.difference)) + ", standard error " +
                     shown(c.error) + ", " + shownP(c.p);
  if (pairs > 1)
    text += " (times " + std::to_string(pairs) + " pairs)";
  if (c.p >= significant)
    text += ": within the noise, in which a difference below " +
            shown(c.bound) + " does not show";
  return text + ".";
}

/// What noise hides: an accuracy, or a part of the best RMSE.
struct Noise {
  double size;
  bool isNarrow, isWide;
  std::string text; ///< "a difference of .. would have shown."
};

/// The widest noise among `equals`.
static Noise noiseOf(const Task &task, double best,
                     const std::vector<Rival> &equals) {
  double bound = 0;
  for (const Rival &rival : equals)
    bound = std::max(bound, rival.comparison.bound);
  Noise noise;
  if (task.isText) {
    // No accuracy is finer than an example.
    noise.size = std::max(bound, 1 / double(task.validation.count()));
    noise.text = "a difference of " + shown(100 * noise.size, 2) + " points";
  } else {
    noise.size = bound / best;
    noise.text = noise.size > 1
                     ? "a difference larger than the best RMSE"
                     : "a difference of " + shown(100 * noise.size, 2) +
                           " % of the best RMSE";
  }
  noise.text += " would have shown.";
  noise.isNarrow = noise.size <= (task.isText ? 0.01 : 0.05);
  noise.isWide = noise.size > (task.isText ? 0.05 : 0.25);
  return noise;
}

/// What the cells of a choice do in the test.
static std::string testedText(const Task &task,
                              const std::vector<const Candidate *> &chosen) {
  std::vector<std::string> numbers;
  for (const Candidate *candidate : chosen)
    numbers.push_back(shown(mean(candidate->tested())) + " with " +
                      candidate->cell.label);
  return "In the test, " + std::to_string(task.test.count()) +
         " examples that had no say in this, the " + task.quality() + " is " +
         listed(numbers) + "; by " + task.baselineName + " it is " +
         shown(task.testBaseline) + ".";
}

/// The advice where `equals` are as good as `best`.
static Advice amongEquals(const Task &task, const Candidate &best,
                          const std::vector<Rival> &equals) {
  std::vector<const Candidate *> group = {&best};
  std::vector<std::string> all, others;
  for (const Rival &rival : equals)
    group.push_back(rival.candidate);
  std::sort(group.begin(), group.end(),
            [](const Candidate *a, const Candidate *b) {
              return a->microseconds() < b->microseconds();
            });
  const Candidate &first = *group[0];
  for (const Candidate *candidate : group) {
    all.push_back(candidate->cell.label);
    if (candidate != &first)
      others.push_back(candidate->cell.label);
  }
  Noise noise = noiseOf(task, mean(best.qualities()), equals);
  std::string seeds = std::to_string(best.trials.size()) + " seeds";
  if (noise.isWide)
    return {"Undecided: over " + seeds + " " + listed(all) +
                " cannot be told apart.",
            "The noise is wide: only " + noise.text + " More seeds tell more.",
            {},
            testedText(task, group)};
  Advice advice;
  double lead = group[1]->microseconds() / first.microseconds();
  advice.tested = testedText(
      task, lead >= faster ? std::vector<const Candidate *>{&first} : group);
  if (lead >= faster)
    advice.sentence = first.cell.label + ": as good as " + listed(others) +
                      " within the noise, and " + shown(lead, 2) +
                      " times as fast as " + group[1]->cell.label + ".";
  else
    advice.sentence = "No clear winner: " + listed(all) +
                      " are as good as each other within the noise, and none "
                      "takes clearly less time for a step.";
  advice.certainty = (noise.isNarrow ? "Sure: over " : "Fairly sure: over ") +
                     seeds + " " + noise.text;
  return advice;
}

/// The advice where `best` is better than all `rivals`.
static Advice alone(const Task &task, const Candidate &best,
                    const std::vector<Rival> &rivals) {
  double quality = mean(best.qualities()), worst = 0;
  const Rival *next = &rivals[0];
  for (const Rival &rival : rivals) {
    worst = std::max(worst, rival.comparison.p);
    if (std::fabs(rival.comparison.difference) <
        std::fabs(next->comparison.difference))
      next = &rival;
  }
  double gap = std::fabs(next->comparison.difference);
  Advice advice;
  advice.sentence =
      best.cell.label + ": the best " + task.quality() + " in validation, " +
      shown(quality) +
      (task.isText
           ? ", " + shown(100 * gap, 2) + " points above "
           : ", " + shown(100 * gap / (quality + gap), 2) + " % below ") +
      next->candidate->cell.label + ", the next.";
  advice.certainty = std::string(worst < 0.01 ? "Sure" : "Fairly sure") + ": " +
                     shownP(worst) + " at most, over " +
                     std::to_string(best.trials.size()) + " seeds.";
  advice.tested = testedText(task, {&best});
  return advice;
}

/// Follows the rule for cells that could be trained from every seed.
static Advice among(const Task &task,
                    const std::vector<const Candidate *> &steady) {
  auto better = [&](const Candidate *a, const Candidate *b) {
    double qa = mean(a->qualities()), qb = mean(b->qualities());
    return task.isText ? qa > qb : qa < qb;
  };
  const Candidate &best =
      **std::min_element(steady.begin(), steady.end(), better);
  double quality = mean(best.qualities());
  if (task.isText ? quality <= task.baseline : quality >= task.baseline)
    return {"None: no cell does better than " + task.baselineName + ".",
            "More epochs, a longer --steps or other data may change that.",
            {}};
  if (steady.size() == 1)
    return {best.cell.label + ": the only cell that could be trained from "
                              "every seed.",
            "Nothing to compare it with.",
            {},
            testedText(task, {&best})};
  if (best.trials.size() < 2)
    return {"No advice: one seed does not tell a difference from noise.",
            "Take more, such as --seeds 5.",
            {}};
  size_t pairs = steady.size() * (steady.size() - 1) / 2;
  std::vector<Rival> rivals, equals;
  Advice advice;
  std::vector<std::string> reasons;
  for (const Candidate *candidate : steady) {
    if (candidate == &best)
      continue;
    rivals.push_back({candidate, comparePairs(candidate->qualities(),
                                              best.qualities(), int(pairs))});
    if (rivals.back().comparison.p >= significant)
      equals.push_back(rivals.back());
    reasons.push_back(reason(task, best, rivals.back(), pairs));
  }
  advice = equals.empty() ? alone(task, best, rivals)
                          : amongEquals(task, best, equals);
  advice.reasons = reasons;
  if (task.isText) {
    double examples = double(task.test.count()), tested = mean(best.tested());
    double kept = std::min(tested, 1 - 1 / examples);
    advice.reasons.push_back(
        "All this is the noise of seeds. Over " +
        std::to_string(task.test.count()) + " examples an accuracy of " +
        shown(tested) + " has itself a standard error of about " +
        shown(std::sqrt(kept * (1 - kept) / examples), 2) +
        ": what differs less may not differ on other texts.");
  }
  return advice;
}

Advice choose::advise(const Task &task,
                      const std::vector<Candidate> &candidates) {
  std::vector<const Candidate *> steady;
  std::vector<std::string> out;
  for (const Candidate &candidate : candidates)
    if (candidate.isSteady())
      steady.push_back(&candidate);
    else
      out.push_back(candidate.cell.label +
                    ": numbers grew beyond all bounds from " +
                    std::to_string(candidate.trials.size() -
                                   candidate.qualities().size()) +
                    " of " + std::to_string(candidate.trials.size()) +
                    " seeds; a smaller --rate may help.");
  Advice advice;
  if (steady.empty())
    advice = {"None: no cell could be trained from every seed.", "", {}};
  else
    advice = among(task, steady);
  advice.reasons.insert(advice.reasons.end(), out.begin(), out.end());
  return advice;
}
