//===- Server.h - the language server of .rnn files -------------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef RNNCC_COMPILER_LSP_SERVER_H
#define RNNCC_COMPILER_LSP_SERVER_H

#include "compiler/sema/Sema.h"
#include <cstdio>

namespace rnn::lsp {

/// Speaks the language server protocol on `in` and `out` until the editor says
/// exit. `given` are sizes for the cells of all files. True if it ended as the
/// protocol wants: shutdown, then exit.
bool serve(std::FILE *in, llvm::raw_ostream &out, llvm::ArrayRef<Setting> given,
           llvm::StringRef version);

} // namespace rnn::lsp

#endif // RNNCC_COMPILER_LSP_SERVER_H
