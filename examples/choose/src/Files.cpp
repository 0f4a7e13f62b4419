//===- Files.cpp - reading and writing of files ---------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Files.h"
#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <memory>
#include <stdexcept>
#include <thread>

using namespace choose;
namespace fs = std::filesystem;

using File = std::unique_ptr<std::FILE, int (*)(std::FILE *)>;

void choose::fail(const std::string &place, const std::string &what) {
  throw std::runtime_error(place + ": " + what);
}

std::vector<std::string> choose::listFiles(const std::string &folder) {
  std::vector<std::string> files;
  std::error_code error;
  fs::recursive_directory_iterator entry(folder, error), end;
  for (; !error && entry != end; entry.increment(error))
    if (!entry->is_directory(error))
      files.push_back(entry->path());
  if (error)
    fail(folder, error.message());
  std::sort(files.begin(), files.end());
  return files;
}

std::string choose::readFile(const std::string &path) {
  // Not a stream: those do not tell an error of reading from the end.
  File file(std::fopen(path.c_str(), "rb"), std::fclose);
  if (!file)
    fail(path, std::strerror(errno));
  std::string bytes;
  char buffer[1 << 16];
  while (size_t count = std::fread(buffer, 1, sizeof buffer, file.get()))
    bytes.append(buffer, count);
  if (std::ferror(file.get()))
    fail(path, std::strerror(errno));
  return bytes;
}

std::vector<std::string> choose::linesOf(const std::string &text) {
  std::vector<std::string> lines;
  for (size_t at = 0; at < text.size();) {
    size_t end = std::min(text.find('\n', at), text.size());
    size_t last = end > at && text[end - 1] == '\r' ? end - 1 : end;
    lines.push_back(text.substr(at, last - at));
    at = end + 1;
  }
  return lines;
}

void choose::checkWritable(const std::string &path) {
  if (!File(std::fopen(path.c_str(), "ab"), std::fclose))
    fail(path, std::strerror(errno));
}

void choose::writeFile(const std::string &path, const std::string &text) {
  File file(std::fopen(path.c_str(), "wb"), std::fclose);
  if (!file ||
      std::fwrite(text.data(), 1, text.size(), file.get()) != text.size() ||
      std::fflush(file.get()))
    fail(path, std::strerror(errno));
}

/// The signals that are to end the program; nohup and the like ignore some.
static sigset_t endingSignals() {
  sigset_t signals;
  sigemptyset(&signals);
  for (int signal : {SIGINT, SIGTERM, SIGHUP}) {
    struct sigaction action;
    if (sigaction(signal, nullptr, &action) == 0 &&
        action.sa_handler != SIG_IGN)
      sigaddset(&signals, signal);
  }
  return signals;
}

/// Waits for one of `signals`, removes the folder, and lets the signal end the
/// program. Handlers of signals may not remove files: this is for a thread.
static void removeAtSignal(const std::string &folder, sigset_t signals) {
  int signal;
  while (sigwait(&signals, &signal))
    ;
  // What is still at work may put one more file there.
  std::error_code error;
  for (int i = 0; i < 1000 && fs::exists(folder, error); ++i)
    fs::remove_all(folder, error);
  std::signal(signal, SIG_DFL);
  pthread_sigmask(SIG_UNBLOCK, &signals, nullptr);
  std::raise(signal);
}

TemporaryFolder::TemporaryFolder() {
  sigset_t signals = endingSignals();
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  std::string pattern = fs::temp_directory_path() / "choose-XXXXXX";
  if (!mkdtemp(pattern.data()))
    fail(pattern, std::strerror(errno));
  folder = pattern;
  std::thread(removeAtSignal, folder, signals).detach();
}

TemporaryFolder::~TemporaryFolder() {
  std::error_code ignored;
  fs::remove_all(folder, ignored);
}
