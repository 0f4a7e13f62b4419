//===- LinearMatrices.h - matrices that products take apart -----*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A matrix that is linear in parameters, such as `(s * A + B)'`, is never made
// where a vector is multiplied by it: the products with the parameters are
// added up instead. Every other matrix of a scan differs from step to step and
// exists as a value.
//
//===----------------------------------------------------------------------===//

#ifndef RNNCC_COMPILER_SCHEDULE_LINEARMATRICES_H
#define RNNCC_COMPILER_SCHEDULE_LINEARMATRICES_H

#include "dialect/Rnn.h"
#include "llvm/ADT/DenseMap.h"

namespace rnn {

inline bool isMatrix(mlir::Value value) {
  return llvm::cast<mlir::RankedTensorType>(value.getType()).getRank() == 2;
}

/// True for a parameter or derived tensor that is a matrix, or the slice of
/// one.
bool isWeight(mlir::Value matrix);

/// True for a number, known when compiling or not, that fills a tensor.
bool isFill(mlir::Value value);

/// True for an op on matrices whose products are made of products of its
/// operands: a sum, multiple, transpose, product or concatenation.
bool isLinear(mlir::Operation *op);

/// The matrices of a scan that are linear in parameters.
class LinearMatrices {
public:
  explicit LinearMatrices(mlir::Block &body);

  bool contains(mlir::Value matrix);

private:
  llvm::DenseMap<mlir::Value, bool> known;
};

} // namespace rnn

#endif // RNNCC_COMPILER_SCHEDULE_LINEARMATRICES_H
