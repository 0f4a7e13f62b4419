//===- Setup.h - a setup as loops -------------------------------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef RNNCC_COMPILER_LOWER_SETUP_H
#define RNNCC_COMPILER_LOWER_SETUP_H

#include "compiler/lower/Code.h"
#include "dialect/Rnn.h"

namespace rnn {

/// Where the elements of a named tensor are.
using PlaceOf = llvm::function_ref<mlir::Value(TensorOp)>;

/// Emits a setup in lowered form. `place` tells where what it reads and writes
/// is, `gradient` where it adds to, which may be NULL when running. Arrays may
/// end with their last element.
void emitSetup(Code &code, SetupOp setup, PlaceOf place,
               PlaceOf gradient = nullptr);

} // namespace rnn

#endif // RNNCC_COMPILER_LOWER_SETUP_H
