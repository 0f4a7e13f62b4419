//===- Files.h - files that are whole or as they were -----------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef RNNCC_RUNTIME_TRAIN_FILES_H
#define RNNCC_RUNTIME_TRAIN_FILES_H

#include <string>
#include <string_view>
#include <vector>

namespace rnn::train {

/// Writes the parts as one file: aside (PATH.tmp), synced, renamed. Throws
/// Failure, and leaves PATH as it was, if that does not work.
void writeFile(const std::string &path,
               const std::vector<std::string_view> &parts);

/// The bytes of a file. Throws Failure if it cannot be read.
std::string readFile(const std::string &path);

/// True if there is something at `path`.
bool exists(const std::string &path);

} // namespace rnn::train

#endif // RNNCC_RUNTIME_TRAIN_FILES_H
