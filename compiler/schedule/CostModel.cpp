//===- CostModel.cpp - how long a schedule will take ----------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// One step of k in a register tile of m rows and v vectors takes as long as the
// slowest of what goes on side by side:
//
//     m v multiply-adds       at the peak
//     v + m loads             vectors of weights, elements of rows
//     all instructions        and copies of registers, if sums fill them
//     one multiply-add        waiting for the one before, if sums are few
//     v vectors of weights    coming from the cache that has them
//
// The first block of rows brings a panel of weights near; the others find it
// there. Elementwise work is counted in operations on vectors and in bytes.
// How loops are really made stands in compiler/lower: Tile, ScanLoops and
// Accumulates.
//
//===----------------------------------------------------------------------===//

#include "compiler/schedule/CostModel.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/TypeSwitch.h"
#include "llvm/Support/MathExtras.h"
#include <map>

using namespace mlir;
using namespace rnn;

std::string Workload::text() const {
  return "T=" + std::to_string(steps) + ",N=" + std::to_string(batch) +
         ",threads=" + std::to_string(threads);
}

/// Rows after which products over rows start anew.
static constexpr int64_t accumulateRows = 384;
/// Most rows for which a lone sum runs over several panels at a time.
static constexpr int64_t fewRows = 6, panelsAtOnce = 4;

static int64_t ceilDiv(int64_t a, int64_t b) { return (a + b - 1) / b; }

namespace {
/// Products of a stage that read the same vectors.
struct Products {
  SmallVector<AffineOp> affines;
  int64_t units, depth;

  int64_t count() const { return int64_t(affines.size()); }
  double weights() const { return double(count() * units * depth); }
};

/// Adds up one scan.
class ScanCost {
public:
  ScanCost(CellOp cell, ScanOp scan, const Schedule &schedule,
           const Machine &machine, const Workload &work);
  void addTo(Cost &cost);

private:
  double rowsOf(StageOp stage) const;
  double runsOf(StageOp stage) const;
  double dataSpeed() const;
  double shareOf(int64_t panels) const;
  /// Whether the schedule has narrower vectors than the level.
  bool isHalf() const {
    return schedule.lanes * bytes < schedule.target.vectorBytes;
  }
  double multiplyAdd() const {
    return isHalf() ? machine.halfMultiplyAdd : machine.multiplyAdd;
  }
  double productSeconds(const Products &products, StageOp stage) const;
  double tileSeconds(int64_t rows, int64_t vectors, int64_t groups,
                     int64_t depth, double weightSpeed, double rowSpeed) const;
  double unitSeconds(StageOp stage) const;
  double accumulateSeconds(StageOp stage) const;

  CellOp cell;
  ScanOp scan;
  const Schedule &schedule;
  const Machine &machine;
  const Workload &work;
  int64_t bytes;         ///< of an element
  int64_t chunk, chunks; ///< steps at a time, and how many times
  double keptBytes = 0;
  std::map<Phase, double> phaseWeights; ///< bytes
};
} // namespace

//===----------------------------------------------------------------------===//
// What there is to do
//===----------------------------------------------------------------------===//

/// True if both are the same vector.
static bool isSame(Value a, Value b) {
  auto x = a.getDefiningOp<ReadOp>(), y = b.getDefiningOp<ReadOp>();
  if (x && y)
    return x.getTensor() == y.getTensor() && x.getDelay() == y.getDelay();
  return a == b;
}

static bool readSame(AffineOp a, AffineOp b) {
  return a.getInputs().size() == b.getInputs().size() &&
         llvm::all_of(a.getInputs(), [&](Value x) {
           return llvm::any_of(b.getInputs(),
                               [&](Value y) { return isSame(x, y); });
         });
}

static SmallVector<Products> productsOf(StageOp stage) {
  SmallVector<Products> all;
  for (auto affine : stage.getBody().getOps<AffineOp>()) {
    auto known = llvm::find_if(all, [&](const Products &other) {
      return readSame(other.affines.front(), affine);
    });
    if (known == all.end()) {
      int64_t depth = 0;
      for (Value input : affine.getInputs())
        depth += cast<RankedTensorType>(input.getType()).getDimSize(0);
      all.push_back({{}, affine.getType().getDimSize(0), depth});
      known = std::prev(all.end());
    }
    known->affines.push_back(affine);
  }
  return all;
}

