//===- DistinctRows.cpp - stages that run once per distinct vector --------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
//   forward    stage before, on the D distinct vectors
//              for each chunk: its row of each row's vector is copied to where
//              the loop looks for it
//   backward   for each chunk: what the stage after reads is added up, for
//              each vector, over the rows that have it
//              then the stage, on D rows
//
// The stages are emitted as ever, for a frame of one step with D rows, whose
// buffers are others.
//
//===----------------------------------------------------------------------===//

#include "compiler/lower/ScanLoops.h"
#include "llvm/ADT/MapVector.h"

using namespace mlir;
using namespace rnn;

/// One step of all distinct vectors.
Frame ScanLoops::distinctFrame() {
  Frame own = frame;
  own.all = own.steps = code.num(1);
  own.batch = own.rows = frame.distinct;
  own.before = own.keptFrom = code.num(0);
  own.firstRow = own.keptRows = own.before;
  own.kept = own.steps;
  own.ragged = code.no();
  for (auto [key, buffer] : layout.sharedBuffers)
    if (key.second == scan.getBackward())
      own.buffers[key.first] = frame.buffers[buffer];
  return own;
}

/// Which of the distinct vectors each row of the chunk has.
Value ScanLoops::numbersOfRows() {
  Value first = code.mul(code.mul(frame.before, frame.batch), 4);
  return code.select(frame.ragged,
                     frame.buffers[layout.packedNumbers(scan.getBackward())],
                     code.atByte(frame.numbers, first));
}

void ScanLoops::emitDistinct() {
  if (!frame.isShared)
    return;
  const Phase phase = scan.getBackward() ? Phase::after : Phase::before;
  code.ifThen(frame.isShared, [&] {
    Frame own = distinctFrame();
    ScanLoops loops(code, layout, tiles, kernels, scan, own, cacheBytes);
    for (StageOp stage : stagesOf(scan))
      if (stage.getDistinct() && stage.getPhase() == phase) {
        loops.shareOutAlone(stage);
        loops.emitStage(stage, Origin());
        emitBarrier();
      }
  });
}

/// What the rows of the chunk take from a distinct stage, or give to it.
void ScanLoops::emitShared(StageOp stage) {
  Frame own = distinctFrame();
  Accesses distinct(code, layout, own, scan.getBackward());
  if (stage.getPhase() == Phase::before)
    emitCopies(stage, distinct);
  else
    emitSums(stage, distinct);
}

namespace {
/// One value for the rows of the chunk and for the distinct vectors.
struct Pair {
  Access rows, distinct;
};
} // namespace

/// Calls the body for this thread's panels, with the number of vectors that
/// hold units in them.
void ScanLoops::forOwnPanels(
    const Units &units, function_ref<void(Value panel, int64_t vectors)> body) {
  Panels own = ownPanels(units);
  const int64_t last = units.lastVectors(code.lanes);
  if (last == units.vectors)
    return code.loop(own.first, own.last, 1,
                     [&](Value panel) { body(panel, units.vectors); });
  Value narrow = code.num(units.panels - 1);
  code.loop(own.first, code.min(own.last, narrow), 1,
            [&](Value panel) { body(panel, units.vectors); });
  code.loop(code.max(own.first, narrow), own.last, 1,
            [&](Value panel) { body(panel, last); });
}

/// Copies what the distinct vectors have to the rows, panel by own panel.
void ScanLoops::emitCopies(StageOp stage, Accesses &distinct) {
  SmallVector<Pair> values;
  for (Value result : stage.getResults()) {
    Place place = layout.place(result);
    values.push_back({accesses.bufferAccess(place, Origin(), 0),
                      distinct.bufferAccess(place, Origin(), 0)});
  }
  Value numbers = numbersOfRows();
  Units units = layout.units(stage.getUnits());
  forOwnPanels(units, [&](Value panel, int64_t vectors) {
    code.loop(code.num(0), frame.rows, 1, [&](Value row) {
      Value number = code.loadInt(numbers, row);
      for (const Pair &value : values)
        for (int64_t v = 0; v < vectors; ++v) {
          Value lane = code.num(v * code.lanes);
          Value from =
              accesses.lanePointer(value.distinct, panel, number, lane);
          code.storeVec(code.loadVec(from),
                        accesses.lanePointer(value.rows, panel, row, lane));
        }
    });
  });
}

/// Adds up what the stage reads, unless an earlier one has, for each distinct
/// vector in the order of the rows that have it, on top of what later chunks
/// have given.
void ScanLoops::emitSums(StageOp stage, Accesses &distinct) {
  llvm::MapVector<int64_t, SmallVector<Pair>> byUnits;
  for (Operation &op : stage.getBody().front())
    for (Value operand : op.getOperands())
      if (operand.getDefiningOp<StageOp>() && summed.insert(operand).second) {
        Place place = layout.place(operand);
        byUnits[place.units.count].push_back(
            {accesses.bufferAccess(place, Origin(), 0),
             distinct.bufferAccess(place, Origin(), 0)});
      }
  if (byUnits.empty())
    return;
  Value zero = code.num(0), numbers = numbersOfRows();
  Value isFirst = code.equal(code.add(frame.before, frame.steps), frame.all);
  Value toClear = code.select(isFirst, frame.distinct, zero);
  auto addUp = [&](ArrayRef<Pair> values, Value panel, int64_t vectors) {
    auto overVectors = [&](function_ref<void(const Pair &, Value)> body) {
      for (const Pair &value : values)
        for (int64_t v = 0; v < vectors; ++v)
          body(value, code.num(v * code.lanes));
    };
    code.loop(zero, toClear, 1, [&](Value number) {
      overVectors([&](const Pair &value, Value lane) {
        code.storeVec(code.splat(0), accesses.lanePointer(value.distinct, panel,
                                                          number, lane));
      });
    });
    code.loop(zero, frame.rows, 1, [&](Value row) {
      Value number = code.loadInt(numbers, row);
      overVectors([&](const Pair &value, Value lane) {
        Value sum = accesses.lanePointer(value.distinct, panel, number, lane);
        Value share =
            code.loadVec(accesses.lanePointer(value.rows, panel, row, lane));
        code.storeVec(
            arith::AddFOp::create(code.b, code.loc, code.loadVec(sum), share),
            sum);
      });
    });
  };
  for (auto &entry : byUnits)
    forOwnPanels(layout.units(entry.first), [&](Value panel, int64_t vectors) {
      addUp(entry.second, panel, vectors);
    });
}
