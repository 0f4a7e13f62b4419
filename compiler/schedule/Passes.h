//===- Passes.h - what runs when and where ----------------------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef RNNCC_COMPILER_SCHEDULE_PASSES_H
#define RNNCC_COMPILER_SCHEDULE_PASSES_H

#include "dialect/Rnn.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Pass/Pass.h"

namespace rnn {
#define GEN_PASS_DECL
#include "compiler/schedule/Passes.h.inc"

#define GEN_PASS_REGISTRATION
#include "compiler/schedule/Passes.h.inc"

/// True if a value depends on an earlier step of its scan: on a state in a
/// forward scan, on a carry in a backward one.
bool isLooped(mlir::Value value);

} // namespace rnn

#endif // RNNCC_COMPILER_SCHEDULE_PASSES_H
