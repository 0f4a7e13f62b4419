//===- Shares.cpp - what each thread does of a stage ----------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
//   6 threads, 3 panels:              panel 0   panel 1   panel 2
//     2 parts of the rows    part 0   thread 0  thread 2  thread 4
//                            part 1   thread 1  thread 3  thread 5
//
// A thread has its panels for the whole sequence, so that their weights stay in
// its cache. Nothing depends on who computes a unit of a row.
//
//===----------------------------------------------------------------------===//

#include "compiler/lower/ScanLoops.h"

using namespace mlir;
using namespace rnn;

/// Rows of a step, for each thread, that make a product of their own.
static constexpr int64_t leastRowsOfStep = 8;

// What shareOut counts with.
static constexpr int64_t nearRows = 2, farRows = 11;
static constexpr int64_t strangers = 220;
static constexpr int64_t elementwiseWeights = 4;

/// Part `index` of so many things in so many parts; of none from the last on.
ScanLoops::Panels ScanLoops::part(Value count, Value parts, Value index) {
  auto cut = [&](Value at) {
    return code.min(code.div(code.mul(at, count), parts), count);
  };
  return {cut(index), cut(code.add(index, 1))};
}

/// The panels that this thread owns, where all rows are its own.
ScanLoops::Panels ScanLoops::ownPanels(const Units &units) {
  return ownShare(code.num(units.panels));
}

/// With more threads than panels, several share the columns of one.
ScanLoops::GradientShare ScanLoops::ownGradients(const Units &units) {
  Value panels = code.num(units.panels);
  Value parts = code.max(code.div(frame.workers, panels), code.num(1));
  return {part(panels, code.div(frame.workers, parts),
               code.div(frame.thread, parts)),
          parts, code.rem(frame.thread, parts)};
}

/// Calls the bodies for blocks of `step` columns that are this thread's, and
/// for what is left behind the last of them.
void ScanLoops::forOwnColumns(const GradientShare &own, int64_t columns,
                              int64_t step,
                              llvm::function_ref<void(Value at)> whole,
                              llvm::function_ref<void(Value, int64_t)> tail) {
  const int64_t blocks = llvm::divideCeil(columns, step);
  const int64_t end = columns / step * step;
  Panels share = part(code.num(blocks), own.parts, own.index);
  code.loop(code.mul(share.first, step),
            code.min(code.mul(share.last, step), code.num(end)), step, whole);
  if (end == columns)
    return;
  Value isLast = code.both(code.less(share.first, share.last),
                           code.equal(share.last, code.num(blocks)));
  code.ifThen(isLast, [&] { tail(code.num(end), columns - end); });
}

/// This thread's of so many things.
ScanLoops::Panels ScanLoops::ownShare(Value count) {
  return part(count, frame.workers, frame.thread);
}

/// What this thread does of a stage: its panels, and its part of the rows.
ScanLoops::CallRows ScanLoops::ownCells(StageOp stage, Value firstRow,
                                        Value rows) {
  Value parts = rowParts.lookup(stage);
  if (stage.getPhase() != Phase::step)
    parts = code.select(ofSteps, frame.workers, parts);
  Units units = layout.units(stage.getUnits());
  Panels panels = part(code.num(units.panels), code.div(frame.workers, parts),
                       code.div(frame.thread, parts));
  Panels own = part(rows, parts, code.rem(frame.thread, parts));
  return {code.add(firstRow, own.first), code.sub(own.last, own.first),
          panels.first, code.sub(panels.last, panels.first)};
}

