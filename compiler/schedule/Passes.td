//===- Passes.td - what runs when and where ---------------------*- tablegen -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef RNN_SCHEDULE_PASSES_TD
#define RNN_SCHEDULE_PASSES_TD

include "mlir/Pass/PassBase.td"

def DeriveParametersPass : Pass<"rnn-derive-parameters", "::rnn::CellOp"> {
  let summary = "Compute once what depends on parameters alone";
  let description = [{
    `exp(A_log) * h[t-1]` and `(W * M) @ x` need `exp(A_log)` and `W * M` once, not in
    every step and for every example: a setup computes them. The scan reads the
    results like parameters, and so does its derivative.

    Needs: a scan in flat form; no backward scan yet.
    Gives: a forward `rnn.setup` in flat form, if it finds something.
    Keeps: every value.

    Example: see `test/schedule/derive-parameters.mlir`.
  }];
}

def SplitSetupsPass : Pass<"rnn-split-setups", "::rnn::CellOp"> {
  let summary = "Name the values of setups that are read whole";
  let description = [{
    A product of matrices, a transpose or a sum needs its operands whole, so they
    must be in memory; what is computed element by element needs not. Also makes
    the derivative of a setup find the former where forward left them.

    Needs: setups in flat form.
    Gives: setups in lowered form.
    Keeps: every value.

    Example: see `test/schedule/split-setups.mlir`.
  }];
}

def DistributeProductsPass : Pass<"rnn-distribute-products", "::rnn::CellOp"> {
  let summary = "Multiply by parameters alone, not by expressions of matrices";
  let description = [{
    `(A + B) @ x` becomes `A @ x + B @ x`, `(A @ B) @ x` becomes `A @ (B @ x)`, and
    so on through multiples, transposes, slices and concatenations, so that
    derivatives, staging and kernels meet no matrix but parameters.

    A matrix that is not linear in parameters, such as `exp(s * A)` or a state, is
    multiplied as it is.

    Needs: scans in flat form.
    Gives: `rnn.matvec` of parameters and derived tensors, of slices of them, and
    of matrices that differ from step to step.
    Keeps: every value, up to rounding.

    Example: see `test/schedule/distribute-products.mlir`.
  }];
  let dependentDialects = ["mlir::arith::ArithDialect"];
}

def MatricesToVectorsPass : Pass<"rnn-matrices-to-vectors", "::rnn::CellOp"> {
  let summary = "Make vectors of matrices that differ from step to step";
  let description = [{
    A matrix that is an input, a state or computed in every step becomes the vector
    of its rows. Elementwise ops work on that as they do on any vector, rows are
    ranges of it, and products are `rnn.step_matmul`. So derivatives, staging,
    memory and loops know vectors alone, and parameters.

    Needs: scans in flat form, `rnn-distribute-products` before.
    Gives: no matrices in scans but parameters, derived tensors and slices of
    them, which products read.
    Keeps: every value.

    Example: see `test/schedule/matrices-to-vectors.mlir`.
  }];
}

def SplitProductsPass : Pass<"rnn-split-products", "::rnn::CellOp"> {
  let summary = "Multiply the parts of a concatenation apart";
  let description = [{
    `W @ [h, x]` becomes the sum of two products with parts of `W`, so that what
    does not depend on the state can be hoisted and nothing is copied together.

    Needs: scans in flat form.
    Gives: no `rnn.matvec` of an `rnn.concat`.
    Keeps: the terms of every sum.

    Example: see `test/schedule/split-products.mlir`.
  }];
  let dependentDialects = ["mlir::arith::ArithDialect"];
}

def FormAffinePass : Pass<"rnn-form-affine", "::rnn::CellOp"> {
  let summary = "Gather products that are added up, and hoist those it can";
  let description = [{
    A tree of additions with products among its leaves becomes one `rnn.affine`.
    Products that do not depend on an earlier step (of a state, or of a carry in
    a backward scan) become an affine of their own, the start value of the
    other: it can run for all steps at once. A schedule can keep inputs from it
    (`hoist`), if there is a product in the loop that theirs can join.

    Needs: scans in flat form, `rnn-split-products` before.
    Gives: `rnn.affine` in place of every `rnn.matvec`.
    Keeps: the terms of every sum; their order changes.

    Example: see `test/schedule/form-affine.mlir`.
  }];
  let dependentDialects = ["mlir::arith::ArithDialect"];
}

def BuildStagesPass : Pass<"rnn-build-stages", "::rnn::CellOp"> {
  let summary = "Cut scans into stages before, in and after the loop";
  let description = [{
    A stage ends where a whole vector must exist before the next op can go on.
    What does not depend on the loop runs before it, what the loop does not need
    runs after it, for all steps at once. Elementwise ops on what is at hand
    anyway are repeated where they are used rather than carried through memory.

    Needs: scans in flat form without `rnn.matvec`.
    Gives: scans in staged form.
    Keeps: every value.

    Example: see `test/schedule/build-stages.mlir`.
  }];
}

def PartProductsPass : Pass<"rnn-part-products", "::rnn::CellOp"> {
  let summary = "Give products stages of their own";
  let description = [{
    A stage with products and other ops becomes a stage that only multiplies and
    a stage for the rest, for a backend that makes a kernel of each. With `steps`
    every product or transpose of matrices of a step has a stage, too.

    Needs: scans in staged form.
    Gives: stages whose ops are either `rnn.affine` or none of them; with `steps`,
    either one `rnn.step_matmul` or `rnn.step_transpose`, or none of them.
    Keeps: every value.

    Example: see `test/schedule/part-products.mlir`.
  }];
  let options = [
    Option<"asked", "asked", "bool", /*default=*/"false",
           "Only in cells whose schedule has `compute_at stage`">,
    Option<"steps", "steps", "bool", /*default=*/"false",
           "Products and transposes of matrices of a step, too, one by one">,
  ];
}

def ShareVectorsPass : Pass<"rnn-share-vectors", "::mlir::ModuleOp"> {
  let summary = "Find what can be computed once for each distinct vector";
  let description = [{
    A batch of text has each of its words many times. What a cell computes of the
    vector of a word before the loop can be computed once for each word, and so can
    the gradients, of sums over the places where the word stands.

    Needs: models with their backward runs, cells in staged form.
    Gives: the inputs that a lookup is for, as it is or in reverse, are `distinct` if
    nothing else reads it, and so are the stages that read them; a stage after the loop
    may become two.
    Keeps: every value.

    Example: see `test/schedule/share-vectors.mlir`.
  }];
}

def CheckSchedulesPass : Pass<"rnn-check-schedules", "::rnn::CellOp"> {
  let summary = "Refuse schedules that cannot be had";
  let description = [{
    A directive for one CPU level that the level cannot do is an error, and so is
    one for all levels that none of them can do. One that some of them cannot do,
    or that the backend does otherwise, is a remark with the reason.

    Needs: scans in staged form.
    Gives: the same.

    Example: see `test/schedule/check-schedules.mlir`.
  }];
  let options = [
    ListOption<"cpus", "cpu", "std::string",
               "CPU levels that loops will be made for">,
    Option<"kernels", "kernels", "bool", /*default=*/"false",
           "Another code generator makes the kernels of stages">,
  ];
}

#endif // RNN_SCHEDULE_PASSES_TD
