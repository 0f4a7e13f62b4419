//===- Series.cpp - a series of numbers as a task -------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Series.h"
#include "Files.h"
#include <algorithm>
#include <cmath>

using namespace choose;

Columns choose::mackeyGlass(int64_t rows) {
  // Runge and Kutta's method, step 0.1. The delay is a whole number of steps;
  // half way between two, the delayed value is the mean of both.
  constexpr double step = 0.1;
  constexpr int64_t delay = 170, every = 60, transient = 100;
  auto slope = [](double x, double delayed) {
    return 0.2 * delayed / (1 + std::pow(delayed, 10)) - 0.1 * x;
  };
  std::vector<double> x(size_t(delay + 1), 1.2);
  Columns columns{"Mackey-Glass series", {"x"}, {}};
  for (int64_t i = 1; columns.rows() < rows; ++i) {
    double now = x.back();
    double first = x[size_t(i - 1)], last = x[size_t(i)];
    double middle = (first + last) / 2;
    double a = slope(now, first);
    double b = slope(now + step / 2 * a, middle);
    double c = slope(now + step / 2 * b, middle);
    double d = slope(now + step * c, last);
    x.push_back(now + step / 6 * (a + 2 * b + 2 * c + d));
    if (i % every == 0 && i / every > transient)
      columns.values.push_back(x.back());
  }
  return columns;
}

/// Mean and deviation of the first `rows` rows of a column.
static void moments(const Columns &columns, int64_t c, int64_t rows,
                    double &mean, double &deviation) {
  double sum = 0, squares = 0;
  for (int64_t r = 0; r < rows; ++r)
    sum += columns.at(r, c);
  mean = sum / double(rows);
  for (int64_t r = 0; r < rows; ++r)
    squares += (columns.at(r, c) - mean) * (columns.at(r, c) - mean);
  deviation = std::sqrt(squares / double(rows));
  if (!(deviation > 1e-12 * std::fabs(mean)))
    fail(columns.source, "column '" + columns.names[size_t(c)] +
                             "' has one value only in the rows to learn from");
}

/// RMSE of two forecasts that take no learning. Scaled, the mean of the rows to
/// learn from is 0.
struct Naive {
  double fromLast = 0, fromMean = 0;

  Naive(const Task &task, const Examples &examples) {
    for (int64_t i = 0; i < examples.count(); ++i) {
      double y = examples.y[size_t(i)];
      double last =
          examples.x[size_t(((i + 1) * task.steps - 1) * task.inputs)];
      fromLast += (y - last) * (y - last);
      fromMean += y * y;
    }
    for (double *sum : {&fromLast, &fromMean})
      *sum = std::sqrt(*sum / double(examples.count())) * task.unit;
  }
};

/// The better of the two in validation.
static void setBaseline(Task &task) {
  Naive validation(task, task.validation), test(task, task.test);
  bool isLast = validation.fromLast < validation.fromMean;
  task.baselineName =
      isLast ? "repeating the last value" : "always saying the mean";
  task.baseline = isLast ? validation.fromLast : validation.fromMean;
  task.testBaseline = isLast ? test.fromLast : test.fromMean;
}

Task choose::forecastTask(const Columns &columns, int64_t steps, int64_t most) {
  int64_t rows = columns.rows(), learning = rows * 3 / 5;
  int64_t validated = rows * 4 / 5;
  // Ten windows to learn from, each with the value after it.
  if (learning < steps + 10)
    fail(columns.source, "has " + std::to_string(rows) +
                             " rows, but windows of " + std::to_string(steps) +
                             " steps need " +
                             std::to_string((steps + 10) * 5 / 3 + 1) +
                             "; --steps makes them shorter");
  Task task;
  task.source = columns.source;
  task.question = "The next value of '" + columns.names[0] + "' from " +
                  std::to_string(steps) + " steps.";
  task.steps = steps;
  task.inputs = columns.count();

  std::vector<float> scaled(columns.values.size());
  for (int64_t c = 0; c < columns.count(); ++c) {
    double mean, deviation;
    moments(columns, c, learning, mean, deviation);
    if (c == 0)
      task.unit = deviation;
    for (int64_t r = 0; r < rows; ++r)
      scaled[size_t(r * columns.count() + c)] =
          float((columns.at(r, c) - mean) / deviation);
  }
  auto add = [&](Examples &examples, int64_t target) {
    const float *end = scaled.data() + target * columns.count();
    examples.x.insert(examples.x.end(), end - steps * columns.count(), end);
    examples.y.push_back(*end);
    examples.lengths.push_back(steps);
  };
  int64_t windows = learning - steps;
  int64_t stride = std::max<int64_t>(1, (windows + most - 1) / most);
  for (int64_t r = steps; r < learning; r += stride)
    add(task.training, r);
  stride = std::max<int64_t>(1, (rows - learning) / 2 / most);
  for (int64_t r = learning; r < rows; r += stride)
    add(r < validated ? task.validation : task.test, r);
  setBaseline(task);
  return task;
}
