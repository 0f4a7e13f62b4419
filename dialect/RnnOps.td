//===- RnnOps.td - the ops of the rnn dialect -------------------*- tablegen -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// In order: what a cell is made of (cell, tensor, schedule, scan, setup), how a scan touches the
// named tensors (read, write, accumulate) and values (matvec, sigmoid, ...).
// The staged form is in StagedOps.td, models are in ModelOps.td.
//
// Each op has a summary, a description and an example, which test/dialect/examples.test
// runs: a cell stands as it is; of all else, the declarations go into a cell and the
// rest into its forward scan.
//
//===----------------------------------------------------------------------===//

#ifndef RNN_OPS_TD
#define RNN_OPS_TD

include "dialect/Rnn.td"
include "dialect/DifferentiableOpInterface.td"
include "mlir/IR/SymbolInterfaces.td"
include "mlir/Interfaces/ControlFlowInterfaces.td"
include "mlir/Interfaces/InferTypeOpInterface.td"
include "mlir/Interfaces/SideEffectInterfaces.td"

class Rnn_Op<string mnemonic, list<Trait> traits = []>
    : Op<Rnn_Dialect, mnemonic, traits>;

/// Stands in a scan, in a stage of one, or in a setup.
def Rnn_InBody : ParentOneOf<["ScanOp", "StageOp", "SetupOp"]>;

//===----------------------------------------------------------------------===//
// What a cell is made of
//===----------------------------------------------------------------------===//

def Rnn_CellOp : Rnn_Op<"cell", [IsolatedFromAbove, NoTerminator,
                                 NoRegionArguments, SingleBlock, Symbol,
                                 SymbolTable]> {
  let summary = "hold the named tensors and the scans of one recurrent cell";
  let description = [{
    `sizes` are the cell's size parameters and what they were set to; they are
    for the header and the descriptor, shapes are already numbers. `outputs`
    names the tensors the caller gets over time, in order: states or tensors of
    role `output`. A `part` is called by models alone. In a cell with
    `bf16_products`, products of a matrix and a vector in a scan, and outer products
    that are accumulated there, take their operands rounded to bf16 (nearest, ties
    to even); `rnn.step_matmul`, setups and everything else are as they are, and
    all sums have the element type.

    The body holds `rnn.tensor` declarations, directives of its schedules, one
    forward `rnn.scan` and, after autodiff, one backward one. Beside each may stand an `rnn.setup`.

    Rules:

    - `cell-body`: it holds nothing else, but for constants of its scans.
    - `cell-element`: there are tensors, and all have one element type.
    - `cell-products`: with `bf16_products` the element type is f32.
    - `cell-outputs`: every output names a state or an output of the cell.
    - `cell-scans`: the body holds one forward scan and at most one backward.
    - `cell-setups`: it holds at most one setup of each direction.

    Example:

    ```mlir
    rnn.cell @Leaky outputs [@h] sizes {H = 4 : i64} {
      rnn.tensor @x input : tensor<4xf32>
      rnn.tensor @h state : tensor<4xf32>
      rnn.scan forward {
        %x = rnn.read @x : tensor<4xf32>
        %h = rnn.read @h[1] : tensor<4xf32>
        %s = arith.addf %x, %h : tensor<4xf32>
        rnn.write @h, %s : tensor<4xf32>
      }
    }
    ```
  }];
  let arguments = (ins SymbolNameAttr:$sym_name, ArrayAttr:$outputs,
                       DictionaryAttr:$sizes, UnitAttr:$part,
                       UnitAttr:$bf16_products);
  let regions = (region SizedRegion<1>:$body);
  let assemblyFormat = [{
    (`part` $part^)? $sym_name `outputs` $outputs `sizes` $sizes
    (`bf16_products` $bf16_products^)? attr-dict-with-keyword $body
  }];
  let extraClassDeclaration = [{
    /// The declaration of `name`, or null.
    ::rnn::TensorOp tensor(::llvm::StringRef name);
    /// The scan of that direction, or null.
    ::rnn::ScanOp scan(bool backward);
    /// The setup of that direction, or null.
    ::rnn::SetupOp setup(bool backward);
    /// The input that is `distinct`, or null.
    ::rnn::TensorOp distinctInput();
    /// True if a schedule says `recompute gates`.
    bool recomputes();
    /// The element type of the cell: that of its first tensor.
    ::mlir::FloatType elementType();
  }];
  let hasRegionVerifier = 1;
}

