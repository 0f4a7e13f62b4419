// The rule of the example `choose`, followed for made-up trials: every sentence
// that it can end with.
#include "Advice.h"
#include "Statistics.h"
#include <cmath>
#include <cstdio>

using namespace choose;

static Candidate made(const char *name, std::vector<double> qualities,
                      double microseconds) {
  Candidate candidate;
  candidate.cell.label = name;
  for (double quality : qualities) {
    Trial trial;
    trial.diverged = std::isnan(quality);
    trial.quality = quality;
    trial.tested = 1 - quality; // has no say
    trial.microseconds = microseconds;
    candidate.trials.push_back(trial);
  }
  return candidate;
}

static void say(const char *what, const Task &task,
                const std::vector<Candidate> &candidates) {
  Advice advice = advise(task, candidates);
  std::printf("%s: %s %s\n", what, advice.sentence.c_str(),
              advice.certainty.c_str());
  for (const std::string &reason : advice.reasons)
    std::printf("- %s\n", reason.c_str());
  std::printf("  %s\n", advice.tested.c_str());
}

int main() {
  // Tables of Student's t: 5 % at these.
  std::printf("t: %.3f %.3f %.3f %.3f\n", studentP(12.706, 1),
              studentP(4.303, 2), studentP(-3.182, 3), studentP(2.776, 4));
  Task series;
  series.baseline = 1;
  series.testBaseline = 2;
  series.baselineName = "luck";
  series.test.y.resize(40);
  std::vector<double> a = {0.100, 0.101, 0.102, 0.103, 0.104};
  std::vector<double> close = {0.101, 0.100, 0.103, 0.102, 0.105};
  std::vector<double> worse = {0.200, 0.203, 0.199, 0.201, 0.202};
  std::vector<double> wild = {0.1, 0.3, 0.05, 0.2, 0.15};
  say("best", series,
      {made("RNN", worse, 1), made("LSTM", a, 3), made("GRU", worse, 2)});
  say("faster", series,
      {made("RNN", worse, 1), made("LSTM", a, 3), made("GRU", close, 2)});
  say("tie", series, {made("LSTM", a, 2.1), made("GRU", close, 2)});
  say("noise", series, {made("LSTM", a, 2.1), made("GRU", wild, 2)});
  say("useless", series, {made("LSTM", {1.1, 1}, 1), made("GRU", {2, 2}, 2)});
  say("single", series, {made("LSTM", {0.1}, 1), made("GRU", {0.2}, 2)});
  say("left", series,
      {made("LSTM", {0.1, NAN}, 1), made("GRU", {0.2, 0.3}, 2)});
  say("none", series, {made("LSTM", {0.1, NAN}, 1)});
  Task texts;
  texts.isText = true;
  texts.baseline = 0.5;
  texts.validation.y.resize(100);
  texts.test.y.resize(200);
  say("texts", texts,
      {made("LSTM", {0.8, 0.81, 0.8}, 1), made("GRU", {0.9, 0.9, 0.91}, 2)});
}
