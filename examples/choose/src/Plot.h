//===- Plot.h - plots as SVG ------------------------------------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef CHOOSE_PLOT_H
#define CHOOSE_PLOT_H

#include <string>
#include <utility>
#include <vector>

namespace choose {

/// `text` as it stands in HTML and SVG.
std::string escaped(const std::string &text);

/// A line in a plot. `colour` is the number of a cell: class "c0" and so on,
/// which the page colours.
struct Curve {
  std::string label; ///< empty: not in the legend
  size_t colour;
  std::vector<std::pair<double, double>> points;
  bool isThin = false;
};

/// Lines over whole numbers; `y` on a logarithmic scale. Values of 0 and below
/// have no place there and leave a gap.
std::string linePlot(const std::string &x, const std::string &y,
                     const std::vector<Curve> &curves);

/// A row of a plot: a dot for each value, a bar for mean and standard error.
struct Dots {
  std::string label;
  size_t colour;
  std::vector<double> values;
  double mean, error;
};

/// Values along a line for each row, and a broken line at `reference`, which
/// has its name, if that is not far off.
std::string dotPlot(const std::string &x, const std::vector<Dots> &rows,
                    double reference, const std::string &referenceName);

/// A bar from 0.
struct Bar {
  std::string label;
  size_t colour;
  double value;
  std::string text;
};

std::string barPlot(const std::string &x, const std::vector<Bar> &bars);

} // namespace choose

#endif // CHOOSE_PLOT_H
