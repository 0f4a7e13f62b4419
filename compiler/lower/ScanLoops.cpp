//===- ScanLoops.cpp - a staged scan as loops -----------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
//   stages before:   for each own panel: product over all rows
//   for each step
//     stages step:   for each own panel
//                      products into the panel's slots (or a small temporary)
//                      for each row, vector: load, compute, store
//                    barrier
//   stages after:    as before; gradients of parameters as products over rows
//
// A stage loads everything of a unit before it stores anything, because results
// may take the place of operands.
//
//===----------------------------------------------------------------------===//

#include "compiler/lower/ScanLoops.h"
#include "compiler/lower/Bodies.h"
#include "compiler/lower/StepProducts.h"
#include "mlir/IR/IRMapping.h"
#include "llvm/ADT/MapVector.h"

using namespace mlir;
using namespace rnn;

ScanLoops::ScanLoops(Code &code, const Layout &layout, Tiles &tiles,
                     KernelSet *kernels, ScanOp scan, const Frame &frame,
                     int64_t cacheBytes)
    : code(code), layout(layout), tiles(tiles), kernels(kernels), scan(scan),
      frame(frame), accesses(code, layout, frame, scan.getBackward()),
      cacheBytes(cacheBytes) {}

void ScanLoops::emitBarrier() {
  code.ifThen(code.less(code.num(1), frame.threads), [&] {
    waitForTeam(code,
                code.loadPtr(callField(code, frame.call, CallField::Team)));
  });
}

//===----------------------------------------------------------------------===//
// Stages
//===----------------------------------------------------------------------===//

void ScanLoops::emitStages() {
  SmallVector<StageOp> step;
  auto emitAll = [&](Phase phase) {
    for (StageOp stage : stagesOf(scan))
      if (stage.getPhase() == phase) {
        shareOut(stage, frame.rows);
        if (stage.getDistinct())
          code.ifElse(
              frame.isShared, [&] { emitShared(stage); },
              [&] { emitStage(stage, Origin()); });
        else
          emitStage(stage, Origin());
        emitBarrier();
      }
  };
  for (StageOp stage : stagesOf(scan))
    if (stage.getPhase() == Phase::step)
      step.push_back(stage);
  shareOut(step, frame.batch);
  findOwnRows(step);

  emitAll(Phase::before);
  if (!step.empty()) {
    code.loop(code.num(0), frame.steps, 1, [&](Value done) {
      Origin origin;
      origin.step = scan.getBackward()
                        ? code.sub(code.sub(frame.steps, code.num(1)), done)
                        : done;
      for (StageOp stage : step) {
        emitStage(stage, origin);
        code.ifElse(apart, [] {}, [&] { emitBarrier(); });
      }
    });
    code.ifThen(apart, [&] { emitBarrier(); });
  }
  if (!scan.getBackward() && hasShifted())
    code.ifThen(frame.ragged, [&] {
      emitShift();
      emitBarrier();
    });
  emitAll(Phase::after);
}

/// What is known about a stage while its code is made.
struct ScanLoops::StageState {
  StageOp stage;
  Origin origin;
  /// Where the sum of an affine is left: a slot of a panel buffer, or a
  /// temporary of the thread.
  llvm::MapVector<Operation *, Access> sums;
  /// Affines whose start value is added when the sum is read.
  llvm::DenseSet<Operation *> addStart;
  /// Stage results that the product itself leaves in place.
  llvm::DenseSet<Value> direct;
  bool hasUnitWork = false;
  Value isBack; ///< panels come from the last to the first; null: never
};

/// Rows that a thread computes at a time when sums go through its temporary.
static constexpr int64_t temporaryRows = 48;
/// Most rows for which a lone affine runs over several panels at a time.
static constexpr int64_t fewRows = 6;
static constexpr int64_t panelsAtOnce = 4;

/// Fewer tiles than these, one above the other, would fetch weights too often.
static constexpr int64_t leastTilesAtOnce = 4;
/// Rows that meet all panels of a stage without products, whose long rows each
/// lie on pages of their own.
static constexpr int64_t rowsWithoutProducts = 6;

