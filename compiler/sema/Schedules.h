//===- Schedules.h - schedules to rnn.schedule ops --------------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef RNNCC_COMPILER_SEMA_SCHEDULES_H
#define RNNCC_COMPILER_SEMA_SCHEDULES_H

#include "compiler/sema/Scope.h"

namespace rnn {

/// Reports schedules of cells that the file does not have, and second schedules
/// of one cell for one target.
void checkSchedules(const syntax::File &file, Reporter &reporter);

/// Reports schedules of parts that the models in the module do not have.
void checkPartSchedules(const syntax::File &file, mlir::ModuleOp module,
                        Reporter &reporter);

/// Makes the directives of the schedules of a cell or a part of a model, with
/// the sizes of its text. One of the part counts before one of its cell for the
/// same target.
void addSchedules(llvm::ArrayRef<syntax::Schedule> schedules,
                  llvm::StringRef part, Scope &scope, mlir::OpBuilder &builder);

} // namespace rnn

#endif // RNNCC_COMPILER_SEMA_SCHEDULES_H
