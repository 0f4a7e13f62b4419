//===- Cell.h - a cell in a .rnn file ---------------------------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef CHOOSE_CELL_H
#define CHOOSE_CELL_H

#include <cstdint>
#include <string>
#include <vector>

namespace choose {

/// A size or function that a cell takes.
struct CellParameter {
  std::string name, byDefault; ///< as written; "": none
};

/// A cell that takes the sizes I and H, and its file.
struct Cell {
  std::string path, text; ///< the whole file
  int64_t line;           ///< where the cell begins
  std::string name, label;
  std::vector<CellParameter> parameters;

  std::string place() const { return path + ":" + std::to_string(line); }
};

/// Finds the cell that `where` names as FILE.rnn:CELL, or as FILE.rnn if there
/// is one only. Throws std::runtime_error with file and line if it is not there
/// or cannot be used: parameters other than I and H need defaults.
Cell findCell(const std::string &where);

/// How a model writes the application of `cell`: "GRU(I, H)".
std::string applied(const Cell &cell);

} // namespace choose

#endif // CHOOSE_CELL_H
