//===- rnncc-opt.cpp - run single passes ----------------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// MLIR's opt driver with the rnn dialect, for tests and for looking at passes.
//
//===----------------------------------------------------------------------===//

#include "compiler/autodiff/Passes.h"
#include "compiler/lower/Passes.h"
#include "compiler/schedule/Passes.h"
#include "dialect/Rnn.h"
#include "mlir/Tools/mlir-opt/MlirOptMain.h"
#include "mlir/Transforms/Passes.h"

int main(int argc, char **argv) {
  mlir::DialectRegistry registry;
  rnn::registerRnnDialect(registry);
  registry.insert<mlir::arith::ArithDialect, mlir::cf::ControlFlowDialect,
                  mlir::func::FuncDialect, mlir::LLVM::LLVMDialect,
                  mlir::math::MathDialect, mlir::memref::MemRefDialect,
                  mlir::scf::SCFDialect, mlir::vector::VectorDialect>();
  mlir::registerTransformsPasses();
  rnn::registerAutodiffPasses();
  rnn::registerLowerPasses();
  rnn::registerSchedulePasses();
  return mlir::asMainReturnCode(
      mlir::MlirOptMain(argc, argv, "rnncc pass driver\n", registry));
}
