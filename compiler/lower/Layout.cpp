//===- Layout.cpp - where the values of a staged cell live ----------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The panel buffer of an LSTM's units over its life, slot by slot:
//
//     before      step           backward step      after
//     x*W_i + b   i (saved)      gradient of i      read by products
//     x*W_f + b   f (saved)      gradient of f      ..
//
// A slot is taken over by a value of the stage that reads it last, because a
// stage loads all that it needs of a unit before it stores. A value that is
// read whole (as a vector, by a product) keeps its slot until that stage is
// over, since other units still need it.
//
//===----------------------------------------------------------------------===//

#include "compiler/lower/Layout.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace rnn;

SmallVector<StageOp> rnn::stagesOf(ScanOp scan) {
  return llvm::to_vector(scan.getBody().getOps<StageOp>());
}

std::string rnn::operandKey(Value value) {
  std::string key;
  llvm::raw_string_ostream os(key);
  if (auto read = value.getDefiningOp<ReadOp>())
    os << "@" << read.getTensor() << "[" << read.getDelay() << "]";
  else
    os << value.getAsOpaquePointer();
  return key;
}

WeightView rnn::weightView(Value weight) {
  WeightView view;
  if (auto slice = weight.getDefiningOp<SliceOp>()) {
    view.row = slice.getOffsets()[0];
    if (slice.getOffsets().size() > 1)
      view.column = slice.getOffsets()[1];
    weight = slice.getOperand();
  }
  view.param = outsideOfPullback(weight).getDefiningOp<ReadOp>().declaration();
  return view;
}

bool Layout::isWholeUse(OpOperand &use) {
  Operation *owner = use.getOwner();
  if (auto affine = dyn_cast<AffineOp>(owner))
    return llvm::is_contained(affine.getInputs(), use.get());
  return isa<StepMatmulOp, StepTransposeOp, ReduceSumOp, ReduceMaxOp, SplatOp,
             ConcatOp, SliceOp, AccumulateOp>(owner);
}

/// True if a use can only read rows: single elements at any place, or vectors
/// along k.
static bool needsRows(OpOperand &use) {
  Operation *owner = use.getOwner();
  if (auto accumulate = dyn_cast<AccumulateOp>(owner))
    return accumulate.getColumn() == use.get() || accumulate.getOver() != 1;
  return isa<StepMatmulOp, StepTransposeOp, ReduceSumOp, ReduceMaxOp, SplatOp,
             ConcatOp, SliceOp>(owner);
}

Layout::Layout(CellOp cell, const Target &target, Form form)
    : cell(cell), schedule(cell, target, form == Form::Rows),
      face(interfaceOf(cell)), form(form), lanes(schedule.lanes),
      bf16(cell.getBf16Products()), pairs(target.hasBf16) {
  // Zeros stand in for what a panel's sums start from.
  longestRow = lanes;
  for (int64_t count : unitCounts(cell))
    longestRow = std::max(longestRow, units(count).width);
  placeStates();
  placeAdjoints();
  for (bool backward : {false, true})
    if (ScanOp scan = cell.scan(backward))
      placeTapeAndValues(scan);
  for (bool backward : {false, true})
    if (ScanOp scan = cell.scan(backward))
      findSites(scan);
  for (bool backward : {false, true})
    if (ScanOp scan = cell.scan(backward))
      placeForLengths(scan);
  for (bool backward : {false, true})
    if (ScanOp scan = cell.scan(backward))
      placeShared(scan);
  for (bool backward : {false, true})
    if (ScanOp scan = cell.scan(backward))
      placeRounded(scan);
  if (ScanOp scan = cell.scan(true))
    placePairedColumns(scan);
  if (form == Form::Rows)
    placePartials();
  placeWeights();
}

Units Layout::units(int64_t count) const {
  Units units;
  units.count = count;
  units.vectors = schedule.tile(count).vectors;
  units.width = units.vectors * lanes;
  units.panels = llvm::divideCeil(count, units.width);
  return units;
}

