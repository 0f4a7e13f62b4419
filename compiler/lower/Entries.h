//===- Entries.h - the functions a program calls ----------------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// weights_bytes, pack, tape_bytes, *_scratch_bytes, forward, backward and step
// of a cell, with their checks, around the loops of its scans.
//
//===----------------------------------------------------------------------===//

#ifndef RNNCC_COMPILER_LOWER_ENTRIES_H
#define RNNCC_COMPILER_LOWER_ENTRIES_H

#include "compiler/lower/Kernels.h"
#include "compiler/lower/Layout.h"
#include "compiler/lower/Tile.h"

namespace rnn {

/// Emits all entry points of a staged cell at the end of its module. With
/// `kernels`, stages are calls of those instead of loops. Fails, with an error,
/// if the architecture cannot address the weights.
mlir::LogicalResult emitEntries(CellOp cell, const Target &target, Tiles &tiles,
                                KernelSet *kernels, mlir::ModuleOp module);

/// Emits `<prefix>_pack_on_team`: parameters to packed weights, with `id` in
/// front.
void emitPack(Code &code, const Layout &layout, llvm::StringRef prefix,
              llvm::StringRef level, int64_t id, mlir::ModuleOp module);

/// Emits those of a model, whose cells have theirs for that level.
void emitModelEntries(ModelOp model, const Target &target, bool kernels,
                      mlir::ModuleOp module);

/// Writes what the packed weights and the tape of a cell depend on: equations,
/// sizes, and what its schedule comes to, whether it was given or chosen.
void writeIdentity(CellOp cell, const Target &target, bool kernels,
                   llvm::raw_ostream &os);

/// What a tape was written for, in words of 64 bits at its beginning.
struct TapeMark {
  mlir::Value id; ///< of the cell or model
  mlir::Value steps, batch;
  mlir::Value inputs; ///< what tells its lengths and random numbers from others
};

/// A C function of the cell or model, and the block that its failures end in.
struct EntryFunction {
  EntryFunction(Code &code, mlir::ModuleOp module, const std::string &name,
                mlir::TypeRange inputs, mlir::Type result);
  mlir::Value argument(unsigned index) { return function.getArgument(index); }
  /// Returns `status` if the condition holds.
  void failIf(mlir::Value condition, int32_t status);
  /// The same, with a status that is known only when running.
  void failWith(mlir::Value condition, mlir::Value status);
  /// Returns the status of something called if it reports an error.
  void failUnlessOk(mlir::Value status);
  /// Marks the tape of a forward, if there is one; checks that of a backward,
  /// and marks it as used up.
  void takeTape(mlir::Value tape, bool backward, const TapeMark &mark);
  /// Checks what pack is given; gives where the parameters are, by name.
  llvm::StringMap<mlir::Value> takeParams(const CellInterface &face,
                                          mlir::Value params,
                                          mlir::Value weights);
  void finish(mlir::Value result);

  Code &code;
  mlir::func::FuncOp function;
  mlir::Block *failure;
};

/// Whether a status reports no error.
mlir::Value isOk(Code &code, mlir::Value status);

/// Whether the number at `byte` is another one.
mlir::Value differs(Code &code, mlir::Value base, int64_t byte,
                    mlir::Value expected);

/// Whether one of the pointers is no multiple of `bytes`, a power of two.
mlir::Value isMisaligned(Code &code, llvm::ArrayRef<mlir::Value> pointers,
                         int64_t bytes);

/// Numbers are mixed by this factor into one that others hardly have.
constexpr int64_t mixingFactor = 6364136223846793005;

/// Whether a length is not one, and a number that other lengths hardly have.
struct LengthsCheck {
  mlir::Value isWrong, id;
};
LengthsCheck checkLengths(Code &code, mlir::Value lengths, mlir::Value steps,
                          mlir::Value batch);

/// Emits what a program calls: functions that go to those of the best of the
/// levels that the processor has, and report RNNCC_UNSUPPORTED (sizes: 0) if it
/// has none. A cell or model that cannot go step by step reports that of
/// `step`.
void emitDispatch(const CellInterface &face, bool hasSteps, mlir::Location loc,
                  llvm::ArrayRef<Target> targets, mlir::ModuleOp module);

/// Numbers of rnncc_status in rnncc/abi.h.
namespace status {
enum : int32_t {
  Ok = 0,
  BadSize = 1,
  NullPointer = 2,
  Misaligned = 3,
  WrongWeights = 4,
  WrongTape = 5,
  Unsupported = 6,
  BadLengths = 9,
  BadIndex = 10
};
} // namespace status

} // namespace rnn

#endif // RNNCC_COMPILER_LOWER_ENTRIES_H
