//===- BuildStages.cpp - cut scans into stages ----------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
//   before   what the loop needs and does not depend on it
//   step 0   what can be computed when the step begins
//   step 1   what needs a whole vector of step 0, and so on
//   after    what the loop does not need
//
// Ops come in four kinds. *Free*: reads, constants, parts of parameters; every
// stage has its own. *Light*: repeated in every stage that uses them, as are
// comparisons. These are the vectors and matrices that a scalar or two vectors
// spread out to, which take less memory, and what is elementwise on free and
// light values, if no earlier step enters it. *Heavy*: reads whole vectors. The
// rest is *plain*.
//
//===----------------------------------------------------------------------===//

#include "compiler/schedule/Passes.h"
#include "mlir/IR/IRMapping.h"
#include <map>
#include <set>
#include <tuple>

namespace rnn {
#define GEN_PASS_DEF_BUILDSTAGESPASS
#include "compiler/schedule/Passes.h.inc"
} // namespace rnn

using namespace mlir;
using namespace rnn;

static int64_t unitsOf(Value value) {
  return cast<RankedTensorType>(value.getType()).getNumElements();
}

/// What a stage counts when it computes this op.
static int64_t unitsOf(Operation *op) {
  if (auto accumulate = dyn_cast<AccumulateOp>(op))
    return accumulate.rowUnits();
  return unitsOf(op->getNumResults() ? op->getResult(0) : op->getOperand(0));
}

/// True if the op reads its operands as whole vectors.
static bool readsWhole(Operation *op) {
  return isa<AffineOp, StepMatmulOp, StepTransposeOp, ReduceSumOp, ReduceMaxOp,
             SplatOp, ConcatOp, SliceOp, AccumulateOp>(op);
}

/// True if the use needs the whole vector: not so the start of an affine.
static bool isWholeUse(OpOperand &use) {
  if (auto affine = dyn_cast<AffineOp>(use.getOwner()))
    return llvm::is_contained(affine.getInputs(), use.get());
  return readsWhole(use.getOwner());
}

/// True if the use needs the value in memory when its stage begins.
static bool isEarlyUse(OpOperand &use) {
  auto affine = dyn_cast<AffineOp>(use.getOwner());
  return isWholeUse(use) || (affine && affine.getStart() == use.get());
}

static bool isFree(Operation *op) {
  if (isa<ReadOp>(op) || op->hasTrait<OpTrait::ConstantLike>())
    return true;
  auto slice = dyn_cast<SliceOp>(op);
  return slice && slice.getType().getRank() == 2;
}

static bool isHeavy(Operation *op) {
  if (isa<AffineOp, ReduceSumOp, ReduceMaxOp, AccumulateOp>(op))
    return true;
  if (auto product = dyn_cast<StepMatmulOp>(op); product && !product.isOuter())
    return true;
  return readsWhole(op) && !isFree(op) &&
         llvm::any_of(op->getOperands(), [](Value operand) {
           return !isFree(operand.getDefiningOp());
         });
}

/// True if the op makes much of little: a scalar repeated, or the products of
/// all elements of two vectors.
static bool isSpread(Operation *op) {
  auto product = dyn_cast<StepMatmulOp>(op);
  return isa<SplatOp>(op) || (product && product.isOuter());
}

/// Elements that are not kept for all steps only to be summed after the loop.
static constexpr int64_t manyElements = 1024;

/// True if the op reduces what is too much to be kept for all steps.
static bool isLargeReduction(Operation *op) {
  return isa<ReduceSumOp, ReduceMaxOp>(op) &&
         unitsOf(op->getOperand(0)) >= manyElements;
}

/// Bits have no place in memory: every stage compares for itself.
static bool isBits(Operation *op) { return isa<arith::CmpFOp>(op); }

static bool isCheap(Operation *op) {
  return isa<arith::AddFOp, arith::SubFOp, arith::MulFOp, arith::NegFOp,
             arith::SelectOp, arith::CmpFOp>(op);
}

