//===- Pack.cpp - parameters to packed weights ----------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
//   weight[o, i]  ->  packed[panel of o][affine][i][o in panel]
//
// so that a product reads its weights from first to last. Rows past the last
// unit of a panel stay zero. Blocks of as many rows as a vector has lanes are
// transposed in registers; what is left over goes element by element.
//
//===----------------------------------------------------------------------===//

#include "compiler/lower/Bf16.h"
#include "compiler/lower/Entries.h"
#include "compiler/lower/Setup.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;
using namespace rnn;

namespace {
/// One weight of a term: where its block of k lies in the packed weights.
struct Piece {
  WeightView view;
  int64_t pitch; ///< columns of the parameter
  bool transposed;
  int64_t inner; ///< size summed over
  Units outer;
  int64_t base;       ///< packed offset of panel 0, k = 0
  int64_t perPanel;   ///< packed elements from panel to panel of o
  int64_t innerWidth; ///< i comes in panels of so many
  int64_t perBlock;   ///< packed elements from panel to panel of i
  int64_t parts;      ///< of bf16; 0: elements
  int64_t firstPair;  ///< in bf16: of its term's
  int64_t restBack;   ///< how much earlier the last panel of i begins, if it is
                      ///< not full
};
} // namespace

/// The pair of elements `k` and k + 1 of `count`, or of one and zero.
static Value loadPair(Code &code, Value from, Value k, Value count,
                      int64_t part) {
  Value next = code.add(k, 1);
  Value has = code.less(next, count);
  Value first = code.load(code.at(from, k));
  Value second = code.load(code.at(from, code.select(has, next, k)));
  second = code.select(has, second, code.real(0));
  return pairUp(code, partOf(code, first, part), partOf(code, second, part));
}

/// Where a part of a pair of k is packed, in rows of a panel: parts of 16 pairs
/// follow each other.
static Value rowOfPair(Code &code, Value pair, int64_t parts, int64_t part) {
  if (parts == 1)
    return pair;
  Value block = code.div(pair, code.num(Layout::pairsInLine));
  Value before = code.mul(block, (parts - 1) * Layout::pairsInLine);
  return code.add(code.add(pair, before), part * Layout::pairsInLine);
}

/// The function (from, pitch, rows, columns, to, width, firstPair) that stores
/// element [row][column] of a matrix with `pitch` elements from row to row at
/// to[column * width + row]. With `parts` it stores pairs of columns: that of
/// columns 2c and 2c + 1 at to[c * width + row], c counted from `firstPair`.
static func::FuncOp makeTranspose(const Code &outer, const std::string &name,
                                  int64_t parts, StringRef section,
                                  ModuleOp module) {
  const bool bf16 = parts;
  Code code = outer;
  code.b.setInsertionPointToEnd(module.getBody());
  auto function = func::FuncOp::create(
      code.b, code.loc, name,
      code.b.getFunctionType({code.ptr, code.i64, code.i64, code.i64, code.ptr,
                              code.i64, code.i64},
                             {}));
  makeInternal(function);
  placeInSection(function, section);
  setForLLVM(function, "noinline");
  code.b.setInsertionPointToStart(function.addEntryBlock());
  Value from = function.getArgument(0), pitch = function.getArgument(1);
  Value rows = function.getArgument(2), columns = function.getArgument(3);
  Value to = function.getArgument(4), width = function.getArgument(5);
  const Value step = code.num(code.lanes);
  const Value elements = columns;
  if (bf16)
    columns = code.ceilDiv(columns, 2);
  auto first = [&](Value column) {
    return bf16 ? code.mul(column, 2) : column;
  };

  code.loop(code.num(0), rows, code.lanes, [&](Value row) {
    Value rowsHere = code.min(step, code.sub(rows, row));
    code.loop(code.num(0), columns, code.lanes, [&](Value column) {
      Value columnsHere = code.min(step, code.sub(columns, column));
      Value source =
          code.at(code.at(from, code.mul(row, pitch)), first(column));
      auto target = [&](Value c, int64_t part) {
        Value to_ = code.add(column, c);
        if (bf16)
          to_ = rowOfPair(code, code.add(function.getArgument(6), to_), parts,
                          part);
        return code.at(code.at(to, code.mul(to_, width)), row);
      };
      auto whole = [&](int64_t part) {
        SmallVector<Value> vectors;
        for (int64_t r = 0; r < code.lanes; ++r) {
          Value at = code.at(source, code.mul(code.num(r), pitch));
          Value vector = code.loadVec(at);
          if (bf16) {
            Value next = code.loadVec(code.at(at, code.lanes));
            vector = pairsOf(code, partOf(code, vector, part),
                             partOf(code, next, part));
          }
          vectors.push_back(vector);
        }
        for (auto [c, vector] : llvm::enumerate(transpose(code, vectors)))
          code.storeVec(vector, target(code.num(int64_t(c)), part));
      };
      auto rest = [&](int64_t part) {
        code.loop(code.num(0), rowsHere, 1, [&](Value r) {
          code.loop(code.num(0), columnsHere, 1, [&](Value c) {
            Value at = code.at(source, code.mul(r, pitch));
            Value element =
                bf16 ? loadPair(code, at, code.mul(c, 2),
                                code.sub(elements, first(column)), part)
                     : code.load(code.at(at, c));
            code.store(element, code.at(target(c, part), r));
          });
        });
      };
      Value isWhole =
          code.both(code.equal(rowsHere, step), code.equal(columnsHere, step));
      if (bf16)
        isWhole =
            code.both(isWhole, code.less(code.num(2 * code.lanes - 1),
                                         code.sub(elements, first(column))));
      for (int64_t part = 0; part < std::max<int64_t>(1, parts); ++part)
        code.ifElse(isWhole, [&] { whole(part); }, [&] { rest(part); });
    });
  });
  func::ReturnOp::create(code.b, code.loc);
  return function;
}

