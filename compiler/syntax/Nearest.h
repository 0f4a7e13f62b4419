//===- Nearest.h - what a wrong word was meant to be ------------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef RNNCC_COMPILER_SYNTAX_NEAREST_H
#define RNNCC_COMPILER_SYNTAX_NEAREST_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"
#include <optional>

namespace rnn {

/// The name among `names` that `wrong` was probably meant to be, or nothing.
std::optional<llvm::StringRef> nearest(llvm::StringRef wrong,
                                       llvm::ArrayRef<llvm::StringRef> names);

} // namespace rnn

#endif // RNNCC_COMPILER_SYNTAX_NEAREST_H
