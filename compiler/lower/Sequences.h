//===- Sequences.h - loops of models outside of cells -----------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What moves numbers between the runs of a model: lookups, reversals, sums ..
// Arrays are [T, N, elements], or [N, elements] for one value a row.
//
//===----------------------------------------------------------------------===//

#ifndef RNNCC_COMPILER_LOWER_SEQUENCES_H
#define RNNCC_COMPILER_LOWER_SEQUENCES_H

#include "compiler/lower/Code.h"
#include "dialect/Rnn.h"

namespace rnn {

/// How many steps and rows a call has.
struct Span {
  mlir::Value steps;   ///< T
  mlir::Value batch;   ///< N
  mlir::Value lengths; ///< [N], or null when running
};

/// Emits the loops of a model's ops as functions of their own and calls them.
class Sequences {
  using Value = mlir::Value;

public:
  Sequences(Code &code, mlir::ModuleOp module, std::string prefix,
            std::string level)
      : code(code), module(module), prefix(std::move(prefix)),
        level(std::move(level)) {}

  /// result[t, n] = table[indices[t, n]]; zeros past the end of a row.
  void lookup(const Span &span, bool overTime, int64_t elements, Value result,
              Value table, Value indices);
  /// What `lookup` and `scatter` do with rows of distinct vectors: the indices
  /// that occur, in the order of their first places, to `list`, and where in it
  /// each index stands to `numbers`, behind its length D, which it gives. 0 if
  /// sharing saves too little. `marks` is room for a number a row of the table.
  Value distinct(const Span &span, int64_t elements, Value indices, Value marks,
                 Value list, Value numbers);
  /// table[indices[t, n]] += rows[t, n].
  void scatter(const Span &span, bool overTime, int64_t elements, Value table,
               Value indices, Value rows);
  /// result[t, n] = operand[length(n) - 1 - t, n], of so many bytes each.
  void reverse(const Span &span, int64_t bytes, Value result, Value operand);
  /// result[t, n, k] = 1 if indices[t, n] = k, else 0.
  void oneHot(const Span &span, bool overTime, int64_t elements, Value result,
              Value indices);
  /// Factors that leave out elements, at random.
  void draw(const Span &span, bool overTime, int64_t elements, Value result,
            Value random, double rate, int64_t stream);
  /// result = sum of the operands that are given.
  void sum(Value count, Value result, llvm::ArrayRef<Value> operands);
  /// True if an index is below 0, or `below` or more.
  Value isOutside(const Span &span, bool overTime, Value indices,
                  int64_t below);

private:
  /// Emits a function of these arguments once for each `key`, and calls it.
  Value call(const std::string &key, llvm::ArrayRef<Value> arguments,
             mlir::Type result,
             llvm::function_ref<Value(llvm::ArrayRef<Value>)> body);
  /// For each step and row: its number, and whether the row goes on so far.
  void forEachRow(
      const Span &span, bool overTime,
      llvm::function_ref<void(Value step, Value row, Value index, Value length)>
          body);

  Code &code;
  mlir::ModuleOp module;
  std::string prefix, level;
};

} // namespace rnn

#endif // RNNCC_COMPILER_LOWER_SEQUENCES_H
