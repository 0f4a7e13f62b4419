//===- Files.h - folders of text files --------------------------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SENTIMENT_FILES_H
#define SENTIMENT_FILES_H

#include <string>
#include <vector>

namespace sentiment {

/// All files in `folder` and the folders in it, sorted by name. With a `suffix`
/// only those that end in it, and no links, since folders of the system have
/// the same file under several names. Throws std::runtime_error with a message
/// for the user if a folder cannot be read.
std::vector<std::string> listFiles(const std::string &folder,
                                   const std::string &suffix = "");

/// The bytes of a file. Throws std::runtime_error with a message for the user.
std::string readFile(const std::string &path);

/// The lines of a file, without their ends. Throws like readFile.
std::vector<std::string> readLines(const std::string &path);

/// Writes a file anew, a line each. Throws like readFile.
void writeLines(const std::string &path, const std::vector<std::string> &lines);

} // namespace sentiment

#endif // SENTIMENT_FILES_H
