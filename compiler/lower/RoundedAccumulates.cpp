//===- RoundedAccumulates.cpp - gradients of parameters in bf16 -----------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
//   for each block of rows
//     columns, shared:     [block of columns][pair of rows][column] pairs
//     rows, of own panels: [panel][pair of rows][operand][unit]     pairs, or
//                          [panel][row][operand][unit]      rounded numbers
//     barrier
//     for each own panel, block of columns, parameter:
//       gradient[unit, column] += sum over pairs of rows
//     barrier
//
// What is summed over is rows, so pairs are of two rows.
//
//===----------------------------------------------------------------------===//

#include "compiler/lower/Bf16.h"
#include "compiler/lower/ScanLoops.h"

using namespace mlir;
using namespace rnn;

/// Rows, about, after which products over rows start anew on all panels.
static constexpr int64_t blockOfRows = 384;
/// Blocks are even: the largest has half as many rows again.
static constexpr int64_t mostPairs = blockOfRows * 3 / 4;

namespace {
/// The accumulates of a stage that round, by what they read.
struct Outers {
  struct Column {
    Value value;
    SmallVector<AccumulateOp> ops;
    int64_t begin; ///< in the buffer
  };
  SmallVector<Column> columns;
  SmallVector<std::pair<std::string, Value>> rows; ///< by operandKey
  int64_t vectorsAtOnce; ///< of columns
  int64_t step;          ///< columns in a block
  int64_t rowBegin = 0;  ///< in the buffer
  int64_t elements = 0;  ///< of the buffer

  int64_t rowOf(Value value) const {
    std::string key = operandKey(value);
    return llvm::find_if(rows, [&](auto &row) { return row.first == key; }) -
           rows.begin();
  }
};
} // namespace

static Outers outersOf(const Layout &layout, StageOp stage) {
  Outers outers;
  // Three vectors need fewer loads, if rows enough fit beside them.
  outers.vectorsAtOnce = layout.schedule.mostRows(3) < 4 ? 2 : 3;
  outers.step = outers.vectorsAtOnce * layout.lanes;
  for (auto op : stage.getBody().getOps<AccumulateOp>()) {
    if (!op.getColumn() || op.getOver() != 1)
      continue;
    std::string key = operandKey(op.getColumn());
    auto column = llvm::find_if(outers.columns, [&](auto &other) {
      return operandKey(other.value) == key;
    });
    if (column == outers.columns.end()) {
      outers.columns.push_back({op.getColumn(), {}, outers.elements});
      column = &outers.columns.back();
      outers.elements +=
          int64_t(llvm::alignTo(op.columnUnits(), outers.step)) * mostPairs;
    }
    column->ops.push_back(op);
    if (outers.rowOf(op.getRow()) == int64_t(outers.rows.size()))
      outers.rows.push_back({operandKey(op.getRow()), op.getRow()});
  }
  outers.rowBegin = outers.elements;
  outers.elements += layout.units(stage.getUnits()).padded() *
                     int64_t(outers.rows.size()) * mostPairs *
                     (layout.pairs ? 1 : 2);
  return outers;
}

int64_t rnn::elementsOfRoundedOuters(const Layout &layout, StageOp stage) {
  Outers outers = outersOf(layout, stage);
  return outers.columns.empty() ? 0 : outers.elements;
}

/// The function (from, fromRow, to, toRow, rows, count) that makes of rows of
/// `count` numbers one row for two: pairs of what stands above each other. A
/// last row alone has zeros below it, and vectors are filled up with zeros.
static func::FuncOp makePairing(const Code &outer, const std::string &name,
                                ModuleOp module) {
  Code code = outer;
  if (auto known = module.lookupSymbol<func::FuncOp>(name))
    return known;
  func::FuncOp function = beginRowsFunction(code, name, module);
  auto p = function.getArguments();
  Value rows = p[4], count = p[5];
  Value whole = code.sub(count, code.rem(count, code.num(code.lanes)));
  auto pairRows = [&](Value pair, bool hasSecond) {
    Value from = code.at(p[0], code.mul(code.mul(pair, 2), p[1]));
    Value to = code.at(p[2], code.mul(pair, p[3]));
    auto at = [&](Value column, Value inside) {
      Value first = code.at(from, column);
      Value low = code.loadVec(first, inside);
      Value high = hasSecond ? code.loadVec(code.at(first, p[1]), inside)
                             : code.splat(0);
      code.storeVec(pairUp(code, low, high), code.at(to, column));
    };
    code.loop(code.num(0), whole, code.lanes,
              [&](Value column) { at(column, Value()); });
    code.ifThen(code.less(whole, count), [&] {
      at(whole, code.firstLanes(code.sub(count, whole)));
    });
  };
  Value pairs = code.div(rows, code.num(2));
  code.loop(code.num(0), pairs, 1, [&](Value pair) { pairRows(pair, true); });
  code.ifThen(code.less(code.mul(pairs, 2), rows),
              [&] { pairRows(pairs, false); });
  func::ReturnOp::create(code.b, code.loc);
  return function;
}

func::FuncOp ScanLoops::pairingFunction() {
  OpBuilder::InsertionGuard guard(code.b);
  return makePairing(code,
                     "rnn_pair_x" + std::to_string(code.lanes) + "." +
                         layout.schedule.target.name,
                     scan->getParentOfType<ModuleOp>());
}

