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

#include "compiler/lower/Access.h"
#include "compiler/lower/Kernels.h"
#include "compiler/lower/Tile.h"
#include "mlir/IR/IRMapping.h"
#include "llvm/ADT/DenseSet.h"

namespace rnn {

/// Emits the loops of one scan.
class ScanLoops {
public:
  /// With `kernels`, stages are calls of those instead of loops.
  ScanLoops(Code &code, const Layout &layout, Tiles &tiles, KernelSet *kernels,
            ScanOp scan, const Frame &frame, int64_t cacheBytes);

  /// Puts the rows in the order in which they are computed.
  void emitRowOrder();
  /// States or carries before the first step, from the caller's arrays.
  void emitStart();
  /// What the loop needs of each distinct vector, or what these get from it, if
  /// the caller gave those.
  void emitDistinct();
  /// The caller's arrays over time, where they cannot be read as they are.
  void emitGather();
  /// All stages, over the steps of the frame.
  void emitStages();
  /// The arrays over time that the caller gets, where rows had another order.
  void emitScatter();
  /// Moves the last states of a chunk to where the next one looks for them.
  void emitNextChunk();
  /// Final states of the rows that end in the chunk, or gradients of initial
  /// states, to the caller's arrays.
  void emitEnd();
  /// Waits for the other threads.
  void emitBarrier();

  /// Rows and panels that are computed together.
  struct CallRows {
    mlir::Value firstRow, rows, firstPanel, panels;
  };

private:
  using Value = mlir::Value;
  using Operation = mlir::Operation;

  struct StageState;

  /// The k of a term that lie evenly in its operand.
  struct Run {
    Value a, aBlock;
    int64_t blocks, blockSize;
    int64_t k; ///< of the term, with which it begins
  };
  llvm::SmallVector<Run> runsOf(const Term &term, const Access &a,
                                Value firstRow);
  Access operandOf(StageOp stage, const Term &term, const Origin &origin);

  void emitStage(StageOp stage, const Origin &origin);
  int64_t rowsAtOnce(StageOp stage);
  void placeSums(StageState &state);
  void ifWanted(StageOp stage, llvm::function_ref<void()> body);
  void emitRows(StageState &state, const CallRows &own, int64_t most);
  void emitPanels(StageState &state, const CallRows &some);
  bool outgrowsCache(Phase phase);
  int64_t weightElements(StageOp stage);
  void emitSite(StageState &state, const Site &site, Value firstPanel,
                Value panels, Value firstRow, Value rows);
  void emitUnits(StageState &state, Value panel, Value firstRow, Value row,
                 Value lane);
  Value emitLanes(StageState &state, Operation *op, mlir::IRMapping &lanes,
                  Value row, Value unit);
  Value gradientOf(AccumulateOp op);
  void emitAccumulates(StageOp stage, const Origin &origin, Value rows);
  // In Rounding.cpp.
  void emitRounding(StageOp stage, const Origin &origin, Value rows);
  mlir::func::FuncOp roundingFunction(int64_t parts);
  // In PairedAccumulates.cpp.
  void emitPairedAccumulates(llvm::ArrayRef<AccumulateOp> ops,
                             const Units &units, const Origin &origin,
                             Value rows, int64_t parts);
  void emitPairedColumns(llvm::ArrayRef<AccumulateOp> ops, const Origin &origin,
                         Value rows, int64_t parts);
  Access pairedColumns(AccumulateOp op);
  void overStates(
      ArrayRole role,
      llvm::function_ref<void(TensorOp state, Value delay, Value array)> body);
  void emitGradInitial(TensorOp state, Value delay, Value to);
  void emitFinal(TensorOp state, Value delay, Value to);
  bool hasShifted();
  void emitShift();
  Value callersRow(Value row);
  void forOwnSteps(llvm::function_ref<void(Value)> body);
  void copyRow(Value to, Value from, int64_t count);

  struct Panels {
    Value first, last; ///< last is one past
  };
  Panels ownPanels(const Units &units);
  Panels ownShare(Value count);
  /// Panels of a gradient that this thread adds to, and its part of the columns
  /// of each.
  struct GradientShare {
    Panels panels;
    Value parts, index;
  };
  GradientShare ownGradients(const Units &units);
  void forOwnColumns(const GradientShare &own, int64_t columns, int64_t step,
                     llvm::function_ref<void(Value at)> whole,
                     llvm::function_ref<void(Value at, int64_t rest)> tail);
  Panels part(Value count, Value parts, Value index);
  void shareOut(llvm::ArrayRef<StageOp> stages, Value rows);
  CallRows ownCells(StageOp stage, Value firstRow, Value rows);
  void shareOutAlone(StageOp stage);
  void findOwnRows(llvm::ArrayRef<StageOp> step);

  // In DistinctRows.cpp.
  Frame distinctFrame();
  Value numbersOfRows();
  void
  forOwnPanels(const Units &units,
               llvm::function_ref<void(Value panel, int64_t vectors)> body);
  void emitShared(StageOp stage);
  void emitCopies(StageOp stage, Accesses &distinct);
  void emitSums(StageOp stage, Accesses &distinct);

  // In KernelCalls.cpp.
  void emitCalls(StageOp stage, const Origin &origin);
  void emitProductCalls(StageOp stage, const Site &site, const Origin &origin,
                        const CallRows &some);
  void emitWeightsCall(AccumulateOp op, const Units &units,
                       const Origin &origin, const CallRows &some);
  void addTo(Value to, Value from, Value count);
  Access placeOf(StageOp stage, Value value, const Origin &origin);
  void emitStepProductCall(StageOp stage, Operation *product,
                           const Origin &origin);
  void emitElementwiseCall(StageOp stage, const Units &units,
                           const Origin &origin, const CallRows &some);

  Code &code;
  const Layout &layout;
  Tiles &tiles;
  KernelSet *kernels;
  ScanOp scan;
  const Frame &frame;
  Accesses accesses;
  int64_t cacheBytes;
  /// Into how many parts the rows of a stage are shared out.
  llvm::DenseMap<Operation *, Value> rowParts;
  Value apart;   ///< threads compute rows of their own in the loop, all alike
  Value ofSteps; ///< outside of it they share out the rows of each step
  llvm::DenseSet<Value> summed; ///< for each distinct vector
};

} // namespace rnn

#endif // RNNCC_COMPILER_LOWER_SCANLOOPS_H