/// Into how many parts to share out rows; see shareOut. One function for all
/// stages of a level.
static func::FuncOp makeParts(Code code, ModuleOp module, StringRef name,
                              int64_t cacheBytes) {
  code.b.setInsertionPointToEnd(module.getBody());
  auto function = func::FuncOp::create(
      code.b, code.loc, name,
      code.b.getFunctionType(SmallVector<Type>(6, code.i64), {code.i64}));
  makeInternal(function);
  setForLLVM(function, "noinline");
  setForLLVM(function, "optsize");
  placeInSection(function, (".text." + name).str());
  Block *entry = function.addEntryBlock();
  code.b.setInsertionPointToStart(entry);
  Value threads = entry->getArgument(0), rows = entry->getArgument(1);
  Value panels = entry->getArgument(2), weights = entry->getArgument(3);
  Value bytes = entry->getArgument(4), strange = entry->getArgument(5);
  auto up = [&](Value count, Value by) {
    return code.div(code.add(count, code.add(by, -1)), by);
  };
  // The least cost and, in the last digit, the number of parts.
  Value end = code.add(threads, 1), huge = code.num(INT64_MAX);
  // A lone thread, which may have just one step to do, has nothing to count.
  Value one = code.num(1), hasOthers = code.less(one, threads);
  Value begin = code.select(hasOthers, one, end);
  Value best = code.sum(begin, end, huge, [&](Value parts, Value best) {
    Value groups = code.div(threads, parts), own = up(rows, parts);
    Value isNear =
        code.less(code.mul(parts, bytes), code.mul(threads, cacheBytes));
    Value turns = code.add(
        own, code.select(isNear, code.num(nearRows), code.num(farRows)));
    Value cost = code.mul(code.mul(up(panels, groups), turns), weights);
    Value others = code.div(
        code.mul(code.mul(own, code.add(groups, -1)), strange), groups);
    Value found = code.add(code.mul(code.add(cost, others), end), parts);
    return code.min(best, found);
  });
  Value parts = code.select(hasOthers, code.rem(best, end), one);
  func::ReturnOp::create(code.b, code.loc, parts);
  return function;
}

/// Decides into how many parts the rows of some stages are shared out: so that
/// the slowest thread is done first, by a count of multiplications and
/// additions. What else takes time is counted as so many of them:
///
/// - Each part of the rows fetches all weights of its panels: for each weight
///   `nearRows` from the thread's own cache or `farRows` from behind it.
/// - What other threads have computed of a row comes from their caches, element
///   by element: `strangers`. There is nothing of that if each thread has all
///   panels of its rows.
void ScanLoops::shareOut(ArrayRef<StageOp> stages, Value rows) {
  if (kernels || stages.empty())
    return; // by panels alone
  // Stages without products take about as long as with few weights. Panels are
  // those of the stage that takes longest.
  int64_t all = 0, work = 0, most = 0, panels = 0, depth = 0;
  for (StageOp stage : stages) {
    const Units units = layout.units(stage.getUnits());
    const int64_t weights = weightElements(stage);
    const int64_t own = std::max(weights, elementwiseWeights * units.padded());
    all += weights;
    work += own;
    if (own > most) {
      most = own;
      panels = units.panels;
    }
    if (stage.getPhase() == Phase::step)
      for (const Site &site : layout.sites(stage))
        for (const Term &term : site.terms)
          depth += term.depth();
  }
  // Each level has a cache of its own size.
  auto module = scan->getParentOfType<ModuleOp>();
  std::string name = "rnn_row_parts_" + std::to_string(cacheBytes);
  auto function = module.lookupSymbol<func::FuncOp>(name);
  if (!function)
    function = makeParts(code, module, name, cacheBytes);
  Value parts =
      func::CallOp::create(code.b, code.loc, function,
                           ValueRange{frame.workers, rows, code.num(panels),
                                      code.num(work / panels),
                                      code.num(all * code.elementBytes()),
                                      code.num(depth * strangers)})
          .getResult(0);
  for (StageOp stage : stages)
    rowParts[stage] = parts;
}

/// Shares out a stage that has no loop over steps beside it.
void ScanLoops::shareOutAlone(StageOp stage) {
  apart = ofSteps = code.no();
  shareOut(stage, frame.rows);
}

/// Finds out whether each thread computes rows of its own in all of the loop.
/// Then threads need not wait for each other there, and stages outside of the
/// loop that share rows out in the same way find what they read in their own
/// cache.
void ScanLoops::findOwnRows(ArrayRef<StageOp> step) {
  Value yes =
      arith::ConstantIntOp::create(code.b, code.loc, code.b.getI1Type(), 1);
  Value no =
      arith::ConstantIntOp::create(code.b, code.loc, code.b.getI1Type(), 0);
  apart = ofSteps = no;
  bool hasSums = llvm::any_of(step, [](StageOp stage) {
    return !stage.getBody().getOps<AccumulateOp>().empty();
  });
  if (kernels || step.empty() || hasSums)
    return;
  Value ownRows =
      code.both(code.less(code.num(1), frame.workers),
                code.equal(rowParts.lookup(step.front()), frame.workers));
  // With lengths, a row is another thread's in a step that has fewer.
  apart = code.both(ownRows, code.select(frame.ragged, no, yes));
  // With fewer, products would fetch weights too often.
  Value enough = code.mul(frame.workers, leastRowsOfStep);
  ofSteps = code.both(ownRows, code.less(enough, code.add(frame.batch, 1)));
}
