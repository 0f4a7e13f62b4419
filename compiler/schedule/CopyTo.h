//===- CopyTo.h - values for another stage ----------------------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef RNNCC_COMPILER_SCHEDULE_COPYTO_H
#define RNNCC_COMPILER_SCHEDULE_COPYTO_H

#include "mlir/IR/Builders.h"
#include "mlir/IR/IRMapping.h"

namespace rnn {

/// A value of the stage with the block `from`, for the stage where `b` stands:
/// what the old stage made itself is made again, once for each `mapping`.
mlir::Value copyTo(mlir::OpBuilder &b, mlir::Value value, mlir::Block &from,
                   mlir::IRMapping &mapping);

} // namespace rnn

#endif // RNNCC_COMPILER_SCHEDULE_COPYTO_H
