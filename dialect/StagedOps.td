//===- StagedOps.td - the staged form of scans ------------------*- tablegen -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What a scan consists of once it is known what runs when: stages, the products in them, and
// what a backend has to differentiate itself.
//
//===----------------------------------------------------------------------===//

#ifndef RNN_STAGED_OPS_TD
#define RNN_STAGED_OPS_TD

def Rnn_StageOp : Rnn_Op<"stage", [HasParent<"ScanOp">, NoRegionArguments,
    SingleBlockImplicitTerminator<"YieldOp">]> {
  let summary = "compute some units of a step together";
  let description = [{
    A stage is what one pass over its `units` can compute: every op of its body
    works on unit u alone, except `rnn.affine`, `rnn.step_matmul`,
    `rnn.step_transpose`, `rnn.reduce_sum`, `rnn.reduce_max`, `rnn.splat`,
    `rnn.concat` and `rnn.slice`, which read whole vectors, and those must exist
    before the stage starts. Its results are the values that other stages need;
    they live in memory.

    `phase` says when: `before` and `after` run once for all steps and examples,
    `step` runs in each step of the loop.

    A `distinct` stage can run once for each distinct vector of the input that is
    declared so, instead of once for each step and example: before the loop of a forward
    scan it depends on that input alone; after the loop of a backward scan it is linear in
    what it reads from other stages, which is then added up first.

    Rules:

    - `stage-units`: results and written values have `units` elements (a scalar
      counts as one unit).
    - `stage-order`: phases come in the order before, step, after.
    - `stage-whole`: a whole vector that is read, and the start of an affine, come
      from outside the stage.
    - `stage-distinct`: a `distinct` stage is no `step` and reads nothing but the `distinct`
      input, parameters, and other stages: `distinct` ones, if it is `before`; if it is
      `after`, to multiply them by parameters, or by the input for the gradients of those.
      Before the loop nothing but `distinct` stages reads what it gives.

    Example:

    ```mlir
    rnn.cell @Cell outputs [@h] sizes {} {
      rnn.tensor @x input : tensor<3xf32>
      rnn.tensor @h state : tensor<4xf32>
      rnn.tensor @W param : tensor<4x3xf32>
      rnn.scan forward {
        %p = rnn.stage before units(4) : tensor<4xf32> {
          %w = rnn.read @W : tensor<4x3xf32>
          %x = rnn.read @x : tensor<3xf32>
          %y = rnn.affine terms (%w) (%x) transposed [false]
              : (tensor<4x3xf32>), (tensor<3xf32>) -> tensor<4xf32>
          rnn.yield %y : tensor<4xf32>
        }
        rnn.stage step units(4) {
          %h = rnn.read @h[1] : tensor<4xf32>
          %s = arith.addf %p, %h : tensor<4xf32>
          rnn.write @h, %s : tensor<4xf32>
          rnn.yield
        }
      }
    }
    ```
  }];
  let arguments = (ins Rnn_Phase:$phase, ConfinedAttr<I64Attr, [IntPositive]>:$units,
                       UnitAttr:$distinct);
  let results = (outs Variadic<Rnn_Lanes>:$results);
  let regions = (region SizedRegion<1>:$body);
  let assemblyFormat = [{
    $phase (`distinct` $distinct^)? `units` `(` $units `)` (`:` type($results)^)?
    attr-dict-with-keyword $body
  }];
  let hasRegionVerifier = 1;
}

def Rnn_AffineOp : Rnn_Op<"affine", [Pure, AttrSizedOperandSegments]> {
  let summary = "add products of matrices and vectors to a start value";
  let description = [{
        result[o] = start[o] + sum over j, i of weights[j][o, i] * inputs[j][i]

    The one form of a product that is lowered: a sum of products is one op, so
    that it is accumulated in registers from its start value. Without `start` it
    starts at zero. `transposed[j]` swaps the indices of weights[j]. `adjoint`
    marks the gradient of a product's input, which the backend has to derive from
    the product itself.

    Rules:

    - `affine-terms`: as many weights as inputs and flags, at least one.
    - `affine-inner`, `affine-outer`: sizes as for `rnn.matvec`.
    - `affine-weight`: a weight is a parameter, a derived tensor or a slice of one.

    Example:

    ```mlir
    rnn.tensor @x input : tensor<3xf32>
    rnn.tensor @h state : tensor<4xf32>
    rnn.tensor @W param : tensor<4x3xf32>
    rnn.tensor @U param : tensor<4x4xf32>
    rnn.tensor @b param : tensor<4xf32>

    %x = rnn.read @x : tensor<3xf32>
    %h = rnn.read @h[1] : tensor<4xf32>
    %w = rnn.read @W : tensor<4x3xf32>
    %u = rnn.read @U : tensor<4x4xf32>
    %b = rnn.read @b : tensor<4xf32>
    %y = rnn.affine start %b : tensor<4xf32>
        terms (%w, %u) (%x, %h) transposed [false, false]
        : (tensor<4x3xf32>, tensor<4x4xf32>), (tensor<3xf32>, tensor<4xf32>)
        -> tensor<4xf32>
    ```
  }];
  let arguments = (ins Optional<Rnn_Vector>:$start,
                       Variadic<Rnn_Matrix>:$weights,
                       Variadic<Rnn_Vector>:$inputs,
                       DenseBoolArrayAttr:$transposed,
                       UnitAttr:$adjoint);
  let results = (outs Rnn_Vector:$result);
  let assemblyFormat = [{
    (`start` $start^ `:` type($start))? `terms` `(` $weights `)` `(` $inputs `)`
    `transposed` $transposed attr-dict `:` `(` type($weights) `)` `,`
    `(` type($inputs) `)` `->` type($result)
  }];
  let hasVerifier = 1;
}

