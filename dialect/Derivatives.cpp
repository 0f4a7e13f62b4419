//===- Derivatives.cpp - the derivative rule of each op -------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "dialect/Rnn.h"

using namespace mlir;
using namespace rnn;

void MatvecOp::pullback(OpBuilder &builder, Value gradient, Pullback &pullback) {}
void SigmoidOp::pullback(OpBuilder &builder, Value gradient, Pullback &pullback) {}
void StopGradientOp::pullback(OpBuilder &, Value, Pullback &) {}
void SplatOp::pullback(OpBuilder &builder, Value gradient, Pullback &pullback) {}
void ReduceSumOp::pullback(OpBuilder &builder, Value gradient, Pullback &pullback) {}
void ConcatOp::pullback(OpBuilder &builder, Value gradient, Pullback &pullback) {}
void SliceOp::pullback(OpBuilder &builder, Value gradient, Pullback &pullback) {}

void rnn::registerDerivatives(DialectRegistry &registry) {}
