//===- PairedAccumulates.cpp - gradients of weights as products in bf16 ---===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
//   columns (inputs, states), once, some rows on each thread:
//     [16 pairs of rows][part][pair][column]
//   for each block of rows
//     for each own panel, each gradient of a gate in it
//       turned on the stack:  [part][unit][pair of rows]
//       for each columns that it meets: gradient += turned * columns
//
// Rows are what is summed over, so pairs are of rows that follow each other.
//
//===----------------------------------------------------------------------===//

#include "compiler/lower/Bf16.h"
#include "compiler/lower/ScanLoops.h"
#include "llvm/ADT/MapVector.h"

using namespace mlir;
using namespace rnn;

/// Rows that are summed over at a time, of factors in one part; a panel of them
/// is turned on the stack.
static constexpr int64_t turnedRows = 512;

/// A vector of a row, or zeros if there is no such row.
static Value loadRow(Code &code, Value from, Value stride, Value row,
                     Value rows, Value mask) {
  Value isThere = code.less(row, rows);
  Value at =
      code.at(from, code.mul(code.select(isThere, row, code.num(0)), stride));
  return code.select(isThere, code.loadVec(at, mask), code.splat(0));
}

/// The function (from, fromRow, rows, to, firstBlock, lastBlock) that
/// stores pairs of rows as they are summed over.
static func::FuncOp makeRowPairing(const Code &outer, const std::string &name,
                                   int64_t width, int64_t columns,
                                   int64_t parts, ModuleOp module) {
  Code code = outer;
  if (auto known = module.lookupSymbol<func::FuncOp>(name))
    return known;
  auto function =
      beginShared(code, module, name,
                  {code.ptr, code.i64, code.i64, code.ptr, code.i64, code.i64});
  auto p = function.getArguments();
  constexpr int64_t pairs = Layout::pairsInLine;
  code.loop(p[4], p[5], 1, [&](Value block) {
    Value to = code.at(p[3], code.mul(block, parts * pairs * width));
    code.loop(0, pairs, 1, [&](Value pair) {
      Value row = code.add(code.mul(block, 2 * pairs), code.mul(pair, 2));
      code.loop(0, width, code.lanes, [&](Value column) {
        Value mask = columns % code.lanes
                         ? code.firstLanes(code.sub(code.num(columns), column))
                         : Value();
        Value from = code.at(p[0], column);
        Value first = loadRow(code, from, p[1], row, p[2], mask);
        Value second = loadRow(code, from, p[1], code.add(row, 1), p[2], mask);
        Value target = code.at(to, code.add(code.mul(pair, width), column));
        forEachPart(code, parts, first, second,
                    [&](int64_t part, Value a, Value b) {
                      code.storeVec(pairUp(code, a, b),
                                    code.at(target, part * pairs * width));
                    });
      });
    });
  });
  func::ReturnOp::create(code.b, code.loc);
  return function;
}

/// The function (from, fromRow, rows, to, units) that turns a panel of `width`
/// units: to[part][unit][pair of rows], filled up with zeros to whole blocks.
/// Without `inPairs` rounded elements stand there, two for a pair. With `exact`
/// nothing is read behind the first `units` of a row.
static func::FuncOp makeTurning(const Code &outer, const std::string &name,
                                int64_t width, int64_t toRow, int64_t parts,
                                bool inPairs, bool exact, ModuleOp module) {
  Code code = outer;
  if (auto known = module.lookupSymbol<func::FuncOp>(name))
    return known;
  auto function = beginShared(
      code, module, name, {code.ptr, code.i64, code.i64, code.ptr, code.i64});
  auto p = function.getArguments();
  // Two vectors along the rows are a vector of pairs.
  const int64_t step = 2 * code.lanes;
  Value filled = code.mul(code.ceilDiv(p[2], 2 * Layout::pairsInLine),
                          2 * Layout::pairsInLine);
  code.loop(code.num(0), filled, step, [&](Value row) {
    code.loop(0, width, code.lanes, [&](Value unit) {
      Value from = code.at(p[0], unit);
      Value mask = exact ? code.firstLanes(code.sub(p[4], unit)) : Value();
      auto turned = [&](int64_t first) {
        SmallVector<Value> rows;
        for (int64_t r = 0; r < code.lanes; ++r)
          rows.push_back(
              loadRow(code, from, p[1], code.add(row, first + r), p[2], mask));
        return transpose(code, rows);
      };
      SmallVector<Value> low = turned(0), high = turned(code.lanes);
      Value along = inPairs ? code.div(row, code.num(2)) : row;
      Value to = code.at(p[3], code.add(code.mul(unit, toRow), along));
      if (!inPairs) {
        for (int64_t u = 0; u < code.lanes; ++u) {
          Value row = code.at(to, u * toRow);
          code.storeVec(rounded(code, low[u]), row);
          code.storeVec(rounded(code, high[u]), code.at(row, code.lanes));
        }
        return;
      }
      for (int64_t u = 0; u < code.lanes; ++u)
        forEachPart(code, parts, low[u], high[u],
                    [&](int64_t part, Value a, Value b) {
                      code.storeVec(pairsOf(code, a, b),
                                    code.at(to, (part * width + u) * toRow));
                    });
    });
  });
  func::ReturnOp::create(code.b, code.loc);
  return function;
}

/// What all columns of a stage are, as pairs of rows.
Access ScanLoops::pairedColumns(AccumulateOp op) {
  const int64_t buffer = layout.pairedColumns(operandKey(op.getColumn()));
  Access access;
  access.base = frame.buffers[buffer];
  access.knownStride = llvm::alignTo(op.columnUnits(), code.lanes);
  return access;
}

