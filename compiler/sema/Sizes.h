//===- Sizes.h - size expressions -------------------------------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef RNNCC_COMPILER_SEMA_SIZES_H
#define RNNCC_COMPILER_SEMA_SIZES_H

#include "compiler/sema/Report.h"
#include "llvm/ADT/STLFunctionalExtras.h"

namespace rnn {

/// Gives the value of a name in a size expression, or reports why it has none.
using SizeLookup =
    llvm::function_ref<std::optional<int64_t>(const syntax::Expr &)>;

/// The value of a whole-number expression, or nothing after an error.
std::optional<int64_t> evaluateSize(const syntax::Expr &expr, SizeLookup lookup,
                                    Reporter &reporter);

/// True if `value` can be a size; else reports it. `what` is how the user
/// wrote it.
bool checkSize(int64_t value, const llvm::Twine &what, mlir::Location loc,
               Reporter &reporter);

/// True if a shape of these sizes has no more elements than a size may be: a
/// matrix that differs from step to step is the vector of its rows.
bool checkElements(llvm::ArrayRef<int64_t> shape, const llvm::Twine &what,
                   mlir::Location loc, Reporter &reporter);

} // namespace rnn

#endif // RNNCC_COMPILER_SEMA_SIZES_H
