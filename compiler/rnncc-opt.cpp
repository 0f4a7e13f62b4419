//===- rnncc-opt.cpp - run single passes ----------------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// MLIR's opt driver with the rnn dialect, for tests and for looking at passes.
//
//===----------------------------------------------------------------------===//

#include "compiler/Dialects.h"
#include "mlir/Tools/mlir-opt/MlirOptMain.h"

int main(int argc, char **argv) {
  mlir::DialectRegistry registry;
  rnn::registerAllDialects(registry);
  rnn::registerAllPasses();
  return mlir::asMainReturnCode(
      mlir::MlirOptMain(argc, argv, "rnncc pass driver\n", registry));
}
