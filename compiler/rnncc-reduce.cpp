//===- rnncc-reduce.cpp - make a failing .mlir file small -----------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// MLIR's reducer with the rnn dialect and our passes.
//
//===----------------------------------------------------------------------===//

#include "compiler/Dialects.h"
#include "mlir/IR/MLIRContext.h"
#include "mlir/Tools/mlir-opt/MlirOptMain.h"
#include "mlir/Tools/mlir-reduce/MlirReduceMain.h"

int main(int argc, char **argv) {
  mlir::DialectRegistry registry;
  rnn::registerAllDialects(registry);
  rnn::registerAllPasses();
  mlir::MLIRContext context(registry);
  return mlir::asMainReturnCode(mlir::mlirReduceMain(argc, argv, context));
}