def Rnn_TensorOp : Rnn_Op<"tensor", [Symbol, ParentOneOf<["CellOp", "ModelOp"]>]> {
  let summary = "declare a named tensor of a cell or model";
  let description = [{
    The type is that of one example in one step. `of` and `delay` say what a
    tensor that autodiff made belongs to: the gradient of output `of`, of input
    `of`, or the carry for what step t adds to the gradient of state `of` at
    step t - `delay`. For a state, `delay` is the largest k of its reads
    `h[t-k]`, that is, how many values from before the first step it has.
    `init` with `init_arguments` is a parameter's initialiser as the language
    names it. In a model, `per_sequence` says that there is one value per row and
    not one per step, `finish` what becomes of the average of a metric. In a part of a
    model, `rate` says that an input, or the initial value of a state, is what
    `rnn.draw` gives for that rate, and `distinct` that the vectors of an input are rows
    of a table of so many, so that a call has many of them more than once. `no_gradient`:
    nobody gives the gradient of that output, or wants that of that input.

    Rules:

    - `tensor-of`: an output gradient is of an output of the cell, an input
      gradient of an input, a carry of a state with its delay; types are the
      same.
    - `tensor-distinct`: what is `distinct` is the only such input of a part of a model.
    - `tensor-no-gradient`: what has `no_gradient` is an input or output of a part of a model.

    Example:

    ```mlir
    rnn.tensor @W param init "uniform" with [-0.1, 0.1] : tensor<4x3xf32>
    rnn.tensor @h state delay 2 : tensor<4xf32>
    rnn.tensor @carry.h.2 carry of @h delay 2 : tensor<4xf32>
    ```
  }];
  let arguments = (ins SymbolNameAttr:$sym_name, Rnn_Role:$role,
                       OptionalAttr<FlatSymbolRefAttr>:$of,
                       DefaultValuedAttr<Rnn_Delay, "1">:$delay,
                       OptionalAttr<StrAttr>:$init,
                       OptionalAttr<DenseF64ArrayAttr>:$init_arguments,
                       UnitAttr:$per_sequence, OptionalAttr<F64Attr>:$rate,
                       OptionalAttr<Rnn_Finish>:$finish,
                       OptionalAttr<ConfinedAttr<I64Attr, [IntPositive]>>:$distinct,
                       UnitAttr:$no_gradient,
                       TypeAttrOf<Rnn_Named>:$type);
  let assemblyFormat = [{
    $sym_name $role (`of` $of^)? (`delay` $delay^)?
    (`init` $init^)? (`with` $init_arguments^)?
    (`per_sequence` $per_sequence^)? (`rate` $rate^)? (`finish` $finish^)?
    (`distinct` $distinct^)? (`no_gradient` $no_gradient^)? attr-dict `:` $type
  }];
  let skipDefaultBuilders = 1;
  let builders = [
    /// `of`, if it is not null, is what the tensor belongs to.
    OpBuilder<(ins "::llvm::StringRef":$name, "::rnn::Role":$role,
                   "::mlir::Type":$type, CArg<"::mlir::StringAttr", "{}">:$of,
                   CArg<"int64_t", "1">:$delay)>
  ];
  let extraClassDeclaration = [{
    ::mlir::RankedTensorType tensorType() {
      return ::llvm::cast<::mlir::RankedTensorType>(getType());
    }
  }];
}

def Rnn_ScheduleOp : Rnn_Op<"schedule", [HasParent<"CellOp">]> {
  let summary = "decide how the loops of a cell are made";
  let description = [{
    One directive of a schedule, as the language names it, for one CPU level or for
    all of them (`cpu`). Of each clause it has the name and the number, or 0 for
    none; `of` is the size that a tile is for. Whether it is legal on a level is
    checked where the facts about levels are known.

    Rules:

    - `schedule-form`: the directive is one of the language, and its clauses fit.

    Example:

    ```mlir
    rnn.tensor @x input : tensor<128xf32>
    rnn.schedule "tile" ["units", "batch"] [32, 12] of 128 on "avx512"
    ```
  }];
  let arguments = (ins StrAttr:$directive, StrArrayAttr:$names,
                       DenseI64ArrayAttr:$values, OptionalAttr<I64Attr>:$of,
                       StrAttr:$on);
  let assemblyFormat = [{
    $directive $names $values (`of` $of^)? `on` $on attr-dict
  }];
  let extraClassDeclaration = [{
    /// The name of a clause.
    ::llvm::StringRef name(unsigned clause) {
      return ::llvm::cast<::mlir::StringAttr>(getNames()[clause]).getValue();
    }
    /// The number behind a clause; 0 if there is none.
    int64_t value(unsigned clause) { return getValues()[clause]; }
  }];
  let hasVerifier = 1;
}

