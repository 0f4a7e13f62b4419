//===- Access.h - where the operands of a scan are --------------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef RNNCC_COMPILER_LOWER_ACCESS_H
#define RNNCC_COMPILER_LOWER_ACCESS_H

#include "compiler/lower/Code.h"
#include "compiler/lower/Layout.h"

namespace rnn {

/// The fields of rnncc_call in rnncc/abi.h.
enum class CallField {
  Steps,
  Batch,
  Weights,
  Tape,
  Scratch,
  Team,
  Lengths,
  Random,
  Arrays
};

/// Where a field of a call is; of the arrays that of `index`.
mlir::Value callField(Code &code, mlir::Value call, CallField field,
                      int64_t index = 0);
/// Bytes of a call with so many arrays.
int64_t callBytes(const Code &code, int64_t arrays);

/// Functions of rnncc_team in rnncc/abi.h.
enum class TeamFunction { Run, Barrier };
mlir::Value loadTeamFunction(Code &code, mlir::Value team,
                             TeamFunction function);

/// Where each buffer of a region starts, in elements from its base, and how
/// many elements they take together, for `steps` of `all` at a time. Other
/// buffers get a null value.
struct MemoryOffsets {
  llvm::SmallVector<mlir::Value> offsets;
  mlir::Value total;
};
MemoryOffsets offsetsOf(Code &code, const Layout &layout, Memory region,
                        mlir::Value steps, mlir::Value all, mlir::Value batch,
                        mlir::Value start);

/// What the code of one thread knows when running.
struct Frame {
  mlir::Value call;   ///< rnncc_call
  mlir::Value all;    ///< T, of all chunks
  mlir::Value steps;  ///< C, of this chunk
  mlir::Value batch;  ///< N
  mlir::Value before; ///< steps of earlier chunks
  /// Steps before the first one that buffers of Memory::Keep hold, and how many
  /// these hold: those of the chunk, or all, while other buffers hold those of
  /// the chunk.
  mlir::Value keptFrom, kept;
  mlir::Value keptRows; ///< rows of the steps before keptFrom
  mlir::Value thread;   ///< 0 .. threads-1
  mlir::Value threads;
  mlir::Value workers; ///< those with work; the others wait at barriers
  mlir::Value weights;
  mlir::Value unwanted; ///< a row for values nobody wants

  // Which rows are computed when. Longer rows come first, so that every step
  // computes the first so many; rows of a step follow those of the step before.
  mlir::Value ragged;   ///< the caller gave lengths
  mlir::Value starts;   ///< [T+1]: how many rows the steps before this one have
  mlir::Value order;    ///< [N]: the caller's row
  mlir::Value ends;     ///< [N]: its length
  mlir::Value firstRow; ///< rows of earlier chunks
  mlir::Value rows;     ///< rows of this chunk

  // Of a cell with a distinct input.
  mlir::Value isShared; ///< the caller gave distinct vectors
  mlir::Value distinct; ///< how many
  mlir::Value numbers;  ///< 32 bits [T, N]: which of them, from the first step

  llvm::SmallVector<mlir::Value> arrays;  ///< of the call, null or not
  llvm::SmallVector<mlir::Value> buffers; ///< where each buffer starts

  /// True if what is kept begins at another step than the chunk.
  bool keepsOtherSteps() const { return keptFrom != before; }
};

/// How many rows the steps before that one have, from the first of all on.
mlir::Value rowsBefore(Code &code, const Frame &frame, mlir::Value step);

/// What positions in different buffers differ by, but for the slots in them,
/// which take far less.
constexpr int64_t bufferDistance = int64_t(1) << 40;

/// Tells places apart: neighbouring slots of a buffer differ by their width.
int64_t positionOf(const Place &place);

/// One operand, as rows or panels.
struct Access {
  mlir::Value base;         ///< row 0 of the rows in question, unit 0 (or slot)
  mlir::Value stride;       ///< from row to row
  int64_t knownStride = -1; ///< the same, if known when compiling
  mlir::Value panelStride;  ///< null: units are contiguous
  Units units;
  bool exact = false;     ///< rows end at `units.count`: tails need a mask
  bool temporary = false; ///< row 0 is the first of the rows at hand
  int64_t position = 0;   ///< tells slots apart; neighbours differ by width
};

/// Which rows are in question: all of the chunk, or those of one step.
struct Origin {
  mlir::Value step; ///< null: all steps
};

/// Finds the operands of one scan.
class Accesses {
  using Value = mlir::Value;

public:
  Accesses(Code &code, const Layout &layout, const Frame &frame, bool backward)
      : code(code), layout(layout), frame(frame), backward(backward) {}

  /// The row of the chunk with which a step begins.
  Value rowOf(Value step);
  /// How many rows a step has.
  Value rowsIn(Value step);
  /// The row of a buffer of states with which a step begins; steps below 0 are
  /// those before the chunk.
  Value stateRow(const Buffer &buffer, Value step);
  /// The slot of a ring that holds step `step` - `delay` in the order in which
  /// a backward scan runs.
  Value ringSlot(Value step, int64_t delay, int64_t slots);

  /// The vector at `lane` of a panel, in a row.
  Value lanePointer(const Access &access, Value panel, Value row, Value lane);
  /// A place, `delay` steps back in the direction of the scan.
  Access bufferAccess(const Place &place, const Origin &origin, int64_t delay);
  /// An array of the caller's over time. One that is not given reads as zeros
  /// and swallows what is written: one row that serves as all rows. `whole`
  /// asks for rows that may be read to the end of their last vector.
  Access arrayAccess(ArrayRole role, llvm::StringRef name, const Origin &origin,
                     bool whole);
  Access readAccess(ReadOp read, const Origin &origin, bool whole);
  /// An operand that was made outside of the stage that reads it.
  Access valueAccess(Value value, const Origin &origin, bool whole);
  Access writeAccess(TensorOp tensor, const Origin &origin);

private:
  Code &code;
  const Layout &layout;
  const Frame &frame;
  bool backward;
};

} // namespace rnn

#endif // RNNCC_COMPILER_LOWER_ACCESS_H
