//===- Tile.cpp - products in register tiles ------------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
//   dispatcher(rows, groups, ..)          tile of 12 rows x 2 vectors
//     for each group of vectors             24 sums = init
//       for each block of rows, <= 12       for each block of k
//         call the tile of that size          for each k: 2 loads of b,
//                                               12 broadcasts of a, 24 fmas
//                                           c = sums
//
// The order of additions of an element of c is that of k, in every tile: a row
// gives the same bits alone and in company.
//
//===----------------------------------------------------------------------===//

#include "compiler/lower/Tile.h"
#include "compiler/lower/Bf16.h"

using namespace mlir;
using namespace rnn;

std::string TileShape::name(FloatType element, int64_t lanes) const {
  std::string text;
  llvm::raw_string_ostream os(text);
  os << "rnn_tile_f" << element.getWidth() << "x" << lanes << "_v" << vectors
     << "_a" << aRow << "_" << aStep << "_b" << bStep << "_c" << cRow;
  if (factors != Factors::Elements)
    os << (factors == Factors::Pairs ? "_d" : "_e");
  if (tailLanes)
    os << "_t" << tailLanes;
  if (prefetch)
    os << (prefetchForFew ? "_pf" : "_p");
  if (prefetchBlocks)
    os << "_q";
  if (manyRows)
    os << "_m";
  if (rows[0])
    os << "_r" << rows[0] << "_" << rows[1];
  if (mostRows)
    os << "_h" << mostRows;
  if (unroll)
    os << "_u" << unroll;
  if (parts > 1)
    os << "_s" << parts << "_" << aPart;
  return text;
}

/// The parameters of a tile function, in order; a dispatcher has `rows` and
/// `groups` before them.
namespace {
enum Parameter {
  A,
  ABlock,
  Blocks,
  BlockSize,
  B,
  BGroup,
  Init,
  InitRow,
  InitGroup,
  C,
  CGroup,
  Next, // where to prefetch
  ParameterCount
};
} // namespace

static SmallVector<Type> parameterTypes(Code &code) {
  return {code.ptr, code.i64, code.i64, code.i64, code.ptr, code.i64,
          code.ptr, code.i64, code.i64, code.ptr, code.i64, code.ptr};
}

static func::FuncOp makeFunction(Code &code, ModuleOp module, std::string name,
                                 TypeRange inputs) {
  // A schedule can give levels vectors, and so tiles, of one size.
  while (module.lookupSymbol(name))
    name += "_";
  code.b.setInsertionPointToEnd(module.getBody());
  auto function = func::FuncOp::create(code.b, code.loc, name,
                                       code.b.getFunctionType(inputs, {}));
  makePrivate(function);
  // One copy each; inlined into every use they would fill the object.
  setForLLVM(function, "noinline");
  setForLLVM(function, "no-jump-tables", "true");
  code.b.setInsertionPointToStart(function.addEntryBlock());
  return function;
}

/// Names the tiles of one shape, whatever numbers of rows are asked for.
static std::string familyOf(const Code &code, TileShape shape) {
  shape.rows[0] = shape.rows[1] = 0;
  shape.manyRows = false;
  shape.mostRows = 0;
  return shape.name(code.element, code.lanes);
}

/// The lines of the next group that a block of rows fetches for each k: half of
/// them, so that loads of its own have room.
static int64_t linesFetched(const Code &code, const TileShape &shape) {
  const int64_t bytes = shape.vectors * code.lanes * code.elementBytes();
  return llvm::divideCeil(bytes, 2 * 64);
}

