//===- Text.cpp - a text as numbers ---------------------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Text.h"
#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>
#include <numeric>
#include <stdexcept>

using namespace textgen;

/// Below this, there is nothing to learn and next to nothing to hold out.
static constexpr size_t minBytes = 1000;

static std::string readFile(const std::string &path) {
  std::unique_ptr<FILE, int (*)(FILE *)> file(std::fopen(path.c_str(), "rb"),
                                              std::fclose);
  std::string content;
  char chunk[1 << 16];
  while (file) {
    size_t bytes = std::fread(chunk, 1, sizeof chunk, file.get());
    content.append(chunk, bytes);
    if (std::ferror(file.get()))
      break;
    if (bytes == 0)
      return content;
  }
  throw std::runtime_error("cannot read '" + path +
                           "': " + std::strerror(errno));
}

Text::Text(const std::string &path, int64_t maxSymbols) {
  std::string content = readFile(path);
  if (content.size() < minBytes)
    throw std::runtime_error("'" + path + "' has " +
                             std::to_string(content.size()) +
                             " bytes; a text to learn from needs at least " +
                             std::to_string(minBytes));

  size_t count[256] = {};
  for (unsigned char byte : content)
    ++count[byte];
  int order[256];
  std::iota(order, order + 256, 0);
  std::sort(order, order + 256, [&](int a, int b) {
    return count[a] != count[b] ? count[a] > count[b] : a < b;
  });
  for (int rank = 0; rank < 256; ++rank) {
    int byte = order[rank];
    if (count[byte] == 0)
      symbolOfByte[byte] = -1;
    else
      symbolOfByte[byte] = int32_t(std::min<int64_t>(rank, maxSymbols - 1));
    if (count[byte] != 0 && rank < maxSymbols)
      bytes.push_back(char(byte));
  }

  std::vector<int32_t> all;
  all.reserve(content.size());
  for (unsigned char byte : content)
    all.push_back(symbolOfByte[byte]);
  auto cut = all.end() - ptrdiff_t(all.size() / 20);
  training.assign(all.begin(), cut);
  heldOut.assign(cut, all.end());
}
