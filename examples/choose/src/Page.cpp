//===- Page.cpp - the page with tables and plots --------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Page.h"
#include "Plot.h"
#include "Statistics.h"
#include <algorithm>
#include <cmath>

using namespace choose;

/// Colours that also the colour-blind tell apart (Okabe and Ito), lighter on
/// dark ground.
static const char head[] = R"(<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>RNN, LSTM or GRU?</title>
<style>
:root { color-scheme: light dark; --ground: #fff; --ink: #1b1b1b; --soft: #666; --grid: #ddd; --panel: #f3f5f7;
  --c0: #0072b2; --c1: #d55e00; --c2: #00795a; --c3: #b1478f; --c4: #8a6d00; --c5: #3f6fd8; --c6: #7a4b2a; --c7: #555; }
@media (prefers-color-scheme: dark) {
  :root { --ground: #16181b; --ink: #e8e8e8; --soft: #a5a9ad; --grid: #34383d; --panel: #212529;
    --c0: #56b4e9; --c1: #ff9248; --c2: #2fc79a; --c3: #e58cc4; --c4: #f0e442; --c5: #93b0ff; --c6: #d0a27c; --c7: #bbb; }
}
body { background: var(--ground); color: var(--ink); font: 16px/1.5 system-ui, sans-serif; max-width: 56rem;
  margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.6rem; margin: 0; } h2 { font-size: 1.1rem; margin: 2.2rem 0 .3rem; }
p { margin: .4rem 0; } .soft { color: var(--soft); }
.advice { background: var(--panel); border-left: 5px solid var(--c0); padding: .7rem 1rem; margin: 1.2rem 0; }
.advice strong { font-size: 1.15rem; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
th, td { padding: .3rem .5rem; font-size: .92rem; text-align: right; border-bottom: 1px solid var(--grid); white-space: nowrap; }
th:first-child, td:first-child { text-align: left; }
svg { display: block; width: 100%; height: auto; }
svg text { fill: var(--ink); font: 13px system-ui, sans-serif; }
.grid { stroke: var(--grid); } .reference { stroke: var(--soft); stroke-dasharray: 5 4; }
.line { fill: none; stroke: var(--c); stroke-width: 2.4; stroke-linejoin: round; }
.thin { stroke-width: 1; opacity: .45; }
.dot { fill: var(--c); opacity: .6; } .bar { fill: var(--c); opacity: .85; }
)";

static std::string paragraph(const std::string &text,
                             const std::string &classes = "") {
  return "<p" + (classes.empty() ? "" : " class=\"" + classes + "\"") + ">" +
         escaped(text) + "</p>\n";
}

static std::string heading(const std::string &text) {
  return "<h2>" + escaped(text) + "</h2>\n";
}

static std::string htmlTable(const Table &table) {
  std::string html = "<div class=\"scroll\"><table>\n";
  for (size_t r = 0; r < table.size(); ++r) {
    const char *cell = r ? "td" : "th";
    html += "<tr>";
    for (const std::string &field : table[r])
      html +=
          std::string("<") + cell + ">" + escaped(field) + "</" + cell + ">";
    html += "</tr>\n";
  }
  return html + "</table></div>\n";
}

static std::string qualityPlot(const Task &task,
                               const std::vector<Candidate> &candidates) {
  std::vector<Dots> rows;
  for (size_t i = 0; i < candidates.size(); ++i) {
    std::vector<double> values = candidates[i].tested();
    Dots dots{candidates[i].cell.label, i, values, 0, 0};
    if (!values.empty()) {
      dots.mean = mean(values);
      dots.error = deviation(values) / std::sqrt(double(values.size()));
    }
    rows.push_back(dots);
  }
  return dotPlot(std::string(task.quality()) + " in the test", rows,
                 task.testBaseline, task.baselineName);
}

static std::string latencyPlot(const std::vector<Candidate> &candidates) {
  std::vector<Bar> bars;
  for (size_t i = 0; i < candidates.size(); ++i)
    bars.push_back({candidates[i].cell.label, i, candidates[i].microseconds(),
                    shown(candidates[i].microseconds())});
  return barPlot("microseconds for a step", bars);
}

/// The mean of `curves`, as far as all of them go.
static std::vector<double>
meanCurve(const std::vector<const std::vector<double> *> &curves) {
  size_t length = curves.empty() ? 0 : curves[0]->size();
  for (const auto *curve : curves)
    length = std::min(length, curve->size());
  std::vector<double> result(length);
  for (size_t i = 0; i < length; ++i)
    for (const auto *curve : curves)
      result[i] += (*curve)[i] / double(curves.size());
  return result;
}

static std::string learningPlot(const std::vector<Candidate> &candidates) {
  std::vector<Curve> curves;
  auto points = [](const std::vector<double> &values) {
    std::vector<std::pair<double, double>> list;
    for (size_t i = 0; i < values.size(); ++i)
      list.push_back({double(i + 1), values[i]});
    return list;
  };
  for (size_t i = 0; i < candidates.size(); ++i) {
    std::vector<const std::vector<double> *> all;
    for (const Trial &trial : candidates[i].trials) {
      all.push_back(&trial.losses);
      curves.push_back({"", i, points(trial.losses), true});
    }
    curves.push_back({candidates[i].cell.label, i, points(meanCurve(all))});
  }
  return linePlot("epoch", "loss in validation", curves);
}

static std::string gradientPlot(const Task &task,
                                const std::vector<Candidate> &candidates) {
  std::vector<Curve> curves;
  std::string notes;
  for (size_t i = 0; i < candidates.size(); ++i) {
    std::vector<const std::vector<double> *> all;
    std::string why;
    for (const Trial &trial : candidates[i].trials) {
      if (!trial.gradients.empty())
        all.push_back(&trial.gradients);
      if (!trial.noGradients.empty())
        why = trial.noGradients;
    }
    if (!why.empty())
      notes +=
          paragraph(candidates[i].cell.label + " has no curve: " + why, "soft");
    std::vector<double> norms = meanCurve(all);
    Curve curve{candidates[i].cell.label, i, {}};
    for (size_t t = 0; t < norms.size(); ++t)
      curve.points.push_back({double(task.steps) - double(t), norms[t]});
    if (!norms.empty())
      curves.push_back(curve);
  }
  return linePlot("steps before the answer", "norm of the gradient", curves) +
         notes;
}

static std::string protocolText(const Task &task, const Protocol &protocol,
                                size_t seeds) {
  auto text = [](int64_t value) { return std::to_string(value); };
  return text(task.training.count()) + " examples to learn from, " +
         text(task.validation.count()) + " to validate, " +
         text(task.test.count()) + " to test. Each cell is trained from " +
         text(int64_t(seeds)) + " seeds, with the same batches of " +
         text(protocol.batch) + " for all cells; Adam, learning rate " +
         shown(protocol.rate) + ", gradients clipped at norm 1; " +
         text(protocol.epochs) + " epochs at most, fewer once " +
         text(protocol.patience) +
         " in a row have not got better; the weights of the best epoch count. "
         "That epoch is chosen in validation, so qualities there are a little "
         "too good, for all cells alike; the test has no say in anything. One "
         "learning rate for all is no search "
         "for the best of each: --rate tries others.";
}

static std::string colours(size_t count) {
  std::string css;
  for (size_t i = 0; i < std::min<size_t>(count, 8); ++i)
    css += ".c" + std::to_string(i) + " { --c: var(--c" + std::to_string(i) +
           "); }\n";
  return css;
}

std::string choose::pageOf(const Task &task, const Protocol &protocol,
                           const std::vector<Candidate> &candidates,
                           const Table &table, const Advice &advice) {
  std::string html = head + colours(candidates.size()) +
                     "</style>\n</head>\n<body>\n<h1>RNN, LSTM or GRU?</h1>\n";
  html += paragraph(task.source + ": " + task.question, "soft");
  html += "<div class=\"advice\">\n<p><strong>" + escaped(advice.sentence) +
          "</strong></p>\n" + paragraph(advice.certainty) +
          (advice.tested.empty() ? "" : paragraph(advice.tested)) + "</div>\n";
  for (const std::string &reason : advice.reasons)
    html += paragraph(reason);
  html += heading("All numbers") + htmlTable(table);
  html += paragraph(
      "Parameters are those of the cell and its read-out; units are chosen so "
      "that all cells have about as many. Quality is that of the test, spread "
      "its standard deviation over the seeds. A multiply-add is two flop. A "
      "step is one of one "
      "sequence on one thread, median; sequences are trained in batches. KiB "
      "are weights, tape and scratch of a batch.",
      "soft");
  html += heading("Quality") + qualityPlot(task, candidates);
  html += paragraph(std::string("A dot is a seed, the bar mean and standard "
                                "error; ") +
                        (task.isText ? "more" : "less") + " is better. " +
                        "By " + task.baselineName + " it is " +
                        shown(task.testBaseline) + ".",
                    "soft");
  html += heading("Time for a step") + latencyPlot(candidates);
  html += heading("Learning") + learningPlot(candidates);
  html += paragraph("A thin line is a seed, the thick one their mean as far as "
                    "all of them were trained.",
                    "soft");
  html +=
      heading("How far gradients reach back") + gradientPlot(task, candidates);
  html += paragraph(
      "The norm of the gradient of the loss with respect to the cell's states, "
      "so many steps before the answer, after training; mean over the seeds. A "
      "line that falls to nothing is a gradient that vanishes: what lies "
      "further back cannot be learnt.",
      "soft");
  html += heading("How it was measured") +
          paragraph(protocolText(task, protocol, candidates[0].trials.size())) +
          paragraph(std::string("The rule of the advice: ") + rule);
  return html + "</body>\n</html>\n";
}
