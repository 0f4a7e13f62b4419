//===- Print.h - a tree as text ---------------------------------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef RNNCC_TEST_RANDOM_PRINT_H
#define RNNCC_TEST_RANDOM_PRINT_H

#include "compiler/syntax/Ast.h"
#include <string>

namespace rnn {

/// A text that parses to the same tree, without its comments.
std::string textOf(const syntax::File &file);

} // namespace rnn

#endif // RNNCC_TEST_RANDOM_PRINT_H
