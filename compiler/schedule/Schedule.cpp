//===- Schedule.cpp - how the loops of a cell are made --------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "compiler/schedule/Schedule.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace rnn;

//===----------------------------------------------------------------------===//
// What directives say
//===----------------------------------------------------------------------===//

static int64_t elementBytes(CellOp cell) {
  return cell.elementType().getWidth() / 8;
}

/// The directives for a level: those for all levels, then those for it alone.
static SmallVector<ScheduleOp> directivesFor(CellOp cell, StringRef level) {
  SmallVector<ScheduleOp> found;
  for (StringRef on : {StringRef(everyLevel), level})
    for (auto op : cell.getBody().getOps<ScheduleOp>())
      if (op.getOn() == on)
        found.push_back(op);
  return found;
}

/// A whole vector of the level.
static int64_t wholeVector(CellOp cell, const Target &target) {
  return target.vectorBytes / elementBytes(cell);
}

/// The lanes that directives for the level leave it.
static int64_t lanesOn(CellOp cell, const Target &target) {
  int64_t lanes = wholeVector(cell, target);
  for (ScheduleOp op : directivesFor(cell, target.name))
    if (op.getDirective() == "vectorize" && whyIllegal(op, target).empty())
      lanes = op.value(0);
  return lanes;
}

static std::string numbered(int64_t count, StringRef thing) {
  return std::to_string(count) + " " + thing.str() + (count == 1 ? "" : "s");
}

std::string rnn::whyIllegal(ScheduleOp op, const Target &target) {
  auto cell = op->getParentOfType<CellOp>();
  if (op.getDirective() == "vectorize") {
    int64_t lanes = op.value(0), most = wholeVector(cell, target);
    int64_t least = std::min(most, 16 / elementBytes(cell));
    if (llvm::isPowerOf2_64(lanes) && lanes >= least && lanes <= most)
      return "";
    return target.name + " has vectors of " + std::to_string(least) +
           (least == most ? "" : " to " + std::to_string(most)) +
           " units, in powers of two";
  }
  if (op.getDirective() == "tile") {
    int64_t lanes = lanesOn(cell, target), units = op.value(0);
    if (units % lanes)
      return "a tile is whole vectors, here of " + numbered(lanes, "unit");
    int64_t sums = units / lanes * op.value(1);
    if (sums <= target.accumulators)
      return "";
    return "the sums of " + numbered(op.value(1), "row") + " of " +
           numbered(units / lanes, "vector") + " take " +
           numbered(sums, "register") + "; " + target.name + " has " +
           std::to_string(target.accumulators) + " for them";
  }
  if (op.getDirective() == "multiply" && op.name(0) == "bf16x3") {
    if (!target.hasMatrixUnit)
      return target.name + " has no unit that multiplies matrices in bf16; amx "
                           "has";
    if (cell.elementType().getWidth() != 32 || cell.getBf16Products())
      return "three parts of bf16 make up an f32, which --type=f32 has";
  }
  if (op.getDirective() == "unroll" && op.value(0) > 16)
    return "no more than 16 steps of k are unrolled";
  return "";
}

Schedule::Schedule(CellOp cell, const Target &target, bool kernels)
    : target(target), lanes(lanesOn(cell, target)), kernels(kernels),
      isBf16(cell.getBf16Products()) {
  for (ScheduleOp op : directivesFor(cell, target.name)) {
    StringRef word = op.getDirective(), choice = op.name(0);
    if (!whyIllegal(op, target).empty())
      continue;
    if (word == "tile")
      tiles.push_back(
          {op.value(0), op.value(1), int64_t(op.getOf().value_or(0))});
    else if (word == "reorder")
      rowsOutside = choice == "units";
    else if (word == "unroll")
      unroll = choice == "auto" ? std::nullopt : std::optional(op.value(0));
    else if (word == "prefetch")
      prefetch = choice == "auto" ? std::nullopt
                                  : std::optional(choice == "next_panel");
    else if (word == "multiply")
      inParts = choice == "bf16x3";
    else if (word == "parallel" && choice == "auto")
      threads = std::nullopt;
    else if (word == "parallel")
      threads = choice == "none" ? 1 : op.value(0);
  }
}