/// True if the stage reads what stands in that panel slot, but for the start of
/// `affine`: the slot of a value that is read here for the last time may be
/// that of a result, which units overwrite and products would too soon.
static bool isReadBesides(const Layout &layout, StageOp stage, AffineOp affine,
                          const Place &slot) {
  auto standsThere = [&](Value value) {
    auto read = value.getDefiningOp<ReadOp>();
    Place place = read ? layout.place(read.getTensor()) : layout.place(value);
    return place.panel && positionOf(place) == positionOf(slot);
  };
  return llvm::any_of(stage.getBody().front(), [&](Operation &op) {
    return llvm::any_of(op.getOpOperands(), [&](OpOperand &use) {
      bool isStart = &op == affine && use.get() == affine.getStart();
      return !isStart && standsThere(use.get());
    });
  });
}

/// Decides where the sums of products are: each in the panel slot of its start
/// value or of the result it is, if it has one; else in a temporary.
void ScanLoops::placeSums(StageState &state) {
  StageOp stage = state.stage;
  auto yield = cast<YieldOp>(stage.getBody().front().getTerminator());
  Units units = layout.units(stage.getUnits());
  int64_t temporaries = 0;
  llvm::MapVector<Operation *, int64_t> temporaryOf;
  for (const Site &site : layout.sites(stage))
    for (AffineOp affine : site.affines) {
      // The caller's rows end where they end; panels read on to their width.
      if (affine.getStart())
        if (auto read = affine.getStart().getDefiningOp<ReadOp>())
          if (read.declaration().getRole() == Role::input ||
              read.declaration().getRole() == Role::output_gradient)
            state.addStart.insert(affine);
      Place start =
          affine.getStart() ? layout.place(affine.getStart()) : Place();
      bool inPlace = start.panel && affine.getStart().hasOneUse();
      Value result;
      for (auto [yielded, value] :
           llvm::zip(yield.getOperands(), stage.getResults()))
        if (yielded == affine.getResult() && layout.place(value).panel)
          result = value;
      if (inPlace && !result)
        state.sums[affine] = accesses.bufferAccess(start, state.origin, 0);
      else if (result && affine.getResult().hasOneUse() &&
               !state.addStart.contains(affine) &&
               !isReadBesides(layout, stage, affine, layout.place(result))) {
        state.sums[affine] =
            accesses.bufferAccess(layout.place(result), state.origin, 0);
        state.direct.insert(result);
      } else
        temporaryOf[affine] = temporaries++;
    }
  if (!temporaries)
    return;
  int64_t stride = temporaries * units.width;
  Value storage =
      code.onStack(code.element, temporaryRows * stride, /*alignment=*/64);
  for (auto [affine, slot] : temporaryOf) {
    Access access;
    access.base = code.at(storage, slot * units.width);
    access.knownStride = stride;
    access.stride = code.num(stride);
    access.panelStride = code.num(fewRows * stride);
    access.units = units;
    access.temporary = true;
    access.position = slot * units.width;
    state.sums[affine] = access;
  }
}

void ScanLoops::emitStage(StageOp stage, const Origin &origin) {
  if (kernels)
    return emitCalls(stage, origin);
  StageState state;
  state.stage = stage;
  state.origin = origin;
  Value rows = origin.step ? accesses.rowsIn(origin.step) : frame.rows;
  emitAccumulates(stage, origin, rows);

  placeSums(state);
  for (Operation &op : stage.getBody().front())
    if (isa<WriteOp>(op))
      state.hasUnitWork = true;
  for (Value value : stage.getResults())
    if (!state.direct.contains(value))
      state.hasUnitWork = true;
  if (layout.sites(stage).empty() && !state.hasUnitWork)
    return;

  ifWanted(stage, [&] {
    if (layout.parts(stage) && !layout.sites(stage).empty())
      emitRounding(stage, origin, rows);
    int64_t most = rowsAtOnce(stage);
    if (origin.step)
      return emitRows(state, ownCells(stage, code.num(0), rows), most);
    // Those of each step for itself, or of all together.
    Value pieces = code.select(ofSteps, frame.steps, code.num(1));
    code.loop(code.num(0), pieces, 1, [&](Value step) {
      Value first = code.select(ofSteps, accesses.rowOf(step), code.num(0));
      Value count = code.select(ofSteps, accesses.rowsIn(step), rows);
      emitRows(state, ownCells(stage, first, count), most);
    });
  });
}

