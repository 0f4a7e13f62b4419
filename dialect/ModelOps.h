//===- ModelOps.h - what the ops of models touch ----------------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef RNNCC_DIALECT_MODELOPS_H
#define RNNCC_DIALECT_MODELOPS_H

#include "dialect/Rnn.h"

namespace rnn {

/// The tensors of a model that one of its ops reads and writes; parameters, to
/// whose gradients backward adds, are not among them.
struct ModelAccess {
  llvm::SmallVector<llvm::StringRef> reads, writes;
};
ModelAccess accessOf(mlir::Operation *op);

} // namespace rnn

#endif // RNNCC_DIALECT_MODELOPS_H