def Rnn_ScanOp : Rnn_Op<"scan", [HasParent<"CellOp">, NoRegionArguments,
                                 NoTerminator, SingleBlock]> {
  let summary = "run a region for every step of a sequence";
  let description = [{
    The region computes one step of one example. A forward scan runs from the
    first step to the last, a backward one from the last to the first.

    Flat form: ops of `arith`, `math` and `rnn` on tensors. Staged form: only
    `rnn.stage`, in the order of their phases.

    Rules:

    - `scan-form`: it holds only stages, or none.
    - `scan-values`: every op, in stages too, gives one static tensor of f32, f64
      or i1 and has no regions; but for `rnn.stage` and `rnn.pullback`, and for
      `rnn.write`, `rnn.accumulate` and `rnn.yield`, which give nothing.

    Example:

    ```mlir
    rnn.cell @Sum outputs [@h] sizes {} {
      rnn.tensor @x input : tensor<4xf32>
      rnn.tensor @h state : tensor<4xf32>
      rnn.tensor @grad.h output_gradient of @h : tensor<4xf32>
      rnn.tensor @grad.x input_gradient of @x : tensor<4xf32>
      rnn.tensor @carry.h carry of @h : tensor<4xf32>
      rnn.scan forward {
        %x = rnn.read @x : tensor<4xf32>
        %h = rnn.read @h[1] : tensor<4xf32>
        %s = arith.addf %x, %h : tensor<4xf32>
        rnn.write @h, %s : tensor<4xf32>
      }
      rnn.scan backward {
        %d = rnn.read @grad.h : tensor<4xf32>
        %c = rnn.read @carry.h[1] : tensor<4xf32>
        %s = arith.addf %d, %c : tensor<4xf32>
        rnn.write @carry.h, %s : tensor<4xf32>
        rnn.write @grad.x, %s : tensor<4xf32>
      }
    }
    ```
  }];
  let arguments = (ins UnitAttr:$backward);
  let regions = (region SizedRegion<1>:$body);
  let assemblyFormat = [{
    (`backward` $backward^):(`forward`)? attr-dict-with-keyword $body
  }];
  let hasRegionVerifier = 1;
}

def Rnn_SetupOp : Rnn_Op<"setup", [HasParent<"CellOp">, NoTerminator,
                                   SingleBlock]> {
  let summary = "run a region once, not for every step and example";
  let description = [{
    The forward setup reads parameters and writes tensors of role `derived`: it
    runs whenever parameters change, before any step. A scan reads a derived
    tensor like a parameter, and a backward scan accumulates to it like to one;
    what it adds up over steps and examples is the tensor of role
    `derived_gradient` that is `of` the derived one.

    The backward setup runs after the backward scan. It reads those sums and
    accumulates what they are worth to parameters.

    Flat form: ops of `arith`, `math` and `rnn` on tensors, matrices included.
    Lowered form: an op that reads whole operands, such as `rnn.matmul`,
    `rnn.transpose` or `rnn.reduce_sum`, reads named tensors, and what it gives is
    only written, to a derived tensor or a derived gradient.

    Rules:

    - `setup-values`: every op gives one static tensor of f32, f64 or i1 and has
      no regions; but for `rnn.write` and `rnn.accumulate`, which give nothing.
    - `write-once`: no tensor is written twice.

    Example:

    ```mlir
    rnn.cell @Positive outputs [@h] sizes {} {
      rnn.tensor @A param : tensor<4xf32>
      rnn.tensor @derived.0 derived : tensor<4xf32>
      rnn.tensor @h state : tensor<4xf32>
      rnn.setup forward {
        %a = rnn.read @A : tensor<4xf32>
        %e = math.exp %a : tensor<4xf32>
        rnn.write @derived.0, %e : tensor<4xf32>
      }
      rnn.scan forward {
        %e = rnn.read @derived.0 : tensor<4xf32>
        rnn.write @h, %e : tensor<4xf32>
      }
    }
    ```
  }];
  let arguments = (ins UnitAttr:$backward);
  let regions = (region SizedRegion<1>:$body);
  let assemblyFormat = [{
    (`backward` $backward^):(`forward`)? attr-dict-with-keyword $body
  }];
  let hasRegionVerifier = 1;
}

