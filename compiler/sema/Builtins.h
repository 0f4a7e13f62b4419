//===- Builtins.h - the functions of the language ---------------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What `tanh`, `clip`, `sum` .. are made of. Those without an op of their own
// are composed so that NaN passes through and the derivative of the parts is
// the one that docs/language.md states.
//
//===----------------------------------------------------------------------===//

#ifndef RNNCC_COMPILER_SEMA_BUILTINS_H
#define RNNCC_COMPILER_SEMA_BUILTINS_H

#include "mlir/IR/ImplicitLocOpBuilder.h"
#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"

namespace rnn {

/// One function of the language, for one number of arguments.
struct Builtin {
  llvm::StringRef name;
  llvm::StringRef parameters; ///< as the language names them
  unsigned arity;
  /// Elementwise functions take arguments of one shape, reductions a vector,
  /// the others vectors that may differ in size.
  enum Kind { Elementwise, Reduction, OfVectors } kind;
  mlir::Value (*build)(mlir::ImplicitLocOpBuilder &,
                       mlir::ValueRange) = nullptr;
  /// The function of a number known when compiling, where that is wanted.
  double (*fold)(double) = nullptr;
};

/// All functions; of one name, those with fewer arguments first.
llvm::ArrayRef<Builtin> builtins();

/// True if there is a function of that name, whatever it takes.
bool isBuiltin(llvm::StringRef name);

/// A constant of the shape `shape` filled with `value`.
mlir::Value fill(mlir::ImplicitLocOpBuilder &b, mlir::Type shape, double value);

/// `choice` != 0 elementwise, as bits.
mlir::Value isNonzero(mlir::ImplicitLocOpBuilder &b, mlir::Value choice);

} // namespace rnn

#endif // RNNCC_COMPILER_SEMA_BUILTINS_H
