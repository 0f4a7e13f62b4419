//===- Output.h - files that are whole or not there -------------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef RNNCC_COMPILER_OUTPUT_OUTPUT_H
#define RNNCC_COMPILER_OUTPUT_OUTPUT_H

#include "llvm/Support/Error.h"
#include "llvm/Support/raw_ostream.h"

namespace rnn {

/// Writes a file aside and renames it when all of it is on the disk: whatever
/// happens, the file is the old one or the new one. `-` is standard output;
/// devices and pipes are written to as they are. Errors name the path.
llvm::Error writeFile(llvm::StringRef path,
                      llvm::function_ref<void(llvm::raw_ostream &)> content);

} // namespace rnn

#endif // RNNCC_COMPILER_OUTPUT_OUTPUT_H
