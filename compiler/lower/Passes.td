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
    that a program calls: loops on vectors for each CPU level, and entry points
    that go to those of the best level that the processor has.

    Needs: cells in staged form, with a forward and a backward scan.
    Gives: functions named as the cell's header names them; the cells stay, for
    the header and the descriptor; the triple of the architecture.
    Keeps: the order of additions, whatever the number of threads and rows.

    Example: see `test/lower/lower-cells.mlir`.
  }];
  let options = [
    ListOption<"cpus", "cpu", "std::string",
               "CPU levels of one architecture to make loops for: native, "
               "x86-64, avx2, avx512, avx512bf16, aarch64, wasm32">,
    Option<"kernels", "kernels", "bool", /*default=*/"false",
           "Call a kernel for what a stage computes; the module's attribute "
           "rnn.kernels says what kernels there must be">,
  ];
  let dependentDialects = [
    "mlir::arith::ArithDialect", "mlir::cf::ControlFlowDialect",
    "mlir::func::FuncDialect", "mlir::LLVM::LLVMDialect",
    "mlir::math::MathDialect", "mlir::scf::SCFDialect",
    "mlir::vector::VectorDialect",
  ];
}

def ExpandMathPass : Pass<"rnn-expand-math", "mlir::func::FuncOp"> {
  let summary = "Turn transcendental functions of vectors into arithmetic";
  let description = [{
    Polynomials, exponent arithmetic and at most one division per function (two
    for `erf` and `log1p` in f64), without a library. NaN stays NaN.

    In a function whose target features lack FMA, products are added in two
    roundings.

    Needs: functions on vectors of rank 1.
    Gives: no `rnn.sigmoid`, `math.exp`, `math.tanh`, `math.log`, `math.log1p`,
    `math.erf`, `math.sin` or `math.cos` of such a vector.
    Keeps: values to a few units in the last place; of `sin` and `cos` for
    arguments of a million or less.

    Example: see `test/lower/expand-math.mlir`.
  }];
  let dependentDialects = ["mlir::arith::ArithDialect",
                           "mlir::LLVM::LLVMDialect"];
}

#endif // RNN_LOWER_PASSES_TD