namespace {
/// Where an op runs; stages are in this order.
struct Home {
  Phase phase;
  int64_t level;
  int64_t units;
  bool operator<(const Home &other) const {
    return std::tie(phase, level, units) <
           std::tie(other.phase, other.level, other.units);
  }
};

/// Cuts one scan.
class Stages {
public:
  explicit Stages(ScanOp scan) : scan(scan), body(scan.getBody().front()) {}
  void build();

private:
  bool isLight(Operation *op);
  void findNeeded();
  Phase sourcePhase(Value value);
  Phase phaseOf(Operation *op);
  int64_t levelOf(Operation *op, Phase phase);
  void place(Operation *op);
  void placeOperands(Operation *op, Phase phase);
  void useLight(Operation *op, Phase phase);
  void sink();
  void yieldCarries();
  bool isFromStage(Value value, const Home &user, bool whole);
  Home homeOf(Value value, const Home &user);
  void findResults();
  void emit();
  Value emitValue(Value value, const Home &stage, OpBuilder &b,
                  IRMapping &mapping, bool whole);

  ScanOp scan;
  Block &body;
  llvm::DenseSet<Operation *> needed; ///< by a later step
  llvm::DenseMap<Operation *, bool> light;
  std::map<Operation *, Home> homes;
  /// The phase by which all exists that a light value is made of.
  llvm::DenseMap<Operation *, Phase> lightPhases;
  /// The least level at which a stage of that phase can make a light value.
  std::map<std::pair<Operation *, Phase>, int64_t> lightLevels;
  /// Light values that a heavy op reads whole have a home per phase.
  std::map<std::pair<Operation *, Phase>, Home> lightHomes;
  std::map<Home, SmallVector<Operation *>> stages;
  std::map<Home, llvm::SetVector<Value>> results;
  std::map<std::pair<Home, void *>, Value> emitted; ///< stage results
};
} // namespace

bool Stages::isLight(Operation *op) {
  auto known = light.find(op);
  if (known != light.end())
    return known->second;
  auto isLoopedRead = [](Value operand) {
    return isFree(operand.getDefiningOp()) && isLooped(operand);
  };
  bool result;
  if (isSpread(op) && llvm::none_of(op->getOperands(), isLoopedRead))
    result = true;
  else
    result = op->getNumResults() == 1 && !isFree(op) && !isHeavy(op) &&
             !isLooped(op->getResult(0)) &&
             llvm::all_of(op->getOperands(), [&](Value operand) {
               Operation *def = operand.getDefiningOp();
               return isFree(def) || isLight(def);
             });
  return light[op] = result;
}

/// What the writes of states, or of carries, depend on; and products with
/// matrices that the loop makes, which are at hand there and many bytes
/// afterwards.
void Stages::findNeeded() {
  Role loop = scan.getBackward() ? Role::carry : Role::state;
  SmallVector<Operation *> open;
  for (auto write : body.getOps<WriteOp>())
    if (write.declaration().getRole() == loop)
      open.push_back(write);
  for (auto product : body.getOps<StepMatmulOp>())
    if (!product.isOuter() && isLooped(product.getResult()))
      open.push_back(product);
  while (!open.empty()) {
    Operation *op = open.pop_back_val();
    if (needed.insert(op).second)
      for (Value operand : op->getOperands())
        open.push_back(operand.getDefiningOp());
  }
}

/// The phase by which a value exists, or what a light one is made of.
Phase Stages::sourcePhase(Value value) {
  Operation *def = value.getDefiningOp();
  if (auto home = homes.find(def); home != homes.end())
    return home->second.phase;
  auto known = lightPhases.find(def);
  return known != lightPhases.end() ? known->second : Phase::before;
}

Phase Stages::phaseOf(Operation *op) {
  if (isa<AccumulateOp>(op))
    return Phase::after;
  if (auto write = dyn_cast<WriteOp>(op)) {
    Role role = write.declaration().getRole();
    if (role == Role::state || role == Role::carry)
      return Phase::step;
    if (homes.count(write.getValue().getDefiningOp()) ||
        sourcePhase(write.getValue()) == Phase::after)
      return sourcePhase(write.getValue());
    return isLooped(write.getValue()) ? Phase::step : Phase::after;
  }
  bool looped = isLooped(op->getResult(0));
  if (needed.contains(op))
    return looped ? Phase::step : Phase::before;
  if (!looped || (isHeavy(op) && !isLargeReduction(op)))
    return Phase::after;
  // On what a step has: there, unless it follows a heavy op.
  bool follows = llvm::any_of(op->getOperands(), [&](Value operand) {
    return sourcePhase(operand) == Phase::after;
  });
  return follows ? Phase::after : Phase::step;
}

