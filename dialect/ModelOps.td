//===- ModelOps.td - models of the rnn dialect ------------------*- tablegen -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A model is a list of ops that run one after the other on whole sequences: cells, and
// a few that move numbers. What they pass on to each other are named tensors, which here
// stand for all steps and rows.
//
//===----------------------------------------------------------------------===//

#ifndef RNN_MODEL_OPS_TD
#define RNN_MODEL_OPS_TD

def Rnn_ModelOp : Rnn_Op<"model", [IsolatedFromAbove, NoTerminator,
                                   NoRegionArguments, SingleBlock, Symbol,
                                   SymbolTable]> {
  let summary = "hold the named tensors and the runs of one model";
  let description = [{
    `sizes` and `outputs` are as those of a cell. The body holds declarations and,
    in the order in which they run, the ops of this file. Those that derive gradients
    come last, behind `rnn.backward`. `of_cell` says that it is a cell to callers,
    which draws random numbers.

    Rules:

    - `model-body`: it holds nothing else.
    - `model-order`: a tensor of role `value` is written once, before it is read.

    Example:

    ```mlir
    rnn.cell part @Twice.y outputs [@y] sizes {} {
      rnn.tensor @x input : tensor<4xf32>
      rnn.tensor @y output : tensor<4xf32>
      rnn.scan forward {
        %x = rnn.read @x : tensor<4xf32>
        %s = arith.addf %x, %x : tensor<4xf32>
        rnn.write @y, %s : tensor<4xf32>
      }
    }
    rnn.model @Twice outputs [@y] sizes {H = 4 : i64} {
      rnn.tensor @x input : tensor<4xf32>
      rnn.tensor @y output : tensor<4xf32>
      rnn.run @Twice.y {x = @x, y = @y}
    }
    ```
  }];
  let arguments = (ins SymbolNameAttr:$sym_name, ArrayAttr:$outputs,
                       DictionaryAttr:$sizes, UnitAttr:$of_cell);
  let regions = (region SizedRegion<1>:$body);
  let assemblyFormat = [{
    (`of_cell` $of_cell^)? $sym_name `outputs` $outputs `sizes` $sizes attr-dict-with-keyword $body
  }];
  let extraClassDeclaration = [{
    /// The declaration of `name`, or null.
    ::rnn::TensorOp tensor(::llvm::StringRef name);
    /// The first op that derives gradients is behind it; null before they are
    /// derived.
    ::rnn::BackwardOp backward();
    ::mlir::FloatType elementType();
  }];
  let hasRegionVerifier = 1;
}

def Rnn_InModel : HasParent<"ModelOp">;

def Rnn_BackwardOp : Rnn_Op<"backward", [Rnn_InModel]> {
  let summary = "part what a model runs forward from what it runs backward";
  let description = [{
    Example:

    ```mlir
    rnn.model @Nothing outputs [] sizes {} {
      rnn.tensor @x input : tensor<4xf32>
      rnn.backward
    }
    ```
  }];
  let assemblyFormat = "attr-dict";
}

class Rnn_ModelStepOp<string mnemonic, list<Trait> traits = []>
    : Rnn_Op<mnemonic, !listconcat([Rnn_InModel], traits)>;

def Rnn_RunOp : Rnn_ModelStepOp<"run"> {
  let summary = "run a cell over sequences";
  let description = [{
    `bind` has for names of the cell's arrays (`x`, `h.0`, `h.T`, `h`, `grad.x` ..) and of its
    parameters the tensors of the model that they are. An array that is not bound is not
    given. The model's own tensor of a state stands for its array of that role.
    Gradients of parameters are added to those of the tensors that they are bound to.

    With `once`, the cell runs for one step, on what sequences have one value of.

    A backward run takes the tape that the forward run of that number wrote.

    A run that lacks an input, because the caller gives no target, does not happen, and
    what it would write counts as not given.

    Rules:

    - `run-cell`: there is such a cell, a part.
    - `run-bind`: every name is that of an array or parameter of the cell, and of the
      tensor's type.

    Example:

    ```mlir
    rnn.cell part @Sum.h outputs [@h] sizes {} {
      rnn.tensor @x input : tensor<4xf32>
      rnn.tensor @h state : tensor<4xf32>
      rnn.scan forward {
        %x = rnn.read @x : tensor<4xf32>
        %h = rnn.read @h[1] : tensor<4xf32>
        %s = arith.addf %x, %h : tensor<4xf32>
        rnn.write @h, %s : tensor<4xf32>
      }
    }
    rnn.model @Sum outputs [@s] sizes {} {
      rnn.tensor @x input : tensor<4xf32>
      rnn.tensor @s output per_sequence : tensor<4xf32>
      rnn.run @Sum.h {h.T = @s, x = @x}
    }
    ```
  }];
  let arguments = (ins FlatSymbolRefAttr:$cell, UnitAttr:$backward,
                       UnitAttr:$once, OptionalAttr<I64Attr>:$tape,
                       DictionaryAttr:$bind);
  let assemblyFormat = [{
    (`backward` $backward^)? (`once` $once^)? (`tape` `(` $tape^ `)`)? $cell $bind attr-dict
  }];
  let builders = [OpBuilder<(ins "::llvm::StringRef":$cell, "bool":$backward,
      "bool":$once, "::mlir::DictionaryAttr":$bind), [{
    build($_builder, $_state, cell, backward, once, ::mlir::IntegerAttr(), bind);
  }]>];
  let extraClassDeclaration = [{
    /// The cell that runs.
    ::rnn::CellOp callee();
    /// The name of the tensor that an array or parameter is bound to, or "".
    ::llvm::StringRef bound(::llvm::StringRef name);
  }];
}

