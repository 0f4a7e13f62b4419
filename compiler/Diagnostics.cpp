//===- Diagnostics.cpp - how errors look on the terminal ------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "compiler/Diagnostics.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/ConvertUTF.h"
#include "llvm/Support/SourceMgr.h"
#include "llvm/Support/Unicode.h"
#include "llvm/Support/raw_ostream.h"

using namespace mlir;
using namespace rnn;
using llvm::StringRef;

static constexpr size_t longestLine = 400, longestMessage = 1000;

DiagnosticPrinter::DiagnosticPrinter(llvm::SourceMgr &sources,
                                     MLIRContext *context)
    : SourceMgrDiagnosticHandler(sources, context) {
  setHandler([this](Diagnostic &diagnostic) { print(diagnostic); });
}

void DiagnosticPrinter::print(Diagnostic &diagnostic) {
  print(diagnostic.getLocation(), diagnostic.str(), diagnostic.getSeverity());
  for (Diagnostic &note : diagnostic.getNotes())
    print(note.getLocation(), note.str(), note.getSeverity());
}

StringRef DiagnosticPrinter::lineAt(FileLineColLoc place) const {
  StringRef rest;
  for (unsigned id = 1; id <= mgr.getNumBuffers(); ++id)
    if (mgr.getMemoryBuffer(id)->getBufferIdentifier() == place.getFilename())
      rest = mgr.getMemoryBuffer(id)->getBuffer();
  for (unsigned i = 1; i < place.getLine() && !rest.empty(); ++i)
    rest = rest.drop_until([](char c) { return c == '\n'; }).substr(1);
  // A carriage return elsewhere than before the line's end is a character.
  StringRef line = rest.take_until([](char c) { return c == '\n'; });
  line.consume_back("\r");
  return line;
}

/// The beginning and the end, which has the error's name.
static std::string shortened(StringRef message) {
  if (message.size() <= longestMessage)
    return message.str();
  auto isInsideLetter = [&](size_t i) { return (message[i] & 0xC0) == 0x80; };
  size_t head = longestMessage / 2, tail = message.size() - longestMessage / 2;
  while (isInsideLetter(head))
    --head;
  while (isInsideLetter(tail))
    ++tail;
  return (message.take_front(head) + " ... " + message.drop_front(tail)).str();
}

/// The text with '?' for what would not show, or would steer the terminal.
static std::string printable(StringRef text) {
  std::string shown;
  while (!text.empty()) {
    size_t length = llvm::getNumBytesForUTF8(text.front());
    StringRef letter = text.take_front(length);
    int width = llvm::sys::unicode::columnWidthUTF8(letter);
    if (width == llvm::sys::unicode::ErrorInvalidUTF8)
      letter = text.take_front(1);
    if (letter == "\t")
      shown += ' ';
    else if (width < 0)
      shown += '?';
    else
      shown += letter;
    text = text.drop_front(letter.size());
  }
  return shown;
}

void DiagnosticPrinter::print(Location loc, StringRef message,
                              DiagnosticSeverity severity) {
  auto place = loc->findInstanceOf<FileLineColLoc>();
  StringRef line = place ? lineAt(place) : "";
  bool isPlain =
      llvm::all_of(line, [](char c) { return llvm::isPrint(c) || c == '\t'; });
  emitDiagnostic(loc, printable(shortened(message)), severity,
                 /*displaySourceLine=*/isPlain && line.size() <= longestLine);
  if (isPlain || line.size() > longestLine || place.getColumn() == 0)
    return;
  // LLVM shows no caret here, since it counts bytes.
  size_t column = std::min<size_t>(place.getColumn() - 1, line.size());
  std::string before = printable(line.take_front(column));
  int width = llvm::sys::unicode::columnWidthUTF8(before);
  llvm::errs() << before << printable(line.drop_front(column)) << '\n'
               << std::string(width, ' ') << "^\n";
}