void ScanLoops::emitRoundedAccumulates(StageOp stage, const Origin &origin,
                                       Value rows) {
  const Outers outers = outersOf(layout, stage);
  if (outers.columns.empty())
    return;
  const Units units = layout.units(stage.getUnits());
  const Panels own = ownPanels(units);
  Value buffer = frame.buffers[layout.roundedOuters(stage)];
  const int64_t perRow = int64_t(outers.rows.size()) * units.width;
  // Of a pair of rows in a panel.
  const int64_t perPair = layout.pairs ? perRow : 2 * perRow;

  auto roundColumns = [&](Value firstRow, Value pairs, Value count) {
    Panels some = ownShare(pairs);
    Value first = code.mul(some.first, 2);
    Value here = code.min(code.mul(some.last, 2), count);
    for (const Outers::Column &column : outers.columns) {
      Access from = accesses.valueAccess(column.value, origin, true);
      Value source = code.at(
          from.base, code.mul(code.add(firstRow, first), from.stride));
      const int64_t columns =
          cast<RankedTensorType>(column.value.getType()).getNumElements();
      code.loop(0, columns, outers.step, [&](Value at) {
        Value to = code.at(
            code.at(code.at(buffer, column.begin), code.mul(at, mostPairs)),
            code.mul(some.first, outers.step));
        func::CallOp::create(
            code.b, code.loc, pairingFunction(),
            ValueRange{code.at(source, at), from.stride, to,
                       code.num(outers.step), code.sub(here, first),
                       code.min(code.num(outers.step),
                                code.sub(code.num(columns), at))});
      });
    }
  };
  auto panelOf = [&](Value panel) {
    return code.at(code.at(buffer, outers.rowBegin),
                   code.mul(panel, mostPairs * perPair));
  };
  auto roundRows = [&](Value panel, Value firstRow, Value count) {
    Value left = code.sub(code.num(units.count), code.mul(panel, units.width));
    for (auto [index, row] : llvm::enumerate(outers.rows)) {
      Access from = accesses.valueAccess(row.second, origin, true);
      func::CallOp::create(
          code.b, code.loc,
          layout.pairs ? pairingFunction() : roundingFunction(),
          ValueRange{accesses.lanePointer(from, panel, firstRow, code.num(0)),
                     from.stride,
                     code.at(panelOf(panel), int64_t(index) * units.width),
                     code.num(perRow), count,
                     code.min(code.num(units.width), left)});
    }
    // An odd row has one of zeros beside it.
    if (!layout.pairs)
      code.zeroBytes(code.at(panelOf(panel), code.mul(count, perRow)),
                     code.num(perRow * code.elementBytes()));
  };

  auto addBlock = [&](Value panel, Value pairs, const Outers::Column &column,
                      Value at, int64_t vectors, int64_t tailLanes) {
    Value unit = code.mul(panel, units.width);
    for (AccumulateOp op : column.ops)
      code.ifThen(code.notNull(gradientOf(op)), [&] {
        int64_t pitch = op.declaration().tensorType().getDimSize(1);
        TileShape shape;
        shape.factors = layout.pairs ? Factors::Pairs : Factors::HalfPaired;
        shape.vectors = vectors;
        shape.tailLanes = tailLanes;
        shape.aRow = 1;
        shape.aStep = perPair;
        shape.aSecond = perRow;
        shape.bStep = outers.step;
        shape.cRow = pitch;
        shape.rows[0] = std::min(units.width, units.count);
        shape.rows[1] = units.count % units.width;
        TileArguments t;
        t.rows = code.min(code.num(units.width),
                          code.sub(code.num(units.count), unit));
        t.groups = t.blocks = code.num(1);
        t.aBlock = t.bGroup = t.initGroup = t.cGroup = code.num(0);
        t.blockSize = pairs;
        t.a =
            code.at(panelOf(panel), outers.rowOf(op.getRow()) * units.width);
        t.b = code.at(code.at(buffer, column.begin), code.mul(at, mostPairs));
        t.c = code.at(code.at(gradientOf(op),
                              code.mul(code.add(unit, op.offset(0)), pitch)),
                      code.add(at, op.offset(1)));
        t.init = t.c;
        t.initRow = code.num(pitch);
        tiles.call(code, shape, t);
      });
  };

  // In even blocks, of whole pairs but for the last one.
  Value blocks = code.max(
      code.div(code.add(rows, blockOfRows / 2), code.num(blockOfRows)),
      code.num(1));
  Value allPairs = code.max(code.ceilDiv(rows, 2), code.num(1));
  Value blockRows = code.mul(
      code.add(code.div(code.sub(allPairs, code.num(1)), blocks), 1), 2);
  code.loop(code.num(0), rows, blockRows, [&](Value firstRow) {
    Value count = code.min(blockRows, code.sub(rows, firstRow));
    Value pairs = code.ceilDiv(count, 2);
    roundColumns(firstRow, pairs, count);
    code.loop(own.first, own.last, 1,
              [&](Value panel) { roundRows(panel, firstRow, count); });
    emitBarrier();
    code.loop(own.first, own.last, 1, [&](Value panel) {
      for (const Outers::Column &column : outers.columns) {
        const int64_t columns =
            cast<RankedTensorType>(column.value.getType()).getNumElements();
        const int64_t whole = columns / outers.step * outers.step;
        code.loop(0, whole, outers.step, [&](Value at) {
          addBlock(panel, pairs, column, at, outers.vectorsAtOnce, 0);
        });
        if (int64_t rest = columns - whole)
          addBlock(panel, pairs, column, code.num(whole),
                   llvm::divideCeil(rest, code.lanes), rest % code.lanes);
      }
    });
    emitBarrier();
  });
}
