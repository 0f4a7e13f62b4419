//===- Compiler.h - models around cells, compiled while the program runs
//--------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef CHOOSE_COMPILER_H
#define CHOOSE_COMPILER_H

#include "Cell.h"
#include "Files.h"
#include "Task.h"
#include "rnncc/runtime.h"
#include <memory>
#include <stdexcept>

namespace choose {

/// A compiled model. Its code is there as long as this object.
struct Model {
  std::shared_ptr<void> code;
  const rnncc_descriptor *descriptor = nullptr;
};

/// What is wrong with a cell, or with the size that was tried.
struct CompileError : std::runtime_error {
  using runtime_error::runtime_error;
};

/// Writes models around cells and runs rnncc on them.
class Compiler {
public:
  /// Looks for rnncc: beside this program, where it was when this program was
  /// configured, in PATH.
  Compiler();

  /// The model that does `task` with `hidden` units of `cell`. Throws
  /// CompileError with the cell's file and line if it does not compile, and
  /// std::runtime_error if rnncc cannot be run.
  Model compile(const Cell &cell, const Task &task, int64_t hidden);

private:
  std::string program;
  TemporaryFolder folder;
  int64_t compiled = 0;
};

/// The text of the model, to stand behind the text of the cell.
std::string modelText(const Cell &cell, const Task &task, int64_t hidden);

} // namespace choose

#endif // CHOOSE_COMPILER_H