//===----------------------------------------------------------------------===//
// How a scan touches the named tensors
//===----------------------------------------------------------------------===//

def Rnn_ReadOp : Rnn_Op<"read", [Pure, Rnn_InBody,
    DeclareOpInterfaceMethods<SymbolUserOpInterface>]> {
  let summary = "read a named tensor in this step";
  let description = [{
    `delay` counts steps back in the direction of the scan: `rnn.read @h[1]` in
    a forward scan is h at t-1, `rnn.read @carry[1]` in a backward scan is the
    carry written at t+1. A backward scan reads what forward wrote in forward
    time: `rnn.read @h[1]` is h at t-1 there too, `rnn.read @h` is h at t.

    Rules:

    - `read-type`: the result has the type of the declaration, or is the vector
      of a matrix's rows, one after the other.
    - `read-role`: an input, parameter, derived tensor, state, tape, output
      gradient or carry in a scan; a parameter, derived tensor or derived
      gradient in a setup.
    - `read-delay`: only states and carries have delays, from 1 to the
      declared one; 0 for a state in a backward scan, and for all else.

    Example:

    ```mlir
    rnn.tensor @x input : tensor<3xf32>
    rnn.tensor @h state delay 2 : tensor<4xf32>

    %x = rnn.read @x : tensor<3xf32>
    %h = rnn.read @h[2] : tensor<4xf32>
    ```
  }];
  let arguments = (ins FlatSymbolRefAttr:$tensor,
                       DefaultValuedAttr<I64Attr, "0">:$delay);
  let results = (outs Rnn_Tensor:$result);
  let assemblyFormat = [{
    $tensor (`[` $delay^ `]`)? attr-dict `:` type($result)
  }];
  let extraClassDeclaration = [{
    /// The declaration this op reads.
    ::rnn::TensorOp declaration();
  }];
}

def Rnn_WriteOp : Rnn_Op<"write", [Rnn_InBody,
    DeclareOpInterfaceMethods<SymbolUserOpInterface>]> {
  let summary = "give a named tensor its value for this step";
  let description = [{
    Rules:

    - `write-type`: the value has the type of the declaration, or is the vector
      of a matrix's rows.
    - `write-role`: a state, output or tape in a forward scan, an input gradient
      or carry in a backward one; a derived tensor in a forward setup, a derived
      gradient in a backward one.
    - `write-once`: no tensor is written twice in a scan.

    Example:

    ```mlir
    rnn.tensor @h state : tensor<4xf32>

    %h = rnn.read @h[1] : tensor<4xf32>
    %n = arith.negf %h : tensor<4xf32>
    rnn.write @h, %n : tensor<4xf32>
    ```
  }];
  let arguments = (ins FlatSymbolRefAttr:$tensor, Rnn_Tensor:$value);
  let assemblyFormat = "$tensor `,` $value attr-dict `:` type($value)";
  let extraClassDeclaration = [{
    /// The declaration this op writes.
    ::rnn::TensorOp declaration();
  }];
}

