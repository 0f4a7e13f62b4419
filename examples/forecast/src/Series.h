//===- Series.h - a table as a model sees it --------------------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef FORECAST_SERIES_H
#define FORECAST_SERIES_H

#include "Csv.h"

namespace forecast {

/// A table, scaled so that each column of its first `learning` rows has mean 0
/// and deviation 1; what follows them is for comparison. Models have `width`
/// columns; those that the table lacks are zeros.
struct Series {
  int64_t rows, learning, columns, width;
  std::vector<float> values;           ///< [rows, width]
  std::vector<double> mean, deviation; ///< [columns]

  const float *row(int64_t r) const { return values.data() + r * width; }

  /// A scaled value of column `c` in the units of the table.
  double unscaled(float value, int64_t c) const {
    return double(value) * deviation[size_t(c)] + mean[size_t(c)];
  }
};

/// Scales `table` by its first four fifths. Throws std::runtime_error if it has
/// too many columns, too few rows for windows of `window` steps, or a column
/// that does not change.
Series scale(const Table &table, int64_t width, int64_t window);

} // namespace forecast

#endif // FORECAST_SERIES_H
