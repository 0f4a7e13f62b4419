//===- Setup.h - derive the backward setup of a cell ------------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef RNNCC_COMPILER_AUTODIFF_SETUP_H
#define RNNCC_COMPILER_AUTODIFF_SETUP_H

#include "dialect/Rnn.h"

namespace rnn {

/// Makes the backward setup of a cell that has a forward one, after its
/// backward scan is made.
llvm::LogicalResult differentiateSetup(CellOp cell);

} // namespace rnn

#endif // RNNCC_COMPILER_AUTODIFF_SETUP_H
