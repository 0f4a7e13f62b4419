//===- Forecasts.cpp - what a model says of a series ----------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Forecasts.h"
#include <algorithm>
#include <cmath>
#include <limits>

using namespace forecast;

Forecasts forecast::feed(const Series &series, Stream stream, int64_t first,
                         int64_t count) {
  std::vector<float> rows;
  for (int64_t r = 0; r < count; ++r) {
    const std::vector<float> &next = stream.next(series.row(r));
    if (r + 1 >= first)
      rows.insert(rows.end(), next.begin(), next.end());
  }
  return {first, std::move(rows), std::move(stream)};
}

void forecast::goOn(Forecasts &forecasts, int64_t count, const Series &series) {
  std::vector<float> row(forecasts.rows.end() - series.width,
                         forecasts.rows.end());
  // Columns that the table lacks are zeros, whatever the model makes of them.
  auto used = row.begin() + series.columns;
  for (int64_t i = 0; i < count; ++i) {
    std::fill(used, row.end(), 0.0f);
    row = forecasts.stream.next(row.data());
    used = row.begin() + series.columns;
    forecasts.rows.insert(forecasts.rows.end(), row.begin(), row.end());
  }
}

static int64_t count(const Forecasts &forecasts, const Series &series) {
  return int64_t(forecasts.rows.size()) / series.width;
}

/// What is said of a row of the series, in the units of the table.
static double said(const Forecasts &forecasts, const Series &series,
                   int64_t row, int64_t column) {
  size_t at = size_t((row - forecasts.first) * series.width + column);
  return series.unscaled(forecasts.rows[at], column);
}

Errors forecast::errorsOf(const Forecasts &forecasts, const Table &table,
                          const Series &series, int64_t column) {
  Errors sums = {0, 0};
  int64_t end =
      std::min(table.rows(), forecasts.first + count(forecasts, series));
  for (int64_t r = forecasts.first; r < end; ++r) {
    double value = table.at(r, column), before = table.at(r - 1, column);
    double off = said(forecasts, series, r, column) - value;
    sums.model += off * off;
    sums.persistence += (before - value) * (before - value);
  }
  double rows = double(end - forecasts.first);
  return {std::sqrt(sums.model / rows), std::sqrt(sums.persistence / rows)};
}

int64_t forecast::rowsWithin(const Forecasts &forecasts, const Series &series) {
  int64_t rows =
      std::min(count(forecasts, series), series.rows - forecasts.first);
  for (int64_t i = 0; i < rows; ++i)
    for (int64_t c = 0; c < series.columns; ++c) {
      float forecast = forecasts.rows[size_t(i * series.width + c)];
      if (!(std::fabs(forecast - series.row(forecasts.first + i)[c]) <= 0.5f))
        return i;
    }
  return rows;
}

Table forecast::sideBySide(const Forecasts &forecasts, const Table &table,
                           const Series &series) {
  Table result{"", {"row"}, {}};
  for (const std::string &name : table.names) {
    result.names.push_back(name);
    result.names.push_back(name + " forecast");
  }
  for (int64_t i = 0; i < count(forecasts, series); ++i) {
    int64_t row = forecasts.first + i;
    result.values.push_back(double(row + 1));
    for (int64_t c = 0; c < series.columns; ++c) {
      result.values.push_back(row < table.rows()
                                  ? table.at(row, c)
                                  : std::numeric_limits<double>::quiet_NaN());
      result.values.push_back(said(forecasts, series, row, c));
    }
  }
  return result;
}