int64_t Layout::addBuffer(Memory region, Extent extent, int64_t extra,
                          int64_t rowElements) {
  buffers.push_back({region, extent, extra, rowElements});
  return buffers.size() - 1;
}

Place Layout::inRows(Memory region, Extent extent, int64_t extra,
                     int64_t count) {
  Place place;
  place.units = units(count);
  int64_t row = place.units.padded();
  // Rows a multiple of 2 KB apart would compete for the same few cache sets.
  int64_t bytes = row * face.element.getWidth() / 8;
  if (bytes % 2048 == 0)
    row += lanes;
  place.buffer = addBuffer(region, extent, extra, row);
  longestRow = std::max(longestRow, row);
  return place;
}

Place Layout::inPanels(Memory region, int64_t count) {
  Units shape = units(count);
  Pool *pool = &pools[{int64_t(region), count}];
  // Backward takes over what it can of the tape before it asks for scratch.
  if (region == Memory::Backward) {
    auto tape = pools.find({int64_t(Memory::Keep), count});
    if (tape != pools.end() && !tape->second.free.empty())
      pool = &tape->second;
  }
  if (pool->buffer < 0)
    pool->buffer = addBuffer(region, Extent::Steps, 0, 0);
  Place place;
  place.buffer = pool->buffer;
  place.panel = true;
  place.units = shape;
  if (pool->free.empty()) {
    place.slot = pool->slots++;
    buffers[pool->buffer].rowElements = pool->slots * shape.padded();
  } else {
    auto least = llvm::min_element(pool->free);
    place.slot = *least;
    pool->free.erase(least);
  }
  return place;
}

void Layout::release(const Place &place) {
  if (!place.panel)
    return;
  for (auto &[key, pool] : pools)
    if (pool.buffer == place.buffer)
      pool.free.push_back(place.slot);
}

void Layout::placeStates() {
  for (auto tensor : cell.getBody().getOps<TensorOp>()) {
    int64_t count = tensor.tensorType().getNumElements();
    if (tensor.getRole() == Role::state)
      symbols[tensor.getSymName()] =
          inRows(Memory::Keep, Extent::States, tensor.getDelay(), count);
    else if (tensor.getRole() == Role::carry)
      symbols[tensor.getSymName()] =
          inRows(Memory::Backward, Extent::Ring, tensor.getDelay() + 1, count);
    bool isWeight =
        tensor.tensorType().getRank() == 2 && isParameter(tensor.getRole());
    if (!isWeight && tensor.getRole() != Role::derived_gradient)
      longestRow = std::max(longestRow, units(count).padded());
  }
}

void Layout::placeAdjoints() {
  for (auto tensor : cell.getBody().getOps<TensorOp>())
    if (tensor.getRole() == Role::derived_gradient)
      adjoints[tensor.getSymName()] =
          addBuffer(Memory::Backward, Extent::Once, 0,
                    tensor.tensorType().getNumElements());
}

/// For the largest vector, or matrix, that is summed up over rows by itself.
void Layout::placePartials() {
  int64_t most = longestRow;
  if (ScanOp scan = cell.scan(true))
    scan.walk([&](AccumulateOp op) {
      if (!op.getColumn())
        most = std::max(most, op.getRow().getType().getNumElements());
    });
  partials = addBuffer(Memory::Backward, Extent::Once, 0, most);
}

