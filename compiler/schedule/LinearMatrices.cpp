//===- LinearMatrices.cpp - matrices that products take apart -------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "compiler/schedule/LinearMatrices.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/Matchers.h"

using namespace mlir;
using namespace rnn;

bool rnn::isWeight(Value matrix) {
  if (!isMatrix(matrix))
    return false;
  if (auto slice = matrix.getDefiningOp<SliceOp>())
    matrix = slice.getOperand();
  auto read = matrix.getDefiningOp<ReadOp>();
  return read && isParameter(read.declaration().getRole());
}

bool rnn::isFill(Value value) {
  return isa<SplatOp>(value.getDefiningOp()) ||
         matchPattern(value, m_Constant());
}

bool rnn::isLinear(Operation *op) {
  if (isa<arith::MulFOp>(op))
    return isFill(op->getOperand(0)) || isFill(op->getOperand(1));
  if (isa<arith::DivFOp>(op))
    return isFill(op->getOperand(1));
  return isa<arith::AddFOp, arith::SubFOp, arith::NegFOp, TransposeOp, MatmulOp,
             ConcatOp>(op);
}

LinearMatrices::LinearMatrices(Block &body) {
  // In order, so that no chain of operands is followed far.
  for (Operation &op : body)
    if (op.getNumResults() == 1 && isMatrix(op.getResult(0)))
      contains(op.getResult(0));
}

bool LinearMatrices::contains(Value matrix) {
  if (auto it = known.find(matrix); it != known.end())
    return it->second;
  Operation *op = matrix.getDefiningOp();
  bool result =
      isWeight(matrix) || isFill(matrix) ||
      ((isLinear(op) || isa<SliceOp>(op)) &&
       llvm::all_of(op->getOperands(), [&](Value x) { return contains(x); }));
  return known[matrix] = result;
}
