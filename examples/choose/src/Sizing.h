//===- Sizing.h - hidden units for a number of parameters -------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef CHOOSE_SIZING_H
#define CHOOSE_SIZING_H

#include "Compiler.h"

namespace choose {

/// A cell in the size that comes closest to a number of parameters.
struct Sized {
  Model model;
  int64_t hidden, parameters;
};

/// Parameters of the cell and its read-out. The table of an embedding is left
/// out: it is the same for all cells.
int64_t parametersOf(const rnncc_descriptor &model);

/// Chooses H by compiling and counting. Throws like Compiler::compile.
Sized sizeCell(Compiler &compiler, const Cell &cell, const Task &task,
               int64_t parameters);

} // namespace choose

#endif // CHOOSE_SIZING_H