func::FuncOp Tiles::makeTile(Code &outer, const TileShape &shape, int64_t rows,
                             int64_t groups) {
  std::string family = familyOf(outer, shape);
  std::string name =
      family + "_" + std::to_string(rows) + "x" + std::to_string(groups);
  func::FuncOp &function = functions[name];
  if (function)
    return function;
  Code code = outer;
  function = makeFunction(code, module, name, parameterTypes(code));
  placeInSection(function, ".text." + family);
  auto p = function.getArguments();
  const int64_t vl = code.lanes, vectors = shape.vectors;
  const int64_t sums = rows * groups * vectors;
  Value tail = shape.tailLanes ? code.firstLanes(shape.tailLanes) : Value();
  auto maskOf = [&](int64_t v) { return v == vectors - 1 ? tail : Value(); };
  auto forEachSum = [&](auto body) {
    for (int64_t m = 0; m < rows; ++m)
      for (int64_t g = 0; g < groups; ++g)
        for (int64_t v = 0; v < vectors; ++v)
          body((m * groups + g) * vectors + v, m, g, v);
  };
  auto groupStarts = [&](Value base, Value stride) {
    SmallVector<Value> starts;
    for (int64_t g = 0; g < groups; ++g)
      starts.push_back(code.at(base, code.mul(stride, g)));
    return starts;
  };

  SmallVector<Value> acc(sums);
  auto inits = groupStarts(p[Init], p[InitGroup]);
  forEachSum([&](int64_t i, int64_t m, int64_t g, int64_t v) {
    Value row = m ? code.at(inits[g], code.mul(p[InitRow], m)) : inits[g];
    acc[i] = code.loadVec(code.at(row, v * vl), maskOf(v));
  });

  // One step of k: a row of b, and for each row of the tile one element of a.
  auto stepOfK = [&](SmallVector<Value> &sum, Value a, ArrayRef<Value> bs,
                     int64_t u) {
    SmallVector<Value> row;
    for (int64_t g = 0; g < groups; ++g)
      for (int64_t v = 0; v < vectors; ++v)
        row.push_back(
            code.loadVec(code.at(bs[g], u * shape.bStep + v * vl), maskOf(v)));
    auto addRows = [&](int64_t offset, ArrayRef<Value> factors) {
      for (int64_t m = 0; m < rows; ++m) {
        Value x = code.broadcast(
            code.load(code.at(a, m * shape.aRow + u * shape.aStep + offset)));
        for (int64_t n = 0; n < groups * vectors; ++n) {
          Value &to = sum[m * groups * vectors + n];
          to = shape.factors == Factors::Pairs ? addDot(code, to, factors[n], x)
                                               : code.fma(x, factors[n], to);
        }
      }
    };
    if (shape.factors != Factors::HalfPaired) {
      addRows(0, row);
      return;
    }
    SmallVector<Value> firsts, seconds;
    for (Value pairs : row) {
      auto [first, second] = splitPairs(code, pairs);
      firsts.push_back(first);
      seconds.push_back(second);
    }
    addRows(0, firsts);
    addRows(1, seconds);
  };
  // Few sums leave room for the loop's own work; code costs cache, too.
  const int64_t unroll = shape.unroll ? shape.unroll : sums <= 8 ? 2 : 1;
  const bool isFew = 2 * rows <= target.mostRows(vectors);
  const bool prefetches = shape.prefetch && (shape.prefetchForFew || !isFew);
  const int64_t line = 64 / code.elementBytes();
  const int64_t fetched = linesFetched(code, shape);
  Value whole =
      unroll == 1
          ? p[BlockSize]
          : code.sub(p[BlockSize], code.rem(p[BlockSize], code.num(unroll)));

  auto blocks = scf::ForOp::create(
      code.b, code.loc, code.num(0), p[Blocks], code.num(1), acc,
      [&](OpBuilder &builder, Location loc, Value block, ValueRange args) {
        OpBuilder saved = code.b;
        code.b = builder;
        Value a = code.at(p[A], code.mul(block, p[ABlock]));
        Value done = code.mul(block, p[BlockSize]);
        Value b = code.at(p[B], code.mul(done, shape.bStep));
        Value next = code.at(p[Next], code.mul(done, line * fetched));
        Value nextBlock = code.at(a, p[ABlock]);
        auto loopOverK = [&](Value lo, Value hi, int64_t step,
                             ValueRange init) {
          return scf::ForOp::create(
                     code.b, loc, lo, hi, code.num(step), init,
                     [&](OpBuilder &inner, Location, Value k, ValueRange in) {
                       OpBuilder savedInner = code.b;
                       code.b = inner;
                       SmallVector<Value> sum(in);
                       Value ak = code.at(a, code.mul(k, shape.aStep));
                       auto bs = groupStarts(
                           code.at(b, code.mul(k, shape.bStep)), p[BGroup]);
                       if (prefetches && step == unroll)
                         for (int64_t u = 0; u < step * fetched; ++u)
                           code.prefetch(code.at(
                               code.at(next, code.mul(k, line * fetched)),
                               u * line));
                       if (shape.prefetchBlocks && step == unroll)
                         for (int64_t u = 0; u < step; ++u)
                           code.prefetch(
                               code.at(code.at(nextBlock, code.mul(k, line)),
                                       u * line));
                       for (int64_t u = 0; u < step; ++u)
                         stepOfK(sum, ak, bs, u);
                       scf::YieldOp::create(code.b, code.loc, sum);
                       code.b = savedInner;
                     })
              .getResults();
        };
        auto main = loopOverK(code.num(0), whole, unroll, args);
        if (unroll > 1)
          main = loopOverK(whole, p[BlockSize], 1, main);
        scf::YieldOp::create(code.b, loc, main);
        code.b = saved;
      });

  auto cs = groupStarts(p[C], p[CGroup]);
  forEachSum([&](int64_t i, int64_t m, int64_t g, int64_t v) {
    code.storeVec(blocks.getResult(i), code.at(cs[g], m * shape.cRow + v * vl),
                  maskOf(v));
  });
  func::ReturnOp::create(code.b, code.loc);
  return function;
}

