//===- StepProducts.h - products of matrices of a step ----------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A vector of the result at a time, as elementwise code wants it.
//
//===----------------------------------------------------------------------===//

#ifndef RNNCC_COMPILER_LOWER_STEPPRODUCTS_H
#define RNNCC_COMPILER_LOWER_STEPPRODUCTS_H

#include "compiler/lower/Code.h"
#include "dialect/Rnn.h"

namespace rnn {

/// A matrix in memory, as it stands: `pitch` elements from row to row.
struct StoredMatrix {
  mlir::Value base;
  int64_t pitch;
};

/// The elements of the result from `unit` on. What lies past its end is some
/// value; nothing outside of the operands is read.
mlir::Value emitStepMatmul(Code &code, StepMatmulOp op, StoredMatrix left,
                           StoredMatrix right, mlir::Value unit);
mlir::Value emitStepTranspose(Code &code, StepTransposeOp op,
                              mlir::Value operand, mlir::Value unit);

} // namespace rnn

#endif // RNNCC_COMPILER_LOWER_STEPPRODUCTS_H
