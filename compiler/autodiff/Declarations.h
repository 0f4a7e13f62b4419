//===- Declarations.h - what a backward scan reads and writes ---*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef RNNCC_COMPILER_AUTODIFF_DECLARATIONS_H
#define RNNCC_COMPILER_AUTODIFF_DECLARATIONS_H

#include "dialect/Rnn.h"
#include <map>
#include <string>

namespace rnn {

/// Carries by state and delay; ordered as declared.
using Carries = std::map<std::pair<std::string, int64_t>, TensorOp>;

/// Declares the gradients of outputs and inputs, and the carries. Every state
/// gets a carry for each delay at which it is read, and one for the longest
/// even if nobody reads it: the caller's gradient of the final state enters
/// through them.
Carries declareGradients(CellOp cell);

/// Declares a tensor of the tape for a value of the forward scan.
TensorOp declareTape(mlir::OpBuilder &b, mlir::Value value,
                     llvm::StringRef name);

} // namespace rnn

#endif // RNNCC_COMPILER_AUTODIFF_DECLARATIONS_H
