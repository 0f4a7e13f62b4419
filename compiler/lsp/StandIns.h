//===- StandIns.h - sizes that nobody gave ----------------------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A text in an editor is checked before anybody gives sizes, so numbers stand
// in for them: different ones, because sizes of different names are different;
// ones that 2 .. 16 divide, because `[H/heads]` will be given sizes that fit;
// and small ones where something is divided by them or they count steps. Errors
// about the numbers themselves mean nothing then, and texts speak of sizes by
// name.
//
//===----------------------------------------------------------------------===//

#ifndef RNNCC_COMPILER_LSP_STANDINS_H
#define RNNCC_COMPILER_LSP_STANDINS_H

#include "compiler/sema/Sema.h"
#include "compiler/sema/Symbols.h"

namespace rnn::lsp {

/// The settings of `given`, and stand-ins for what it and the defaults leave
/// open. `inReverse` hands the same numbers out from the last name to the
/// first.
std::vector<Setting> withStandIns(const syntax::File &file,
                                  llvm::ArrayRef<Setting> given,
                                  bool inReverse);

/// How the sizes of one cell are written that come from stand-ins.
class SizeNames {
public:
  SizeNames() = default;
  SizeNames(const syntax::Cell &cell, const CellSymbols &symbols,
            llvm::ArrayRef<Setting> given);

  /// A shape that is written nowhere: each size by its name, or as a number, or
  /// as `?` where a number comes from stand-ins in ways unknown.
  std::string shapeOf(llvm::ArrayRef<int64_t> shape) const;
  /// `text` with such numbers replaced.
  std::string replaceIn(llvm::StringRef text) const;
  bool isOpen(llvm::StringRef parameter) const { return open.count(parameter); }
  /// True if the size is known: nothing in it is a stand-in.
  bool isKnown(const syntax::Expr &size) const;

private:
  /// `2*H` for the number that stands for it; nothing for any other number.
  std::optional<std::string> nameOf(int64_t number) const;
  void addKnown(std::string text, int64_t number);

  llvm::StringMap<int64_t> open; ///< parameters that come from stand-ins
  std::vector<std::pair<std::string, int64_t>> known;
};

} // namespace rnn::lsp

#endif // RNNCC_COMPILER_LSP_STANDINS_H
