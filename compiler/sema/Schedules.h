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

/// Makes the directives of the cell's schedules, with the cell's sizes.
void addSchedules(llvm::ArrayRef<syntax::Schedule> schedules, Scope &scope,
                  mlir::OpBuilder &builder);

} // namespace rnn

#endif // RNNCC_COMPILER_SEMA_SCHEDULES_H
