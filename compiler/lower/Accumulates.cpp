//===- Accumulates.cpp - gradients of parameters as loops ----------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "compiler/lower/ScanLoops.h"

using namespace mlir;
using namespace rnn;

/// Rows, about, after which products over rows start anew on all panels.
static constexpr int64_t accumulateRows = 384;

/// Where the gradient of a parameter is added up; NULL if it is not wanted.
Value ScanLoops::gradientOf(AccumulateOp op) {
  if (op.declaration().getRole() == Role::derived)
    return frame.buffers[layout.adjoint(("grad." + op.getParam()).str())];
  return frame.arrays[layout.face.find(ArrayRole::GradParam, op.getParam())];
}

/// Fetches what the next columns are added to: pieces of rows, which hardware
/// sees no stream in.
static void prefetchRows(Code &code, Value first, Value rows, int64_t pitch,
                         int64_t columns) {
  const int64_t line = 64 / code.elementBytes();
  code.loop(code.num(0), rows, 1, [&](Value row) {
    Value from = code.at(first, code.mul(row, pitch));
    for (int64_t column = 0; column < columns; column += line)
      code.prefetch(code.at(from, column));
  });
}

void ScanLoops::emitAccumulates(StageOp stage, const Origin &origin,
                                Value rows) {
  // In the order in which they stand: keys have addresses in them.
  SmallVector<SmallVector<AccumulateOp>> byColumn;
  llvm::StringMap<unsigned> groups;
  SmallVector<AccumulateOp> vectors, paired;
  for (auto op : stage.getBody().getOps<AccumulateOp>())
    if (layout.isPaired(op)) {
      paired.push_back(op);
    } else if (op.getColumn()) {
      std::string key =
          operandKey(op.getColumn()) + "/" + std::to_string(op.getOver());
      unsigned group = groups.try_emplace(key, byColumn.size()).first->second;
      byColumn.resize(std::max<size_t>(byColumn.size(), group + 1));
      byColumn[group].push_back(op);
    } else {
      vectors.push_back(op);
    }
  Units units = layout.units(stage.getUnits());
  if (!paired.empty())
    emitPairedAccumulates(paired, units, origin, rows, layout.parts(stage));
  if (byColumn.empty() && vectors.empty())
    return;
  Panels ownSums = ownPanels(units);
  for (AccumulateOp op : vectors)
    code.ifThen(code.notNull(gradientOf(op)), [&] {
      Access row = accesses.valueAccess(op.getRow(), origin, true);
      code.loop(ownSums.first, ownSums.last, 1, [&](Value panel) {
        code.loop(0, units.width, code.lanes, [&](Value lane) {
          Value unit = code.add(code.mul(panel, units.width), lane);
          Value tail =
              units.hasTail()
                  ? code.firstLanes(code.sub(code.num(units.count), unit))
                  : Value();
          Value to = code.at(code.at(gradientOf(op), op.offset(0)), unit);
          auto sum = scf::ForOp::create(
              code.b, code.loc, code.num(0), rows, code.num(1),
              ValueRange{code.splat(0)},
              [&](OpBuilder &builder, Location loc, Value r, ValueRange sums) {
                OpBuilder saved = code.b;
                code.b = builder;
                Value share =
                    code.loadVec(accesses.lanePointer(row, panel, r, lane),
                                 row.exact ? tail : Value());
                Value next = arith::AddFOp::create(code.b, loc, sums[0], share);
                scf::YieldOp::create(code.b, loc, next);
                code.b = saved;
              });
          code.storeVec(arith::AddFOp::create(code.b, code.loc,
                                              code.loadVec(to, tail),
                                              sum.getResult(0)),
                        to, tail);
        });
      });
    });

  if (byColumn.empty())
    return;
  GradientShare own = ownGradients(units);
  int64_t gradientBytes = 0;
  for (ArrayRef<AccumulateOp> ops : byColumn)
    for (AccumulateOp op : ops)
      gradientBytes += op.rowUnits() * op.columnUnits() * code.elementBytes();
  const bool prefetches = gradientBytes > cacheBytes;
  // In even blocks of rows, so that a panel's gradients stay near for all
  // columns; each block reads and writes all gradients once.
  Value blocks = code.max(
      code.div(code.add(rows, accumulateRows / 2), code.num(accumulateRows)),
      code.num(1));
  Value blockRows = code.add(
      code.div(code.max(code.sub(rows, code.num(1)), code.num(0)), blocks), 1);
  code.loop(code.num(0), rows, blockRows, [&](Value firstRow) {
    Value count = code.min(blockRows, code.sub(rows, firstRow));
    code.loop(own.panels.first, own.panels.last, 1, [&](Value panel) {
      Value unit = code.mul(panel, units.width);
      Value height = units.hasTail()
                         ? code.min(code.num(units.width),
                                    code.sub(code.num(units.count), unit))
                         : code.num(units.width);
      for (const SmallVector<AccumulateOp> &ops : byColumn) {
        Value operand = AccumulateOp(ops.front()).getColumn();
        Access column = accesses.valueAccess(operand, origin, true);
        const int64_t columns = AccumulateOp(ops.front()).columnUnits();
        const int64_t vectorsAtOnce = layout.schedule.vectorsOfTile(
            llvm::divideCeil(columns, code.lanes));
        int64_t step = vectorsAtOnce * code.lanes;
        auto block = [&](Value at, int64_t vectorCount, int64_t tailLanes) {
          for (AccumulateOp op : ops)
            code.ifThen(code.notNull(gradientOf(op)), [&] {
              Access row = accesses.valueAccess(op.getRow(), origin, true);
              int64_t pitch = op.declaration().tensorType().getDimSize(1);
              TileShape shape;
              shape.vectors = vectorCount;
              shape.tailLanes = tailLanes;
              shape.aRow = 1;
              shape.aStep = row.knownStride;
              shape.bStep = column.knownStride;
              shape.cRow = pitch;
              shape.rows[0] = std::min(units.width, units.count);
              shape.rows[1] = units.count % units.width;
              TileArguments t;
              t.rows = height;
              t.groups = t.blocks = code.num(1);
              t.aBlock = t.bGroup = t.initGroup = t.cGroup = code.num(0);
              t.blockSize = count;
              t.c = code.at(
                  code.at(gradientOf(op),
                          code.mul(code.add(unit, op.offset(0)), pitch)),
                  code.add(at, op.offset(1)));
              t.init = t.c;
              t.initRow = code.num(pitch);
              t.a = accesses.lanePointer(row, panel, firstRow, code.num(0));
              t.b = code.at(
                  code.at(column.base, code.mul(firstRow, column.stride)), at);
              if (prefetches)
                prefetchRows(code, code.at(t.c, step), height, pitch, step);
              if (op.getOver() == 1)
                return tiles.call(code, shape, t);
              // Several vectors for each row, one after the other.
              Value a = code.at(
                  code.at(row.base, code.mul(firstRow, row.stride)), unit);
              Value b = t.b;
              code.loop(0, op.getOver(), 1, [&](Value k) {
                t.a = code.at(a, code.mul(k, op.rowUnits()));
                t.b = code.at(b, code.mul(k, op.columnUnits()));
                tiles.call(code, shape, t);
              });
            });
        };
        forOwnColumns(
            own, columns, step, [&](Value at) { block(at, vectorsAtOnce, 0); },
            [&](Value at, int64_t rest) {
              block(at, llvm::divideCeil(rest, code.lanes), rest % code.lanes);
            });
      }
    });
  });
}
