//===- MatrixTile.cpp - products in the tiles of a matrix unit ------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
//   dispatcher(rows, groups, ..)      tile of up to 32 rows by 2 vectors
//     for each two vectors              for each group, each block of rows
//       all blocks of 32 rows             4 tiles of sums = init
//       what is left of the rows          for each 16 pairs of k
//                                           2 tiles of a, 2 of b, 4 products
//                                         c = sums
//
// A tile function configures the unit once, which takes as long as some
// products, and then does all that it can with tiles of one size.
//
// As in registers, the order of additions of an element of c is that of k in
// every tile.
//
//===----------------------------------------------------------------------===//

#include "compiler/lower/MatrixUnit.h"
#include "compiler/lower/Tile.h"

using namespace mlir;
using namespace rnn;

namespace {
/// The parameters of a tile function, in order: those of TileArguments, but for
/// rows of a block and the number of blocks.
enum Parameter {
  Rows,
  Blocks,
  Groups,
  A,
  Steps,
  B,
  BGroup,
  Init,
  InitRow,
  InitGroup,
  C,
  CGroup
};

constexpr int64_t blockRows = 2 * MatrixUnit::rows;

/// What is known of a tile when compiling.
struct MatrixTile {
  int64_t rowTiles;  ///< 1 or 2: up to 16 rows, or 17 to 32
  int64_t vectors;   ///< 1 or 2
  int64_t lastLanes; ///< lanes of the last vector
};
} // namespace

/// The parts of a and b whose products are added up, small ones first: all but
/// those that are less than a unit in the last place of an f32.
static ArrayRef<std::pair<int, int>> productsOf(int64_t parts) {
  static const std::pair<int, int> one[] = {{0, 0}};
  static const std::pair<int, int> six[] = {{0, 2}, {0, 1}, {1, 1},
                                            {1, 0}, {2, 0}, {0, 0}};
  assert((parts == 1 || parts == 3) && "factors have one or three parts");
  return parts == 1 ? ArrayRef(one) : ArrayRef(six);
}

static func::FuncOp makeMatrixTile(const Code &outer, const TileShape &shape,
                                   const MatrixTile &tile,
                                   const std::string &name, ModuleOp module) {
  Code code = outer;
  code.b.setInsertionPointToEnd(module.getBody());
  auto function = func::FuncOp::create(
      code.b, code.loc, name,
      code.b.getFunctionType({code.i64, code.i64, code.i64, code.ptr, code.i64,
                              code.ptr, code.i64, code.ptr, code.i64, code.i64,
                              code.ptr, code.i64},
                             {}));
  makePrivate(function);
  setForLLVM(function, "noinline");
  code.b.setInsertionPointToStart(function.addEntryBlock());
  auto p = function.getArguments();
  MatrixUnit unit(code, module);
  const int64_t tiles = tile.rowTiles * tile.vectors;
  const Value whole = code.num(MatrixUnit::rows);

  // The last tile of rows has what is left; the last of vectors, too.
  SmallVector<Value> rows(tile.rowTiles, whole);
  rows.back() =
      code.sub(p[Rows], code.num((tile.rowTiles - 1) * MatrixUnit::rows));
  unit.declareRows(whole);
  unit.declareRows(rows.back());
  auto width = [&](int64_t v) {
    return v == tile.vectors - 1 ? tile.lastLanes : code.lanes;
  };
  auto place = [&](Value base, Value stride, int64_t i) {
    const int64_t row = i / tile.vectors * MatrixUnit::rows;
    return code.at(row ? code.at(base, code.mul(stride, row)) : base,
                   i % tile.vectors * code.lanes);
  };
  auto forEachTile =
      [&](llvm::function_ref<void(int64_t, Value, int64_t)> body) {
        for (int64_t i = 0; i < tiles; ++i)
          body(i, rows[i / tile.vectors], width(i % tile.vectors));
      };

  const int64_t part = MatrixUnit::pairs * shape.bStep;
  /// Adds what 16 pairs of k give.
  auto addProducts = [&](SmallVector<Value> &sums, Value a, Value b) {
    SmallVector<Value> as, bs;
    int partOfA = -1, partOfB = -1;
    for (auto [ofA, ofB] : productsOf(shape.parts)) {
      if (ofA != partOfA) {
        as.clear();
        for (int64_t r = 0; r < tile.rowTiles; ++r)
          as.push_back(unit.load(
              rows[r], MatrixUnit::pairs,
              code.at(a, ofA * shape.aPart + r * MatrixUnit::rows * shape.aRow),
              code.num(shape.aRow)));
      }
      if (ofB != partOfB) {
        bs.clear();
        for (int64_t v = 0; v < tile.vectors; ++v)
          bs.push_back(unit.load(whole, width(v),
                                 code.at(b, ofB * part + v * code.lanes),
                                 code.num(shape.bStep)));
      }
      partOfA = ofA;
      partOfB = ofB;
      forEachTile([&](int64_t i, Value count, int64_t width) {
        sums[i] = unit.addProduct(count, width, sums[i], as[i / tile.vectors],
                                  bs[i % tile.vectors]);
      });
    }
  };
  auto ofBlock = [&](Value a, Value b, Value init, Value c) {
    SmallVector<Value> sums;
    forEachTile([&](int64_t i, Value count, int64_t width) {
      sums.push_back(
          unit.load(count, width, place(init, p[InitRow], i), p[InitRow]));
    });
    auto loop = scf::ForOp::create(code.b, code.loc, code.num(0), p[Steps],
                                   code.num(1), sums);
    {
      OpBuilder::InsertionGuard guard(code.b);
      code.b.setInsertionPointToStart(loop.getBody());
      Value step = loop.getInductionVar();
      SmallVector<Value> sum(loop.getRegionIterArgs());
      addProducts(sum, code.at(a, code.mul(step, MatrixUnit::pairs)),
                  code.at(b, code.mul(step, shape.parts * part)));
      scf::YieldOp::create(code.b, code.loc, sum);
    }
    const Value cRow = code.num(shape.cRow);
    forEachTile([&](int64_t i, Value count, int64_t width) {
      unit.store(loop.getResult(i), count, width, place(c, cRow, i), cRow);
    });
  };
  code.loop(code.num(0), p[Groups], 1, [&](Value group) {
    Value b = code.at(p[B], code.mul(group, p[BGroup]));
    Value init = code.at(p[Init], code.mul(group, p[InitGroup]));
    Value c = code.at(p[C], code.mul(group, p[CGroup]));
    code.loop(code.num(0), p[Blocks], 1, [&](Value block) {
      Value row = code.mul(block, blockRows);
      ofBlock(code.at(p[A], code.mul(row, shape.aRow)), b,
              code.at(init, code.mul(row, p[InitRow])),
              code.at(c, code.mul(row, shape.cRow)));
    });
  });
  func::ReturnOp::create(code.b, code.loc);
  return function;
}

