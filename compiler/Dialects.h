//===- Dialects.h - all dialects and passes of the compiler -----*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What the tools for .mlir files know: rnncc-opt, rnncc-reduce, rnncc-lsp.
//
//===----------------------------------------------------------------------===//

#ifndef RNNCC_COMPILER_DIALECTS_H
#define RNNCC_COMPILER_DIALECTS_H

#include "compiler/autodiff/Passes.h"
#include "compiler/lower/Passes.h"
#include "compiler/schedule/Passes.h"
#include "dialect/Rnn.h"
#include "mlir/Transforms/Passes.h"

namespace rnn {

/// Every dialect that a stage of the compiler makes.
inline void registerAllDialects(mlir::DialectRegistry &registry) {
  registerRnnDialect(registry);
  registry.insert<mlir::arith::ArithDialect, mlir::cf::ControlFlowDialect,
                  mlir::func::FuncDialect, mlir::LLVM::LLVMDialect,
                  mlir::math::MathDialect, mlir::memref::MemRefDialect,
                  mlir::scf::SCFDialect, mlir::vector::VectorDialect>();
}

/// Our passes, and MLIR's that stand between them.
inline void registerAllPasses() {
  mlir::registerTransformsPasses();
  registerAutodiffPasses();
  registerLowerPasses();
  registerSchedulePasses();
}

} // namespace rnn

#endif // RNNCC_COMPILER_DIALECTS_H
