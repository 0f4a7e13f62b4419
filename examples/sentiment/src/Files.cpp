//===- Files.cpp - folders of text files ----------------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Files.h"
#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <memory>
#include <sstream>
#include <stdexcept>

using namespace sentiment;
namespace fs = std::filesystem;

[[noreturn]] static void fail(const std::string &path) {
  throw std::runtime_error(path + ": " + std::strerror(errno));
}

static bool endsWith(const std::string &text, const std::string &suffix) {
  return text.size() >= suffix.size() &&
         text.compare(text.size() - suffix.size(), suffix.size(), suffix) == 0;
}

std::vector<std::string> sentiment::listFiles(const std::string &folder,
                                              const std::string &suffix) {
  std::vector<std::string> files;
  std::error_code error;
  fs::recursive_directory_iterator entry(folder, error), end;
  for (; !error && entry != end; entry.increment(error)) {
    bool wanted = suffix.empty() ? !entry->is_directory(error)
                                 : endsWith(entry->path(), suffix) &&
                                       !entry->is_symlink(error) &&
                                       entry->is_regular_file(error);
    if (wanted)
      files.push_back(entry->path());
  }
  if (error)
    throw std::runtime_error(folder + ": " + error.message());
  std::sort(files.begin(), files.end());
  return files;
}

std::string sentiment::readFile(const std::string &path) {
  // Not a stream: those do not tell an error of reading from the end.
  std::unique_ptr<std::FILE, int (*)(std::FILE *)> file(
      std::fopen(path.c_str(), "rb"), std::fclose);
  if (!file)
    fail(path);
  std::string bytes;
  char buffer[1 << 16];
  while (size_t count = std::fread(buffer, 1, sizeof buffer, file.get()))
    bytes.append(buffer, count);
  if (std::ferror(file.get()))
    fail(path);
  return bytes;
}

std::vector<std::string> sentiment::readLines(const std::string &path) {
  std::istringstream stream(readFile(path));
  std::vector<std::string> lines;
  for (std::string line; std::getline(stream, line);)
    lines.push_back(line);
  return lines;
}

void sentiment::writeLines(const std::string &path,
                           const std::vector<std::string> &lines) {
  std::ofstream stream(path, std::ios::binary);
  for (const std::string &line : lines)
    stream << line << '\n';
  if (!stream.flush())
    fail(path);
}