/// Packs one weight from the parameter at `source`, in bf16: pairs of k.
static void emitPairs(Code &code, const Piece &piece, Value source,
                      Value packed, func::FuncOp transposer) {
  const int64_t width = piece.outer.width;
  source = code.at(source, piece.view.row * piece.pitch + piece.view.column);
  code.loop(0, piece.outer.panels, 1, [&](Value panel) {
    Value o = code.mul(panel, width);
    Value to =
        code.at(packed, code.add(code.mul(panel, piece.perPanel), piece.base));
    Value left = code.sub(code.num(piece.outer.count), o);
    if (!piece.transposed) {
      func::CallOp::create(
          code.b, code.loc, transposer,
          ValueRange{code.at(source, code.mul(o, piece.pitch)),
                     code.num(piece.pitch), code.min(code.num(width), left),
                     code.num(piece.inner), to, code.num(width),
                     code.num(piece.firstPair)});
      return;
    }
    // weight[k, o]: lanes are neighbours already.
    auto pairOfRows = [&](Value pair, bool hasSecond) {
      Value from = code.at(code.at(source, code.mul(pair, 2 * piece.pitch)), o);
      for (int64_t v = 0; v < piece.outer.vectors; ++v) {
        Value mask =
            piece.outer.hasTail()
                ? code.firstLanes(code.sub(left, code.num(v * code.lanes)))
                : Value();
        Value at = code.at(from, v * code.lanes);
        Value first = code.loadVec(at, mask);
        Value second = hasSecond ? code.loadVec(code.at(at, piece.pitch), mask)
                                 : code.splat(0);
        Value place = code.add(pair, piece.firstPair);
        forEachPart(code, piece.parts, first, second,
                    [&](int64_t part, Value a, Value b) {
                      Value row = rowOfPair(code, place, piece.parts, part);
                      code.storeVec(pairUp(code, a, b),
                                    code.at(to, code.add(code.mul(row, width),
                                                         v * code.lanes)));
                    });
      }
    };
    code.loop(0, piece.inner / 2, 1,
              [&](Value pair) { pairOfRows(pair, true); });
    if (piece.inner % 2)
      pairOfRows(code.num(piece.inner / 2), false);
  });
}

/// Packs one weight from the parameter at `source`.
static void emitPiece(Code &code, const Piece &piece, Value source,
                      Value packed, func::FuncOp transposer) {
  const int64_t width = piece.outer.width;
  source = code.at(source, piece.view.row * piece.pitch + piece.view.column);
  const int64_t innerWidth = piece.innerWidth;
  const int64_t full = piece.inner / innerWidth;
  code.loop(0, piece.outer.panels, 1, [&](Value panel) {
    Value o = code.mul(panel, width);
    Value to =
        code.at(packed, code.add(code.mul(panel, piece.perPanel), piece.base));
    Value left = code.sub(code.num(piece.outer.count), o);
    code.loop(0, piece.inner, innerWidth, [&](Value start) {
      Value block = code.div(start, code.num(innerWidth));
      Value toBlock = code.at(to, code.mul(block, piece.perBlock));
      if (piece.restBack)
        toBlock = code.at(toBlock,
                          code.select(code.less(block, code.num(full)),
                                      code.num(0), code.num(-piece.restBack)));
      Value count = code.min(code.num(innerWidth),
                             code.sub(code.num(piece.inner), start));
      if (piece.transposed) {
        // weight[i, o]: lanes are neighbours already.
        code.loop(code.num(0), count, 1, [&](Value i) {
          Value from = code.at(
              code.at(source, code.mul(code.add(start, i), piece.pitch)), o);
          for (int64_t v = 0; v < piece.outer.vectors; ++v) {
            Value mask =
                piece.outer.hasTail()
                    ? code.firstLanes(code.sub(left, code.num(v * code.lanes)))
                    : Value();
            code.storeVec(
                code.loadVec(code.at(from, v * code.lanes), mask),
                code.at(toBlock, code.add(code.mul(i, width), v * code.lanes)));
          }
        });
        return;
      }
      Value from = code.at(source, code.add(code.mul(o, piece.pitch), start));
      func::CallOp::create(code.b, code.loc, transposer,
                           ValueRange{from, code.num(piece.pitch),
                                      code.min(code.num(width), left), count,
                                      toBlock, code.num(width), code.num(0)});
    });
  });
}

