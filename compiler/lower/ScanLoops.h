//===- ScanLoops.h - a staged scan as loops ---------------------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What one thread does of a scan: its panels of every stage, for all steps of a
// chunk.
//
//===----------------------------------------------------------------------===//

#ifndef RNNCC_COMPILER_LOWER_SCANLOOPS_H
#define RNNCC_COMPILER_LOWER_SCANLOOPS_H

#include "compiler/lower/Code.h"
#include "compiler/lower/Layout.h"
#include "compiler/lower/Tile.h"
#include "mlir/IR/IRMapping.h"

namespace rnn {

/// Offsets of the fields of rnncc_call in rnncc/abi.h, in bytes.
namespace call_field {
enum : int64_t {
  Steps = 0,
  Batch = 8,
  Weights = 16,
  Tape = 24,
  Scratch = 32,
  Team = 40,
  Lengths = 48,
  Arrays = 56
};
} // namespace call_field

/// Where each buffer of a region starts, in elements from its base, and how
/// many elements they take together. Other buffers get a null value.
struct MemoryOffsets {
  llvm::SmallVector<mlir::Value> offsets;
  mlir::Value total;
};
MemoryOffsets offsetsOf(Code &code, const Layout &layout, Memory region,
                        mlir::Value steps, mlir::Value batch,
                        mlir::Value start);

/// What the code of one thread knows when running.
struct Frame {
  mlir::Value call;   ///< rnncc_call
  mlir::Value steps;  ///< C, of this chunk
  mlir::Value batch;  ///< N
  mlir::Value before; ///< steps of earlier chunks
  mlir::Value thread; ///< 0 .. threads-1
  mlir::Value threads;
  mlir::Value weights;
  mlir::Value unwanted;                   ///< a row for values nobody wants
  llvm::SmallVector<mlir::Value> arrays;  ///< of the call, null or not
  llvm::SmallVector<mlir::Value> buffers; ///< where each buffer starts
};

/// Emits the loops of one scan.
class ScanLoops {
public:
  ScanLoops(Code &code, const Layout &layout, Tiles &tiles, ScanOp scan,
            const Frame &frame, int64_t cacheBytes);

  /// States or carries before the first step, from the caller's arrays.
  void emitStart();
  /// All stages, over the steps of the frame.
  void emitStages();
  /// Moves the last states of a chunk to where the next one looks for them.
  void emitNextChunk();
  /// Final states, or gradients of initial states, to the caller's arrays.
  void emitEnd();
  /// Waits for the other threads.
  void emitBarrier();

private:
  using Value = mlir::Value;
  using Operation = mlir::Operation;

  /// One operand, as rows or panels.
  struct Access {
    Value base;   ///< row 0 of the rows in question, unit 0 (or slot)
    Value stride; ///< from row to row
    int64_t knownStride = -1; ///< the same, if known when compiling
    Value panelStride;        ///< null: units are contiguous
    Units units;
    bool exact = false;     ///< rows end at `units.count`: tails need a mask
    bool temporary = false; ///< row 0 is the first of the rows at hand
    int64_t position = 0;   ///< tells slots apart; neighbours differ by width
  };
  /// Which rows are in question: all of the chunk, or those of one step.
  struct Origin {
    Value step; ///< null: all steps
  };
  struct StageState;

  Value lanePointer(const Access &access, Value panel, Value row, Value lane);
  Access bufferAccess(const Place &place, const Origin &origin, int64_t delay);
  Access arrayAccess(ArrayRole role, llvm::StringRef name, const Origin &origin,
                     bool whole);
  Access readAccess(ReadOp read, const Origin &origin, bool whole);
  Access valueAccess(Value value, const Origin &origin, bool whole);
  Access writeAccess(TensorOp tensor, const Origin &origin);
  Value ringSlot(Value step, int64_t delay, int64_t slots);

  void emitStage(StageOp stage, const Origin &origin);
  void emitSite(StageState &state, const Site &site, Value firstPanel,
                Value panels, Value firstRow, Value rows);
  void emitUnits(StageState &state, Value panel, Value firstRow, Value row,
                 Value lane);
  Value emitLanes(StageState &state, Operation *op, mlir::IRMapping &lanes,
                  Value row, Value unit);
  void emitAccumulates(StageOp stage, const Origin &origin, Value rows);
  Value emitReduceSum(ReduceSumOp op, Value row);
  void emitGradInitial(const CellArray &array, Value to);
  struct Panels {
    Value first, last; ///< last is one past
  };
  Panels ownPanels(const Units &units);
  void forEachRowCopy(Value rows, Value to, Value toStride, Value from,
                      Value fromStride, int64_t count);

  Code &code;
  const Layout &layout;
  Tiles &tiles;
  ScanOp scan;
  const Frame &frame;
  int64_t cacheBytes;
};

} // namespace rnn

#endif // RNNCC_COMPILER_LOWER_SCANLOOPS_H