/// Switches on `value` over `cases`.
static void switchOver(Code &code, Value value, ArrayRef<int64_t> cases,
                       llvm::function_ref<void(int64_t)> body) {
  Value index = arith::IndexCastOp::create(code.b, code.loc,
                                           code.b.getIndexType(), value);
  auto op = scf::IndexSwitchOp::create(code.b, code.loc, TypeRange(), index,
                                       cases, cases.size());
  OpBuilder::InsertionGuard guard(code.b);
  for (auto [i, value] : llvm::enumerate(cases)) {
    code.b.setInsertionPointToStart(&op.getCaseRegions()[i].emplaceBlock());
    body(value);
    scf::YieldOp::create(code.b, code.loc);
  }
  code.b.setInsertionPointToStart(&op.getDefaultRegion().emplaceBlock());
  scf::YieldOp::create(code.b, code.loc);
}

/// A known number of rows is cut into tiles of one size if that is not much
/// smaller than the most.
int64_t Tiles::mostRowsFor(const TileShape &shape) const {
  const int64_t most = mostRows(shape);
  for (int64_t size = most; 3 * size >= 2 * most; --size)
    if (shape.rows[0] && shape.rows[0] % size == 0)
      return size;
  return most;
}

/// A function with the parameters of TileArguments, to be filled.
func::FuncOp Tiles::beginDispatcher(Code &code, const std::string &name,
                                    ModuleOp module) {
  SmallVector<Type> types = {code.i64, code.i64};
  llvm::append_range(types, parameterTypes(code));
  // Where to prefetch is the dispatcher's to choose, after the last group not.
  types.back() = code.i64;
  func::FuncOp function = makeFunction(code, module, name, types);
  makeInternal(function);
  return function;
}

