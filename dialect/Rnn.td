//===- Rnn.td - the rnn dialect, its types and enums ------------*- tablegen -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef RNN_TD
#define RNN_TD

include "mlir/IR/OpBase.td"
include "mlir/IR/EnumAttr.td"

def Rnn_Dialect : Dialect {
  let name = "rnn";
  let cppNamespace = "::rnn";
  let summary = "recurrent cells, per example and per step";
  let hasConstantMaterializer = 1;
  let dependentDialects = ["::mlir::arith::ArithDialect"];
  let description = [{
    A cell is a set of named tensors and a *scan*: a region that says what
    happens to one example in one step. Batch and time never appear in a type;
    they appear only when loops are made.

    Values inside a scan are ranked tensors of f32 or f64 with static shapes:
    `tensor<f32>` a scalar, `tensor<128xf32>` a vector, `tensor<128x64xf32>` a
    matrix. Elementwise arithmetic is `arith` and `math` on such tensors; what
    those dialects lack is here.

    The dialect has two forms. In the *flat* form, which the front end makes and
    which autodiff reads and writes, the ops stand directly in the scan. In the
    *staged* form, which the scheduler makes, each scan is a list of `rnn.stage`.
  }];
}

/// What a named tensor of a cell or model is to it.
def Rnn_Role : I32EnumAttr<"Role", "what a tensor is to its cell", [
  I32EnumAttrCase<"input", 0>,            // read, a value per step
  I32EnumAttrCase<"param", 1>,            // read, the same in all steps
  I32EnumAttrCase<"state", 2>,            // written each step, read in later ones
  I32EnumAttrCase<"output", 3>,           // written each step, not a state
  I32EnumAttrCase<"tape", 4>,             // saved by forward, read by backward
  I32EnumAttrCase<"output_gradient", 5>,  // read by backward: d loss / d output
  I32EnumAttrCase<"input_gradient", 6>,   // written by backward: d loss / d input
  I32EnumAttrCase<"carry", 7>,            // state of backward: d loss / d state
  I32EnumAttrCase<"derived", 8>,          // made of parameters, read like one
  I32EnumAttrCase<"derived_gradient", 9>, // d loss / d derived, or made of such
  // Of models alone:
  I32EnumAttrCase<"target", 10>,          // read, has no gradient
  I32EnumAttrCase<"loss", 11>,            // written: to be averaged and made small
  I32EnumAttrCase<"metric", 12>,          // written: to be averaged and shown
  I32EnumAttrCase<"value", 13>            // what runs pass on to each other
]> {
  let cppNamespace = "::rnn";
}

/// When a stage runs.
def Rnn_Phase : I32EnumAttr<"Phase", "when a stage runs", [
  I32EnumAttrCase<"before", 0>,  // for all steps at once, before the loop
  I32EnumAttrCase<"step", 1>,    // in each step of the loop
  I32EnumAttrCase<"after", 2>    // for all steps at once, after the loop
]> {
  let cppNamespace = "::rnn";
}

/// What becomes of the average of a metric.
def Rnn_Finish : I32EnumAttr<"Finish", "what becomes of an average", [
  I32EnumAttrCase<"mean", 0>,     // it stays
  I32EnumAttrCase<"exp_mean", 1>  // exp of it
]> {
  let cppNamespace = "::rnn";
}

def Rnn_Element : FloatOfWidths<[32, 64]>;

/// Every size is one that the language has: sums of two cannot overflow.
def Rnn_SizesPred : CPred<[{
  ::llvm::all_of(::llvm::cast<::mlir::ShapedType>($_self).getShape(),
                 [](int64_t size) { return size >= 1 && size <= INT32_MAX; })
}]>;

/// A number of steps back, as in `h[t-1]`.
def Rnn_Delay : ConfinedAttr<I64Attr, [IntMinValue<1>, IntMaxValue<1000>]>;

/// What one example has in one step. Sizes are known when compiling.
def Rnn_Tensor : RankedTensorOf<[F32, F64],
    [Rnn_SizesPred, HasAnyRankOfPred<[0, 1, 2]>], "static tensor">;
def Rnn_Scalar : RankedTensorOf<[F32, F64],
    [Rnn_SizesPred, HasAnyRankOfPred<[0]>], "scalar">;
def Rnn_Vector : RankedTensorOf<[F32, F64],
    [Rnn_SizesPred, HasAnyRankOfPred<[1]>], "static vector">;
def Rnn_Matrix : RankedTensorOf<[F32, F64],
    [Rnn_SizesPred, HasAnyRankOfPred<[2]>], "static matrix">;
def Rnn_VectorOrMatrix : RankedTensorOf<[F32, F64],
    [Rnn_SizesPred, HasAnyRankOfPred<[1, 2]>], "static vector or matrix">;
/// Of a model, also an index.
def Rnn_Named : AnyTypeOf<[Rnn_Tensor, RankedTensorOf<[I32],
    [HasAnyRankOfPred<[0]>], "index">]>;
def Rnn_Lanes : RankedTensorOf<[F32, F64],
    [Rnn_SizesPred, HasAnyRankOfPred<[0, 1]>], "scalar or static vector">;

#endif // RNN_TD
