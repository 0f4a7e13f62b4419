//===- Report.cpp - errors with causes and a cure -------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "compiler/sema/Report.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/raw_ostream.h"

using namespace mlir;
using namespace rnn;

Report Reporter::show(Location loc, DiagnosticSeverity severity) {
  constexpr unsigned most = 20;
  unsigned &number = shown[severity == DiagnosticSeverity::Error];
  if (number > most || !places.insert(loc).second)
    return Report();
  if (++number <= most)
    return Report(loc.getContext()->getDiagEngine().emit(loc, severity));
  if (severity == DiagnosticSeverity::Error)
    emitError(loc)
        << "too many errors, the rest is not shown [too-many-errors]";
  return Report();
}

Report Reporter::error(Location loc) {
  ++count;
  Report report = show(loc, DiagnosticSeverity::Error);
  if (!context.empty())
    report.note(*contextLoc, context);
  return report;
}

Report Reporter::warning(Location loc) {
  if (warningsAreErrors)
    return error(loc);
  return show(loc, DiagnosticSeverity::Warning);
}

bool Report::suggest(Location loc, StringRef wrong,
                     llvm::function_ref<llvm::SmallVector<StringRef>()> names) {
  if (!error)
    return true;
  auto meant = nearest(wrong, names());
  if (meant)
    note(loc, "did you mean '" + *meant + "'?");
  return meant.has_value();
}

std::string rnn::quoted(const syntax::Expr &expr) {
  constexpr size_t longest = 40;
  std::string text = "'";
  for (char c : expr.source.take_front(longest)) {
    bool blank = c == '\n' || c == '\r' || c == '\t' || c == ' ';
    if (!blank)
      text += c;
    else if (text.back() != ' ')
      text += ' ';
  }
  return text + (expr.source.size() > longest ? " ..'" : "'");
}

std::string rnn::shapeText(ArrayRef<int64_t> shape) {
  if (shape.empty())
    return "a scalar";
  std::string text;
  llvm::raw_string_ostream os(text);
  os << '[';
  llvm::interleaveComma(shape, os);
  os << ']';
  return text;
}
