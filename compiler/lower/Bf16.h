//===- Bf16.h - factors of products in bf16 ---------------------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A bf16 is the upper half of an f32. Where products are in bf16, their factors
// lie in memory as pairs: two neighbours along k in the place of one f32, the
// first one in the lower half. So offsets count f32 as everywhere, and vectors
// of pairs have the type of vectors of f32 until they are multiplied.
//
//===----------------------------------------------------------------------===//

#ifndef RNNCC_COMPILER_LOWER_BF16_H
#define RNNCC_COMPILER_LOWER_BF16_H

#include "compiler/lower/Code.h"

namespace rnn {

/// The bits of an f32, or of a vector of them, that are left when it is rounded
/// to bf16: to nearest, ties to even; NaN stays NaN.
mlir::Value roundedBits(Code &code, mlir::Value value);

/// A number rounded to bf16, as f32; or a vector of them.
mlir::Value rounded(Code &code, mlir::Value value);

/// What of a number, or a vector of them, is left when it is rounded to bf16:
/// the next part of it.
mlir::Value restOf(Code &code, mlir::Value value);

/// Lane by lane the pair of two numbers, or of two vectors.
mlir::Value pairUp(Code &code, mlir::Value first, mlir::Value second);

/// The pairs of neighbours in two vectors that lie one after the other.
mlir::Value pairsOf(Code &code, mlir::Value low, mlir::Value high);

/// The firsts and the seconds of a vector of pairs.
std::pair<mlir::Value, mlir::Value> splitPairs(Code &code, mlir::Value pairs);

/// Lane by lane sum + a.first * b.first + a.second * b.second, on levels that
/// have an instruction for it.
mlir::Value addDot(Code &code, mlir::Value sum, mlir::Value a, mlir::Value b);

/// That part of a number or of a vector, counted from the largest; to be
/// rounded.
mlir::Value partOf(Code &code, mlir::Value value, int64_t part);

/// Calls body(part, first, second) for the parts of two vectors, the largest
/// first. Each but the last rounded to bf16 leaves the next one.
void forEachPart(
    Code &code, int64_t parts, mlir::Value first, mlir::Value second,
    llvm::function_ref<void(int64_t, mlir::Value, mlir::Value)> body);

/// The function (from, fromRow, to, toRow, rows, count, toPart) that rounds
/// rows of `count` numbers, which lie `fromRow` elements apart, to pairs, or
/// without `pairs` to numbers as wide as they were; in several parts, `toPart`
/// apart. What it writes is filled up with zeros to whole vectors, and to a
/// whole pair.
mlir::func::FuncOp makeRounding(const Code &code, const std::string &name,
                                bool pairs, int64_t parts,
                                mlir::ModuleOp module);

} // namespace rnn

#endif // RNNCC_COMPILER_LOWER_BF16_H
