//===- CheckSchedules.cpp - what schedules cannot have --------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "compiler/schedule/Passes.h"
#include "compiler/schedule/Schedule.h"
#include "compiler/schedule/Target.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"

namespace rnn {
#define GEN_PASS_DEF_CHECKSCHEDULESPASS
#include "compiler/schedule/Passes.h.inc"
} // namespace rnn

using namespace mlir;
using namespace rnn;

namespace {
struct CheckSchedulesPass
    : rnn::impl::CheckSchedulesPassBase<CheckSchedulesPass> {
  using CheckSchedulesPassBase::CheckSchedulesPassBase;

  void runOnOperation() override {
    SmallVector<ScheduleOp> seen;
    for (auto op : getOperation().getBody().getOps<ScheduleOp>()) {
      if (checkTarget(op) && checkOnce(op, seen) && checkNames(op))
        checkLevels(op);
      remarkOfBackend(op);
      seen.push_back(op);
    }
  }

private:
  InFlightDiagnostic error(ScheduleOp op) {
    signalPassFailure();
    return emitError(op.getLoc());
  }
  bool checkTarget(ScheduleOp op);
  bool checkOnce(ScheduleOp op, ArrayRef<ScheduleOp> seen);
  bool checkNames(ScheduleOp op);
  void checkLevels(ScheduleOp op);
  void remarkOfBackend(ScheduleOp op);
};
} // namespace

bool CheckSchedulesPass::checkTarget(ScheduleOp op) {
  StringRef on = op.getOn();
  if (on == everyLevel)
    return true;
  if (llvm::none_of(cpuLevels(),
                    [&](const Target &level) { return level.name == on; })) {
    SmallVector<StringRef> names = {everyLevel};
    for (const Target &level : cpuLevels())
      names.push_back(level.name);
    error(op) << "there are no schedules on '" << on << "', only on "
              << llvm::join(names, ", ") << " [schedule-target]";
    return false;
  }
  // These decide which stages there are, which all levels share.
  static constexpr StringRef common[] = {"hoist", "compute_at", "save",
                                         "recompute"};
  if (!llvm::is_contained(common, op.getDirective()))
    return true;
  InFlightDiagnostic diagnostic = error(op);
  diagnostic << "'" << op.getDirective()
             << "' is about all CPU levels alike [schedule-target]";
  diagnostic.attachNote(op.getLoc())
      << "write it in a schedule on " << everyLevel;
  return false;
}

bool CheckSchedulesPass::checkOnce(ScheduleOp op, ArrayRef<ScheduleOp> seen) {
  auto isOfTape = [](ScheduleOp op) {
    return op.getDirective() == "save" || op.getDirective() == "recompute";
  };
  auto *first = llvm::find_if(seen, [&](ScheduleOp other) {
    return isOfTape(other) && isOfTape(op) &&
           other.getDirective() != op.getDirective();
  });
  if (first != seen.end()) {
    InFlightDiagnostic diagnostic = error(op);
    diagnostic << "what backward needs is kept or computed again, not both "
                  "[illegal-schedule]";
    diagnostic.attachNote(ScheduleOp(*first).getLoc())
        << "'" << ScheduleOp(*first).getDirective() << " gates' is given here";
    return false;
  }
  first = llvm::find_if(seen, [&](ScheduleOp other) {
    return other.getDirective() == op.getDirective() &&
           other.getOn() == op.getOn() && other.getOf() == op.getOf();
  });
  if (first == seen.end())
    return true;
  // Sizes that differ as written may have become equal.
  if (op.getOf()) {
    emitRemark(ScheduleOp(*first).getLoc())
        << "not done: another tile for " << *op.getOf()
        << " units stands below";
    return true;
  }
  InFlightDiagnostic diagnostic = error(op);
  diagnostic << "'" << op.getDirective() << "' is given twice [defined-twice]";
  diagnostic.attachNote(ScheduleOp(*first).getLoc())
      << "it is given here first";
  return false;
}

/// Names of inputs, and sizes of products.
bool CheckSchedulesPass::checkNames(ScheduleOp op) {
  CellOp cell = getOperation();
  if (op.getDirective() == "hoist" && op.getNames().size() == 1 &&
      op.name(0) == "none")
    return true;
  if (op.getDirective() == "hoist")
    for (unsigned i = 0; i < op.getNames().size(); ++i) {
      TensorOp tensor = cell.tensor(op.name(i));
      if (tensor && tensor.getRole() == Role::input)
        continue;
      error(op) << "'" << op.name(i) << "' is no input of the cell '"
                << cell.getSymName() << "' [unknown-name]";
      return false;
    }
  std::set<int64_t> counts = unitCounts(cell);
  if (!op.getOf() || counts.count(*op.getOf()))
    return true;
  std::string known = llvm::join(
      llvm::map_range(counts, [](int64_t n) { return std::to_string(n); }),
      ", ");
  InFlightDiagnostic diagnostic = error(op);
  diagnostic << "nothing in the cell '" << cell.getSymName() << "' has "
             << *op.getOf() << " units [unknown-size]";
  diagnostic.attachNote(op.getLoc()) << "there are " << known << " units";
  return false;
}

/// Illegal for a level it names: an error. For all levels: an error if no level
/// can do it, else a remark where the compiler's own choice stands.
void CheckSchedulesPass::checkLevels(ScheduleOp op) {
  SmallVector<std::pair<StringRef, std::string>> reasons;
  unsigned levels = 0;
  for (const std::string &cpu : cpus) {
    std::optional<Target> target = targetFor(cpu);
    if (!target || (op.getOn() != everyLevel && op.getOn() != target->name))
      continue;
    ++levels;
    std::string reason = whyIllegal(op, *target);
    if (!reason.empty())
      reasons.push_back({op.getOn() == everyLevel ? cpu : op.getOn(), reason});
  }
  if (reasons.empty())
    return;
  if (reasons.size() == levels) {
    error(op) << reasons.front().second << " [illegal-schedule]";
    return;
  }
  for (auto &[level, reason] : reasons)
    emitRemark(op.getLoc()) << "not done on " << level << ": " << reason;
}

/// What the backend that makes kernels does not do, or does otherwise.
void CheckSchedulesPass::remarkOfBackend(ScheduleOp op) {
  if (!kernels)
    return;
  if (op.getDirective() == "compute_at" && op.name(0) == "panel")
    emitRemark(op.getLoc())
        << "not done by --backend=halide: its products and its elementwise "
           "work are kernels of their own";
  if (op.getDirective() == "prefetch" && op.name(0) == "next_panel")
    emitRemark(op.getLoc())
        << "not done by --backend=halide: a kernel of it knows one panel at a "
           "time";
}