/// Products and unit work of a thread, so many rows at a time; 0: all.
void ScanLoops::emitRows(StageState &state, const CallRows &own, int64_t most) {
  if (!most)
    return emitPanels(state, own);
  Value block = code.num(most);
  if (!layout.schedule.rowsOutside) {
    // Even ones, of about as many.
    Value blocks =
        code.max(code.div(code.add(own.rows, most / 2), block), code.num(1));
    block = code.max(code.div(code.add(own.rows, code.add(blocks, -1)), blocks),
                     code.num(1));
  }
  Value end = code.add(own.firstRow, own.rows);
  code.loop(own.firstRow, end, block, [&](Value firstRow) {
    CallRows some = own;
    some.firstRow = firstRow;
    some.rows = code.min(block, code.sub(end, firstRow));
    emitPanels(state, some);
  });
}

/// How many rows meet all panels of a stage before other rows do; 0: all.
/// Outside of the loop over steps there can be so many that each panel would
/// fetch them anew from behind the cache.
int64_t ScanLoops::rowsAtOnce(StageOp stage) {
  RegisterTile tile = layout.schedule.tile(stage.getUnits());
  if (layout.schedule.rowsOutside)
    return tile.rows;
  if (stage.getPhase() == Phase::step)
    return 0;
  int64_t elements = 0;
  for (const Site &site : layout.sites(stage))
    for (const Term &term : site.terms)
      elements = std::max(elements, layout.packedDepth(term));
  if (!elements)
    return rowsWithoutProducts;
  int64_t fit = cacheBytes / 2 / (elements * code.elementBytes());
  return std::max<int64_t>(fit / tile.rows, leastTilesAtOnce) * tile.rows;
}

/// Products and unit work of some rows, panel by panel.
void ScanLoops::emitPanels(StageState &state, const CallRows &some) {
  const auto &sites = layout.sites(state.stage);
  Units units = layout.units(state.stage.getUnits());
  Value firstRow = some.firstRow, rows = some.rows;
  Value lastPanel = code.add(some.firstPanel, some.panels);
  bool lone = sites.size() == 1 && sites.front().affines.size() == 1;
  Value together = lone ? code.select(code.less(rows, code.num(fewRows + 1)),
                                      code.num(panelsAtOnce), code.num(1))
                        : code.num(1);
  auto overPanels = scf::ForOp::create(code.b, code.loc, some.firstPanel,
                                       lastPanel, together);
  OpBuilder::InsertionGuard guard(code.b);
  code.b.setInsertionPointToStart(overPanels.getBody());
  Value panel = overPanels.getInductionVar();
  StageState here = state;
  if (state.origin.step) {
    // There and back: what a step reads last is what the next one reads first,
    // and stands in the cache.
    here.isBack =
        code.equal(code.rem(state.origin.step, code.num(2)), code.num(1));
    Value done = code.div(code.sub(panel, some.firstPanel), together);
    Value blocks = code.div(
        code.sub(code.add(some.panels, together), code.num(1)), together);
    Value left = code.sub(code.sub(blocks, code.num(1)), done);
    panel = code.add(some.firstPanel,
                     code.mul(code.select(here.isBack, left, done), together));
  }
  Value panels =
      lone ? code.min(together, code.sub(lastPanel, panel)) : code.num(1);
  // The temporaries of panel p start at those of the first panel at hand.
  bool hasTemporaries = false;
  for (auto &[affine, access] : here.sums)
    if (access.temporary) {
      hasTemporaries = true;
      access.base =
          code.at(access.base,
                  code.sub(code.num(0), code.mul(panel, access.panelStride)));
    }
  auto ofRows = [&](Value first, Value count) {
    for (const Site &site : sites)
      emitSite(here, site, panel, panels, first, count);
    if (!state.hasUnitWork)
      return;
    auto unitsOf = [&](Value p) {
      code.loop(code.num(0), count, 1, [&](Value row) {
        Value lanes =
            code.select(code.equal(p, code.num(units.panels - 1)),
                        code.num(units.lastVectors(code.lanes) * code.lanes),
                        code.num(units.width));
        code.loop(code.num(0), lanes, code.lanes,
                  [&](Value lane) { emitUnits(here, p, first, row, lane); });
      });
    };
    if (lone)
      code.loop(panel, code.add(panel, panels), 1, unitsOf);
    else
      unitsOf(panel);
  };
  if (!hasTemporaries)
    return ofRows(firstRow, rows);
  Value end = code.add(firstRow, rows);
  code.loop(firstRow, end, temporaryRows, [&](Value first) {
    ofRows(first, code.min(code.num(temporaryRows), code.sub(end, first)));
  });
}