void Layout::placeForLengths(ScanOp scan) {
  bool backward = scan.getBackward();
  Memory region = backward ? Memory::Backward : Memory::Forward;
  for (auto [index, array] : llvm::enumerate(face.arrays)) {
    bool used =
        array.role == ArrayRole::Input ||
        array.role == (backward ? ArrayRole::GradOutput : ArrayRole::Output) ||
        (backward && array.role == ArrayRole::GradInput);
    TensorOp tensor = array.tensor;
    if (used)
      packedArrays[{index, backward}] = addBuffer(
          region, Extent::Steps, 0, tensor.tensorType().getNumElements());
  }
  // In a step, rows are found by the step; over all steps they must stand side
  // by side.
  for (StageOp stage : stagesOf(scan)) {
    if (stage.getPhase() == Phase::step)
      continue;
    stage.walk([&](Operation *op) {
      for (Value operand : op->getOperands()) {
        auto read = operand.getDefiningOp<ReadOp>();
        if (!read || !read.getDelay() ||
            read.declaration().getRole() != Role::state)
          continue;
        int64_t states = place(read.getTensor()).buffer;
        auto [entry, isNew] = shiftedStates.try_emplace(
            {states, int64_t(read.getDelay()), backward}, -1);
        if (isNew)
          entry->second =
              addBuffer(region, Extent::Steps, 0, buffers[states].rowElements);
      }
    });
  }
}

bool Layout::isDistinct(int64_t array) const {
  TensorOp tensor = face.arrays[array].tensor;
  ArrayRole role = face.arrays[array].role;
  return tensor.getDistinct() &&
         (role == ArrayRole::Input || role == ArrayRole::GradInput);
}

/// A buffer has another one for what distinct stages have in it.
void Layout::share(int64_t buffer, bool backward) {
  auto [entry, isNew] = sharedBuffers.try_emplace({buffer, backward}, -1);
  if (isNew)
    entry->second = addBuffer(
        backward ? Memory::Backward : Memory::Forward, Extent::Distinct,
        *cell.distinctInput().getDistinct(), buffers[buffer].rowElements);
}

/// What distinct stages give, and what they read of others.
void Layout::placeShared(ScanOp scan) {
  bool backward = scan.getBackward();
  Memory region = backward ? Memory::Backward : Memory::Forward;
  auto add = [&](Value value) { share(place(value).buffer, backward); };
  for (StageOp stage : stagesOf(scan)) {
    if (!stage.getDistinct())
      continue;
    if (numbers[backward] < 0)
      numbers[backward] = addBuffer(region, Extent::Steps, 0, 1);
    for (Value result : stage.getResults())
      add(result);
    stage.walk([&](Operation *op) {
      for (Value operand : op->getOperands())
        if (operand.getDefiningOp<StageOp>())
          add(operand);
    });
  }
}

