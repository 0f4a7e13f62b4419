//===- Initialisers.h - how parameters begin --------------------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef RNNCC_COMPILER_SEMA_INITIALISERS_H
#define RNNCC_COMPILER_SEMA_INITIALISERS_H

#include "compiler/sema/Expressions.h"

namespace rnn {

/// How a parameter begins: a name of the language and its numbers.
struct Initialiser {
  llvm::StringRef name;
  llvm::SmallVector<double> arguments;
};

/// The names of all initialisers.
llvm::SmallVector<llvm::StringRef> initialiserNames();

/// The initialiser of a param of that rank, the default one where none is
/// written; nothing after an error.
std::optional<Initialiser>
checkInitialiser(const syntax::Declaration &declaration, size_t rank,
                 Scope &scope, Expressions &expressions);

} // namespace rnn

#endif // RNNCC_COMPILER_SEMA_INITIALISERS_H
