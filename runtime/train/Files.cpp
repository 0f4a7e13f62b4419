//===- Files.cpp - files that are whole or as they were -------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/train/Files.h"
#include "runtime/train/Failure.h"
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

using namespace rnn::train;

namespace {
/// A file descriptor that is closed at the end.
struct File {
  explicit File(int fd) : fd(fd) {}
  File(const File &) = delete;
  ~File() { close(); }

  /// 0, or -1 with errno.
  int close() {
    int open = fd;
    fd = -1;
    return open < 0 ? 0 : ::close(open);
  }
  int fd;
};
} // namespace

/// Writes all bytes; false with errno if that fails.
static bool writeAll(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    ssize_t written = ::write(fd, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR)
      continue;
    if (written < 0)
      return false;
    bytes.remove_prefix(size_t(written));
  }
  return true;
}

/// Makes a rename in the folder of `path` last beyond a power failure. Some
/// file systems cannot; the file is whole all the same.
static void syncFolder(const std::string &path) {
  size_t slash = path.rfind('/');
  std::string folder = slash == std::string::npos ? "."
                       : slash == 0               ? "/"
                                                  : path.substr(0, slash);
  File file(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (file.fd >= 0)
    (void)::fsync(file.fd);
}

void rnn::train::writeFile(const std::string &path,
                           const std::vector<std::string_view> &parts) {
  // One name, so that a killed process leaves at most one such file behind.
  std::string aside = path + ".tmp";
  auto giveUp = [&](const char *what) {
    int error = errno;
    ::unlink(aside.c_str());
    fail(RNNCC_TRAIN_BAD_FILE, "cannot write '", path, "': ", what,
         std::strerror(error));
  };
  File file(
      ::open(aside.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666));
  if (file.fd < 0)
    fail(RNNCC_TRAIN_BAD_FILE, "cannot write '", path, "': cannot create '",
         aside, "': ", std::strerror(errno));
  for (std::string_view part : parts)
    if (!writeAll(file.fd, part))
      giveUp("");
  if (::fsync(file.fd) != 0)
    giveUp("");
  if (file.close() != 0)
    giveUp("");
  if (::rename(aside.c_str(), path.c_str()) != 0)
    giveUp("cannot rename what was written: ");
  syncFolder(path);
}

std::string rnn::train::readFile(const std::string &path) {
  auto giveUp = [&] {
    fail(RNNCC_TRAIN_BAD_FILE, "cannot read '", path,
         "': ", std::strerror(errno));
  };
  File file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  struct stat status;
  if (file.fd < 0 || ::fstat(file.fd, &status) != 0)
    giveUp();
  std::string bytes;
  bytes.reserve(size_t(status.st_size));
  for (char buffer[1 << 16];;) {
    ssize_t count = ::read(file.fd, buffer, sizeof buffer);
    if (count < 0 && errno == EINTR)
      continue;
    if (count < 0)
      giveUp();
    if (count == 0)
      return bytes;
    bytes.append(buffer, size_t(count));
  }
}

bool rnn::train::exists(const std::string &path) {
  struct stat status;
  return ::stat(path.c_str(), &status) == 0;
}
