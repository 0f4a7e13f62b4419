//===- Text.h - places in a text ---------------------------------*- C++
//-*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A text and its places in three forms: byte offsets, which all else here uses;
// the editor's lines and UTF-16 units, counted from 0; the compiler's lines and
// bytes, counted from 1.
//
//===----------------------------------------------------------------------===//

#ifndef RNNCC_COMPILER_LSP_TEXT_H
#define RNNCC_COMPILER_LSP_TEXT_H

#include "mlir/IR/Location.h"
#include "llvm/Support/LSP/Protocol.h"
#include <string>
#include <vector>

namespace rnn::lsp {

/// Bytes of a text, `end` not included.
struct Span {
  size_t begin = 0;
  size_t end = 0;
};

class Text {
public:
  explicit Text(std::string text);

  llvm::StringRef str() const { return bytes; }
  llvm::StringRef piece(Span span) const {
    return str().slice(span.begin, span.end);
  }

  llvm::lsp::Position positionOf(size_t offset) const;
  llvm::lsp::Range rangeOf(Span span) const {
    return {positionOf(span.begin), positionOf(span.end)};
  }
  /// A place that is not in the text gives the nearest one that is.
  size_t offsetOf(const llvm::lsp::Position &position) const;
  size_t offsetOf(mlir::Location loc) const;

private:
  size_t unitsBefore(size_t offset) const;

  std::string bytes;
  /// UTF-16 units before each multiple of `stride`, so that long lines are
  /// quick.
  std::vector<size_t> unitsBeforeStride;
  /// Where lines start. An editor ends them at "\r" too, the compiler does not.
  std::vector<size_t> editorLines, compilerLines;
};

} // namespace rnn::lsp

#endif // RNNCC_COMPILER_LSP_TEXT_H
