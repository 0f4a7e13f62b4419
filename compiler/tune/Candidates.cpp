//===- Candidates.cpp - schedules that are worth a try --------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "compiler/tune/Candidates.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace rnn;

static std::string tileOf(int64_t units) {
  return "tile of " + std::to_string(units);
}

SearchSpace rnn::searchSpaceOf(CellOp cell, const Target &target,
                               const Workload &work) {
  SearchSpace space;
  space.target = target;
  space.work = work;
  for (auto tensor : cell.getBody().getOps<TensorOp>())
    if (tensor.getRole() == Role::input)
      space.inputs.insert(tensor.getSymName().str());
  const int64_t bytes = cell.elementType().getWidth() / 8;
  space.mostLanes = target.vectorBytes / bytes;
  space.leastLanes = 16 / bytes;
  for (auto op : cell.getBody().getOps<ScheduleOp>()) {
    if ((op.getOn() != everyLevel && op.getOn() != target.name) ||
        !whyIllegal(op, target).empty())
      continue;
    std::string directive = op.getDirective().str();
    if (directive != "tile" || op.getOf()) {
      space.given.insert(op.getOf() ? tileOf(*op.getOf()) : directive);
      continue;
    }
    for (int64_t units : unitCounts(cell))
      space.given.insert(tileOf(units));
  }
  return space;
}

//===----------------------------------------------------------------------===//
// One directive otherwise
//===----------------------------------------------------------------------===//

/// Heights of a tile: as high as registers allow and some less, and those that
/// cut the rows of a step evenly.
static std::set<int64_t> heightsOf(int64_t vectors, const SearchSpace &space) {
  const int64_t most =
      std::max<int64_t>(1, space.target.accumulators / vectors);
  const int64_t rows = std::max<int64_t>(1, space.work.batch);
  std::set<int64_t> heights;
  for (int64_t height :
       {most, most * 3 / 4, most / 2, space.target.mostRows(vectors)})
    heights.insert(std::max<int64_t>(1, height));
  const int64_t blocks = (rows + most - 1) / most;
  heights.insert((rows + blocks - 1) / blocks);
  return heights;
}

static void addTiles(const SearchSpace &space, const Decisions &from,
                     std::vector<Decisions> &found) {
  for (auto &[units, tile] : from.tiles) {
    if (!space.isFree(tileOf(units)))
      continue;
    const int64_t vectors = llvm::divideCeil(units, from.lanes);
    constexpr int64_t widest = 8;
    for (int64_t v = 1;
         v <= std::min({vectors, space.target.accumulators, widest}); ++v)
      for (int64_t rows : heightsOf(v, space)) {
        if (v == tile.vectors && rows == tile.rows)
          continue;
        found.push_back(from);
        found.back().tiles[units] = {v, rows};
      }
  }
}

std::vector<Decisions> rnn::neighbours(const SearchSpace &space,
                                       const Decisions &from) {
  std::vector<Decisions> found;
  addTiles(space, from, found);
  /// One more with another value, if it is another.
  auto tryValue = [&](auto Decisions::*decision, auto value) {
    if (from.*decision == value)
      return;
    found.push_back(from);
    found.back().*decision = value;
  };
  if (space.isFree("reorder"))
    for (bool outside : {false, true})
      tryValue(&Decisions::rowsOutside, outside);
  using Number = std::optional<int64_t>;
  if (space.isFree("unroll"))
    for (Number steps : {Number(), Number(1), Number(2), Number(4), Number(8)})
      tryValue(&Decisions::unroll, steps);
  if (space.isFree("prefetch"))
    for (std::optional<bool> fetch :
         {std::optional<bool>(), std::optional(true), std::optional(false)})
      tryValue(&Decisions::prefetch, fetch);
  if (space.isFree("compute_at"))
    for (bool apart : {false, true})
      tryValue(&Decisions::elementwiseApart, apart);
  if (space.isFree("hoist") && !space.inputs.empty())
    for (const std::set<std::string> &hoisted :
         {space.inputs, std::set<std::string>()})
      tryValue(&Decisions::hoisted, hoisted);
  if (space.isFree("vectorize"))
    for (int64_t lanes : {from.lanes / 2, from.lanes * 2})
      if (lanes >= space.leastLanes && lanes <= space.mostLanes)
        tryValue(&Decisions::lanes, lanes);
  if (space.isFree("parallel") && space.work.threads > 1) {
    // Nothing: as the compiler decides; 0: all of the team; 1: none.
    std::vector<Number> shares = {Number(), Number(0), Number(1)};
    if (space.work.threads > 3)
      shares.push_back(space.work.threads / 2);
    for (Number share : shares)
      tryValue(&Decisions::threads, share);
  }
  return found;
}

//===----------------------------------------------------------------------===//
// Differences
//===----------------------------------------------------------------------===//

/// The directives, one for each line of the printed form.
static std::vector<std::string> directivesOf(const Decisions &decisions) {
  std::string text;
  llvm::raw_string_ostream os(text);
  decisions.printCommon(os);
  decisions.printLevel(os);
  SmallVector<StringRef> lines;
  StringRef(text).split(lines, '\n', -1, /*KeepEmpty=*/false);
  std::vector<std::string> directives;
  for (StringRef line : lines)
    if (line.starts_with("  "))
      directives.push_back(line.trim().str());
  return directives;
}

std::string rnn::differences(const Decisions &from, const Decisions &to) {
  std::vector<std::string> before = directivesOf(from), changed;
  for (const std::string &directive : directivesOf(to))
    if (!llvm::is_contained(before, directive))
      changed.push_back(directive);
  return llvm::join(changed, "; ");
}

static bool isSame(const RegisterTile &a, const RegisterTile &b) {
  return a.vectors == b.vectors && a.rows == b.rows;
}

std::optional<int64_t> rnn::changedTile(const Decisions &from,
                                        const Decisions &to) {
  for (auto &[units, tile] : to.tiles)
    if (auto old = from.tiles.find(units);
        old == from.tiles.end() || !isSame(old->second, tile))
      return units;
  return std::nullopt;
}

Decisions rnn::merged(Decisions base, const Decisions &from,
                      const Decisions &to) {
  auto take = [&](auto Decisions::*decision) {
    if (from.*decision != to.*decision)
      base.*decision = to.*decision;
  };
  take(&Decisions::hoisted);
  take(&Decisions::elementwiseApart);
  take(&Decisions::lanes);
  take(&Decisions::rowsOutside);
  take(&Decisions::unroll);
  take(&Decisions::prefetch);
  take(&Decisions::threads);
  for (auto &[units, tile] : to.tiles)
    if (auto old = from.tiles.find(units);
        old == from.tiles.end() || !isSame(old->second, tile))
      base.tiles[units] = tile;
  return base;
}
