//===- MatrixUnit.h - tiles that a unit of the processor multiplies -*- C++
//-*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// AMX: eight tiles of up to 16 rows of 64 bytes, and an instruction that adds
// the product of two of them to a third. LLVM's intrinsics say with each use of
// a tile how large it is; what configures the unit is LLVM's work.
//
//===----------------------------------------------------------------------===//

#ifndef RNNCC_COMPILER_LOWER_MATRIXUNIT_H
#define RNNCC_COMPILER_LOWER_MATRIXUNIT_H

#include "compiler/lower/Code.h"

namespace rnn {

/// Makes code for the unit, or, where the level only plays that it has one,
/// for vectors that do the same: so tests run on any machine with AVX-512.
class MatrixUnit {
  using Value = mlir::Value;

public:
  MatrixUnit(Code &code, mlir::ModuleOp module) : code(code), module(module) {}

  /// Makes a number of rows known, before the first tile.
  void declareRows(Value count);

  /// The most rows of a tile, and pairs of bf16 in a row of it.
  static constexpr int64_t rows = 16, pairs = 16;

  /// A tile of `count` rows of `width` elements of 4 bytes; from one row to the
  /// next it is `stride` elements.
  Value load(Value count, int64_t width, Value from, Value stride);
  void store(Value tile, Value count, int64_t width, Value to, Value stride);
  /// sum + a * b: `count` rows of `width` sums, `count` rows of 16 pairs and 16
  /// rows of `width` pairs. The result takes the place of `sum`.
  Value addProduct(Value count, int64_t width, Value sum, Value a, Value b);

private:
  Value shape(Value count) { return shapes.lookup(count); }
  Value call(llvm::StringRef intrinsic, mlir::Type result,
             mlir::ValueRange arguments);
  mlir::func::FuncOp
  byHand(llvm::StringRef name, int64_t arguments,
         llvm::function_ref<void(Code &, mlir::ValueRange)> body);
  Code &code;
  mlir::ModuleOp module;
  llvm::DenseMap<Value, Value>
      shapes; ///< numbers of rows as intrinsics take them
};

} // namespace rnn

#endif // RNNCC_COMPILER_LOWER_MATRIXUNIT_H