/// The level after all operands: the same for one unit of a value, the next one
/// for a whole vector or the start of a sum.
int64_t Stages::levelOf(Operation *op, Phase phase) {
  int64_t level = 0;
  for (OpOperand &use : op->getOpOperands()) {
    Operation *def = use.get().getDefiningOp();
    bool whole = isWholeUse(use);
    auto home = homes.find(def);
    if (home != homes.end() && home->second.phase == phase)
      level = std::max(level, home->second.level + isEarlyUse(use));
    auto lightHome = lightHomes.find({def, phase});
    if (whole && lightHome != lightHomes.end())
      level = std::max(level, lightHome->second.level + 1);
    auto lightLevel = lightLevels.find({def, phase});
    if (!whole && lightLevel != lightLevels.end())
      level = std::max(level, lightLevel->second);
  }
  return level;
}

/// A light value that is read whole has to exist first, in that phase; so has a
/// constant, but for the part of a concatenation. Others are made again.
void Stages::placeOperands(Operation *op, Phase phase) {
  for (OpOperand &use : op->getOpOperands()) {
    Operation *def = use.get().getDefiningOp();
    if (isLight(def))
      useLight(def, phase);
    bool isNumber =
        def->hasTrait<OpTrait::ConstantLike>() && !isa<ConcatOp>(op);
    if (isWholeUse(use) && (isLight(def) || isNumber))
      lightHomes.insert(
          {{def, phase},
           {phase, isNumber ? 0 : lightLevels[{def, phase}], unitsOf(def)}});
  }
}

/// Finds the level at which a stage of that phase can make the light value.
void Stages::useLight(Operation *op, Phase phase) {
  if (!lightLevels.insert({{op, phase}, 0}).second)
    return;
  placeOperands(op, phase);
  lightLevels[{op, phase}] = levelOf(op, phase);
}

void Stages::place(Operation *op) {
  if (isFree(op))
    return;
  if (isLight(op)) {
    Phase phase = Phase::before;
    for (Value operand : op->getOperands())
      phase = std::max(phase, sourcePhase(operand));
    lightPhases[op] = phase;
    return;
  }
  Phase phase = phaseOf(op);
  placeOperands(op, phase);
  Home home = {phase, levelOf(op, phase), unitsOf(op)};
  homes[op] = home;
}

/// Cheap values that only a later level uses are computed there: their operands
/// are in memory for that level anyway, or would be instead of them.
void Stages::sink() {
  for (Operation &op : llvm::reverse(body)) {
    auto home = homes.find(&op);
    if (home == homes.end() || !isCheap(&op))
      continue;
    int64_t level = INT64_MAX;
    for (OpOperand &use : op.getUses()) {
      auto user = homes.find(use.getOwner());
      bool elementwise = user != homes.end() &&
                         user->second.phase == home->second.phase &&
                         !isEarlyUse(use);
      level = std::min(level,
                       elementwise ? user->second.level : home->second.level);
    }
    if (level != INT64_MAX)
      home->second.level = std::max(home->second.level, level);
  }
}

/// A carry is a ring of a few steps: outside of its step it must be yielded.
void Stages::yieldCarries() {
  for (auto read : body.getOps<ReadOp>()) {
    if (read.declaration().getRole() != Role::carry)
      continue;
    bool outside = llvm::any_of(read->getUsers(), [&](Operation *user) {
      auto home = homes.find(user);
      return home != homes.end() && home->second.phase != Phase::step;
    });
    if (outside)
      homes[read] = {Phase::step, 0, unitsOf(read.getResult())};
  }
}

