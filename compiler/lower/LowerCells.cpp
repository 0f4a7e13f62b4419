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
    SmallVector<Target> targets;
    for (const std::string &cpu : cpus) {
      auto target = targetFor(cpu);
      if (!target) {
        module.emitError("no kernels for the CPU level '") << cpu << "'";
        return signalPassFailure();
      }
      if (!targets.empty() &&
          targets.front().architecture != target->architecture) {
        module.emitError("no module holds levels of two architectures, '")
            << targets.front().name << "' and '" << cpu << "'";
        return signalPassFailure();
      }
      targets.push_back(*target);
    }
    module->setAttr(
        LLVM::LLVMDialect::getTargetTripleAttrName(),
        StringAttr::get(&getContext(), tripleOf(targets.front().architecture)));
    std::string text;
    auto cells = llvm::to_vector(module.getOps<CellOp>());
    auto models = llvm::to_vector(module.getOps<ModelOp>());
    for (const Target &target : targets) {
      // Cells of one module share the tiles of equal shape.
      Tiles tiles(module, target);
      std::optional<KernelSet> set;
      if (kernels && !cells.empty())
        set.emplace(target, cells.front().elementType());
      for (CellOp cell : cells) {
        if (set)
          set->beginCell(interfaceOf(cell).prefix,
                         Schedule(cell, target, /*kernels=*/true).lanes);
        if (failed(emitEntries(cell, target, tiles, set ? &*set : nullptr,
                               module)))
          return signalPassFailure();
      }
      for (ModelOp model : models)
        emitModelEntries(model, target, kernels, module);
      if (set)
        text += set->text();
      setFeatures(target);
    }
    for (CellOp cell : cells)
      if (!cell.getPart())
        emitDispatch(interfaceOf(cell), /*hasSteps=*/true, cell.getLoc(),
                     targets, module);
    for (ModelOp model : models)
      emitDispatch(interfaceOf(model),
                   model.getBody().getOps<ReverseOp>().empty(), model.getLoc(),
                   targets, module);
    if (kernels)
      module->setAttr(
          kernelsAttribute,
          StringAttr::get(&getContext(), "rnncc-kernels 2\n" + text));
  }

  /// Says of the functions made so far which instructions they may use.
  void setFeatures(const Target &target) {
    for (auto function : getOperation().getOps<func::FuncOp>())
      if (!getForLLVM(function, "target-features"))
        setForLLVM(function, "target-features", target.features);
  }
};
} // namespace
