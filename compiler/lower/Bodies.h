//===- Bodies.h - what each thread of a call runs ---------------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A call of a cell runs a body (context, thread) on each of its threads. The
// context says which chunks of the steps; models run those of several cells at
// a time.
//
//===----------------------------------------------------------------------===//

#ifndef RNNCC_COMPILER_LOWER_BODIES_H
#define RNNCC_COMPILER_LOWER_BODIES_H

#include "compiler/lower/Code.h"
#include "compiler/schedule/Schedule.h"
#include "dialect/Rnn.h"

namespace rnn {

/// The words of 64 bits of a context.
enum class ContextField {
  Call,       ///< rnncc_call
  Threads,    ///< that run the body
  Workers,    ///< those of them with work
  ChunkSteps, ///< steps of a chunk but the last, which has what is left
  FirstChunk, ///< in the order in which they run: backward, from the last on
  EndChunk,   ///< one past the last
  Count
};

/// Room for a context on the stack.
mlir::Value makeContext(Code &code);
mlir::Value contextField(Code &code, mlir::Value context, ContextField field);

/// Steps of even chunks of about so many rows (rowsOfChunk).
mlir::Value stepsOfChunk(Code &code, int64_t rows, mlir::Value steps,
                         mlir::Value batch);
/// Steps of each of so many chunks, at least one.
mlir::Value evenSteps(Code &code, mlir::Value steps, mlir::Value chunks);
/// How many chunks of so many steps there are, at least one.
mlir::Value chunksOf(Code &code, mlir::Value steps, mlir::Value chunkSteps);

/// Multiplications and additions of one row in one step of a scan.
int64_t workPerRow(ScanOp scan);
/// How many threads have work in a step with so much for a row: so many as the
/// schedule asks for, or as there is work for.
mlir::Value workersOf(Code &code, int64_t perRow, std::optional<int64_t> asked,
                      mlir::Value threads, mlir::Value batch);

/// Calls the function of that name, a body, on all threads of a team.
void runOnTeam(Code &code, mlir::Value team, llvm::StringRef body,
               mlir::Value context);
/// Waits for the other threads of the team.
void waitForTeam(Code &code, mlir::Value team);

} // namespace rnn

#endif // RNNCC_COMPILER_LOWER_BODIES_H
