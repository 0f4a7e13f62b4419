//===- ModelMemory.h - how the memory of a model is cut up ------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
//   weights   header | addresses of tables | packed weights of each run
//   tape      header | values that runs pass on | what lookups share | the tape
//             of each run
//   scratch   that of the runs at hand | random numbers, gradients | without a
//             tape what would be on it
//
//===----------------------------------------------------------------------===//

#ifndef RNNCC_COMPILER_LOWER_MODELMEMORY_H
#define RNNCC_COMPILER_LOWER_MODELMEMORY_H

#include "compiler/lower/ModelPlan.h"
#include "compiler/lower/SharedLookups.h"

namespace rnn {

/// The memory that one call is given.
struct ModelArenas {
  mlir::Value weights, tape, scratch; ///< tape: null if there is none
};

/// Where everything is in it.
struct ModelPlaces {
  llvm::StringMap<mlir::Value> buffers; ///< of values
  llvm::DenseMap<mlir::Operation *, mlir::Value> weights, scratch; ///< of runs
  llvm::DenseMap<int64_t, mlir::Value> tapes; ///< by their numbers
};

/// Emits sizes and places, into the function that is being emitted.
class ModelMemory {
  using Value = mlir::Value;

public:
  ModelMemory(const ModelPlan &plan, Code &code, SharedLookups &shared,
              llvm::StringRef level)
      : plan(plan), code(code), shared(shared), level(level) {}

  /// Bytes in front of the weights of the runs: a number and the addresses of
  /// tables.
  int64_t weightsHeader() const;
  Value weightsBytes();
  Value tapeBytes(Value steps, Value batch);
  /// For forward, as much as it needs without a tape.
  Value scratchBytes(bool backward, Value steps, Value batch);
  /// Sizes whose memory would not fit an address, for the model or one of its
  /// cells.
  Value isBadSize(Value steps, Value batch);

  /// Where in weights the address of a table stands.
  Value tablePlace(Value weights, int64_t index);
  /// Calls `place` with the packed weights of each run.
  void forWeights(Value weights,
                  llvm::function_ref<void(RunOp, Value at)> place);
  ModelPlaces cut(const ModelArenas &arenas, bool backward, Value steps,
                  Value batch);

private:
  Value callSize(RunOp run, llvm::StringRef what, mlir::ValueRange arguments);
  Value callSize(RunOp run, llvm::StringRef what, Value steps, Value batch);
  Value bytesOf(TensorOp tensor, Value steps, Value batch);
  Value keptBytes(Value steps, Value batch);
  Value scratchOfRuns(bool backward, Value steps, Value batch,
                      llvm::function_ref<void(RunOp, Value at)> place);

  const ModelPlan &plan;
  Code &code;
  SharedLookups &shared;
  std::string level;
};

} // namespace rnn

#endif // RNNCC_COMPILER_LOWER_MODELMEMORY_H