void ScanLoops::emitPairedColumns(ArrayRef<AccumulateOp> ops,
                                  const Origin &origin, Value rows,
                                  int64_t parts) {
  auto module = scan->getParentOfType<ModuleOp>();
  Panels own = ownShare(code.ceilDiv(rows, 2 * Layout::pairsInLine));
  std::set<std::string> done;
  for (AccumulateOp op : ops) {
    if (!done.insert(operandKey(op.getColumn())).second)
      continue;
    Access from = accesses.valueAccess(op.getColumn(), origin, true);
    Access to = pairedColumns(op);
    const int64_t columns = op.columnUnits();
    std::string name = "rnn_pair_rows_" + std::to_string(columns) + "_" +
                       std::to_string(parts) + "x" +
                       std::to_string(code.lanes) + "." +
                       layout.schedule.target.name;
    func::CallOp::create(
        code.b, code.loc,
        makeRowPairing(code, name, to.knownStride, columns, parts, module),
        ValueRange{from.base, from.stride, rows, to.base, own.first, own.last});
  }
  emitBarrier();
}

void ScanLoops::emitPairedAccumulates(ArrayRef<AccumulateOp> ops,
                                      const Units &units, const Origin &origin,
                                      Value rows, int64_t parts) {
  emitPairedColumns(ops, origin, rows, parts);
  // What a gradient of gates meets, together, so that it is turned once.
  llvm::MapVector<Value, SmallVector<AccumulateOp>> byRow;
  for (AccumulateOp op : ops)
    byRow[op.getRow()].push_back(op);

  auto module = scan->getParentOfType<ModuleOp>();
  constexpr int64_t pairs = Layout::pairsInLine;
  const int64_t most = parts == 1 ? turnedRows : turnedRows / 2;
  // Rows a multiple of 2 KB apart would compete for the same few cache sets.
  const int64_t toRow = (layout.pairs ? most / 2 : most) + pairs;
  Value turned =
      code.onStack(code.element, parts * units.width * toRow, /*alignment=*/64);
  std::string name = "rnn_turn_" + std::to_string(units.width) + "_" +
                     std::to_string(toRow) + "_" + std::to_string(parts) + "x" +
                     std::to_string(code.lanes) + "." +
                     layout.schedule.target.name;
  auto turn = [&](bool exact) {
    OpBuilder::InsertionGuard guard(code.b);
    return makeTurning(code, exact ? "rnn_exact_" + name.substr(4) : name,
                       units.width, toRow, parts, layout.pairs, exact, module);
  };

  GradientShare own = ownGradients(units);
  auto ofColumns = [&](AccumulateOp op, Value panel, Value firstRow,
                       Value count) {
    Access column = pairedColumns(op);
    const int64_t width = column.knownStride, columns = op.columnUnits();
    const int64_t pitch = op.declaration().tensorType().getDimSize(1);
    Value unit = code.mul(panel, units.width);
    Value to = code.at(
        code.at(gradientOf(op), code.mul(code.add(unit, op.offset(0)), pitch)),
        op.offset(1));
    Value from =
        code.at(column.base, code.mul(code.div(firstRow, code.num(2 * pairs)),
                                      parts * pairs * width));
    auto some = [&](Value at, int64_t vectors, int64_t tailLanes) {
      TileShape shape;
      shape.factors = layout.pairs ? Factors::Pairs : Factors::HalfPaired;
      shape.aStep = layout.pairs ? 1 : 2;
      shape.parts = parts;
      shape.aPart = units.width * toRow;
      shape.vectors = vectors;
      shape.tailLanes = tailLanes;
      shape.aRow = toRow;
      shape.bStep = width;
      shape.cRow = pitch;
      shape.rows[0] = std::min(units.width, units.count);
      shape.rows[1] = units.count % units.width;
      TileArguments t;
      t.rows = units.hasTail() ? code.min(code.num(units.width),
                                          code.sub(code.num(units.count), unit))
                               : code.num(units.width);
      t.groups = t.blocks = code.num(1);
      t.aBlock = t.bGroup = t.initGroup = t.cGroup = code.num(0);
      t.blockSize = code.ceilDiv(count, 2);
      t.a = turned;
      t.b = code.at(from, at);
      t.c = t.init = code.at(to, at);
      t.initRow = code.num(pitch);
      tiles.call(code, shape, t);
    };
    const int64_t vectors =
        std::min<int64_t>(layout.schedule.target.hasMatrixUnit ? 2 : 3,
                          llvm::divideCeil(columns, code.lanes));
    forOwnColumns(
        own, columns, vectors * code.lanes,
        [&](Value at) { some(at, vectors, 0); },
        [&](Value at, int64_t rest) {
          some(at, llvm::divideCeil(rest, code.lanes), rest % code.lanes);
        });
  };

  code.loop(code.num(0), rows, most, [&](Value firstRow) {
    Value count = code.min(code.num(most), code.sub(rows, firstRow));
    code.loop(own.panels.first, own.panels.last, 1, [&](Value panel) {
      for (auto &[row, its] : byRow) {
        Value wanted;
        for (AccumulateOp op : its) {
          Value given = code.notNull(gradientOf(op));
          wanted = wanted ? code.either(wanted, given) : given;
        }
        code.ifThen(wanted, [&] {
          Access from = accesses.valueAccess(row, origin, true);
          // The caller's rows end where they end.
          const bool exact = from.exact && units.hasTail();
          func::CallOp::create(
              code.b, code.loc, turn(exact),
              ValueRange{
                  accesses.lanePointer(from, panel, firstRow, code.num(0)),
                  from.stride, count, turned,
                  code.sub(code.num(units.count),
                           code.mul(panel, units.width))});
          for (AccumulateOp op : its)
            code.ifThen(code.notNull(gradientOf(op)),
                        [&] { ofColumns(op, panel, firstRow, count); });
        });
      }
    });
  });
}
