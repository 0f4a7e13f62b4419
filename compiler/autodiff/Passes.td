//===- Passes.td - differentiation ------------------------------*- tablegen -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef RNN_AUTODIFF_PASSES_TD
#define RNN_AUTODIFF_PASSES_TD

include "mlir/Pass/PassBase.td"

def AutodiffPass : Pass<"rnn-autodiff", "::rnn::CellOp"> {
  let summary = "Derive the backward scan of a cell";
  let description = [{
    Walks the forward scan once, from its end, and applies the derivative rule of
    each op. The backward scan pulls the gradients of outputs and final states
    back to inputs, initial states and parameters.

    Needs: a cell in flat form without a backward scan; canonical, so that no
    gradient is derived for what folds away.
    Gives: a backward scan; declarations of gradients, carries and of the tape;
    writes of the tape in the forward scan.
    Keeps: the forward scan, but for those writes.

    Example: see `test/autodiff/lstm.mlir`.
  }];
  let dependentDialects = ["mlir::arith::ArithDialect",
                           "mlir::math::MathDialect"];
}

def AdjointStagesPass : Pass<"rnn-adjoint-stages", "::rnn::CellOp"> {
  let summary = "Chain the adjoints of stages, which the backend derives";
  let description = [{
    Makes a backward scan without one rule for an operation: it only says which
    stage's gradients go to which other stage, step or parameter. What a stage
    itself pulls back is an `rnn.pullback` of its ops, or a product marked
    `adjoint`, and left to the backend.

    Needs: a forward scan in staged form without a backward scan, products in
    stages of their own (`rnn-part-products`).
    Gives: a backward scan in staged form; declarations of gradients, carries and
    of the tape; writes of the tape in the forward scan.
    Keeps: the forward scan, but for those writes.

    Example: see `test/autodiff/adjoint-stages.mlir`.
  }];
  let dependentDialects = ["mlir::arith::ArithDialect"];
}

def TrimPartsPass : Pass<"rnn-trim-parts", "mlir::ModuleOp"> {
  let summary = "Leave out of the parts of models what nothing reads";
  let description = [{
    A part is called by its model alone. It loses inputs that it does not read, outputs
    that no op of the model reads, and what only those needed. Ops of the model that give
    nothing, or what nobody reads, go as a whole, but for runs of cells that programs call.

    Needs: models without `rnn.backward`; cells in flat form.
    Gives: the same with parts that are smaller.
    Keeps: cells that programs call, and parts that are run more than once in the module.

    Example: see `test/autodiff/trim-parts.mlir`.
  }];
}

def DifferentiateModelsPass : Pass<"rnn-differentiate-models", "mlir::ModuleOp"> {
  let summary = "Derive what a model runs backward";
  let description = [{
    Walks the ops of each model from the last to the first: a run of a cell becomes one of
    its backward scan, a lookup a scatter. Shares of one gradient are added up.
    Random numbers are drawn again rather than kept. A part is told what has
    `no_gradient`: an output whose gradient nothing gives, an input whose gradient is
    wanted by nothing or, by what depends on what, zero.

    Needs: models without `rnn.backward`.
    Gives: `rnn.backward` and the derived ops behind it; declarations of gradients; numbers
    of tapes at runs.
    Keeps: what runs forward.

    Example: see `test/autodiff/models.mlir`.
  }];
}

#endif // RNN_AUTODIFF_PASSES_TD
