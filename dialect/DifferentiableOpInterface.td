//===- DifferentiableOpInterface.td - derivative rules ----------*- tablegen -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef RNN_DIFFERENTIABLE_OP_INTERFACE_TD
#define RNN_DIFFERENTIABLE_OP_INTERFACE_TD

include "mlir/IR/OpBase.td"

def DifferentiableOpInterface : OpInterface<"DifferentiableOpInterface"> {
  let cppNamespace = "::rnn";
  let description = [{
    The derivative rule of an op: how the gradient of its result becomes
    gradients of its operands. Ops of `arith` and `math` get theirs in
    `dialect/Derivatives.cpp`.
  }];
  let methods = [InterfaceMethod<[{
      Builds the gradients of the operands from `gradient`, that of the only
      result, with `builder`. A value of the forward scan is used through
      `pullback.primal(value)` only, so that just what is asked for is saved;
      each operand's share is handed to `pullback.give(operand, share)`. An
      operand that gets nothing has gradient zero.
    }], "void", "pullback",
    (ins "::mlir::OpBuilder &":$builder, "::mlir::Value":$gradient,
         "::rnn::Pullback &":$pullback)>];
}

#endif // RNN_DIFFERENTIABLE_OP_INTERFACE_TD