void Layout::placeTapeAndValues(ScanOp scan) {
  const bool backward = scan.getBackward();
  SmallVector<StageOp> stages = stagesOf(scan);
  auto indexOf = [&](Operation *op) -> int64_t {
    Operation *stage = op->getParentOfType<StageOp>();
    return llvm::find(stages, stage) - stages.begin();
  };

  // When slots fall free: before or after a stage stores its results.
  struct Release {
    SmallVector<Place> before, after;
  };
  SmallVector<Release> releases(stages.size());
  auto releaseAfterUses = [&](const Place &place, ArrayRef<OpOperand *> uses,
                              int64_t defined) {
    int64_t last = defined;
    bool whole = true;
    for (OpOperand *use : uses) {
      int64_t index = indexOf(use->getOwner());
      if (index > last)
        last = index, whole = false;
      if (index == last)
        whole |= isWholeUse(*use);
    }
    if (last >= 0)
      (whole ? releases[last].after : releases[last].before).push_back(place);
    else
      release(place);
  };
  auto usesOf = [](Value value) {
    SmallVector<OpOperand *> uses;
    for (OpOperand &use : value.getUses())
      uses.push_back(&use);
    return uses;
  };
  auto tapeUses = [&](StringRef name, ScanOp in) {
    SmallVector<OpOperand *> uses;
    if (in)
      in.walk([&](ReadOp read) {
        if (read.getTensor() == name)
          llvm::append_range(uses, usesOf(read.getResult()));
      });
    return uses;
  };

  if (backward)
    for (auto tensor : cell.getBody().getOps<TensorOp>()) {
      StringRef name = tensor.getSymName();
      if (tensor.getRole() == Role::tape)
        releaseAfterUses(symbols[name], tapeUses(name, scan), -1);
      // A product or an outer product reads it whole, at a known distance from
      // row to row; when the caller has none, zeros must stand there.
      if (tensor.getRole() == Role::output_gradient &&
          llvm::any_of(tapeUses(name, scan),
                       [](OpOperand *use) { return isWholeUse(*use); }))
        standIns[*tensor.getOf()] =
            inRows(Memory::Backward, Extent::Steps, 0,
                   tensor.tensorType().getNumElements());
    }

  for (auto [index, stage] : llvm::enumerate(stages)) {
    for (const Place &place : releases[index].before)
      release(place);
    auto yield = cast<YieldOp>(stage.getBody().front().getTerminator());
    llvm::DenseMap<Value, Place> written; // value -> state or tape it is
    for (auto write : stage.getBody().getOps<WriteOp>()) {
      TensorOp tensor = write.declaration();
      if (tensor.getRole() == Role::state)
        written[write.getValue()] = symbols[tensor.getSymName()];
      if (tensor.getRole() != Role::tape)
        continue;
      auto uses = tapeUses(tensor.getSymName(), cell.scan(true));
      for (auto [yielded, result] :
           llvm::zip(yield.getOperands(), stage.getResults()))
        if (yielded == write.getValue())
          llvm::append_range(uses, usesOf(result));
      int64_t count = tensor.tensorType().getNumElements();
      bool rows = form == Form::Rows ||
                  llvm::any_of(uses, [](auto *use) { return needsRows(*use); });
      Place place = rows ? inRows(Memory::Keep, Extent::Steps, 0, count)
                         : inPanels(Memory::Keep, count);
      symbols[tensor.getSymName()] = place;
      written.try_emplace(write.getValue(), place);
    }
    for (auto [yielded, result] :
         llvm::zip(yield.getOperands(), stage.getResults())) {
      if (auto known = written.find(yielded); known != written.end()) {
        values[result] = known->second;
        continue;
      }
      auto uses = usesOf(result);
      bool rows = form == Form::Rows ||
                  llvm::any_of(uses, [](auto *use) { return needsRows(*use); });
      bool inStep =
          stage.getPhase() == Phase::step && llvm::all_of(uses, [](auto *use) {
            return use->getOwner()
                       ->template getParentOfType<StageOp>()
                       .getPhase() == Phase::step;
          });
      Memory scratch = backward ? Memory::Backward : Memory::Forward;
      if (inStep)
        values[result] = inRows(scratch, Extent::Step, 0, stage.getUnits());
      else if (rows)
        values[result] = inRows(scratch, Extent::Steps, 0, stage.getUnits());
      else {
        // What is kept takes the place of what it is made of, such as gates
        // that of products; where states alone are kept, nothing does.
        bool isTaken = !backward && !cell.recomputes();
        values[result] =
            inPanels(isTaken ? Memory::Keep : scratch, stage.getUnits());
        releaseAfterUses(values[result], uses, index);
      }
    }
    for (const Place &place : releases[index].after)
      release(place);
  }
}

//===----------------------------------------------------------------------===//
// Products
//===----------------------------------------------------------------------===//

/// The inputs of an affine as keys; a second use of an input has its own.
static SmallVector<std::string> inputKeys(AffineOp affine) {
  SmallVector<std::string> keys;
  for (Value input : affine.getInputs()) {
    std::string key = operandKey(input);
    while (llvm::is_contained(keys, key))
      key += "+";
    keys.push_back(key);
  }
  return keys;
}

