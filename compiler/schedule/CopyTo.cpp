//===- CopyTo.cpp - values for another stage ------------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "compiler/schedule/CopyTo.h"

using namespace mlir;

Value rnn::copyTo(OpBuilder &b, Value value, Block &from, IRMapping &mapping) {
  Operation *def = value.getDefiningOp();
  if (def->getBlock() != &from)
    return value;
  if (!mapping.contains(value)) {
    for (Value operand : def->getOperands())
      mapping.map(operand, copyTo(b, operand, from, mapping));
    b.clone(*def, mapping);
  }
  return mapping.lookup(value);
}
