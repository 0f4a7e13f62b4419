//===- ModelRuns.h - the ops of a model in one call -------------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef RNNCC_COMPILER_LOWER_MODELRUNS_H
#define RNNCC_COMPILER_LOWER_MODELRUNS_H

#include "compiler/lower/Entries.h"
#include "compiler/lower/ModelMemory.h"

namespace rnn {

/// What the functions of a model for one CPU level are made with.
struct ModelParts {
  ModelParts(ModelOp model, const Target &target, mlir::ModuleOp module);
  ModelParts(const ModelParts &) = delete; // its members know each other

  const ModelPlan plan;
  CellInterface face;
  const Target &target;
  mlir::ModuleOp module;
  Code code;
  Sequences sequences;
  SharedLookups shared;
  ModelMemory memory;
};

/// What one of them is called with.
struct ModelCall {
  mlir::Value call; ///< rnncc_call
  ModelArenas arenas;
  mlir::Value team, random;
  Span span;
};

/// Emits the ops of one direction into the function that is being emitted.
class ModelRuns {
  using Value = mlir::Value;

public:
  ModelRuns(ModelParts &parts, const ModelCall &call, bool backward)
      : plan(parts.plan), face(parts.face), target(parts.target),
        module(parts.module), code(parts.code), sequences(parts.sequences),
        shared(parts.shared), memory(parts.memory), call(call),
        backward(backward) {}

  /// True if one of the indices that forward reads is none of its table.
  Value hasOutsideIndices();
  /// Emits the ops, in memory that the call's sizes allow. What a cell reports,
  /// the function returns.
  void emit(EntryFunction &entry);

private:
  Value arrayOf(ArrayRole role, llvm::StringRef tensor, int64_t delay = 0);
  Value pointerTo(llvm::StringRef tensor);
  void give(llvm::StringRef tensor, Value pointer) {
    pointers[tensor] = pointer;
  }
  void giveWhatForwardHad();
  Value wantedBy(mlir::Operation *reader);
  void skipUnwanted();
  PreparedRun prepare(RunOp op);
  Value runFront(const Front &front, llvm::StringRef suffix);
  Value reversed(ReverseOp op);
  void runLoops(mlir::Operation *op);

  const ModelPlan &plan;
  CellInterface &face;
  const Target &target;
  mlir::ModuleOp module;
  Code &code;
  Sequences &sequences;
  SharedLookups &shared;
  ModelMemory &memory;
  ModelCall call;
  bool backward;
  ModelPlaces places;
  /// Where tensors are, if that is not for their roles to say.
  llvm::StringMap<Value> pointers;
};

} // namespace rnn

#endif // RNNCC_COMPILER_LOWER_MODELRUNS_H