/// True if the weights of all products of a phase, which take each other's
/// place in the cache, are more than it holds.
bool ScanLoops::outgrowsCache(Phase phase) {
  int64_t elements = 0;
  for (StageOp stage : stagesOf(scan))
    if (stage.getPhase() == phase)
      elements += weightElements(stage);
  return elements * code.elementBytes() > cacheBytes;
}

/// The weights of a stage's products.
int64_t ScanLoops::weightElements(StageOp stage) {
  int64_t elements = 0;
  for (const Site &site : layout.sites(stage))
    for (const Term &term : site.terms)
      elements += site.units.padded() * int64_t(site.affines.size()) *
                  layout.packedDepth(term);
  return elements;
}

/// Where a product reads the operand of a term.
Access ScanLoops::operandOf(StageOp stage, const Term &term,
                            const Origin &origin) {
  if (!term.parts)
    return accesses.valueAccess(term.input, origin, true);
  const int64_t buffer = layout.roundedOperands(stage);
  Access access;
  access.base = code.at(frame.buffers[buffer], term.rounded);
  access.knownStride = layout.buffers[buffer].rowElements;
  access.stride = code.num(access.knownStride);
  return access;
}

SmallVector<ScanLoops::Run> ScanLoops::runsOf(const Term &term, const Access &a,
                                              Value firstRow) {
  Value first = code.at(a.base, code.mul(firstRow, a.stride));
  if (term.parts)
    return {{first, code.num(0), 1, term.pairs(), 0}};
  const int64_t full = term.fullPanels(), rest = term.restUnits();
  const int64_t fullSize = term.slots * term.inner.width;
  SmallVector<Run> runs;
  if (full)
    runs.push_back({first, a.panelStride, full, fullSize, 0});
  if (rest)
    runs.push_back(
        {full ? code.at(first, code.mul(a.panelStride, full)) : first,
         code.num(term.inner.width), term.slots, rest, full * fullSize});
  return runs;
}

