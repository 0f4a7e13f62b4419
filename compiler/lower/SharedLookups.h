//===- SharedLookups.h - rows of a table, once for each index ---*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A lookup that is for a cell with a distinct input need not give a vector for
// each step and row: the indices that occur, and which of them each place has,
// are enough. Whether a call does with them depends on its indices.
//
//===----------------------------------------------------------------------===//

#ifndef RNNCC_COMPILER_LOWER_SHAREDLOOKUPS_H
#define RNNCC_COMPILER_LOWER_SHAREDLOOKUPS_H

#include "compiler/lower/Sequences.h"
#include "dialect/ModelOps.h"
#include "llvm/ADT/MapVector.h"
#include "llvm/ADT/StringMap.h"

namespace rnn {

/// Memory of models is cut at multiples of so many bytes.
constexpr int64_t lineBytes = 64;
mlir::Value roundUpToLines(Code &code, mlir::Value bytes);

/// The lookups of one model that are shared when that saves enough.
class SharedLookups {
  using Value = mlir::Value;

public:
  SharedLookups(ModelOp model, Code &code, Sequences &sequences);

  /// The lookup whose rows, or their gradients, the tensor has one of for each
  /// index if it is shared; null.
  LookupOp of(llvm::StringRef tensor) { return tensors.lookup(tensor).lookup; }

  /// Bytes of tape that they need, and at most for each step and row.
  Value keptBytes(Value steps, Value batch);
  int64_t keptBytesOfRow() const;
  /// Bytes of scratch that a forward needs.
  int64_t marksBytes() const;
  /// Cuts up memory of these sizes. A backward finds what its forward left.
  void place(Value kept, Value marks, Value steps, Value batch, bool backward);

  /// Finds the distinct indices of a lookup, and decides whether it is shared.
  void find(LookupOp lookup, const Span &span, Value indices);
  /// Takes the distinct rows as those of one step, with the list of their
  /// indices; or those of all steps, as ever.
  void ifShared(LookupOp lookup,
                llvm::function_ref<void(const Span &, Value list)> shared,
                llvm::function_ref<void()> each);
  /// How many rows a tensor has that is said to have those of all steps.
  Value rowsOf(llvm::StringRef tensor, Value allSteps);
  /// True if reversing a tensor leaves its rows as they are.
  Value isShared(LookupOp lookup);
  /// What a cell finds behind its arrays to whose distinct input the tensor is
  /// bound; NULL if it is given the vectors of all steps.
  Value numbersFor(llvm::StringRef tensor);

private:
  struct Place {
    Value numbers, backward; ///< as looked up, and with each row in reverse
    Value list, marks;
    Value count; ///< of distinct rows; 0 if the lookup is not shared
  };
  struct Rows {
    LookupOp lookup;
    bool isReversed = false;
  };
  bool isReversed(LookupOp lookup) const;
  int64_t tableRows(LookupOp lookup) const;
  Value numbersBytes(Value steps, Value batch);
  Value listBytes(LookupOp lookup, Value steps, Value batch);

  ModelOp model;
  Code &code;
  Sequences &sequences;
  llvm::MapVector<mlir::Operation *, Place> places;
  llvm::StringMap<Rows> tensors;
};

} // namespace rnn

#endif // RNNCC_COMPILER_LOWER_SHAREDLOOKUPS_H