def Rnn_AccumulateOp : Rnn_Op<"accumulate", [Rnn_InBody,
    DeclareOpInterfaceMethods<SymbolUserOpInterface>]> {
  let summary = "add to the gradient of a parameter";
  let description = [{
    Adds, over all steps and examples. Without `column` the gradient of a scalar
    or vector parameter, in a setup also of a matrix, in a scan also of the vector
    of a matrix's rows:

        gradient(param)[offset + o] += row[o]

    and with it that of a matrix, an outer product:

        gradient(param)[offset0 + o, offset1 + i] += row[o] * column[i]

    With `over` n, row and column are n vectors one after the other, of O and I
    elements each:

        gradient(param)[offset0 + o, offset1 + i] +=
            sum over k of row[k * O + o] * column[k * I + i]

    `adjoint` marks what the backend has to derive from the product itself.

    Rules:

    - `accumulate-param`: the tensor is a parameter or, in a scan, a derived
      tensor.
    - `accumulate-element`: row and column have its element type.
    - `accumulate-scan`: it stands in a backward scan or setup.
    - `accumulate-inside`: offset + size lies inside the parameter in each
      dimension.
    - `accumulate-over`: n vectors of one size each make up row and column; without
      a column n is 1.

    Example:

    ```mlir
    rnn.tensor @x input : tensor<3xf32>
    rnn.tensor @d input : tensor<4xf32>
    rnn.tensor @b param : tensor<4xf32>
    rnn.tensor @W param : tensor<4x11xf32>

    %x = rnn.read @x : tensor<3xf32>
    %d = rnn.read @d : tensor<4xf32>
    rnn.accumulate @b, %d : tensor<4xf32>
    rnn.accumulate @W at [0, 8], %d outer %x : tensor<4xf32>, tensor<3xf32>
    ```
  }];
  let arguments = (ins FlatSymbolRefAttr:$param, Rnn_Tensor:$row,
                       Optional<Rnn_Vector>:$column,
                       OptionalAttr<DenseI64ArrayAttr>:$offsets,
                       UnitAttr:$adjoint,
                       DefaultValuedAttr<ConfinedAttr<I64Attr, [IntPositive]>,
                                         "1">:$over);
  let assemblyFormat = [{
    $param (`at` $offsets^)? `,` $row (`outer` $column^)? (`over` $over^)?
    attr-dict `:` type($row) (`,` type($column)^)?
  }];
  let hasCanonicalizeMethod = 1;
  let extraClassDeclaration = [{
    /// The declaration of the parameter.
    ::rnn::TensorOp declaration();
    /// Where in the parameter dimension `dim` starts; 0 without offsets.
    int64_t offset(unsigned dim) {
      auto offsets = getOffsets();
      return offsets && dim < offsets->size() ? (*offsets)[dim] : 0;
    }
    /// Elements of one vector of `row`.
    int64_t rowUnits() {
      return getRow().getType().getNumElements() / int64_t(getOver());
    }
    /// Elements of one vector of `column`.
    int64_t columnUnits() {
      return getColumn().getType().getNumElements() / int64_t(getOver());
    }
  }];
}

//===----------------------------------------------------------------------===//
// Values
//===----------------------------------------------------------------------===//

class Rnn_ValueOp<string mnemonic, list<Trait> traits = []>
    : Rnn_Op<mnemonic, !listconcat([Pure,
        DeclareOpInterfaceMethods<DifferentiableOpInterface>], traits)>;

def Rnn_MatvecOp : Rnn_ValueOp<"matvec"> {
  let summary = "multiply a matrix by a vector";
  let description = [{
        result[o] = sum over i of weight[o, i] * input[i]

    and with `transposed`

        result[o] = sum over i of weight[i, o] * input[i]

    Rules:

    - `matvec-inner`: the size summed over is that of `input`.
    - `matvec-outer`: `result` has the other size of `weight`.
    - `matvec-element`: all three have one element type.

    Gradient, once `weight` is a parameter or a slice of one, which
    `rnn-distribute-products` sees to:

        d_input  = matvec(weight, d_result), transposed the other way
        d_weight = outer(d_result, input), or outer(input, d_result) if transposed

    Example:

    ```mlir
    rnn.tensor @W param : tensor<4x3xf32>
    rnn.tensor @x input : tensor<3xf32>

    %w = rnn.read @W : tensor<4x3xf32>
    %x = rnn.read @x : tensor<3xf32>
    %y = rnn.matvec %w, %x : tensor<4x3xf32>, tensor<3xf32> -> tensor<4xf32>
    %z = rnn.matvec transposed %w, %y
        : tensor<4x3xf32>, tensor<4xf32> -> tensor<3xf32>
    ```
  }];
  let arguments = (ins UnitAttr:$transposed, Rnn_Matrix:$weight,
                       Rnn_Vector:$input);
  let results = (outs Rnn_Vector:$result);
  let assemblyFormat = [{
    (`transposed` $transposed^)? $weight `,` $input attr-dict `:` type($weight)
    `,` type($input) `->` type($result)
  }];
  let hasFolder = 1;
  let hasVerifier = 1;
}

def Rnn_MatmulOp : Rnn_ValueOp<"matmul"> {
  let summary = "multiply two matrices";
  let description = [{
        result[o, i] = sum over k of left[o, k] * right[k, i]

    Rules:

    - `matmul-inner`: columns of `left` = rows of `right`.
    - `matmul-outer`: `result` is [rows of `left`, columns of `right`].
    - `matmul-element`: all three have one element type.

    Gradient:

        d_left  = matmul(d_result, transpose(right))
        d_right = matmul(transpose(left), d_result)

    Example:

    ```mlir
    rnn.tensor @A param : tensor<4x2xf32>
    rnn.tensor @B param : tensor<2x3xf32>

    %a = rnn.read @A : tensor<4x2xf32>
    %b = rnn.read @B : tensor<2x3xf32>
    %m = rnn.matmul %a, %b : tensor<4x2xf32>, tensor<2x3xf32> -> tensor<4x3xf32>
    ```
  }];
  let arguments = (ins Rnn_Matrix:$left, Rnn_Matrix:$right);
  let results = (outs Rnn_Matrix:$result);
  let assemblyFormat = [{
    $left `,` $right attr-dict `:` type($left) `,` type($right) `->`
    type($result)
  }];
  let hasVerifier = 1;
}

