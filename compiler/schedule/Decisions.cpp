//===- Decisions.cpp - all that a schedule says ---------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "compiler/schedule/Decisions.h"
#include "llvm/ADT/STLExtras.h"

using namespace mlir;
using namespace rnn;

Decisions rnn::decisionsOf(CellOp cell, const Target &target, bool kernels) {
  Schedule schedule(cell, target, kernels);
  Decisions decisions;
  decisions.cell = cell.getSymName();
  decisions.level = target.name;
  for (StringRef input : hoistedInputs(cell))
    decisions.hoisted.insert(input.str());
  decisions.elementwiseApart = hasElementwiseApart(cell);
  decisions.recomputes = cell.recomputes();
  decisions.lanes = schedule.lanes;
  for (int64_t count : unitCounts(cell))
    decisions.tiles[count] = schedule.tile(count);
  decisions.rowsOutside = schedule.rowsOutside;
  decisions.unroll = schedule.unroll;
  decisions.prefetch = schedule.prefetch;
  if (target.hasMatrixUnit && !cell.getBf16Products())
    decisions.multiply = schedule.inParts ? "bf16x3" : "f32";
  decisions.threads = schedule.threads;
  return decisions;
}

void Decisions::printCommon(llvm::raw_ostream &os) const {
  os << "schedule " << cell << " on " << everyLevel << " {\n";
  // What a model passes to its parts has names that no text has.
  if (llvm::none_of(hoisted, [](StringRef name) {
        return name.contains('.') || name.contains('$');
      })) {
    os << "  hoist ";
    if (hoisted.empty())
      os << "none";
    llvm::interleaveComma(hoisted, os);
    os << "\n";
  }
  os << "  compute_at " << (elementwiseApart ? "stage" : "panel") << "\n  "
     << (recomputes ? "recompute" : "save") << " gates\n}\n";
}

void Decisions::printLevel(llvm::raw_ostream &os) const {
  os << "schedule " << cell << " on " << level << " {\n"
     << "  vectorize units " << lanes << "\n";
  for (auto &[count, tile] : tiles)
    os << "  tile units " << tile.vectors * lanes << " of " << count
       << ", batch " << tile.rows << "\n";
  os << "  reorder " << (rowsOutside ? "units, batch" : "batch, units")
     << "\n  unroll ";
  if (unroll)
    os << "k " << *unroll;
  else
    os << "auto";
  if (!multiply.empty())
    os << "\n  multiply " << multiply;
  os << "\n  parallel ";
  if (!threads)
    os << "auto";
  else if (*threads == 1)
    os << "none";
  else if (*threads == 0)
    os << "units";
  else
    os << "units " << *threads;
  os << "\n  prefetch "
     << (!prefetch   ? "auto"
         : *prefetch ? "next_panel"
                     : "none")
     << "\n}\n";
}

void rnn::printSchedules(CellOp cell, ArrayRef<Target> targets, bool kernels,
                         llvm::raw_ostream &os) {
  for (const Target &target : targets) {
    Decisions decisions = decisionsOf(cell, target, kernels);
    if (target.name == targets.front().name)
      decisions.printCommon(os);
    decisions.printLevel(os);
  }
}