func::FuncOp Tiles::makeDispatcher(Code &outer, const TileShape &shape) {
  std::string name = shape.name(outer.element, outer.lanes);
  func::FuncOp &function = functions[name];
  if (function)
    return function;
  Code code = outer;
  function = beginDispatcher(code, name, module);
  placeInSection(function, ".text." + familyOf(code, shape));
  Value rows = function.getArgument(0), groups = function.getArgument(1);
  auto p = function.getArguments().drop_front(2);
  Value bAfter = p[Next];

  const int64_t most = mostRowsFor(shape);
  SmallVector<int64_t> all, few;
  if (shape.rows[0]) {
    // Blocks of a known number of rows have two sizes at most.
    std::set<int64_t> sizes;
    for (int64_t count : shape.rows)
      if (int64_t blocks = llvm::divideCeil(count, most)) {
        sizes.insert(count / blocks);
        if (count % blocks)
          sizes.insert(count / blocks + 1);
      }
    all.assign(sizes.begin(), sizes.end());
  } else {
    // Many rows are cut evenly, into tiles of at least half of the most.
    for (int64_t m = shape.manyRows ? most / 2 : 1; m <= most; ++m) {
      all.push_back(m);
      if (!shape.manyRows && target.groupsAtOnce(m, shape.vectors) > 1)
        few.push_back(m);
    }
  }

  // Switches to the tile of `m` rows, which computes `wide` groups at once.
  auto callTile = [&](Value m, ArrayRef<int64_t> sizes,
                      llvm::function_ref<int64_t(int64_t)> groupsOf, Value wide,
                      Value group, Value row, Value block) {
    Value b = code.at(p[B], code.mul(group, p[BGroup]));
    Value next = b;
    if (shape.prefetch) {
      Value last = code.sub(groups, code.num(1)), after = code.add(group, wide);
      next = code.at(p[B], code.mul(p[BGroup], code.min(after, last)));
      next = code.at(next,
                     code.select(code.less(last, after), bAfter, code.num(0)));
      // Block 0 of the rows fetches the first half of the next group, block 1
      // the second; later blocks have nothing left to do.
      Value half =
          code.mul(code.mul(p[Blocks], p[BlockSize]),
                   linesFetched(code, shape) * 64 / code.elementBytes());
      next = code.at(next, code.mul(code.min(block, code.num(1)), half));
    }
    SmallVector<Value> arguments = {
        code.at(p[A], code.mul(row, shape.aRow)),
        p[ABlock],
        p[Blocks],
        p[BlockSize],
        b,
        p[BGroup],
        code.at(code.at(p[Init], code.mul(row, p[InitRow])),
                code.mul(group, p[InitGroup])),
        p[InitRow],
        p[InitGroup],
        code.at(code.at(p[C], code.mul(row, shape.cRow)),
                code.mul(group, p[CGroup])),
        p[CGroup],
        next};
    switchOver(code, m, sizes, [&](int64_t size) {
      func::CallOp::create(code.b, code.loc,
                           makeTile(code, shape, size, groupsOf(size)),
                           arguments);
    });
  };
  auto overRows = [&](Value group) {
    Value blocks = code.ceilDiv(rows, most);
    code.ifThen(code.less(code.num(0), rows), [&] {
      Value base = code.div(rows, blocks), extra = code.rem(rows, blocks);
      code.loop(code.num(0), blocks, 1, [&](Value block) {
        Value m = code.add(base, code.select(code.less(block, extra),
                                             code.num(1), code.num(0)));
        Value row = code.add(code.mul(block, base), code.min(block, extra));
        callTile(
            m, all, [](int64_t) { return 1; }, code.num(1), group, row, block);
      });
    });
  };
  auto oneByOne = [&](Value first) { code.loop(first, groups, 1, overRows); };
  if (few.empty()) {
    oneByOne(code.num(0));
  } else {
    Value isFew = code.less(rows, code.num(few.back() + 1));
    code.ifElse(
        isFew,
        [&] {
          // The number of groups at once falls with the rows: 4, then 2. A
          // lone row also takes three or two, if there are no more: it has but
          // one chain of sums for each vector.
          int64_t mostForFour = llvm::count_if(few, [&](int64_t m) {
            return target.groupsAtOnce(m, shape.vectors) == 4;
          });
          Value isFour = code.less(rows, code.num(mostForFour + 1));
          Value isLone = code.equal(rows, code.num(1));
          Value isTwo =
              code.either(isLone, code.less(code.num(mostForFour), rows));
          Value done = code.num(0);
          for (int64_t wide : {4, 3, 2}) {
            SmallVector<int64_t> sizes = few;
            llvm::erase_if(sizes, [&](int64_t m) {
              int64_t most = target.groupsAtOnce(m, shape.vectors);
              bool isLone = wide < most && m == 1;
              return most != wide && !isLone;
            });
            if (sizes.empty())
              continue;
            Value left = code.sub(groups, done);
            Value whole = code.sub(groups, code.rem(left, code.num(wide)));
            Value isWide = wide == 4 ? isFour : wide == 3 ? isLone : isTwo;
            Value end = code.select(isWide, whole, done);
            code.loop(done, end, wide, [&](Value group) {
              callTile(
                  rows, sizes, [&](int64_t) { return wide; }, code.num(wide),
                  group, code.num(0), code.num(0));
            });
            done = end;
          }
          oneByOne(done);
        },
        [&] { oneByOne(code.num(0)); });
  }
  func::ReturnOp::create(code.b, code.loc);
  return function;
}

void Tiles::call(Code &code, const TileShape &shape,
                 const TileArguments &arguments) {
  const bool isMatrix = shape.factors == Factors::Pairs && target.hasMatrixUnit;
  func::FuncOp dispatcher = isMatrix ? makeMatrixDispatcher(code, shape)
                                     : makeDispatcher(code, shape);
  const TileArguments &t = arguments;
  func::CallOp::create(code.b, code.loc, dispatcher,
                       ValueRange{t.rows, t.groups, t.a, t.aBlock, t.blocks,
                                  t.blockSize, t.b, t.bGroup, t.init, t.initRow,
                                  t.initGroup, t.c, t.cGroup,
                                  t.bAfter ? t.bAfter : t.bGroup});
}
