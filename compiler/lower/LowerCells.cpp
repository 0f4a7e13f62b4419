//===- LowerCells.cpp - make loops and entry points of staged cells -------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "compiler/lower/Entries.h"
#include "compiler/lower/Passes.h"
#include "dialect/Rnn.h"

namespace rnn {
#define GEN_PASS_DEF_LOWERCELLSPASS
#include "compiler/lower/Passes.h.inc"
} // namespace rnn

using namespace mlir;
using namespace rnn;

namespace {
struct LowerCellsPass : rnn::impl::LowerCellsPassBase<LowerCellsPass> {
  using LowerCellsPassBase::LowerCellsPassBase;

  void runOnOperation() override {
    ModuleOp module = getOperation();
    auto target = targetFor(cpu);
    if (!target) {
      module.emitError("no kernels for the CPU level '") << cpu << "'";
      return signalPassFailure();
    }
    // Cells of one module share the tiles of equal shape.
    Tiles tiles(module, target->registers);
    for (auto cell : llvm::to_vector(module.getOps<CellOp>()))
      emitEntries(cell, *target, tiles, module);
  }
};
} // namespace