/// Operations on a vector that an elementwise op becomes. A division counts as
/// those that fit into its time.
static double operationsOf(Operation *op) {
  constexpr double division = 8, exponential = 16;
  return llvm::TypeSwitch<Operation *, double>(op)
      .Case<SigmoidOp, math::TanhOp>(
          [&](auto) { return exponential + division; })
      .Case<math::ExpOp>([&](auto) { return exponential; })
      .Case<math::LogOp, math::Log1pOp, math::ErfOp>(
          [&](auto) { return exponential + division; })
      .Case<math::SinOp, math::CosOp>([&](auto) { return 60.0; })
      .Case<arith::DivFOp, math::SqrtOp, math::RsqrtOp>(
          [&](auto) { return division; })
      .Case<StepMatmulOp>(
          [&](StepMatmulOp product) { return double(product.getInner()); })
      .Case<ReduceSumOp, ReduceMaxOp>([&](auto) { return 8.0; })
      .Case<ReadOp, AffineOp, AccumulateOp, WriteOp, YieldOp,
            arith::ConstantOp>([](auto) { return 0.0; })
      .Default([](Operation *) { return 1.0; });
}

/// Vectors that a stage reads and writes for a vector of units.
static double vectorsMoved(StageOp stage) {
  Block &body = stage.getBody().front();
  double moved = double(stage.getNumResults());
  llvm::DenseSet<Value> seen;
  for (Operation &op : body) {
    if (isa<WriteOp>(op))
      ++moved;
    if (isa<AffineOp>(op))
      ++moved;
    else if (!isa<AccumulateOp, YieldOp>(op))
      for (Value operand : op.getOperands()) {
        Operation *def = operand.getDefiningOp();
        auto type = dyn_cast<RankedTensorType>(operand.getType());
        bool isVector = type && type.getRank() == 1;
        bool isFromOutside = isa<ReadOp>(def) || def->getBlock() != &body;
        if (isVector && isFromOutside && !isa<WriteOp>(op) &&
            seen.insert(operand).second)
          ++moved;
      }
  }
  return moved;
}

//===----------------------------------------------------------------------===//
// Where it is done
//===----------------------------------------------------------------------===//

ScanCost::ScanCost(CellOp cell, ScanOp scan, const Schedule &schedule,
                   const Machine &machine, const Workload &work)
    : cell(cell), scan(scan), schedule(schedule), machine(machine), work(work),
      bytes(cell.elementType().getWidth() / 8) {
  const bool kept = work.training && !cell.recomputes();
  const int64_t rows = std::max<int64_t>(work.batch, 1);
  const int64_t wanted = rowsOfChunk(scan, schedule.target);
  chunks = (work.steps * rows + wanted / 2) / wanted;
  chunks = std::max<int64_t>(std::min(chunks, work.steps), 1);
  chunk = std::max<int64_t>(ceilDiv(work.steps, chunks), 1);
  chunks = std::max<int64_t>(ceilDiv(work.steps, chunk), 1);
  for (auto stage : scan.getBody().getOps<StageOp>()) {
    for (const Products &products : productsOf(stage))
      phaseWeights[stage.getPhase()] += products.weights() * double(bytes);
    keptBytes += vectorsMoved(stage) * double(stage.getUnits());
  }
  keptBytes *= double((kept ? work.steps : chunk) * rows * bytes);
}

/// Rows of one run of a stage, and how many runs there are.
double ScanCost::rowsOf(StageOp stage) const {
  // The last chunk may be a short one.
  return double(work.batch) * (stage.getPhase() == Phase::step
                                   ? 1.0
                                   : double(work.steps) / double(chunks));
}
double ScanCost::runsOf(StageOp stage) const {
  return double(stage.getPhase() == Phase::step ? work.steps : chunks);
}

/// What values that live over all steps come at.
double ScanCost::dataSpeed() const { return machine.readSpeed(keptBytes); }

/// The part of the work that the busiest thread has.
double ScanCost::shareOf(int64_t panels) const {
  int64_t threads = work.threads;
  if (schedule.threads && *schedule.threads)
    threads = std::min(threads, *schedule.threads);
  return double(ceilDiv(panels, threads)) / double(panels);
}

//===----------------------------------------------------------------------===//
// Products
//===----------------------------------------------------------------------===//

