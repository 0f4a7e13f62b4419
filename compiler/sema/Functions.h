//===- Functions.h - the fn definitions of a file ---------------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef RNNCC_COMPILER_SEMA_FUNCTIONS_H
#define RNNCC_COMPILER_SEMA_FUNCTIONS_H

#include "compiler/sema/Report.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/ADT/StringSet.h"

namespace rnn {

/// The names of layers, losses and metrics that the language has.
llvm::SmallVector<llvm::StringRef> layerNames();
bool isLayer(llvm::StringRef name);

/// The functions that a file defines, their names, calls and arguments checked.
class Functions {
public:
  Functions(const syntax::File &file, Reporter &reporter);

  /// The definition of `name`, or null.
  const syntax::Function *find(llvm::StringRef name) const {
    return definitions.lookup(name);
  }
  /// True if its own text is wrong, which is reported: calls need no error.
  bool isWrong(const syntax::Function &function) const {
    return wrong.contains(&function);
  }
  /// True for a function of the file or of the language.
  bool isFunction(llvm::StringRef name) const;
  /// The names of all functions, the language's included.
  llvm::SmallVector<llvm::StringRef> names() const;

  /// Reports a call of something that is no function. `others` are names that
  /// the place of the call knows besides.
  void reportUnknown(llvm::StringRef name, mlir::Location loc,
                     llvm::ArrayRef<llvm::StringRef> others = {}) const;
  /// Says in `report` that a function stands where a value must.
  void reportNoValue(Report report, llvm::StringRef name,
                     mlir::Location loc) const;
  /// True if `name`, a function, takes that many arguments; else reports it.
  bool checkArity(llvm::StringRef name, size_t arguments,
                  mlir::Location loc) const;

private:
  void checkBody(const syntax::Function &function, const syntax::Expr &expr);
  void warnUnused(const syntax::Function &function);
  void checkRecursion(const syntax::File &file);
  void reportRecursion(llvm::SmallVector<const syntax::Function *> functions);

  Reporter &reporter;
  llvm::StringMap<const syntax::Function *> definitions;
  llvm::DenseSet<const syntax::Function *> wrong;
};

} // namespace rnn

#endif // RNNCC_COMPILER_SEMA_FUNCTIONS_H
