//===- Pack.cpp - parameters to packed weights ----------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
//   weight[o, i]  ->  packed[panel of o][affine][i][o in panel]
//
// so that a product reads its weights from first to last. Rows past the last
// unit of a panel are zero. Blocks of as many rows as a vector has lanes are
// transposed in registers; what is left over goes element by element. What
// blocks fill whole is written once, not zeroed before. Threads share out the
// panels of each weight.
//
//===----------------------------------------------------------------------===//

#include "compiler/lower/Bf16.h"
#include "compiler/lower/Bodies.h"
#include "compiler/lower/Denormals.h"
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
  bool isPast;        ///< stored past the caches
  int64_t firstPair;  ///< in bf16: of its term's
  int64_t restBack;   ///< how much earlier the last panel of i begins, if it is
                      ///< not full

  /// Rows of a panel that it fills.
  int64_t rows() const {
    return parts ? parts * llvm::divideCeil(inner, 2) : inner;
  }
};

/// The packed weights of a term.
struct PackedTerm {
  int64_t begin = 0, end = 0;
  llvm::SmallVector<Piece> pieces;

  const Units &outer() const { return pieces.front().outer; }
  int64_t perPanel() const { return (end - begin) / outer().panels; }
  /// Panels before this one are filled by the pieces, the others in part.
  int64_t firstPartial() const {
    int64_t rows = 0;
    for (const Piece &piece : pieces)
      rows += piece.rows();
    if (rows * outer().width < perPanel())
      return 0;
    return outer().hasTail() ? outer().panels - 1 : outer().panels;
  }
};
} // namespace

/// Whether packed weights are stored past the caches, which takes half of the
/// time: those that the nearest do not hold, where a vector is a line.
static bool goPastCaches(const Layout &layout) {
  FloatType element = layout.face.element;
  const int64_t bytes = element.getWidth() / 8;
  return layout.lanes * bytes == 64 &&
         layout.weightElements * bytes > layout.schedule.target.l2Bytes;
}

static void store(Code &code, bool past, Value vector, Value to) {
  if (past)
    code.storeLine(vector, to);
  else
    code.storeVec(vector, to);
}

static Piece makePiece(const Layout &layout, const Site &site, const Term &term,
                       int64_t a, int64_t slot) {
  AffineOp op = site.affines[a];
  const unsigned operand = term.operand[a][slot];
  const int64_t width = site.units.width, depth = layout.packedDepth(term);
  Piece piece;
  piece.view = weightView(op.getWeights()[operand]);
  piece.pitch = piece.view.param.tensorType().getDimSize(1);
  piece.transposed = op.getTransposed()[operand];
  piece.inner =
      cast<RankedTensorType>(op.getInputs()[operand].getType()).getDimSize(0);
  piece.outer = site.units;
  piece.innerWidth = term.panel ? term.inner.width : term.inner.count;
  piece.parts = term.parts;
  piece.isPast = goPastCaches(layout);
  piece.firstPair = slot * term.pairsOfSlot();
  const int64_t before = term.parts ? 0 : slot * piece.innerWidth;
  piece.base = term.weights + (a * depth + before) * width;
  piece.perPanel = int64_t(site.affines.size()) * depth * width;
  piece.perBlock = term.slots * piece.innerWidth * width;
  piece.restBack = term.panel && term.restUnits()
                       ? slot * (term.inner.width - term.restUnits()) * width
                       : 0;
  return piece;
}

