//===- Denormals.h - denormal numbers count as zeros ------------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef RNNCC_COMPILER_LOWER_DENORMALS_H
#define RNNCC_COMPILER_LOWER_DENORMALS_H

#include "compiler/lower/Code.h"
#include "compiler/schedule/Target.h"

namespace rnn {

/// Makes denormal numbers count as zeros in a part of a function, where the
/// processor can do that: arithmetic on them can take a hundred times as long.
class Denormals {
public:
  Denormals(Code &code, Architecture architecture)
      : code(code), architecture(architecture) {}

  /// From here on.
  void flush();
  /// Puts the caller's mode back.
  void restore();

private:
  mlir::Value callIntrinsic(llvm::StringRef name, mlir::Type result,
                            mlir::ValueRange operands);
  void flushX86();
  void flushAArch64();

  Code &code;
  Architecture architecture;
  mlir::Value saved; ///< the mode, or where it is
};

} // namespace rnn

#endif // RNNCC_COMPILER_LOWER_DENORMALS_H
