//===- LookupReaders.h - where the rows of a lookup go ----------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef RNNCC_DIALECT_LOOKUPREADERS_H
#define RNNCC_DIALECT_LOOKUPREADERS_H

#include "dialect/ModelOps.h"
#include "llvm/ADT/MapVector.h"
#include "llvm/ADT/SetVector.h"

namespace rnn {

/// What a model makes of the vectors of a lookup.
struct LookupReaders {
  LookupReaders(ModelOp model, LookupOp lookup);

  /// The inputs of cells that read them in each step, one for each run.
  llvm::SmallVector<std::pair<CellOp, llvm::StringRef>> inputs;
  /// The tensors that have them, and whether these have them in reverse.
  llvm::MapVector<llvm::StringRef, bool> vectors;
  /// Their gradients, what turns these around, and their sums.
  llvm::SetVector<llvm::StringRef> gradients;
  /// Nothing else reads the vectors, and the gradients are for the table alone.
  bool areAll = true;

private:
  void followVectors(ModelOp model);
  void followGradients(ModelOp model, LookupOp lookup);
};

} // namespace rnn

#endif // RNNCC_DIALECT_LOOKUPREADERS_H
