//===- Csv.h - tables of numbers in files -----------------------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef FORECAST_CSV_H
#define FORECAST_CSV_H

#include <cstdint>
#include <string>
#include <vector>

namespace forecast {

/// Numbers in columns with names, a row for each step of time.
struct Table {
  std::string source; ///< where it comes from, for messages
  std::vector<std::string> names;
  std::vector<double> values; ///< [rows, columns]

  int64_t columns() const { return int64_t(names.size()); }
  int64_t rows() const { return int64_t(values.size()) / columns(); }
  double at(int64_t row, int64_t column) const {
    return values[size_t(row * columns() + column)];
  }
};

/// Reads the columns `chosen` of a file, by name or by number from 1; all, if
/// none is chosen. Fields are separated by commas, semicolons or tabs; if no
/// field of the first line is a number, that line has the names. Throws
/// std::runtime_error with file and line.
Table readCsv(const std::string &path, const std::vector<std::string> &chosen);

/// Writes a file anew, a line for the names and one for each row; NaN becomes
/// an empty field. Throws std::runtime_error.
void writeCsv(const std::string &path, const Table &table);

} // namespace forecast

#endif // FORECAST_CSV_H
