//===- Generators.cpp - chaotic series ------------------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Generators.h"
#include <array>
#include <cmath>

using namespace forecast;

/// Rows that are left out, until a series has reached its attractor.
constexpr int64_t transient = 100;

Table forecast::mackeyGlass(int64_t rows) {
  // Runge and Kutta's method, step 0.1. The delay is a whole number of steps;
  // half way between two, the delayed value is the mean of both.
  constexpr double step = 0.1;
  constexpr int64_t delay = 170, every = 60;
  auto slope = [](double x, double delayed) {
    return 0.2 * delayed / (1 + std::pow(delayed, 10)) - 0.1 * x;
  };
  std::vector<double> x(size_t(delay + 1), 1.2);
  Table table{"mackey-glass", {"x"}, {}};
  for (int64_t i = 1; table.rows() < rows; ++i) {
    double now = x.back();
    double first = x[size_t(i - 1)], last = x[size_t(i)];
    double middle = (first + last) / 2;
    double a = slope(now, first);
    double b = slope(now + step / 2 * a, middle);
    double c = slope(now + step / 2 * b, middle);
    double d = slope(now + step * c, last);
    x.push_back(now + step / 6 * (a + 2 * b + 2 * c + d));
    if (i % every == 0 && i / every > transient)
      table.values.push_back(x.back());
  }
  return table;
}

Table forecast::lorenz(int64_t rows) {
  using Point = std::array<double, 3>;
  constexpr double step = 0.01;
  constexpr int64_t every = 10;
  auto slope = [](const Point &p) -> Point {
    return {10 * (p[1] - p[0]), p[0] * (28 - p[2]) - p[1],
            p[0] * p[1] - 8.0 / 3 * p[2]};
  };
  auto moved = [](const Point &p, double by, const Point &along) -> Point {
    return {p[0] + by * along[0], p[1] + by * along[1], p[2] + by * along[2]};
  };
  Point p = {1, 1, 1};
  Table table{"lorenz", {"x", "y", "z"}, {}};
  for (int64_t i = 1; table.rows() < rows; ++i) {
    Point a = slope(p), b = slope(moved(p, step / 2, a));
    Point c = slope(moved(p, step / 2, b)), d = slope(moved(p, step, c));
    for (size_t k = 0; k < 3; ++k)
      p[k] += step / 6 * (a[k] + 2 * b[k] + 2 * c[k] + d[k]);
    if (i % every == 0 && i / every > transient)
      table.values.insert(table.values.end(), p.begin(), p.end());
  }
  return table;
}