func::FuncOp Tiles::makeMatrixDispatcher(Code &outer, const TileShape &shape) {
  std::string name = shape.name(outer.element, outer.lanes);
  func::FuncOp &function = functions[name];
  if (function)
    return function;
  Code code = outer;
  function = beginDispatcher(code, name, module);
  placeInSection(function, ".text." + name);
  auto f = function.getArguments();
  const TileArguments p = {f[0], f[1],  f[2], f[3], f[4],  f[5],  f[6],
                           f[7], f[13], f[8], f[9], f[10], f[11], f[12]};
  Value steps =
      code.ceilDiv(code.mul(p.blocks, p.blockSize), MatrixUnit::pairs);

  auto tileOf = [&](const MatrixTile &tile) {
    std::string full = name + "_" + std::to_string(tile.rowTiles) + "x" +
                       std::to_string(tile.vectors) + "_" +
                       std::to_string(tile.lastLanes);
    func::FuncOp &made = functions[full];
    if (!made) {
      made = makeMatrixTile(code, shape, tile, full, module);
      placeInSection(made, ".text." + name);
    }
    return made;
  };
  for (int64_t v = 0; v < shape.vectors; v += 2) {
    MatrixTile tile;
    tile.vectors = std::min<int64_t>(2, shape.vectors - v);
    const bool isLast = v + tile.vectors == shape.vectors;
    tile.lastLanes = isLast && shape.tailLanes ? shape.tailLanes : code.lanes;
    auto callTile = [&](int64_t rowTiles, Value row, Value rows, Value blocks) {
      tile.rowTiles = rowTiles;
      const int64_t unit = v * code.lanes;
      auto ofRow = [&](Value base, Value stride) {
        return code.at(base, code.mul(row, stride));
      };
      func::CallOp::create(
          code.b, code.loc, tileOf(tile),
          ValueRange{
              rows, blocks, p.groups, ofRow(p.a, code.num(shape.aRow)), steps,
              code.at(p.b, unit), p.bGroup,
              code.at(ofRow(p.init, p.initRow), unit), p.initRow, p.initGroup,
              code.at(ofRow(p.c, code.num(shape.cRow)), unit), p.cGroup});
    };
    Value blocks = code.div(p.rows, code.num(blockRows));
    Value done = code.mul(blocks, blockRows), rest = code.sub(p.rows, done);
    code.ifThen(code.less(code.num(0), blocks),
                [&] { callTile(2, code.num(0), code.num(blockRows), blocks); });
    code.ifThen(code.less(code.num(0), rest), [&] {
      code.ifElse(
          code.less(code.num(MatrixUnit::rows), rest),
          [&] { callTile(2, done, rest, code.num(1)); },
          [&] { callTile(1, done, rest, code.num(1)); });
    });
  }
  func::ReturnOp::create(code.b, code.loc);
  return function;
}
