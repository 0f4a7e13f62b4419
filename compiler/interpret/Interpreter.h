//===- Interpreter.h - cells as plain loops in double -----------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Runs the scans of a cell, flat or staged, one example and one step at a time.
// Slow and simple: what compiled code is compared with.
//
//===----------------------------------------------------------------------===//

#ifndef RNNCC_COMPILER_INTERPRET_INTERPRETER_H
#define RNNCC_COMPILER_INTERPRET_INTERPRETER_H

#include "dialect/CellInterface.h"
#include <map>
#include <string>
#include <vector>

namespace rnn {

/// The numbers of one call.
struct Call {
  using Numbers = std::vector<double>;
  int64_t steps = 0, batch = 0;
  std::vector<Numbers> params; ///< in the order of CellInterface::params
  /// In the order of CellInterface::arrays. An empty array that is read counts
  /// as zeros; those that are written are made.
  std::vector<Numbers> arrays;
};

/// Runs one cell. Keeps what forward leaves for backward.
class Interpreter {
public:
  explicit Interpreter(CellOp cell);
  const CellInterface &interface() const { return face; }

  /// Fills the outputs and final states of `call`.
  void forward(Call &call);
  /// After `forward` of the same call: fills gradients of inputs and initial
  /// states, and adds to those of parameters.
  void backward(Call &call);

  /// Elements of an array of a call.
  static size_t elements(const CellArray &array, int64_t steps, int64_t batch);

private:
  using Numbers = Call::Numbers;

  double *history(TensorOp tensor, int64_t step);
  void runStep(ScanOp scan, Call &call, int64_t step, int64_t row);
  void runOp(mlir::Operation &op, Call &call, int64_t step, int64_t row);
  Numbers read(ReadOp op, const Call &call, int64_t step, int64_t row);
  void write(WriteOp op, Call &call, int64_t step, int64_t row);
  void accumulate(AccumulateOp op, Call &call);

  CellOp cell;
  CellInterface face;
  int64_t batch = 0;
  /// Values over time of states, tape and carries: [step][row][element].
  std::map<std::string, Numbers> histories;
  llvm::DenseMap<mlir::Value, Numbers> values; ///< of one row in one step
};

} // namespace rnn

#endif // RNNCC_COMPILER_INTERPRET_INTERPRETER_H