def Rnn_LookupOp : Rnn_ModelStepOp<"lookup"> {
  let summary = "take rows of a table";
  let description = [{
        result[t, n, i] = table[indices[t, n], i]

    The table is a parameter; its rows are read where the caller has them.

    Rules:

    - `lookup-types`: `table` is a matrix, `result` a vector as long as its rows, `indices`
      are indices.

    Example:

    ```mlir
    rnn.model @Embed outputs [@e] sizes {} {
      rnn.tensor @i input : tensor<i32>
      rnn.tensor @W param : tensor<9x4xf32>
      rnn.tensor @e output : tensor<4xf32>
      rnn.lookup @e, @W[@i]
    }
    ```
  }];
  let arguments = (ins FlatSymbolRefAttr:$result, FlatSymbolRefAttr:$table,
                       FlatSymbolRefAttr:$indices);
  let assemblyFormat = "$result `,` $table `[` $indices `]` attr-dict";
}

def Rnn_ScatterOp : Rnn_ModelStepOp<"scatter"> {
  let summary = "add rows to the gradient of a table";
  let description = [{
        gradient(table)[indices[t, n], i] += rows[t, n, i]

    step by step, row by row: the sums are the same whatever the threads.

    Rules:

    - `scatter-types`: as for `rnn.lookup`.

    Example:

    ```mlir
    rnn.model @Embed outputs [@e] sizes {} {
      rnn.tensor @i input : tensor<i32>
      rnn.tensor @W param : tensor<9x4xf32>
      rnn.tensor @e output : tensor<4xf32>
      rnn.tensor @grad.e output_gradient of @e : tensor<4xf32>
      rnn.lookup @e, @W[@i]
      rnn.backward
      rnn.scatter @W[@i], @grad.e
    }
    ```
  }];
  let arguments = (ins FlatSymbolRefAttr:$table, FlatSymbolRefAttr:$indices,
                       FlatSymbolRefAttr:$rows);
  let assemblyFormat = "$table `[` $indices `]` `,` $rows attr-dict";
}

def Rnn_ReverseOp : Rnn_ModelStepOp<"reverse"> {
  let summary = "turn sequences around";
  let description = [{
        result[t, n] = operand[length(n) - 1 - t, n]

    and zeros past the end of a row. It is its own gradient.

    Rules:

    - `reverse-types`: both are sequences of one type.

    Example:

    ```mlir
    rnn.model @Back outputs [@r] sizes {} {
      rnn.tensor @x input : tensor<4xf32>
      rnn.tensor @r output : tensor<4xf32>
      rnn.reverse @r, @x
    }
    ```
  }];
  let arguments = (ins FlatSymbolRefAttr:$result, FlatSymbolRefAttr:$operand);
  let assemblyFormat = "$result `,` $operand attr-dict";
}

def Rnn_OneHotOp : Rnn_ModelStepOp<"one_hot"> {
  let summary = "make vectors of indices";
  let description = [{
        result[t, n, k] = 1 if indices[t, n] = k, else 0

    and zeros past the end of a row. An index below 0, or not below the size of the vector,
    is an error of the caller's.

    Rules:

    - `hot-types`: indices become vectors.

    Example:

    ```mlir
    rnn.model @Class outputs [@c] sizes {} {
      rnn.tensor @i input per_sequence : tensor<i32>
      rnn.tensor @c output per_sequence : tensor<10xf32>
      rnn.one_hot @c, @i
    }
    ```
  }];
  let arguments = (ins FlatSymbolRefAttr:$result, FlatSymbolRefAttr:$indices);
  let assemblyFormat = "$result `,` $indices attr-dict";
}

def Rnn_DrawOp : Rnn_ModelStepOp<"draw"> {
  let summary = "draw what is left out in training";
  let description = [{
    Each element is 0 with probability `rate`, else 1 / (1 - rate). It follows from the
    caller's seed and iteration, `stream`, and the step, row and unit, and from nothing else;
    without a seed all elements are 1.

    Rules:

    - `draw-rate`: it is at least 0 and below 1.

    Example:

    ```mlir
    rnn.model @Noise outputs [@m] sizes {} {
      rnn.tensor @m output : tensor<4xf32>
      rnn.draw @m rate 0.5 stream 0
    }
    ```
  }];
  let arguments = (ins FlatSymbolRefAttr:$result, F64Attr:$rate,
                       I64Attr:$stream);
  let assemblyFormat = "$result `rate` $rate `stream` $stream attr-dict";
  let hasVerifier = 1;
}

def Rnn_SumOp : Rnn_ModelStepOp<"sum"> {
  let summary = "add up what is given";
  let description = [{
        result = operands[0] + operands[1] + ..

    Those that are not given count as zeros; if none is, the result is not given either.
    Of one operand it is a copy.

    Rules:

    - `sum-types`: all are of one type.

    Example:

    ```mlir
    rnn.model @Copy outputs [@y] sizes {} {
      rnn.tensor @x input : tensor<4xf32>
      rnn.tensor @y output : tensor<4xf32>
      rnn.sum @y, [@x]
    }
    ```
  }];
  let arguments = (ins FlatSymbolRefAttr:$result,
                       TypedArrayAttrBase<FlatSymbolRefAttr, "symbols">:$operands);
  let assemblyFormat = "$result `,` $operands attr-dict";
}

#endif // RNN_MODEL_OPS_TD
