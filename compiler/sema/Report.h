//===- Report.h - errors with causes and a cure -----------------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef RNNCC_COMPILER_SEMA_REPORT_H
#define RNNCC_COMPILER_SEMA_REPORT_H

#include "compiler/syntax/Ast.h"
#include "compiler/syntax/Nearest.h"
#include "mlir/IR/Diagnostics.h"
#include "llvm/ADT/DenseSet.h"
#include <optional>
#include <string>

namespace rnn {

/// An error or a warning on its way out: text is streamed in, notes follow. One
/// that repeats an earlier error takes both and shows nothing.
class Report {
public:
  Report() = default;
  explicit Report(mlir::InFlightDiagnostic error) : error(std::move(error)) {}

  template <typename T> Report &operator<<(T &&part) {
    if (error)
      *error << std::forward<T>(part);
    return *this;
  }
  Report &note(mlir::Location loc, const llvm::Twine &text) {
    if (error)
      error->attachNote(loc) << text;
    return *this;
  }
  /// Asks `did you mean ..?` if one of the names is near. True if there is
  /// nothing to add: it has asked, or the report shows nothing.
  bool suggest(mlir::Location loc, llvm::StringRef wrong,
               llvm::function_ref<llvm::SmallVector<llvm::StringRef>()> names);

private:
  std::optional<mlir::InFlightDiagnostic> error;
};

/// Hands out reports: one for each place, so that the body of a function that
/// is wrong in the same way in every call is reported once; and no more than
/// anybody reads.
class Reporter {
public:
  explicit Reporter(bool warningsAreErrors = false)
      : warningsAreErrors(warningsAreErrors) {}

  Report error(mlir::Location loc);
  Report warning(mlir::Location loc);
  /// Says of all errors from here on what led to their place; "" of none.
  void setContext(mlir::Location loc, std::string text) {
    contextLoc = loc;
    context = std::move(text);
  }
  /// Of errors, and of warnings where they count as errors.
  unsigned errorCount() const { return count; }

private:
  Report show(mlir::Location loc, mlir::DiagnosticSeverity severity);

  llvm::DenseSet<mlir::Location> places;
  std::optional<mlir::Location> contextLoc;
  std::string context;
  unsigned count = 0;
  unsigned shown[2] = {}; ///< warnings, errors
  bool warningsAreErrors;
};

/// An expression as the user wrote it, in quotes, cut when long.
std::string quoted(const syntax::Expr &expr);

/// `[128, 96]`; `a scalar` for the empty shape.
std::string shapeText(llvm::ArrayRef<int64_t> shape);

} // namespace rnn

#endif // RNNCC_COMPILER_SEMA_REPORT_H
