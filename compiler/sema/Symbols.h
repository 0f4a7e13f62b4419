//===- Symbols.h - what the names of a file turned out to be ----*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What analyze() learns about names, for tools that show it beside the text.
//
//===----------------------------------------------------------------------===//

#ifndef RNNCC_COMPILER_SEMA_SYMBOLS_H
#define RNNCC_COMPILER_SEMA_SYMBOLS_H

#include "compiler/sema/Scope.h"

namespace rnn {

/// A name of a cell, where it is defined.
struct Symbol {
  std::string name;
  NamedThing::Kind kind;
  mlir::Location loc;
  /// Sizes: the value; nothing where it is wrong.
  std::optional<int64_t> size;
  /// Functions: the one it stands for.
  std::string function;
  /// The rest: nothing where it is wrong.
  std::optional<llvm::SmallVector<int64_t, 2>> shape;
};

/// The names of one cell, in the order of the text.
struct CellSymbols {
  const syntax::Cell *cell;
  std::vector<Symbol> names;
};

/// What `scope` knows once its cell is built.
CellSymbols symbolsOf(Scope &scope);

} // namespace rnn

#endif // RNNCC_COMPILER_SEMA_SYMBOLS_H