def Rnn_PullbackOp : Rnn_Op<"pullback", [Pure, IsolatedFromAbove,
    HasParent<"StageOp">, AttrSizedOperandSegments, SingleBlockImplicitTerminator<"YieldOp">]> {
  let summary = "pull gradients back through a region";
  let description = [{
    The region computes values from `inputs` and yields some of them; `seeds` are
    the gradients of those. The results are the gradients of the inputs that
    `wrt` numbers. Nothing says how: the backend differentiates the region. It is
    what a staged backward scan consists of that autodiff did not make.

    The gradient of a parameter is that of one example in one step; an
    `rnn.accumulate` adds them up. A matrix is an input where it is the weight of
    an `rnn.step_matmul`.

    Rules:

    - `pullback-inputs`: the region has an argument for every input, of its type.
    - `pullback-seeds`: as many seeds as yielded values, of the same types.
    - `pullback-wrt`: as many results as `wrt` has numbers, with the types of
      those inputs.

    Example:

    ```mlir
    rnn.cell @Decay outputs [@h] sizes {} {
      rnn.tensor @h state : tensor<4xf32>
      rnn.tensor @grad.h output_gradient of @h : tensor<4xf32>
      rnn.tensor @carry.h.1 carry of @h : tensor<4xf32>
      rnn.scan forward {
        rnn.stage step units(4) {
          %h = rnn.read @h[1] : tensor<4xf32>
          %t = math.tanh %h : tensor<4xf32>
          rnn.write @h, %t : tensor<4xf32>
        }
      }
      rnn.scan backward {
        rnn.stage step units(4) {
          %h = rnn.read @h[1] : tensor<4xf32>
          %d = rnn.read @grad.h : tensor<4xf32>
          %g = rnn.pullback inputs(%h) seeds(%d) wrt [0]
              : (tensor<4xf32>), (tensor<4xf32>) -> (tensor<4xf32>) {
          ^bb0(%x: tensor<4xf32>):
            %t = math.tanh %x : tensor<4xf32>
            rnn.yield %t : tensor<4xf32>
          }
          rnn.write @carry.h.1, %g : tensor<4xf32>
        }
      }
    }
    ```
  }];
  let arguments = (ins Variadic<Rnn_Tensor>:$inputs, Variadic<Rnn_Lanes>:$seeds,
                       DenseI64ArrayAttr:$wrt);
  let results = (outs Variadic<Rnn_Tensor>:$results);
  let regions = (region SizedRegion<1>:$body);
  let assemblyFormat = [{
    `inputs` `(` $inputs `)` `seeds` `(` $seeds `)` `wrt` $wrt attr-dict `:`
    `(` type($inputs) `)` `,` `(` type($seeds) `)` `->` `(` type($results) `)`
    $body
  }];
  let hasRegionVerifier = 1;
}

def Rnn_YieldOp : Rnn_Op<"yield", [Pure, ReturnLike, Terminator,
                                   ParentOneOf<["StageOp", "PullbackOp"]>]> {
  let summary = "end a stage and name its results";
  let description = [{
    Its operands are the results of the stage, in order.

    Example:

    ```mlir
    rnn.tensor @x input : tensor<4xf32>

    %y = rnn.stage before units(4) : tensor<4xf32> {
      %x = rnn.read @x : tensor<4xf32>
      %n = arith.negf %x : tensor<4xf32>
      rnn.yield %n : tensor<4xf32>
    }
    ```
  }];
  let arguments = (ins Variadic<Rnn_Lanes>:$operands);
  let assemblyFormat = "($operands^ `:` type($operands))? attr-dict";
  let builders = [OpBuilder<(ins), [{ (void)$_builder; (void)$_state; }]>];
}

#endif // RNN_STAGED_OPS_TD
