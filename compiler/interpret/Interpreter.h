//===- Interpreter.h - a cell as plain loops in double ----------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The oracle: what a cell means, in code that is slow and plain. Compiled cells
// are held against it, and derived backward scans against its differences.
//
//===----------------------------------------------------------------------===//

#ifndef RNNCC_COMPILER_INTERPRET_INTERPRETER_H
#define RNNCC_COMPILER_INTERPRET_INTERPRETER_H

#include "dialect/CellInterface.h"
#include "llvm/ADT/StringMap.h"
#include <optional>
#include <vector>

namespace rnn {

/// The numbers of one call.
struct Call {
  int64_t steps = 0, batch = 0;
  /// Steps of each row; empty: all of them.
  std::vector<int64_t> lengths;
  /// What rnncc_random has, in training.
  std::optional<std::pair<uint64_t, uint64_t>> random;
  /// In the order of CellInterface::params.
  std::vector<std::vector<double>> params;
  /// In the order of CellInterface::arrays. An empty array that is read counts
  /// as zeros; those that are written are made.
  std::vector<std::vector<double>> arrays;
};

/// Computes what a cell or model means.
class Oracle {
public:
  virtual ~Oracle() = default;
  virtual const CellInterface &interface() const = 0;
  /// Computes final states and outputs, and keeps what backward needs.
  virtual void forward(Call &call) = 0;
  /// After forward of the same call: fills the gradients of inputs and initial
  /// states, and adds to those of parameters.
  virtual void backward(Call &call) = 0;
  /// Elements of an array of a call.
  static int64_t elements(const CellArray &array, int64_t steps, int64_t batch);
};

/// Runs the scans of a cell, in flat or staged form. What no op has written is
/// NaN, so that reading it shows.
class Interpreter : public Oracle {
public:
  explicit Interpreter(CellOp cell) : cell(cell), face(interfaceOf(cell)) {}

  const CellInterface &interface() const override { return face; }
  void forward(Call &call) override;
  void backward(Call &call) override;

private:
  /// The values of one tensor over steps and rows. States go on before step 0,
  /// carries after the last step.
  struct Series {
    int64_t before = 0, rows = 0, elements = 0;
    std::vector<double> values;
    llvm::MutableArrayRef<double> at(int64_t step, int64_t row) {
      return {values.data() + ((step + before) * rows + row) * elements,
              size_t(elements)};
    }
  };

  Series emptySeries(mlir::RankedTensorType type, int64_t before,
                     int64_t after) const;
  Series loadSeries(int64_t array, mlir::RankedTensorType type) const;
  int64_t lengthOf(int64_t row) const {
    return call->lengths.empty() ? call->steps : call->lengths[row];
  }
  void clearPastEnds(Series &series) const;
  void runSetup(bool backward);
  void runScan(ScanOp scan);
  void runBlock(mlir::Block &block, int64_t step, int64_t row);
  std::vector<double> compute(mlir::Operation &op, int64_t step, int64_t row);
  llvm::ArrayRef<double> valueOf(mlir::Value value, int64_t step, int64_t row);
  void accumulate(AccumulateOp op, int64_t step, int64_t row);
  bool roundsFactors(mlir::Operation *op);
  Series &seriesOf(llvm::StringRef name) { return tensors.find(name)->second; }

  CellOp cell;
  CellInterface face;
  Call *call = nullptr;
  llvm::StringMap<Series> tensors;            ///< a value per step and row
  llvm::StringMap<int64_t> params;            ///< index by name
  llvm::StringMap<std::vector<double>> once;  ///< what setups write
  llvm::DenseMap<mlir::Value, Series> staged; ///< results of stages
  llvm::DenseMap<mlir::Value, std::vector<double>> local; ///< of this step
};

} // namespace rnn

#endif // RNNCC_COMPILER_INTERPRET_INTERPRETER_H
