//===- Diagnostics.cpp - how errors look on the terminal ------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "compiler/Diagnostics.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/Unicode.h"
#include "llvm/Support/raw_ostream.h"

using namespace mlir;
using namespace rnn;
using llvm::StringRef;

static constexpr size_t longestLine = 400, longestMessage = 1000;

DiagnosticPrinter::DiagnosticPrinter(llvm::SourceMgr &sources, StringRef text,
                                     MLIRContext *context)
    : SourceMgrDiagnosticHandler(sources, context), text(text) {
  setHandler([this](Diagnostic &diagnostic) { print(diagnostic); });
}

void DiagnosticPrinter::print(Diagnostic &diagnostic) {
  print(diagnostic.getLocation(), diagnostic.str(), diagnostic.getSeverity());
  for (Diagnostic &note : diagnostic.getNotes())
    print(note.getLocation(), note.str(), note.getSeverity());
}

StringRef DiagnosticPrinter::lineAt(unsigned number) const {
  StringRef rest = text;
  for (unsigned i = 1; i < number && !rest.empty(); ++i)
    rest = rest.drop_until([](char c) { return c == '\n'; }).drop_front();
  return rest.take_until([](char c) { return c == '\n' || c == '\r'; });
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

void DiagnosticPrinter::print(Location loc, StringRef message,
                              DiagnosticSeverity severity) {
  auto place = loc->findInstanceOf<FileLineColLoc>();
  StringRef line = place ? lineAt(place.getLine()) : "";
  bool isAscii = llvm::all_of(line, [](char c) { return llvm::isASCII(c); });
  emitDiagnostic(loc, shortened(message), severity,
                 /*displaySourceLine=*/isAscii && line.size() <= longestLine);
  if (isAscii || line.size() > longestLine || place.getColumn() == 0)
    return;
  // LLVM shows no caret here, since it counts bytes.
  std::string shown = line.str();
  std::replace(shown.begin(), shown.end(), '\t', ' ');
  int width = llvm::sys::unicode::columnWidthUTF8(
      StringRef(shown).take_front(place.getColumn() - 1));
  if (width >= 0)
    llvm::errs() << shown << '\n' << std::string(width, ' ') << "^\n";
}
