//===- Wavefront.h - several cells of a model at a time ---------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A cell that reads what another one has computed of the same steps need not
// wait for the last step. On a team, threads take cells of their own:
//
//     thread 0, layer 0    chunk 0   chunk 1   chunk 2
//     thread 1, layer 1              chunk 0   chunk 1   chunk 2
//     thread 2, layer 2                        chunk 0   chunk 1   chunk 2
//                                  ^ barrier ^ barrier ^
//
// So layers too small for threads to share keep several of them busy. The same
// numbers are added in the same order as layer by layer.
//
//===----------------------------------------------------------------------===//

#ifndef RNNCC_COMPILER_LOWER_WAVEFRONT_H
#define RNNCC_COMPILER_LOWER_WAVEFRONT_H

#include "compiler/lower/Sequences.h"
#include "dialect/ModelOps.h"

namespace rnn {

/// What a model does together: one op, or runs that can go in wavefront order.
using Front = llvm::SmallVector<mlir::Operation *, 1>;

/// The ops of a model in one direction, in an order that has runs side by side
/// which can go in wavefront order.
llvm::SmallVector<Front> frontsOf(ModelOp model,
                                  llvm::ArrayRef<mlir::Operation *> ops);

/// A run whose call has been made up.
struct PreparedRun {
  RunOp run;
  mlir::Value call;    ///< rnncc_call
  mlir::Value missing; ///< the run lacks an input and does not happen
};

/// Emits the runs of a front, of a model's function for one CPU level.
class Wavefront {
  using Value = mlir::Value;

public:
  /// `suffix` names the function, of which there may be several.
  Wavefront(Code &code, mlir::ModuleOp module, const Target &target,
            const std::string &modelPrefix, llvm::StringRef suffix,
            llvm::ArrayRef<PreparedRun> runs);

  /// Runs them on the team, or on this thread if that is null: in wavefront
  /// order where that is faster, else one after the other. Gives the status.
  Value emit(const Span &span, Value team);

private:
  std::string functionOf(RunOp run, llvm::StringRef of) const;
  Value emitInOrder();
  Value emitTogether(Value team, Value layers, Value chunk, Value chunks);
  Value callUnlessMissing(const PreparedRun &prepared, llvm::StringRef of,
                          Value status);
  Value ownerOf(unsigned index, Value threads);
  Value mostOfThreads(Value threads);
  Value isFaster(const Span &span, Value threads, Value layers, Value chunks);
  void emitBody(const std::string &name);

  Code &code;
  mlir::ModuleOp module;
  const Target &target;
  std::string prefix, suffix;
  llvm::SmallVector<PreparedRun> runs;
  llvm::SmallVector<int64_t> work; ///< of a row in a step, of each run
  /// How many threads schedules give each run, as in Schedule.
  llvm::SmallVector<std::optional<int64_t>> limits;
  int64_t allWork = 0;
  bool backward;
};

} // namespace rnn

#endif // RNNCC_COMPILER_LOWER_WAVEFRONT_H