/// The products of a site for some panels and rows, term by term: the first
/// starts from the start value, the others from the sum so far.
void ScanLoops::emitSite(StageState &state, const Site &site, Value firstPanel,
                         Value panels, Value firstRow, Value rows) {
  const int64_t affines = site.affines.size(), width = site.units.width;

  /// Where the sum or the start of one affine is, for the rows at hand.
  struct Spot {
    enum Kind { Sum, Temporary, Param, Zero, Other } kind;
    Value pointer, row, panelStride;
    int64_t position; ///< what must grow evenly from affine to affine
  };
  auto spotOf = [&](const Access &access, Spot::Kind kind, int64_t position) {
    Value row = access.temporary ? code.num(0) : firstRow;
    return Spot{
        kind, accesses.lanePointer(access, firstPanel, row, code.num(0)),
        access.stride,
        access.panelStride ? access.panelStride : code.num(width), position};
  };
  auto sumSpot = [&](AffineOp affine) {
    Access sum = state.sums.lookup(affine);
    return spotOf(sum, sum.temporary ? Spot::Temporary : Spot::Sum,
                  sum.position);
  };
  auto startSpot = [&](AffineOp affine) {
    Value start = affine.getStart();
    if (!start || state.addStart.contains(affine)) {
      Value zeros = code.at(frame.weights, layout.zeros);
      return Spot{Spot::Zero, zeros, code.num(0), code.num(0), 0};
    }
    if (layout.place(start).panel &&
        state.sums.lookup(affine).position == positionOf(layout.place(start)))
      return sumSpot(affine);
    Access access = accesses.valueAccess(start, state.origin, false);
    if (auto read = start.getDefiningOp<ReadOp>())
      if (isParameter(read.declaration().getRole()))
        return spotOf(access, Spot::Param,
                      layout.vectors.lookup(read.getTensor()));
    return spotOf(access, Spot::Other, 0);
  };
  /// True if all affines can be one call, with one distance between them.
  auto even = [&](llvm::function_ref<Spot(AffineOp)> spot) {
    SmallVector<Spot> spots = llvm::map_to_vector(site.affines, spot);
    if (affines == 1)
      return true;
    int64_t distance = spots[1].position - spots[0].position;
    for (int64_t a = 1; a < affines; ++a)
      if (spots[a].kind != spots[0].kind || spots[a].kind == Spot::Other ||
          spots[a].position - spots[a - 1].position != distance ||
          std::abs(distance) > bufferDistance / 2)
        return false;
    return true;
  };

  const bool narrows = site.units.lastVectors(code.lanes) < site.units.vectors;
  bool isFirst = true;
  for (const Term &term : site.terms) {
    Access a = operandOf(state.stage, term, state.origin);
    const int64_t depth = layout.packedDepth(term);
    const int64_t fullSize = term.slots * term.inner.width;
    Value weights = code.at(code.at(frame.weights, term.weights),
                            code.mul(firstPanel, affines * depth * width));
    for (const Run &run : runsOf(term, a, firstRow)) {
      TileShape shape;
      if (term.parts) {
        shape.parts = term.parts;
        shape.aPart = layout.roundedPart(state.stage);
        shape.factors = layout.pairs ? Factors::Pairs : Factors::HalfPaired;
        shape.aStep = layout.pairs ? 1 : 2;
      }
      shape.vectors = site.units.vectors;
      shape.aRow = a.knownStride;
      shape.bStep = width;
      const Schedule &schedule = layout.schedule;
      shape.prefetch = schedule.prefetch
                           ? *schedule.prefetch
                           : outgrowsCache(state.stage.getPhase());
      shape.unroll = schedule.unroll.value_or(0);
      RegisterTile tile = schedule.tile(site.units.count);
      const int64_t most = schedule.mostRows(tile.vectors);
      if (tile.rows != most)
        shape.mostRows = tile.rows;
      shape.prefetchForFew = schedule.prefetch || 2 * tile.rows <= most;
      shape.prefetchBlocks =
          !term.parts && term.fullPanels() > 1 && a.knownStride == fullSize;
      TileArguments t;
      t.rows = rows;
      t.a = run.a;
      t.aBlock = run.aBlock;
      t.blocks = code.num(run.blocks);
      t.blockSize = code.num(run.blockSize);
      t.bGroup = code.num(depth * width);
      Value b = code.at(weights, run.k * width);
      auto call = [&](int64_t first, Value groups, bool overPanels) {
        AffineOp affine = site.affines[first];
        Spot sum = sumSpot(affine);
        shape.cRow = state.sums.lookup(affine).knownStride;
        Spot init = isFirst ? startSpot(affine) : sum;
        auto distance = [&](llvm::function_ref<Spot(AffineOp)> spot) {
          if (overPanels)
            return spot(affine).panelStride;
          if (affines == 1)
            return code.num(0);
          return code.num(spot(site.affines[1]).position -
                          spot(site.affines[0]).position);
        };
        t.groups = groups;
        // The panels that come next may stand before these.
        if (state.isBack)
          t.bAfter = code.select(
              state.isBack,
              code.mul(code.sub(code.num(1), code.mul(groups, 2)), t.bGroup),
              t.bGroup);
        t.b = code.at(b, first * depth * width);
        t.c = sum.pointer;
        t.cGroup = distance(sumSpot);
        t.init = init.pointer;
        t.initRow = init.row;
        t.initGroup = isFirst ? distance(startSpot) : t.cGroup;
        if (!narrows) {
          tiles.call(code, shape, t);
          return;
        }
        TileShape narrow = shape;
        narrow.vectors = site.units.lastVectors(code.lanes);
        narrow.manyRows = true;
        Value many = code.less(code.num(tiles.mostRows(narrow) - 1), rows);
        code.ifElse(
            code.both(many,
                      code.equal(firstPanel, code.num(site.units.panels - 1))),
            [&] { tiles.call(code, narrow, t); },
            [&] { tiles.call(code, shape, t); });
      };
      bool one = even(sumSpot) && (!isFirst || even(startSpot));
      if (affines == 1)
        call(0, panels, true);
      else if (one)
        call(0, code.num(affines), false);
      else
        for (int64_t first = 0; first < affines; ++first)
          call(first, code.num(1), false);
      isFirst = false;
    }
  }
}

