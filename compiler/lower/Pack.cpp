//===- Pack.cpp - parameters to packed weights ----------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
//   weight[o, i]  ->  packed[panel of o][affine][i][o in panel]
//
// so that a product reads its weights from first to last. Rows past the last
// unit of a panel stay zero.
//
//===----------------------------------------------------------------------===//

#include "compiler/lower/Entries.h"
#include "compiler/lower/Setup.h"

using namespace mlir;
using namespace rnn;

/// Rows of `i` transposed at a time: the source lines of one block and its
/// destination stay in the nearest cache.
static constexpr int64_t blockRows = 16;

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
  int64_t restBack;   ///< how much earlier the last panel of i begins, if it is
                      ///< not full
};
} // namespace

/// Packs one weight from the parameter at `source`.
static void emitPiece(Code &code, const Piece &piece, Value source,
                      Value packed) {
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
      Value lanes = code.min(code.num(width), left);
      code.loop(code.num(0), count, blockRows, [&](Value first) {
        Value last = code.min(count, code.add(first, blockRows));
        code.loop(code.num(0), lanes, 1, [&](Value lane) {
          Value row =
              code.at(source, code.add(code.mul(code.add(o, lane), piece.pitch),
                                       start));
          code.loop(first, last, 1, [&](Value i) {
            code.store(code.load(code.at(row, i)),
                       code.at(toBlock, code.add(code.mul(i, width), lane)));
          });
        });
      });
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

  for (bool backward : {false, true})
    if (ScanOp scan = cell.scan(backward))
      for (StageOp stage : stagesOf(scan))
        for (const Site &site : layout.sites(stage))
          for (const Term &term : site.terms)
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
                piece.base = term.weights + int64_t(a) * term.depth() * width +
                             int64_t(slot) * piece.innerWidth * width;
                piece.perPanel =
                    int64_t(site.affines.size()) * term.depth() * width;
                piece.perBlock = term.slots * piece.innerWidth * width;
                piece.restBack =
                    term.panel && term.restUnits()
                        ? int64_t(slot) *
                              (term.inner.width - term.restUnits()) * width
                        : 0;
                emitPiece(code, piece, sources[piece.view.param.getSymName()],
                          weights);
              }
  // Last, so that weights cut off half way are not taken for whole ones.
  code.storeNum(code.num(id), weights);
  entry.finish(code.status(status::Ok));
}