/// All terms, each place once, in the order of their places.
static SmallVector<PackedTerm> packedTerms(const Layout &layout) {
  std::map<int64_t, PackedTerm> terms;
  CellOp cell = layout.cell;
  for (bool backward : {false, true})
    if (ScanOp scan = cell.scan(backward))
      for (StageOp stage : stagesOf(scan))
        for (const Site &site : layout.sites(stage))
          for (const Term &term : site.terms) {
            auto [place, isNew] = terms.try_emplace(term.weights);
            if (!isNew)
              continue;
            PackedTerm &packed = place->second;
            packed.begin = term.weights;
            packed.end = term.weights + layout.packedElements(site, term);
            for (size_t a = 0; a < site.affines.size(); ++a)
              for (size_t slot = 0; slot < term.operand[a].size(); ++slot)
                packed.pieces.push_back(makePiece(layout, site, term, a, slot));
          }
  return llvm::to_vector(llvm::make_second_range(terms));
}

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
/// With `past` whole blocks are stored past the caches.
static func::FuncOp makeTranspose(const Code &outer, const std::string &name,
                                  int64_t parts, bool past, ModuleOp module) {
  const bool bf16 = parts;
  Code code = outer;
  code.b.setInsertionPointToEnd(module.getBody());
  auto function = func::FuncOp::create(
      code.b, code.loc, name,
      code.b.getFunctionType({code.ptr, code.i64, code.i64, code.i64, code.ptr,
                              code.i64, code.i64},
                             {}));
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
          store(code, past, vector, target(code.num(int64_t(c)), part));
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

namespace {
/// A thread's share of the panels of each weight, of as many as have work.
struct Share {
  Value thread, workers;

  void loop(Code &code, int64_t panels,
            llvm::function_ref<void(Value)> body) const {
    Value all = code.num(panels);
    auto border = [&](Value thread) {
      return code.min(code.div(code.mul(all, thread), workers), all);
    };
    code.loop(border(thread), border(code.add(thread, 1)), 1, body);
  }
};
} // namespace

/// Packs one weight from the parameter at `source`, in bf16: pairs of k.
static void emitPairs(Code &code, const Piece &piece, const Share &share,
                      Value source, Value packed, func::FuncOp transposer) {
  const int64_t width = piece.outer.width;
  source = code.at(source, piece.view.row * piece.pitch + piece.view.column);
  share.loop(code, piece.outer.panels, [&](Value panel) {
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
                      store(code, piece.isPast, pairUp(code, a, b),
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
static void emitPiece(Code &code, const Piece &piece, const Share &share,
                      Value source, Value packed, func::FuncOp transposer) {
  const int64_t width = piece.outer.width;
  source = code.at(source, piece.view.row * piece.pitch + piece.view.column);
  const int64_t innerWidth = piece.innerWidth;
  const int64_t full = piece.inner / innerWidth;
  share.loop(code, piece.outer.panels, [&](Value panel) {
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
            store(
                code, piece.isPast,
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

//===----------------------------------------------------------------------===//
// Functions
//===----------------------------------------------------------------------===//

/// So many bytes of packed weights are worth a thread: it writes them in about
/// the time that it takes to start.
static constexpr int64_t leastThreadBytes = 1 << 18;

namespace {
/// The words of 64 bits of what the threads are told.
enum class PackField { Params, Weights, Workers, Count };

/// Emits the packing of one cell.
class Pack {
public:
  Pack(Code &code, const Layout &layout, StringRef prefix, StringRef level,
       int64_t id, ModuleOp module)
      : code(code), layout(layout), prefix(prefix), level(level), id(id),
        module(module), terms(packedTerms(layout)),
        denormals(code, layout.schedule.target.architecture) {}
  void emit();

private:
  using Sources = llvm::StringMap<Value>;

  std::string name(StringRef suffix) {
    return (prefix + "_pack_" + suffix + "." + level).str();
  }
  int64_t bytes() { return layout.weightElements * code.elementBytes(); }
  Value field(Value context, PackField field) {
    return code.atByte(context, 8 * int64_t(field));
  }
  void makeOurs(func::FuncOp function) {
    makeInternal(function);
    placeInSection(function, section);
  }
  void addDerived(Sources &sources, Value weights);
  void emitZeros(Value weights);
  void emitWhole(Value weights, Sources &sources);
  void emitTails(const PackedTerm &term, const Share &share, Value weights);
  void emitBody();
  void runBody(Value params, Value weights, Value team);

  Code &code;
  const Layout &layout;
  StringRef prefix, level;
  int64_t id;
  ModuleOp module;
  SmallVector<PackedTerm> terms;
  Denormals denormals;
  std::string section = (".text." + prefix + "_sizes." + level).str();
};
} // namespace

/// Where what is computed from parameters is kept.
void Pack::addDerived(Sources &sources, Value weights) {
  CellOp cell = layout.cell;
  for (auto tensor : cell.getBody().getOps<TensorOp>()) {
    auto offset = layout.vectors.find(tensor.getSymName());
    if (tensor.getRole() == Role::derived && offset != layout.vectors.end())
      sources[tensor.getSymName()] = code.at(weights, offset->second);
  }
}

/// What lies before and between the terms: the header, zeros, gaps, and what is
/// then read as it is.
void Pack::emitZeros(Value weights) {
  auto zero = [&](int64_t begin, int64_t end) {
    if (begin < end)
      code.zeroBytes(code.at(weights, begin),
                     code.num((end - begin) * code.elementBytes()));
  };
  int64_t done = 0;
  for (const PackedTerm &term : terms) {
    zero(done, term.begin);
    done = term.end;
  }
  zero(done, layout.weightElements);
}

/// What is read as it is.
void Pack::emitWhole(Value weights, Sources &sources) {
  CellOp cell = layout.cell;
  for (auto tensor : cell.getBody().getOps<TensorOp>()) {
    auto offset = layout.vectors.find(tensor.getSymName());
    if (offset == layout.vectors.end() || tensor.getRole() == Role::derived)
      continue;
    code.copyBytes(
        code.at(weights, offset->second), sources[tensor.getSymName()],
        code.num(tensor.tensorType().getNumElements() * code.elementBytes()));
  }
  if (SetupOp setup = cell.setup(false))
    emitSetup(code, setup,
              [&](TensorOp tensor) { return sources[tensor.getSymName()]; });
}

/// Zeros in panels that the pieces of a term do not fill, by the thread that
/// packs them.
void Pack::emitTails(const PackedTerm &term, const Share &share,
                     Value weights) {
  const int64_t first = term.firstPartial();
  if (first == term.outer().panels)
    return;
  share.loop(code, term.outer().panels, [&](Value panel) {
    Value at = code.add(code.mul(panel, term.perPanel()), term.begin);
    code.ifThen(code.less(code.num(first - 1), panel), [&] {
      code.zeroBytes(code.at(weights, at),
                     code.num(term.perPanel() * code.elementBytes()));
    });
  });
}

/// What each thread does.
void Pack::emitBody() {
  OpBuilder::InsertionGuard guard(code.b);
  code.b.setInsertionPointToEnd(module.getBody());
  auto body =
      func::FuncOp::create(code.b, code.loc, name("body"),
                           code.b.getFunctionType({code.ptr, code.i64}, {}));
  makeOurs(body);
  code.b.setInsertionPointToStart(body.addEntryBlock());
  Value context = body.getArgument(0);
  Value params = code.loadPtr(field(context, PackField::Params));
  Value weights = code.loadPtr(field(context, PackField::Weights));
  Share share{body.getArgument(1),
              code.loadNum(field(context, PackField::Workers))};
  Sources sources;
  for (auto [index, param] : llvm::enumerate(layout.face.params))
    sources[TensorOp(param).getSymName()] =
        code.loadPtr(code.atByte(params, code.pointerBytes * int64_t(index)));
  addDerived(sources, weights);
  denormals.flush();
  std::map<int64_t, func::FuncOp> transposers; // by parts
  for (const PackedTerm &term : terms) {
    emitTails(term, share, weights);
    for (const Piece &piece : term.pieces) {
      func::FuncOp &transposer = transposers[piece.parts];
      if (!transposer && !piece.transposed) {
        std::string parts = piece.parts ? std::to_string(piece.parts) : "";
        transposer = makeTranspose(code, name("part" + parts), piece.parts,
                                   piece.isPast, module);
        makeOurs(transposer);
      }
      TensorOp param = piece.view.param;
      auto emit = piece.parts ? emitPairs : emitPiece;
      emit(code, piece, share, sources[param.getSymName()], weights,
           transposer);
    }
  }
  denormals.restore();
  if (goPastCaches(layout))
    code.fenceLines();
  func::ReturnOp::create(code.b, code.loc);
}

/// Calls the body on the team's threads, or on this one alone.
void Pack::runBody(Value params, Value weights, Value team) {
  Value context =
      code.onStack(code.i64, int64_t(PackField::Count), /*alignment=*/8);
  LLVM::StoreOp::create(code.b, code.loc, params,
                        field(context, PackField::Params));
  LLVM::StoreOp::create(code.b, code.loc, weights,
                        field(context, PackField::Weights));
  Value one = code.num(1), workers = one;
  if (const int64_t most = bytes() / leastThreadBytes; most > 1)
    workers = code.choose(
        code.notNull(team), code.i64,
        [&] { return code.min(code.loadNum(team), code.num(most)); },
        [&] { return one; });
  code.storeNum(workers, field(context, PackField::Workers));
  code.ifElse(
      code.less(one, workers),
      [&] { runOnTeam(code, team, name("body"), context); },
      [&] {
        func::CallOp::create(code.b, code.loc, name("body"), TypeRange(),
                             ValueRange{context, code.num(0)});
      });
}

void Pack::emit() {
  if (!terms.empty())
    emitBody();
  EntryFunction entry(code, module, name("on_team"),
                      {code.ptr, code.ptr, code.ptr}, code.i32);
  makeOurs(entry.function);
  Value params = entry.argument(0), weights = entry.argument(1);
  Sources sources = entry.takeParams(layout.face, params, weights);
  addDerived(sources, weights);
  emitZeros(weights);
  denormals.flush();
  emitWhole(weights, sources);
  denormals.restore();
  if (!terms.empty())
    runBody(params, weights, entry.argument(2));
  // Last, so that weights cut off half way are not taken for whole ones.
  code.storeNum(code.num(id), weights);
  entry.finish(code.status(status::Ok));
}

void rnn::emitPack(Code &code, const Layout &layout, StringRef prefix,
                   StringRef level, int64_t id, ModuleOp module) {
  Pack(code, layout, prefix, level, id, module).emit();
}