def Rnn_TransposeOp : Rnn_ValueOp<"transpose"> {
  let summary = "swap rows and columns of a matrix";
  let description = [{
        result[i, o] = operand[o, i]

    Rules:

    - `transpose-swapped`: `result` has the sizes of `operand`, swapped.

    Gradient: `d_operand = transpose(d_result)`.

    Example:

    ```mlir
    rnn.tensor @W param : tensor<4x3xf32>

    %w = rnn.read @W : tensor<4x3xf32>
    %m = rnn.transpose %w : tensor<4x3xf32> -> tensor<3x4xf32>
    ```
  }];
  let arguments = (ins Rnn_Matrix:$operand);
  let results = (outs Rnn_Matrix:$result);
  let assemblyFormat = "$operand attr-dict `:` type($operand) `->` type($result)";
  let hasVerifier = 1;
}

def Rnn_OuterOp : Rnn_ValueOp<"outer"> {
  let summary = "multiply each element of a vector by each of another";
  let description = [{
        result[o, i] = left[o] * right[i]

    Stands in scans in which matrices are values; `rnn-matrices-to-vectors` makes an
    `rnn.step_matmul` of it, whose gradient is known.

    Rules:

    - `outer-size`: `result` is [size of `left`, size of `right`].
    - `outer-element`: all three have one element type.

    Gradient:

        d_left  = matvec(d_result, right)
        d_right = matvec(d_result, left), transposed

    Example:

    ```mlir
    rnn.tensor @v input : tensor<4xf32>
    rnn.tensor @k input : tensor<3xf32>

    %v = rnn.read @v : tensor<4xf32>
    %k = rnn.read @k : tensor<3xf32>
    %m = rnn.outer %v, %k : tensor<4xf32>, tensor<3xf32> -> tensor<4x3xf32>
    ```
  }];
  let arguments = (ins Rnn_Vector:$left, Rnn_Vector:$right);
  let results = (outs Rnn_Matrix:$result);
  let assemblyFormat = [{
    $left `,` $right attr-dict `:` type($left) `,` type($right) `->`
    type($result)
  }];
  let hasVerifier = 1;
}

def Rnn_StepMatmulOp : Rnn_ValueOp<"step_matmul"> {
  let summary = "multiply matrices that differ from step to step";
  let description = [{
        result[o, i] = sum over k of left[o, k] * right[k, i]

    A matrix that differs from step to step is the vector of its rows, one after
    the other; so is `result`. One that does not, a weight, is an operand as it is.
    `inner` is the number of k: it tells rows from columns. A `transposed` operand
    stands as its transpose: left[o, k] in row k, right[k, i] in row i.

    A matrix times a vector, in either order, and the outer product of two vectors
    are the cases of one column, one row and one k.

    Rules:

    - `step-matmul-inner`: `inner` divides the size of an operand that is a vector,
      and is the number of columns of `left`, the number of rows of `right`, where
      they are weights.
    - `step-matmul-outer`: `result` has as many elements as rows times columns.
    - `step-matmul-transposed`: one operand is transposed at most.
    - `step-matmul-element`: all three have one element type.
    - `step-matmul-weight`: a weight is a parameter, a derived tensor or a slice of
      one; one operand is a weight at most.

    Gradient: two products of the same kind,

        d_left  = d_result x transpose(right)
        d_right = transpose(left) x d_result

    and for a weight an `rnn.accumulate`.

    Example:

    ```mlir
    rnn.tensor @C state : tensor<4x3xf32>
    rnn.tensor @x input : tensor<3xf32>
    rnn.tensor @W param : tensor<3x2xf32>

    %c = rnn.read @C[1] : tensor<12xf32>
    %x = rnn.read @x : tensor<3xf32>
    %w = rnn.read @W : tensor<3x2xf32>
    %y = rnn.step_matmul %x, %c transposed inner 3
        : tensor<3xf32>, tensor<12xf32> -> tensor<4xf32>
    %o = rnn.step_matmul %y, %x inner 1
        : tensor<4xf32>, tensor<3xf32> -> tensor<12xf32>
    %m = rnn.step_matmul %o, %w inner 3
        : tensor<12xf32>, tensor<3x2xf32> -> tensor<8xf32>
    ```
  }];
  let arguments = (ins Rnn_VectorOrMatrix:$left, UnitAttr:$transposed_left,
                       Rnn_VectorOrMatrix:$right, UnitAttr:$transposed_right,
                       ConfinedAttr<I64Attr, [IntPositive]>:$inner);
  let results = (outs Rnn_Vector:$result);
  let assemblyFormat = [{
    $left (`transposed` $transposed_left^)? `,`
    $right (`transposed` $transposed_right^)? `inner` $inner attr-dict `:`
    type($left) `,` type($right) `->` type($result)
  }];
  let extraClassDeclaration = [{
    /// Rows of `result`.
    int64_t rows() {
      return getLeft().getType().getNumElements() / int64_t(getInner());
    }
    /// Columns of `result`.
    int64_t columns() {
      return getRight().getType().getNumElements() / int64_t(getInner());
    }
    /// Elements that are multiplied, in all.
    double terms() { return double(rows()) * columns() * getInner(); }
    /// True of the product of two vectors that nothing is summed in.
    bool isOuter() { return getInner() == 1; }
  }];
  let hasFolder = 1;
  let hasVerifier = 1;
}

