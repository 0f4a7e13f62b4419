//===- Plot.cpp - plots as SVG --------------------------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Plot.h"
#include "Candidate.h"
#include <algorithm>
#include <cmath>
#include <cstdio>

using namespace choose;

static constexpr double width = 640, right = 620;

std::string choose::escaped(const std::string &text) {
  std::string result;
  for (char c : text)
    switch (c) {
    case '&':
      result += "&amp;";
      break;
    case '<':
      result += "&lt;";
      break;
    case '>':
      result += "&gt;";
      break;
    case '"':
      result += "&quot;";
      break;
    default:
      result += c;
    }
  return result;
}

/// From values to places on the page.
struct Scale {
  double low, high; ///< values, or their logarithms
  double from, to;  ///< places
  bool isLog = false;

  double operator()(double value) const {
    double v = isLog ? std::log10(value) : value;
    return from + (v - low) / (high - low) * (to - from);
  }
};

static std::string number(double value) {
  char text[32];
  std::snprintf(text, sizeof text, "%.1f", value);
  return text;
}

static std::string textAt(double x, double y, const char *anchor,
                          const std::string &text,
                          const std::string &more = "") {
  return "<text x=\"" + number(x) + "\" y=\"" + number(y) +
         "\" text-anchor=\"" + anchor + "\"" + more + ">" + escaped(text) +
         "</text>\n";
}

static std::string lineFrom(double x1, double y1, double x2, double y2,
                            const std::string &classes) {
  return "<line class=\"" + classes + "\" x1=\"" + number(x1) + "\" y1=\"" +
         number(y1) + "\" x2=\"" + number(x2) + "\" y2=\"" + number(y2) +
         "\"/>\n";
}

static std::string opened(double height, const std::string &what) {
  return "<svg viewBox=\"0 0 " + number(width) + " " + number(height) +
         "\" role=\"img\" aria-label=\"" + escaped(what) + "\">\n";
}

static std::string colour(size_t cell) {
  return "c" + std::to_string(cell % 8);
}

/// Round numbers from `low` to `high`, about `count` of them.
static std::vector<double> ticks(double low, double high, int count) {
  double rough = (high - low) / count;
  double power = std::pow(10, std::floor(std::log10(rough)));
  double step = power;
  for (double factor : {1.0, 2.0, 5.0, 10.0})
    if (step < rough)
      step = factor * power;
  std::vector<double> values;
  for (double i = std::ceil(low / step - 1e-9); i * step <= high + step * 1e-9;
       ++i)
    values.push_back(i == 0 ? 0 : i * step);
  return values;
}

/// Round numbers between two powers of ten that are given as logarithms.
static std::vector<double> logTicks(double low, double high) {
  if (high - low < 1)
    return ticks(std::pow(10, low), std::pow(10, high), 5);
  std::vector<double> values;
  int every = std::max(1, int(std::ceil((high - low) / 8)));
  for (int power = int(std::floor(low)); power <= int(std::ceil(high)); ++power)
    for (double digit : {1.0, 2.0, 5.0}) {
      bool wanted = digit == 1 ? power % every == 0 : high - low < 2.5;
      double value = digit * std::pow(10, power);
      double place = std::log10(value);
      if (wanted && place >= low - 1e-9 && place <= high + 1e-9)
        values.push_back(value);
    }
  return values;
}

static std::string tickText(double value) {
  char text[32];
  std::snprintf(text, sizeof text, "%.6g", value);
  return text;
}

/// Ticks along the bottom with lines up to `top`.
static std::string bottomAxis(const Scale &x, double top, double bottom,
                              const std::string &label, int count) {
  std::string svg;
  for (double value : ticks(x.low, x.high, count)) {
    svg += lineFrom(x(value), top, x(value), bottom, "grid");
    svg += textAt(x(value), bottom + 18, "middle", tickText(value));
  }
  return svg + textAt((x.from + x.to) / 2, bottom + 38, "middle", label);
}

static std::string legend(const std::vector<Curve> &curves, double left) {
  std::string svg;
  double at = left;
  for (const Curve &curve : curves) {
    if (curve.label.empty())
      continue;
    svg += lineFrom(at, 14, at + 22, 14, "line " + colour(curve.colour));
    svg += textAt(at + 28, 18, "start", curve.label);
    at += 52 + 8.0 * double(curve.label.size());
  }
  return svg;
}