/// A tile over `depth` steps of k.
double ScanCost::tileSeconds(int64_t rows, int64_t vectors, int64_t groups,
                             int64_t depth, double weightSpeed,
                             double rowSpeed) const {
  const double sums = double(rows * vectors * groups);
  const double vectorBytes = double(schedule.lanes * bytes);
  const double load =
      vectorBytes / (isHalf() ? machine.halfRead : machine.l1Read);
  // Of the peak, as measured: the rest goes to page walks and loops that begin.
  constexpr double reached = 0.96;
  double step = sums * multiplyAdd() / reached;
  // Elements of rows are loaded twice as fast as vectors.
  step =
      std::max(step, double(vectors * groups) * load + double(rows) * load / 2);
  step = std::max(step, machine.latency);
  step = std::max(step, double(vectors * groups) * vectorBytes / weightSpeed +
                            double(rows * bytes) / rowSpeed);
  const int64_t unroll = schedule.unroll.value_or(sums <= 8 ? 2 : 1);
  // Four instructions a cycle; where operands fill the registers beside sums,
  // these are copied about.
  const double cycle = machine.latency / 4;
  const bool isFull = int64_t(sums) + vectors * groups + 1 >= machine.registers;
  const double instructions = sums * (isFull ? 3 : 1) + double(rows) +
                              double(vectors * groups) + 2.0 / double(unroll);
  step = std::max(step, instructions * cycle / 4);
  return double(depth) * step + machine.call + sums * load;
}

/// How many of so many groups few rows compute at once.
static int64_t groupsAtOnce(int64_t rows, int64_t vectors, int64_t groups,
                            const Target &target) {
  const int64_t most = target.groupsAtOnce(rows, vectors);
  if (groups >= most)
    return most;
  // A lone row also takes three or two.
  return rows == 1 ? groups : 1;
}

/// One run of some products.
double ScanCost::productSeconds(const Products &products, StageOp stage) const {
  const int64_t rows = int64_t(rowsOf(stage));
  if (!rows)
    return 0;
  const RegisterTile tile = schedule.tile(products.units);
  const int64_t vectors = ceilDiv(products.units, schedule.lanes);
  const int64_t panels = ceilDiv(vectors, tile.vectors);
  const int64_t rest = vectors - (panels - 1) * tile.vectors;
  const int64_t blocks = ceilDiv(rows, tile.rows);
  const bool inLoop = stage.getPhase() == Phase::step;

  const double own = products.weights() * double(bytes);
  const double share = shareOf(panels);
  // In the loop all weights come around once a step.
  const double far =
      machine.readSpeed((inLoop ? phaseWeights.at(Phase::step) : own) * share);
  const double panelBytes =
      double(products.depth * tile.vectors * schedule.lanes * bytes);
  const double rowBytes = double(rows * products.depth * bytes);
  const double near = schedule.rowsOutside ? machine.readSpeed(own * share)
                                           : machine.readSpeed(panelBytes * 2);
  const double rowSpeed = machine.readSpeed(
      schedule.rowsOutside ? rowBytes / double(blocks) : rowBytes);

  const bool outgrows = phaseWeights.at(stage.getPhase()) >
                        double(schedule.target.l2Bytes * 3 / 4);
  /// Of some groups that are `width` vectors wide.
  auto groupSeconds = [&](int64_t groups, int64_t width) {
    double sum = 0;
    while (groups) {
      int64_t wide =
          blocks > 1 ? 1 : groupsAtOnce(rows, width, groups, schedule.target);
      auto block = [&](int64_t height, double speed) {
        return tileSeconds(height, width, wide, products.depth, speed,
                           rowSpeed);
      };
      // Two blocks of rows fetch the next panel.
      const bool isFetched = schedule.prefetch.value_or(outgrows) && blocks > 1;
      const int64_t low = rows / blocks, high = rows % blocks;
      double own = double(high) * block(low + 1, near) +
                   double(blocks - high) * block(low, near);
      if (!isFetched) {
        int64_t first = low + (high > 0);
        own += block(first, far) - block(first, near);
      }
      sum += std::max(own, double(wide) * panelBytes / far);
      groups -= wide;
    }
    return sum;
  };
  auto panelSeconds = [&](int64_t width) {
    if (products.count() > 1 || rows > fewRows)
      return groupSeconds(products.count(), width);
    int64_t together = std::min(panelsAtOnce, panels);
    return groupSeconds(together, width) / double(together);
  };
  const bool narrows = rest < tile.vectors && rows >= tile.rows;
  double whole = panelSeconds(tile.vectors);
  double last = narrows ? panelSeconds(rest) : whole;
  return (whole * double(panels - 1) + last) * share;
}