/// True if `user` gets the value from another stage rather than making it.
bool Stages::isFromStage(Value value, const Home &user, bool whole) {
  Operation *def = value.getDefiningOp();
  if (whole && lightHomes.count({def, user.phase}))
    return true;
  auto home = homes.find(def);
  if (home == homes.end() || isBits(def))
    return false;
  bool same = !(home->second < user) && !(user < home->second);
  if (isa<ReadOp>(def))
    return user.phase != Phase::step;
  return !same;
}

Home Stages::homeOf(Value value, const Home &user) {
  auto home = homes.find(value.getDefiningOp());
  return home != homes.end()
             ? home->second
             : lightHomes.find({value.getDefiningOp(), user.phase})->second;
}

/// Which values each stage must give.
void Stages::findResults() {
  // What a stage repeats, it also needs the operands of: once.
  std::set<std::pair<Home, Operation *>> visited;
  std::function<void(Operation *, const Home &)> visit = [&](Operation *op,
                                                             const Home &home) {
    if (!visited.insert({home, op}).second)
      return;
    for (OpOperand &use : op->getOpOperands()) {
      Value value = use.get();
      if (isFromStage(value, home, isWholeUse(use)))
        results[homeOf(value, home)].insert(value);
      else if (Operation *def = value.getDefiningOp();
               !homes.count(def) || isBits(def))
        visit(value.getDefiningOp(), home);
    }
  };
  for (Operation &op : body) {
    auto home = homes.find(&op);
    if (home == homes.end() || isBits(&op))
      continue;
    stages[home->second].push_back(&op);
    visit(&op, home->second);
  }
  for (auto &[key, home] : lightHomes) {
    stages[home];
    results[home].insert(key.first->getResult(0));
    visit(key.first, home);
  }
}

Value Stages::emitValue(Value value, const Home &stage, OpBuilder &b,
                        IRMapping &mapping, bool whole) {
  if (isFromStage(value, stage, whole))
    return emitted.at({homeOf(value, stage), value.getAsOpaquePointer()});
  if (mapping.contains(value))
    return mapping.lookup(value);
  Operation *def = value.getDefiningOp();
  for (OpOperand &use : def->getOpOperands()) {
    Value operand = emitValue(use.get(), stage, b, mapping, isWholeUse(use));
    mapping.map(use.get(), operand);
  }
  Operation *clone = b.clone(*def, mapping);
  mapping.map(value, clone->getResult(0));
  return clone->getResult(0);
}

void Stages::emit() {
  SmallVector<Operation *> old;
  for (Operation &op : body)
    old.push_back(&op);
  OpBuilder b = OpBuilder::atBlockEnd(&body);
  for (auto &[home, ops] : stages) {
    auto &values = results[home];
    SmallVector<Type> types;
    for (Value value : values)
      types.push_back(value.getType());
    auto stage = StageOp::create(b, scan.getLoc(), types, home.phase,
                                 uint64_t(home.units));
    OpBuilder inner = OpBuilder::atBlockEnd(&stage.getBody().emplaceBlock());
    IRMapping mapping;
    for (Operation *op : ops) {
      if (op->getNumResults()) {
        emitValue(op->getResult(0), home, inner, mapping, false);
        continue;
      }
      IRMapping operands;
      for (OpOperand &use : op->getOpOperands())
        operands.map(use.get(), emitValue(use.get(), home, inner, mapping,
                                          isWholeUse(use)));
      inner.clone(*op, operands);
    }
    SmallVector<Value> yields;
    for (Value value : values)
      yields.push_back(emitValue(value, home, inner, mapping, false));
    YieldOp::create(inner, scan.getLoc(), yields);
    for (auto [value, result] : llvm::zip(values, stage.getResults()))
      emitted[{home, value.getAsOpaquePointer()}] = result;
  }
  for (Operation *op : llvm::reverse(old))
    op->erase();
}

void Stages::build() {
  findNeeded();
  for (Operation &op : body)
    place(&op);
  sink();
  yieldCarries();
  findResults();
  emit();
}

namespace {
struct BuildStagesPass : rnn::impl::BuildStagesPassBase<BuildStagesPass> {
  void runOnOperation() override {
    for (auto scan : getOperation().getBody().getOps<ScanOp>())
      if (scan.getBody().getOps<StageOp>().empty())
        Stages(scan).build();
  }
};
} // namespace
