//===- Table.h - the numbers of all cells -----------------------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef CHOOSE_TABLE_H
#define CHOOSE_TABLE_H

#include "Candidate.h"

namespace choose {

/// A table as text: headings, then a row for each cell.
using Table = std::vector<std::vector<std::string>>;

Table tableOf(const Task &task, const std::vector<Candidate> &candidates);

/// The table in columns, for a terminal.
std::string aligned(const Table &table);

} // namespace choose

#endif // CHOOSE_TABLE_H