std::string choose::linePlot(const std::string &xLabel,
                             const std::string &yLabel,
                             const std::vector<Curve> &curves) {
  constexpr double left = 76, top = 32, bottom = 262, height = 308;
  double lowX = 1e300, highX = -1e300, low = 1e300, high = -1e300;
  for (const Curve &curve : curves)
    for (auto [x, y] : curve.points) {
      lowX = std::min(lowX, x);
      highX = std::max(highX, x);
      if (y > 0 && std::isfinite(y)) {
        low = std::min(low, std::log10(y));
        high = std::max(high, std::log10(y));
      }
    }
  if (low > high)
    return "<p>There is nothing to show.</p>\n";
  double room = std::max(0.04 * (high - low), 0.02);
  if (highX <= lowX)
    highX = lowX + 1;
  Scale x{lowX, highX, left, right};
  Scale y{low - room, high + room, bottom, top, true};

  std::string svg = opened(height, yLabel) + legend(curves, left);
  // Whole numbers: no more ticks than there are of them.
  svg += bottomAxis(x, top, bottom, xLabel,
                    int(std::min(8.0, std::max(1.0, highX - lowX))));
  for (double value : logTicks(y.low, y.high)) {
    svg += lineFrom(left, y(value), right, y(value), "grid");
    svg += textAt(left - 8, y(value) + 4, "end", tickText(value));
  }
  svg += textAt(16, (top + bottom) / 2, "middle", yLabel,
                " transform=\"rotate(-90 16 " + number((top + bottom) / 2) +
                    ")\"");
  for (const Curve &curve : curves) {
    std::string path;
    bool pen = false;
    for (auto [px, py] : curve.points) {
      bool here = py > 0 && std::isfinite(py);
      if (here)
        path += (pen ? "L" : "M") + number(x(px)) + " " + number(y(py));
      pen = here;
    }
    svg += "<path class=\"line " + colour(curve.colour) +
           (curve.isThin ? " thin" : "") + "\" d=\"" + path + "\"/>\n";
  }
  return svg + "</svg>\n";
}

/// Room at the left for the longest label.
static double roomFor(const std::vector<std::string> &labels) {
  size_t longest = 0;
  for (const std::string &label : labels)
    longest = std::max(longest, label.size());
  return std::min(260.0, 30 + 8.0 * double(longest));
}

std::string choose::dotPlot(const std::string &xLabel,
                            const std::vector<Dots> &rows, double reference,
                            const std::string &referenceName) {
  constexpr double top = 24, row = 40;
  std::vector<std::string> labels;
  double low = 1e300, high = -1e300;
  for (const Dots &dots : rows) {
    labels.push_back(dots.label);
    for (double value : dots.values) {
      low = std::min(low, value);
      high = std::max(high, value);
    }
  }
  if (low > high)
    return "<p>There is nothing to show.</p>\n";
  double extent = std::max(high - low, 1e-3 * std::fabs(high));
  bool near = reference > low - extent && reference < high + extent;
  if (near) {
    low = std::min(low, reference);
    high = std::max(high, reference);
  }
  double left = roomFor(labels), bottom = top + row * double(rows.size());
  double room = std::max(0.05 * (high - low), 1e-4 * std::fabs(high) + 1e-12);
  Scale x{low - room, high + room, left, right};
  std::string svg = opened(bottom + 46, xLabel);
  svg += bottomAxis(x, top, bottom, xLabel, 6);
  if (near) {
    svg += lineFrom(x(reference), top, x(reference), bottom, "reference");
    svg += textAt(x(reference), 16,
                  x(reference) > width * 0.75   ? "end"
                  : x(reference) < width * 0.35 ? "start"
                                                : "middle",
                  referenceName);
  }
  for (size_t i = 0; i < rows.size(); ++i) {
    const Dots &dots = rows[i];
    double y = top + row * (double(i) + 0.5);
    std::string c = colour(dots.colour);
    svg += textAt(left - 12, y + 4, "end", dots.label);
    if (dots.values.empty()) {
      svg += textAt(left + 12, y + 4, "start", "diverged");
      continue;
    }
    svg += lineFrom(x(dots.mean - dots.error), y, x(dots.mean + dots.error), y,
                    "line " + c);
    svg += lineFrom(x(dots.mean), y - 11, x(dots.mean), y + 11, "line " + c);
    for (double value : dots.values)
      svg += "<circle class=\"dot " + c + "\" cx=\"" + number(x(value)) +
             "\" cy=\"" + number(y) + "\" r=\"4.5\"/>\n";
  }
  return svg + "</svg>\n";
}

std::string choose::barPlot(const std::string &xLabel,
                            const std::vector<Bar> &bars) {
  constexpr double top = 8, row = 34;
  std::vector<std::string> labels;
  double high = 0;
  for (const Bar &bar : bars) {
    labels.push_back(bar.label);
    high = std::max(high, bar.value);
  }
  if (!(high > 0))
    return "<p>There is nothing to show.</p>\n";
  double left = roomFor(labels), bottom = top + row * double(bars.size());
  // A tenth is left for the numbers behind the bars.
  Scale x{0, high * 1.1, left, right};
  std::string svg = opened(bottom + 46, xLabel);
  svg += bottomAxis(x, top, bottom, xLabel, 6);
  for (size_t i = 0; i < bars.size(); ++i) {
    double y = top + row * double(i) + 6;
    svg += textAt(left - 12, y + 15, "end", bars[i].label);
    svg += "<rect class=\"bar " + colour(bars[i].colour) + "\" x=\"" +
           number(left) + "\" y=\"" + number(y) + "\" width=\"" +
           number(x(bars[i].value) - left) + "\" height=\"22\"/>\n";
    svg += textAt(x(bars[i].value) + 6, y + 15, "start", bars[i].text);
  }
  return svg + "</svg>\n";
}