/// Loads, computes and stores one vector of units of one row.
void ScanLoops::emitUnits(StageState &state, Value panel, Value firstRow,
                          Value row, Value lane) {
  StageOp stage = state.stage;
  Block &body = stage.getBody().front();
  Units units = layout.units(stage.getUnits());
  Value absolute = code.add(firstRow, row);
  Value unit = code.add(code.mul(panel, units.width), lane);
  Value tail = units.hasTail()
                   ? code.firstLanes(code.sub(code.num(units.count), unit))
                   : Value();
  auto loadFrom = [&](const Access &access) {
    Value from = accesses.lanePointer(access, panel,
                                      access.temporary ? row : absolute, lane);
    return code.loadVec(from, access.exact ? tail : Value());
  };

  // Everything that is read, before anything is written.
  IRMapping lanes;
  for (Operation &op : body) {
    if (isa<AffineOp, AccumulateOp>(op))
      continue;
    for (OpOperand &use : op.getOpOperands()) {
      Value value = use.get();
      if (lanes.contains(value) || Layout::isWholeUse(use))
        continue;
      Operation *def = value.getDefiningOp();
      if (auto affine = dyn_cast<AffineOp>(def)) {
        Value sum = loadFrom(state.sums.lookup(affine));
        if (state.addStart.contains(affine))
          sum = arith::AddFOp::create(
              code.b, code.loc, sum,
              loadFrom(accesses.valueAccess(affine.getStart(), state.origin,
                                            false)));
        lanes.map(value, sum);
      } else if (isa<arith::ConstantOp>(def)) {
        lanes.map(value, emitLanes(state, def, lanes, absolute, unit));
      } else if (isa<ReadOp>(def) || def->getBlock() != &body)
        lanes.map(value,
                  loadFrom(accesses.valueAccess(value, state.origin, false)));
    }
  }

  for (Operation &op : body)
    if (!isa<ReadOp, AffineOp, AccumulateOp, WriteOp, YieldOp,
             arith::ConstantOp>(op) &&
        cast<RankedTensorType>(op.getResult(0).getType()).getRank() < 2)
      lanes.map(op.getResult(0), emitLanes(state, &op, lanes, absolute, unit));

  auto storeTo = [&](const Access &access, Value value) {
    Value to = accesses.lanePointer(access, panel, absolute, lane);
    code.storeVec(value, to, access.exact ? tail : Value());
  };
  llvm::DenseSet<int64_t> stored;
  for (auto write : body.getOps<WriteOp>()) {
    TensorOp tensor = write.declaration();
    Value value = lanes.lookup(write.getValue());
    storeTo(accesses.writeAccess(tensor, state.origin), value);
    Place place = layout.place(tensor.getSymName());
    if (place)
      stored.insert(positionOf(place));
    if (tensor.getRole() == Role::state &&
        layout.face.find(ArrayRole::Output, tensor.getSymName()) >= 0)
      storeTo(accesses.arrayAccess(ArrayRole::Output, tensor.getSymName(),
                                   state.origin, false),
              value);
  }
  for (auto [yielded, result] :
       llvm::zip(body.getTerminator()->getOperands(), stage.getResults()))
    if (!state.direct.contains(result) &&
        stored.insert(positionOf(layout.place(result))).second)
      storeTo(accesses.bufferAccess(layout.place(result), state.origin, 0),
              lanes.lookup(yielded));
}

