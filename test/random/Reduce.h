//===- Reduce.h - the smallest text that still fails ------------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef RNNCC_TEST_RANDOM_REDUCE_H
#define RNNCC_TEST_RANDOM_REDUCE_H

#include "mlir/Support/LLVM.h"
#include <string>

namespace rnn {

/// Makes a text smaller as long as `fails` holds: drops functions, statements
/// and names, puts operands or numbers in place of expressions, and shrinks
/// sizes. Whether a smaller text means anything is for `fails` to find out.
std::string reduceText(std::string text,
                       llvm::function_ref<bool(const std::string &)> fails);

} // namespace rnn

#endif // RNNCC_TEST_RANDOM_REDUCE_H