/// Gradients of parameters: products over rows.
double ScanCost::accumulateSeconds(StageOp stage) const {
  const double rows = rowsOf(stage);
  if (rows == 0)
    return 0;
  const RegisterTile tile = schedule.tile(stage.getUnits());
  const int64_t width = tile.vectors * schedule.lanes;
  const int64_t panels = ceilDiv(stage.getUnits(), width);
  const double near = machine.l2Read;
  double gradients = 0;
  for (auto op : stage.getBody().getOps<AccumulateOp>())
    if (op.getColumn())
      gradients += double(op.rowUnits() * op.columnUnits() * bytes);
  const double gradientSpeed = machine.readSpeed(gradients);
  const double blocks =
      std::max(1.0, std::floor(rows / double(accumulateRows) + 0.5));
  double seconds = 0;
  for (auto op : stage.getBody().getOps<AccumulateOp>()) {
    if (!op.getColumn()) {
      double own = double(op.getRow().getType().getNumElements());
      seconds += rows * own * double(bytes) / dataSpeed();
      continue;
    }
    const int64_t units = op.rowUnits();
    const int64_t vectors = ceilDiv(op.columnUnits(), schedule.lanes);
    const int64_t atOnce = schedule.vectorsOfTile(vectors);
    const int64_t height =
        std::min(std::min(width, units), schedule.mostRows(atOnce));
    const double tiles =
        double(ceilDiv(units, height) * ceilDiv(vectors, atOnce)) * blocks;
    // The last tile of a row is narrower.
    const double full =
        double(vectors) / double(llvm::alignTo(vectors, atOnce));
    const double depth = rows / blocks * double(op.getOver());
    seconds +=
        tiles * full *
            tileSeconds(height, atOnce, 1, int64_t(depth), near, near) +
        2 * blocks * double(units * op.columnUnits() * bytes) / gradientSpeed;
  }
  return seconds * shareOf(panels);
}

//===----------------------------------------------------------------------===//
// Elementwise work
//===----------------------------------------------------------------------===//

/// One run of the elementwise work of a stage.
double ScanCost::unitSeconds(StageOp stage) const {
  double operations = 0;
  for (Operation &op : stage.getBody().front())
    operations += operationsOf(&op);
  const int64_t units = stage.getUnits();
  const double vectors = double(ceilDiv(units, schedule.lanes));
  const double moved = vectorsMoved(stage);
  // Sums alone are left in place by the products.
  if (!operations && !productsOf(stage).empty())
    return 0;
  const RegisterTile tile = schedule.tile(units);
  return rowsOf(stage) * vectors *
         (operations * multiplyAdd() +
          moved * double(schedule.lanes * bytes) / dataSpeed()) *
         shareOf(ceilDiv(units, tile.vectors * schedule.lanes));
}

//===----------------------------------------------------------------------===//
// A call
//===----------------------------------------------------------------------===//

static StringRef placeOf(Phase phase) {
  return phase == Phase::before ? "before the loop"
         : phase == Phase::step ? "in the loop"
                                : "after the loop";
}

void ScanCost::addTo(Cost &cost) {
  const std::string pass = scan.getBackward() ? "backward, " : "forward, ";
  auto add = [&](StageOp stage, const std::string &what, double seconds) {
    seconds *= runsOf(stage);
    cost.seconds += seconds;
    if (seconds > 0)
      cost.parts.push_back(
          {pass + placeOf(stage.getPhase()).str() + ": " + what, seconds});
  };
  for (auto stage : scan.getBody().getOps<StageOp>()) {
    for (const Products &products : productsOf(stage))
      add(stage,
          std::to_string(products.count()) +
              (products.count() == 1 ? " product of " : " products of ") +
              std::to_string(products.units) + " x " +
              std::to_string(products.depth),
          productSeconds(products, stage));
    add(stage, "gradients of parameters", accumulateSeconds(stage));
    add(stage,
        "elementwise work on " + std::to_string(stage.getUnits()) + " units",
        unitSeconds(stage));
    if (work.threads > 1)
      add(stage, "barriers", machine.barrier);
  }
}

Cost rnn::predict(CellOp cell, const Target &target, const Machine &machine,
                  const Workload &work) {
  Schedule schedule(cell, target, /*kernels=*/false);
  Cost cost;
  for (bool backward : {false, true})
    if (ScanOp scan = cell.scan(backward); scan && (!backward || work.training))
      ScanCost(cell, scan, schedule, machine, work).addTo(cost);
  return cost;
}

Cost rnn::predict(RunOp run, const Target &target, const Machine &machine,
                  const Workload &work) {
  Workload its = work;
  if (run.getOnce())
    its.steps = 1;
  CellOp part = run.callee();
  Cost cost = predict(part, target, machine, its);
  for (PartCost &one : cost.parts)
    one.what = (part.getSymName() + ": " + one.what).str();
  return cost;
}

Cost rnn::predict(ModelOp model, const Target &target, const Machine &machine,
                  const Workload &work) {
  Cost whole;
  for (auto run : model.getBody().getOps<RunOp>()) {
    if (run.getBackward())
      continue;
    Cost cost = predict(run, target, machine, work);
    whole.seconds += cost.seconds;
    llvm::append_range(whole.parts, cost.parts);
  }
  return whole;
}
