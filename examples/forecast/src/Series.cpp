//===- Series.cpp - a table as a model sees it ----------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Series.h"
#include <cmath>
#include <stdexcept>

using namespace forecast;

Series forecast::scale(const Table &table, int64_t width, int64_t window) {
  auto fail = [&](const std::string &what) {
    throw std::runtime_error(table.source + ": " + what);
  };
  Series series;
  series.rows = table.rows();
  series.learning = series.rows * 4 / 5;
  series.columns = table.columns();
  series.width = width;
  if (series.columns > width)
    fail("has " + std::to_string(series.columns) +
         " columns, but the models were compiled for " + std::to_string(width) +
         ": choose some with --columns, or compile with -DFORECAST_COLUMNS=" +
         std::to_string(series.columns));
  // Ten windows, each with the value after it.
  if (series.learning < window + 10)
    fail("has " + std::to_string(series.rows) + " rows, but windows of " +
         std::to_string(window) + " steps need " +
         std::to_string((window + 10) * 5 / 4 + 1) +
         "; --window makes them shorter");

  series.values.assign(size_t(series.rows * width), 0);
  for (int64_t c = 0; c < series.columns; ++c) {
    double sum = 0, squares = 0;
    for (int64_t r = 0; r < series.learning; ++r)
      sum += table.at(r, c);
    double mean = sum / double(series.learning);
    for (int64_t r = 0; r < series.learning; ++r)
      squares += (table.at(r, c) - mean) * (table.at(r, c) - mean);
    double deviation = std::sqrt(squares / double(series.learning));
    if (!(deviation > 1e-12 * std::fabs(mean)))
      fail("column '" + table.names[size_t(c)] +
           "' has one value only in the rows to learn from");
    series.mean.push_back(mean);
    series.deviation.push_back(deviation);
    for (int64_t r = 0; r < series.rows; ++r)
      series.values[size_t(r * width + c)] =
          float((table.at(r, c) - mean) / deviation);
  }
  return series;
}