Site Layout::makeSite(ArrayRef<AffineOp> affines) {
  Site site;
  site.affines.assign(affines.begin(), affines.end());
  AffineOp first = affines.front();
  site.units = units(first.getResult().getType().getDimSize(0));
  const int64_t parts = this->parts(first->getParentOfType<StageOp>());
  SmallVector<std::string> keys = inputKeys(first);
  auto placeOf = [&](Value input) {
    if (auto read = input.getDefiningOp<ReadOp>())
      return read.declaration().getRole() == Role::tape
                 ? place(read.getTensor())
                 : Place();
    return place(input);
  };

  // Inputs in panels, by buffer and slot, so that neighbours become one term.
  SmallVector<unsigned> order(keys.size());
  for (unsigned i = 0; i < order.size(); ++i)
    order[i] = i;
  auto rank = [&](unsigned i) {
    Place at = placeOf(first.getInputs()[i]);
    return at.panel ? std::make_pair(at.buffer, at.slot)
                    : std::make_pair(int64_t(-1), int64_t(i));
  };
  llvm::stable_sort(order,
                    [&](unsigned a, unsigned b) { return rank(a) < rank(b); });

  const Term *last = nullptr;
  Place lastPlace;
  for (unsigned i : order) {
    Value input = first.getInputs()[i];
    Place at = placeOf(input);
    SmallVector<unsigned> operand;
    for (AffineOp affine : affines) {
      SmallVector<std::string> theirs = inputKeys(affine);
      operand.push_back(llvm::find(theirs, keys[i]) - theirs.begin());
    }
    bool joins = last && last->panel && at.panel &&
                 at.buffer == lastPlace.buffer &&
                 at.slot == lastPlace.slot + last->slots;
    if (joins) {
      Term &term = site.terms.back();
      ++term.slots;
      for (auto [a, index] : llvm::enumerate(operand))
        term.operand[a].push_back(index);
    } else {
      Term term;
      term.input = input;
      term.panel = at.panel;
      term.parts = parts;
      term.inner = units(cast<RankedTensorType>(input.getType()).getDimSize(0));
      for (unsigned index : operand)
        term.operand.push_back({index});
      site.terms.push_back(term);
      lastPlace = at;
    }
    last = &site.terms.back();
  }
  return site;
}

void Layout::findSites(ScanOp scan) {
  for (StageOp stage : stagesOf(scan)) {
    // In the order in which the inputs first appear.
    SmallVector<std::pair<std::string, SmallVector<AffineOp>>> groups;
    for (auto affine : stage.getBody().getOps<AffineOp>()) {
      SmallVector<std::string> keys = inputKeys(affine);
      llvm::sort(keys);
      std::string key = llvm::join(keys, " ");
      auto group = llvm::find_if(
          groups, [&](auto &entry) { return entry.first == key; });
      if (group == groups.end())
        group = groups.insert(groups.end(), {key, {}});
      group->second.push_back(affine);
    }
    auto &sites = stageSites[stage];
    for (auto &[key, affines] : groups)
      sites.push_back(makeSite(affines));
  }
}

/// Stages of a phase share a buffer: one is over before the next one begins.
void Layout::placeRounded(ScanOp scan) {
  const Memory region = scan.getBackward() ? Memory::Backward : Memory::Forward;
  for (bool inStep : {false, true}) {
    int64_t most = 0;
    SmallVector<StageOp> stages;
    for (StageOp stage : stagesOf(scan)) {
      if ((stage.getPhase() == Phase::step) != inStep)
        continue;
      int64_t elements = 0;
      llvm::StringMap<int64_t> known;
      if (!parts(stage))
        continue;
      for (Site &site : stageSites[stage])
        for (Term &term : site.terms) {
          std::string key =
              operandKey(term.input) + " " + std::to_string(term.slots);
          auto [entry, isNew] = known.try_emplace(key, elements);
          term.rounded = entry->second;
          if (!isNew)
            continue;
          // What fills up is there, too.
          int64_t written =
              std::max<int64_t>(term.pairsWritten(lanes),
                                llvm::alignTo(term.pairs(), pairsInLine));
          elements += llvm::alignTo(pairs ? written : 2 * written, pairsInLine);
        }
      if (elements)
        stages.push_back(stage);
      roundedParts[stage] = elements;
      most = std::max(most, parts(stage) * elements);
    }
    if (stages.empty())
      continue;
    // As for rows of values: not a multiple of 2 KB.
    if (most % (2048 / 4) == 0)
      most += pairsInLine;
    int64_t buffer =
        addBuffer(region, inStep ? Extent::Step : Extent::Steps, 0, most);
    for (StageOp stage : stages) {
      roundedBuffers[stage] = buffer;
      if (stage.getDistinct())
        share(buffer, scan.getBackward());
    }
  }
}

