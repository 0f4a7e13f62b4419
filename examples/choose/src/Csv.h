//===- Csv.h - columns of numbers in a file ---------------------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef CHOOSE_CSV_H
#define CHOOSE_CSV_H

#include <cstdint>
#include <string>
#include <vector>

namespace choose {

/// Numbers in columns with names, a row for each step of time.
struct Columns {
  std::string source; ///< for messages
  std::vector<std::string> names;
  std::vector<double> values; ///< [rows, columns]

  int64_t count() const { return int64_t(names.size()); }
  int64_t rows() const { return int64_t(values.size()) / count(); }
  double at(int64_t row, int64_t column) const {
    return values[size_t(row * count() + column)];
  }
};

/// Reads the columns `chosen` of a file, by name or by number from 1. Fields
/// are separated by commas, semicolons or tabs; a first line without any number
/// has the names. Throws std::runtime_error with file and line.
Columns readCsv(const std::string &path,
                const std::vector<std::string> &chosen);

} // namespace choose

#endif // CHOOSE_CSV_H