def Rnn_StepTransposeOp : Rnn_ValueOp<"step_transpose",
                                      [SameOperandsAndResultType]> {
  let summary = "swap rows and columns of a matrix that differs from step to step";
  let description = [{
        result[i, o] = operand[o, i]

    Both are the vectors of their rows; `rows` is how many `operand` has.

    Rules:

    - `step-transpose-rows`: `rows` divides the size.

    Gradient: `d_operand = step_transpose(d_result)`, which has the other number of
    rows.

    Example:

    ```mlir
    rnn.tensor @C state : tensor<4x3xf32>

    %c = rnn.read @C[1] : tensor<12xf32>
    %t = rnn.step_transpose %c rows 4 : tensor<12xf32>
    ```
  }];
  let arguments = (ins Rnn_Vector:$operand,
                       ConfinedAttr<I64Attr, [IntPositive]>:$rows);
  let results = (outs Rnn_Vector:$result);
  let assemblyFormat = "$operand `rows` $rows attr-dict `:` type($result)";
  let extraClassDeclaration = [{
    /// Columns of `operand`.
    int64_t columns() { return getType().getDimSize(0) / int64_t(getRows()); }
  }];
  let hasFolder = 1;
  let hasVerifier = 1;
}

def Rnn_SigmoidOp : Rnn_ValueOp<"sigmoid", [SameOperandsAndResultType,
                                            Elementwise]> {
  let summary = "apply the logistic function to each element";
  let description = [{
        result = 1 / (1 + exp(-operand))

    Gradient: `d_operand = d_result * result * (1 - result)`.

    Example:

    ```mlir
    rnn.tensor @x input : tensor<4xf32>

    %x = rnn.read @x : tensor<4xf32>
    %y = rnn.sigmoid %x : tensor<4xf32>
    ```
  }];
  let arguments = (ins AnyTypeOf<[Rnn_Tensor, VectorOfAnyRankOf<[F32, F64]>]>:$operand);
  let results = (outs AnyTypeOf<[Rnn_Tensor, VectorOfAnyRankOf<[F32, F64]>]>:$result);
  let assemblyFormat = "$operand attr-dict `:` type($result)";
}

def Rnn_StopGradientOp : Rnn_ValueOp<"stop_gradient",
                                     [SameOperandsAndResultType, Elementwise]> {
  let summary = "pass a value on, and no gradient back";
  let description = [{
    Gradient: zero.

    Example:

    ```mlir
    rnn.tensor @x input : tensor<4xf32>

    %x = rnn.read @x : tensor<4xf32>
    %y = rnn.stop_gradient %x : tensor<4xf32>
    ```
  }];
  let arguments = (ins Rnn_Tensor:$operand);
  let results = (outs Rnn_Tensor:$result);
  let assemblyFormat = "$operand attr-dict `:` type($result)";
}