int64_t Layout::parts(StageOp stage) const {
  if (bf16)
    return 1;
  // In the loop, weights would be half as large again, and few rows meet them.
  return schedule.inParts && stage.getPhase() != Phase::step ? 3 : 0;
}

bool Layout::isPaired(AccumulateOp op) const {
  auto stage = op->getParentOfType<StageOp>();
  return parts(stage) && stage.getPhase() == Phase::after && op.getColumn() &&
         op.getOver() == 1;
}

void Layout::placePairedColumns(ScanOp scan) {
  scan.walk([&](AccumulateOp op) {
    if (!isPaired(op))
      return;
    auto [entry, isNew] =
        columnBuffers.try_emplace(operandKey(op.getColumn()), -1);
    const int64_t pairOfRows = llvm::alignTo(op.columnUnits(), lanes) *
                               parts(op->getParentOfType<StageOp>());
    if (isNew) {
      entry->second = addBuffer(Memory::Backward, Extent::Blocks, blockRows,
                                llvm::divideCeil(pairOfRows, 2));
      if (op->getParentOfType<StageOp>().getDistinct())
        share(entry->second, true);
    }
  });
}

/// What the packed weights of a term are made of.
static std::string panelsKey(const Site &site, const Term &term) {
  std::string key;
  llvm::raw_string_ostream os(key);
  os << site.units.count << "/" << site.units.width << " " << term.parts << " "
     << term.panel << " " << term.slots << " " << term.inner.count << "/"
     << term.inner.width;
  for (auto [affine, operands] : llvm::zip(site.affines, term.operand))
    for (unsigned operand : operands) {
      WeightView view = weightView(AffineOp(affine).getWeights()[operand]);
      os << " " << view.param.getSymName() << "[" << view.row << ","
         << view.column << "]" << AffineOp(affine).getTransposed()[operand];
    }
  return key;
}

void Layout::placeWeights() {
  const int64_t line = 64 * 8 / face.element.getWidth();
  auto take = [&](int64_t elements) {
    int64_t offset = weightElements;
    weightElements += llvm::alignTo(elements, line);
    return offset;
  };
  take(line); // the header
  zeros = take(longestRow);
  // What is read as it is, by the backward setup or by scans.
  llvm::StringSet<> readWhole;
  if (SetupOp setup = cell.setup(true))
    for (auto read : setup.getBody().getOps<ReadOp>())
      readWhole.insert(read.getTensor());
  for (auto scan : cell.getBody().getOps<ScanOp>())
    scan.walk([&](Operation *op) {
      if (auto product = dyn_cast<StepMatmulOp>(op))
        for (Value operand : {product.getLeft(), product.getRight()})
          if (cast<RankedTensorType>(operand.getType()).getRank() == 2)
            readWhole.insert(weightView(operand).param.getSymName());
      if (auto read = dyn_cast<ReadOp>(op);
          read && read.getType().getRank() < 2)
        readWhole.insert(read.getTensor());
    });
  for (auto tensor : cell.getBody().getOps<TensorOp>())
    if (tensor.getRole() == Role::derived ||
        (tensor.getRole() == Role::param &&
         (tensor.tensorType().getRank() < 2 ||
          readWhole.contains(tensor.getSymName()))))
      vectors[tensor.getSymName()] =
          take(units(tensor.tensorType().getNumElements()).padded());
  // Forward, and what backward computes again of it, read the same panels.
  llvm::StringMap<int64_t> packed;
  for (bool backward : {false, true})
    if (ScanOp scan = cell.scan(backward))
      for (StageOp stage : stagesOf(scan))
        for (Site &site : stageSites[stage])
          for (Term &term : site.terms) {
            auto [entry, isNew] = packed.try_emplace(panelsKey(site, term));
            if (isNew)
              entry->second = take(packedElements(site, term));
            term.weights = entry->second;
          }
}