void rnn::emitPack(Code &code, const Layout &layout, const std::string &name,
                   StringRef section, int64_t id, ModuleOp module) {
  EntryFunction entry(code, module, name, {code.ptr, code.ptr}, code.i32);
  makeInternal(entry.function);
  placeInSection(entry.function, section);
  Value params = entry.argument(0), weights = entry.argument(1);
  // A cell without parameters has no array of them.
  entry.failIf(layout.face.params.empty()
                   ? code.isNull(weights)
                   : code.either(code.isNull(params), code.isNull(weights)),
               status::NullPointer);
  auto misaligned = [&](Value bits, int64_t bytes) {
    return arith::CmpIOp::create(code.b, code.loc, arith::CmpIPredicate::ne,
                                 code.both(bits, code.num(bytes - 1)),
                                 code.num(0));
  };
  entry.failIf(misaligned(code.address(weights), 64), status::Misaligned);
  llvm::StringMap<Value> sources;
  int64_t index = 0;
  for (TensorOp param : layout.face.params) {
    Value source =
        code.loadPtr(code.atByte(params, code.pointerBytes * index++));
    sources[param.getSymName()] = source;
    entry.failIf(code.isNull(source), status::NullPointer);
    entry.failIf(misaligned(code.address(source), code.elementBytes()),
                 status::Misaligned);
  }

  code.zeroBytes(weights,
                 code.num(layout.weightElements * code.elementBytes()));
  CellOp cell = layout.cell;
  for (auto tensor : cell.getBody().getOps<TensorOp>()) {
    auto offset = layout.vectors.find(tensor.getSymName());
    if (offset == layout.vectors.end())
      continue;
    Value kept = code.at(weights, offset->second);
    if (tensor.getRole() == Role::derived)
      sources[tensor.getSymName()] = kept;
    else
      code.copyBytes(
          kept, sources[tensor.getSymName()],
          code.num(tensor.tensorType().getNumElements() * code.elementBytes()));
  }
  if (SetupOp setup = cell.setup(false))
    emitSetup(code, setup,
              [&](TensorOp tensor) { return sources[tensor.getSymName()]; });

  auto [stem, level] = StringRef(name).rsplit('.');
  std::map<int64_t, func::FuncOp> transposers; // by parts
  std::set<int64_t> packed;                    // places of terms
  for (bool backward : {false, true})
    if (ScanOp scan = cell.scan(backward))
      for (StageOp stage : stagesOf(scan))
        for (const Site &site : layout.sites(stage))
          for (const Term &term : site.terms) {
            if (!packed.insert(term.weights).second)
              continue;
            for (auto [a, affine] : llvm::enumerate(site.affines))
              for (auto [slot, operand] : llvm::enumerate(term.operand[a])) {
                AffineOp op = affine;
                Value weight = op.getWeights()[operand];
                int64_t width = site.units.width;
                Piece piece;
                piece.view = weightView(weight);
                piece.pitch = piece.view.param.tensorType().getDimSize(1);
                piece.transposed = op.getTransposed()[operand];
                piece.inner =
                    cast<RankedTensorType>(op.getInputs()[operand].getType())
                        .getDimSize(0);
                piece.outer = site.units;
                piece.innerWidth =
                    term.panel ? term.inner.width : term.inner.count;
                const int64_t depth = layout.packedDepth(term);
                const int64_t before =
                    term.parts ? 0 : int64_t(slot) * piece.innerWidth;
                piece.parts = term.parts;
                piece.firstPair = int64_t(slot) * term.pairsOfSlot();
                piece.base =
                    term.weights + (int64_t(a) * depth + before) * width;
                piece.perPanel = int64_t(site.affines.size()) * depth * width;
                piece.perBlock = term.slots * piece.innerWidth * width;
                piece.restBack =
                    term.panel && term.restUnits()
                        ? int64_t(slot) *
                              (term.inner.width - term.restUnits()) * width
                        : 0;
                func::FuncOp &transposer = transposers[term.parts];
                if (!transposer && !piece.transposed)
                  transposer = makeTranspose(
                      code,
                      (stem + "_part" +
                       (term.parts ? std::to_string(term.parts) : "") + "." +
                       level)
                          .str(),
                      term.parts, section, module);
                auto emit = term.parts ? emitPairs : emitPiece;
                emit(code, piece, sources[piece.view.param.getSymName()],
                     weights, transposer);
              }
          }
  // Last, so that weights cut off half way are not taken for whole ones.
  code.storeNum(code.num(id), weights);
  entry.finish(code.status(status::Ok));
}
