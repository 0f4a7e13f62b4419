//===- Files.h - reading and writing of files -------------------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef CHOOSE_FILES_H
#define CHOOSE_FILES_H

#include <string>
#include <vector>

namespace choose {

/// Ends what is being done with a message that begins with its place: a file,
/// or file:line.
[[noreturn]] void fail(const std::string &place, const std::string &what);

/// All files in `folder` and the folders in it, sorted by name. Throws
/// std::runtime_error if a folder cannot be read.
std::vector<std::string> listFiles(const std::string &folder);

/// The bytes of a file. Throws std::runtime_error.
std::string readFile(const std::string &path);

/// The lines of `text`, without their ends.
std::vector<std::string> linesOf(const std::string &text);

/// Throws std::runtime_error if `path` cannot be written. Leaves it as it is.
void checkWritable(const std::string &path);

/// Writes a file anew. Throws std::runtime_error.
void writeFile(const std::string &path, const std::string &text);

/// A folder for files that are not kept; gone with this object, and before a
/// signal ends the program (SIGINT, SIGTERM, SIGHUP). From the first one on,
/// threads that are started take none of these; so make it before others.
class TemporaryFolder {
public:
  TemporaryFolder();
  ~TemporaryFolder();
  TemporaryFolder(const TemporaryFolder &) = delete;
  TemporaryFolder &operator=(const TemporaryFolder &) = delete;

  const std::string &path() const { return folder; }

private:
  std::string folder;
};

} // namespace choose

#endif // CHOOSE_FILES_H
