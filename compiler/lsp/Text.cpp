//===- Text.cpp - places in a text ----------------------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "compiler/lsp/Text.h"
#include "llvm/ADT/STLExtras.h"

using namespace rnn::lsp;
using llvm::StringRef;

/// UTF-16 units that the character with this byte has; 0 for all but its first.
static unsigned unitsAt(char byte) {
  auto code = static_cast<unsigned char>(byte);
  if ((code & 0xC0) == 0x80)
    return 0;
  return code >= 0xF0 ? 2 : 1;
}

static constexpr size_t stride = 512;

Text::Text(std::string text) : bytes(std::move(text)) {
  size_t units = 0;
  editorLines.push_back(0);
  compilerLines.push_back(0);
  for (size_t i = 0; i < bytes.size(); ++i) {
    if (i % stride == 0)
      unitsBeforeStride.push_back(units);
    units += unitsAt(bytes[i]);
    bool newline = bytes[i] == '\n';
    bool alone =
        bytes[i] == '\r' && (i + 1 == bytes.size() || bytes[i + 1] != '\n');
    if (newline || alone)
      editorLines.push_back(i + 1);
    if (newline)
      compilerLines.push_back(i + 1);
  }
}

size_t Text::unitsBefore(size_t offset) const {
  if (offset == 0)
    return 0;
  size_t i = (offset - 1) / stride;
  size_t units = unitsBeforeStride[i];
  for (i *= stride; i < offset; ++i)
    units += unitsAt(bytes[i]);
  return units;
}

llvm::lsp::Position Text::positionOf(size_t offset) const {
  offset = std::min(offset, bytes.size());
  size_t line = llvm::upper_bound(editorLines, offset) - editorLines.begin();
  size_t start = editorLines[line - 1];
  return {int(line - 1), int(unitsBefore(offset) - unitsBefore(start))};
}

size_t Text::offsetOf(const llvm::lsp::Position &position) const {
  if (position.line < 0)
    return 0;
  if (size_t(position.line) >= editorLines.size())
    return bytes.size();
  size_t offset = editorLines[position.line];
  int units = std::max(position.character, 0);
  while (offset < bytes.size() && bytes[offset] != '\n' &&
         bytes[offset] != '\r') {
    units -= unitsAt(bytes[offset]);
    // The bytes that follow the first one of a character go with it.
    if (units < 0)
      break;
    ++offset;
  }
  return offset;
}

size_t Text::offsetOf(mlir::Location loc) const {
  auto place = llvm::dyn_cast<mlir::FileLineColLoc>(loc);
  if (!place || place.getLine() == 0 ||
      place.getLine() > compilerLines.size() || place.getColumn() == 0)
    return 0;
  return std::min(compilerLines[place.getLine() - 1] + place.getColumn() - 1,
                  bytes.size());
}
