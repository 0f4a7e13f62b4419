//===- Passes.td - the passes of lowering -----------------------*- tablegen -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef RNN_LOWER_PASSES_TD
#define RNN_LOWER_PASSES_TD

include "mlir/Pass/PassBase.td"

def LowerCellsPass : Pass<"rnn-lower-cells", "mlir::ModuleOp"> {
  let summary = "Make loops and entry points of staged cells";
  let description = [{
    Lays out memory and packed weights, and emits for each cell the functions
    that a program calls: loops on vectors of one CPU level.

    Needs: cells in staged form, with a forward and a backward scan.
    Gives: functions named as the cell's header names them; the cells stay, for
    the header and the descriptor.
    Keeps: the order of additions, whatever the number of threads and rows.

    Example: see `test/lower/lower-cells.mlir`.
  }];
  let options = [
    Option<"cpu", "cpu", "std::string", /*default=*/"\"native\"",
           "CPU level to make loops for: native, avx2 or avx512">,
  ];
  let dependentDialects = [
    "mlir::arith::ArithDialect", "mlir::cf::ControlFlowDialect",
    "mlir::func::FuncDialect", "mlir::LLVM::LLVMDialect",
    "mlir::math::MathDialect", "mlir::scf::SCFDialect",
    "mlir::vector::VectorDialect",
  ];
}

#endif // RNN_LOWER_PASSES_TD
