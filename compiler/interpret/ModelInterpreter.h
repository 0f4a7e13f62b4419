//===- ModelInterpreter.h - a model as plain loops in double ----*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The oracle for models: op by op, an interpreter for each run of a cell.
//
//===----------------------------------------------------------------------===//

#ifndef RNNCC_COMPILER_INTERPRET_MODELINTERPRETER_H
#define RNNCC_COMPILER_INTERPRET_MODELINTERPRETER_H

#include "compiler/interpret/Interpreter.h"
#include <map>

namespace rnn {

/// Runs the ops of a model; those that are derived, too, or forward alone.
class ModelInterpreter : public Oracle {
public:
  explicit ModelInterpreter(ModelOp model)
      : model(model), face(interfaceOf(model)) {}

  const CellInterface &interface() const override { return face; }
  void forward(Call &call) override;
  void backward(Call &call) override;

private:
  using Doubles = std::vector<double>;
  /// A run of a cell: what its backward goes on from.
  struct Run {
    std::unique_ptr<Interpreter> cell;
    Call call;
  };

  void load(ArrayRole role);
  int64_t rowsOf(TensorOp tensor) const;
  bool isOverTime(llvm::StringRef name) {
    return !model.tensor(name).getPerSequence();
  }
  int64_t lengthOf(int64_t row) const {
    return call->lengths.empty() ? call->steps : call->lengths[row];
  }
  Doubles *valueOf(llvm::StringRef name);
  Doubles &arrayOf(ArrayRole role, llvm::StringRef name, int64_t delay = 0);
  Doubles *find(llvm::StringRef bound, ArrayRole role, int64_t delay);
  void step(mlir::Operation *op);
  void forwardRun(RunOp op);
  void backwardRun(RunOp op);
  void lookup(LookupOp op);
  void scatter(ScatterOp op);
  void reverse(ReverseOp op);
  void oneHot(OneHotOp op);
  void draw(DrawOp op);
  void sum(SumOp op);

  ModelOp model;
  CellInterface face;
  Call *call = nullptr;
  llvm::StringMap<Doubles> values; ///< what is given
  std::map<int64_t, Run> runs;     ///< by tape
};

/// The oracle for a cell or model.
std::unique_ptr<Oracle> makeOracle(mlir::Operation *op);

} // namespace rnn

#endif // RNNCC_COMPILER_INTERPRET_MODELINTERPRETER_H