//===----------------------------------------------------------------------===//
// Single ops on the lanes of a vector
//===----------------------------------------------------------------------===//

Value ScanLoops::emitLanes(StageState &state, Operation *op, IRMapping &lanes,
                           Value row, Value unit) {
  auto rowPointer = [&](Value value) {
    return accesses.lanePointer(accesses.valueAccess(value, state.origin, true),
                                code.num(0), row, code.num(0));
  };
  if (auto splat = dyn_cast<SplatOp>(op))
    return code.broadcast(code.load(rowPointer(splat.getOperand())));
  if (isa<ReduceSumOp, ReduceMaxOp>(op))
    return code.reduce(
        rowPointer(op->getOperand(0)),
        cast<RankedTensorType>(op->getOperand(0).getType()).getNumElements(),
        isa<ReduceSumOp>(op));
  if (auto product = dyn_cast<StepMatmulOp>(op)) {
    auto stored = [&](Value operand, int64_t columns) -> StoredMatrix {
      if (cast<RankedTensorType>(operand.getType()).getRank() == 1)
        return {rowPointer(operand), columns};
      WeightView view = weightView(operand);
      int64_t pitch = view.param.tensorType().getDimSize(1);
      int64_t offset = layout.vectors.lookup(view.param.getSymName()) +
                       view.row * pitch + view.column;
      return {code.at(frame.weights, offset), pitch};
    };
    int64_t inner = product.getInner();
    return emitStepMatmul(
        code, product,
        stored(product.getLeft(),
               product.getTransposedLeft() ? product.rows() : inner),
        stored(product.getRight(),
               product.getTransposedRight() ? inner : product.columns()),
        unit);
  }
  if (auto swap = dyn_cast<StepTransposeOp>(op))
    return emitStepTranspose(code, swap, rowPointer(swap.getOperand()), unit);
  if (auto concat = dyn_cast<ConcatOp>(op)) {
    Value result = code.splat(0);
    int64_t offset = 0;
    for (Value operand : concat.getOperands()) {
      int64_t count =
          cast<RankedTensorType>(operand.getType()).getNumElements();
      Value within = code.sub(unit, code.num(offset));
      Value begun = arith::XOrIOp::create(
          code.b, code.loc, code.firstLanes(code.sub(code.num(0), within)),
          code.firstLanes(code.lanes));
      Value inside =
          code.both(begun, code.firstLanes(code.sub(code.num(count), within)));
      auto constant = operand.getDefiningOp<arith::ConstantOp>();
      Value part =
          constant ? emitLanes(state, constant, lanes, row, unit)
                   : code.loadVec(code.at(rowPointer(operand), within), inside);
      result = code.select(inside, part, result);
      offset += count;
    }
    return result;
  }
  if (auto slice = dyn_cast<SliceOp>(op)) {
    int64_t count = slice.getResult().getType().getNumElements();
    Value inside = code.firstLanes(code.sub(code.num(count), unit));
    Value from = code.at(
        code.at(rowPointer(slice.getOperand()), slice.getOffsets()[0]), unit);
    return code.loadVec(from, inside);
  }
  return code.onLanes(op, lanes);
}