def Rnn_SplatOp : Rnn_ValueOp<"splat", [SameOperandsAndResultElementType]> {
  let summary = "repeat a scalar";
  let description = [{
        result[..] = operand

    Gradient: `d_operand = reduce_sum(d_result)`.

    Example:

    ```mlir
    rnn.tensor @s input : tensor<f32>

    %s = rnn.read @s : tensor<f32>
    %y = rnn.splat %s : tensor<f32> -> tensor<4xf32>
    ```
  }];
  let arguments = (ins Rnn_Scalar:$operand);
  let results = (outs Rnn_Tensor:$result);
  let assemblyFormat = "$operand attr-dict `:` type($operand) `->` type($result)";
  let hasFolder = 1;
}

class Rnn_ReduceOp<string mnemonic>
    : Rnn_ValueOp<mnemonic, [SameOperandsAndResultElementType]> {
  let arguments = (ins Rnn_Tensor:$operand);
  let results = (outs Rnn_Scalar:$result);
  let hasFolder = 1;
  let assemblyFormat = "$operand attr-dict `:` type($operand) `->` type($result)";
}

def Rnn_ReduceSumOp : Rnn_ReduceOp<"reduce_sum"> {
  let summary = "add up a vector, in a setup also a matrix";
  let description = [{
        result = sum over i of operand[i]

    Gradient: `d_operand = splat(d_result)`.

    Example:

    ```mlir
    rnn.tensor @x input : tensor<4xf32>

    %x = rnn.read @x : tensor<4xf32>
    %s = rnn.reduce_sum %x : tensor<4xf32> -> tensor<f32>
    ```
  }];
}

def Rnn_ReduceMaxOp : Rnn_ReduceOp<"reduce_max"> {
  let summary = "find the largest element of a vector";
  let description = [{
        result = max over i of operand[i]

    NaN if any element is.

    Gradient: the elements that are the largest share `d_result` evenly.

    Example:

    ```mlir
    rnn.tensor @x input : tensor<4xf32>

    %x = rnn.read @x : tensor<4xf32>
    %m = rnn.reduce_max %x : tensor<4xf32> -> tensor<f32>
    ```
  }];
}

def Rnn_ConcatOp : Rnn_ValueOp<"concat"> {
  let summary = "put vectors, or the rows of matrices, one after the other";
  let description = [{
        result = operands[0] ++ operands[1] ++ ..

    along the first dimension.

    Rules:

    - `concat-sum`: the first dimension of `result` is the sum of the operands'.
    - `concat-rest`: the other dimensions, and the elements, are the same.

    Gradient: `d_operands[k] = slice of d_result`.

    Example:

    ```mlir
    rnn.tensor @a input : tensor<4xf32>
    rnn.tensor @b input : tensor<3xf32>

    %a = rnn.read @a : tensor<4xf32>
    %b = rnn.read @b : tensor<3xf32>
    %y = rnn.concat %a, %b : tensor<4xf32>, tensor<3xf32> -> tensor<7xf32>
    ```
  }];
  let arguments = (ins Variadic<Rnn_Tensor>:$operands);
  let results = (outs Rnn_Tensor:$result);
  let assemblyFormat = "$operands attr-dict `:` type($operands) `->` type($result)";
  let hasVerifier = 1;
}

def Rnn_SliceOp : Rnn_ValueOp<"slice"> {
  let summary = "cut a range out of a vector or a matrix";
  let description = [{
        result[o] = operand[offset + o]
        result[o, i] = operand[offset0 + o, offset1 + i]

    Rules:

    - `slice-inside`: offset + size of `result` lies inside `operand`, in each
      dimension.
    - `slice-rank`: no scalars; one offset per dimension; ranks and elements are
      the same.

    Gradient: concat of zeros, `d_result` and zeros.

    Example:

    ```mlir
    rnn.tensor @x input : tensor<4xf32>
    rnn.tensor @W param : tensor<4x7xf32>

    %x = rnn.read @x : tensor<4xf32>
    %w = rnn.read @W : tensor<4x7xf32>
    %y = rnn.slice %x[2] : tensor<4xf32> -> tensor<2xf32>
    %v = rnn.slice %w[0, 4] : tensor<4x7xf32> -> tensor<4x3xf32>
    ```
  }];
  let arguments = (ins Rnn_Tensor:$operand, DenseI64ArrayAttr:$offsets);
  let results = (outs Rnn_Tensor:$result);
  let assemblyFormat = "$operand `` $offsets attr-dict `:` type($operand) `->` type($result)";
  let hasFolder = 1;
  let hasVerifier = 1;
}

include "dialect/StagedOps.td"
include "dialect/ModelOps.td"

#endif // RNN_OPS_TD