std::set<StringRef> rnn::hoistedInputs(CellOp cell) {
  std::set<StringRef> all, named;
  bool isGiven = false;
  for (auto tensor : cell.getBody().getOps<TensorOp>())
    if (tensor.getRole() == Role::input)
      all.insert(tensor.getSymName());
  for (auto op : cell.getBody().getOps<ScheduleOp>())
    if (op.getDirective() == "hoist") {
      isGiven = true;
      for (unsigned i = 0; i < op.getNames().size(); ++i)
        named.insert(op.name(i));
    }
  return isGiven ? named : all;
}

bool rnn::hasElementwiseApart(CellOp cell) {
  return llvm::any_of(cell.getBody().getOps<ScheduleOp>(), [](ScheduleOp op) {
    return op.getDirective() == "compute_at" && op.name(0) == "stage";
  });
}

//===----------------------------------------------------------------------===//
// What the compiler chooses
//===----------------------------------------------------------------------===//

int64_t Schedule::mostRows(int64_t vectors) const {
  if (kernels)
    return std::clamp<int64_t>(target.accumulators / vectors, 1, 12);
  return target.mostRows(vectors);
}

int64_t Schedule::vectorsOfTile(int64_t vectors, int64_t widest) const {
  // Fewer rows would cut those of a small batch unevenly.
  constexpr int64_t fewestRows = 6;
  // A lone vector reaches about three quarters of the speed of several.
  int64_t chosen = 1, least = llvm::divideCeil(4 * vectors, 3);
  for (int64_t count = 2; count <= std::min(widest, vectors); ++count) {
    const int64_t padded = llvm::alignTo(vectors, count);
    if (count > 2 && target.mostRows(count) < fewestRows)
      break;
    if (padded <= least) {
      chosen = count;
      least = padded;
    }
  }
  return chosen;
}

/// A panel is narrower than a tile could be where L1 is too small for it, since
/// fewer tiles of more rows then read it from L2; and where two of half the
/// width would do, since the elementwise work of one panel runs beside the
/// products of the next.
int64_t Schedule::vectorsOfPanel(int64_t vectors) const {
  // Halves of pairs take registers of their own, and the matrix unit has tiles
  // of two by two.
  if (kernels || (isBf16 && (!target.hasBf16 || target.hasMatrixUnit)))
    return vectorsOfTile(vectors, 2);
  // Levels do not know L1, which is such a part of L2, or half of it; and a
  // panel is one of a square matrix, whatever it multiplies in the end.
  const int64_t mostBytes = target.l2Bytes / 32;
  const int64_t bytes = target.vectorBytes * vectors * lanes / (isBf16 ? 2 : 1);
  int64_t widest = std::clamp<int64_t>(mostBytes / bytes, 2, widestTile);
  if (vectors % 2 == 0)
    widest = std::min(widest, std::max<int64_t>(vectors / 2, 2));
  return vectorsOfTile(vectors, widest);
}

RegisterTile Schedule::tile(int64_t count) const {
  const int64_t vectors = llvm::divideCeil(count, lanes);
  RegisterTile chosen;
  chosen.vectors = vectorsOfPanel(vectors);
  chosen.rows = mostRows(chosen.vectors);
  // Of those that fit, the last that names the size, else the last for all.
  bool isNamed = false;
  for (const GivenTile &given : tiles)
    if (given.of == count || (!given.of && !isNamed)) {
      isNamed |= given.of == count;
      chosen.vectors = std::min(given.units / lanes, vectors);
      chosen.rows = given.rows;
    }
  return chosen;
}

int64_t rnn::rowsOfChunk(ScanOp scan, const Target &target) {
  // Gradients of weights are read and written, and weights of stages before the
  // loop read, once a chunk. The matrix unit would wait for these.
  constexpr int64_t most = 384, least = 48;
  if (scan.getBackward() || target.hasMatrixUnit)
    return most;
  int64_t bytes = 0; // of a row, from stages outside of the loop
  for (auto stage : scan.getBody().getOps<StageOp>())
    if (stage.getPhase() != Phase::step)
      for (Value result : stage.getResults()) {
        auto type = cast<RankedTensorType>(result.getType());
        bytes += stage.getUnits() * type.getElementTypeBitWidth() / 8;
      }
  if (!bytes)
    return most;
  return std::clamp(target.l2Bytes * 3 / 8 / bytes, least, most);
}

std::set<int64_t> rnn::unitCounts(CellOp cell) {
  std::set<int64_t> counts;
  cell.walk([&](StageOp stage) { counts.insert(stage.getUnits()); });
  return counts;
}
