//===- Call.h - a compiled cell, and what it needs to run -------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What programs need that run any compiled cell through its descriptor: finding
// it in a shared object, and a call with all its memory.
//
//===----------------------------------------------------------------------===//

#ifndef RNNCC_COMPILER_RUN_CALL_H
#define RNNCC_COMPILER_RUN_CALL_H

#include "rnncc/runtime.h"
#include "llvm/ADT/ArrayRef.h"
#include "llvm/Support/Error.h"
#include <memory>
#include <vector>

namespace rnn {

/// A wrong command line.
struct UsageError : llvm::ErrorInfo<UsageError, llvm::StringError> {
  static char ID;
  explicit UsageError(const llvm::Twine &message)
      : ErrorInfo(message, llvm::inconvertibleErrorCode()) {}
};
llvm::Error usageError(const llvm::Twine &message);

/// The cell of a shared object that has the name, or its only one.
llvm::Expected<const rnncc_descriptor *> findCell(llvm::StringRef file,
                                                  llvm::StringRef name);

bool isScore(const rnncc_array &array);
/// True if a caller may give the array.
bool isRead(const rnncc_array &array, bool grad);
/// True if a call may write the array. Scores need targets besides.
bool isWritten(const rnncc_array &array, bool grad);

/// Memory from the runtime.
struct Free {
  void operator()(void *memory) const { rnncc_free(memory); }
};
using Memory = std::unique_ptr<void, Free>;

/// What a call is for.
struct CallSizes {
  int64_t steps, batch;
  bool grad = false; ///< the backward pass, too
  int threads = 1;
};

/// A call of a cell with all the memory it needs.
class Call {
public:
  Call(const rnncc_descriptor &cell, const CallSizes &sizes);
  ~Call();
  Call(const Call &) = delete;
  Call &operator=(const Call &) = delete;

  /// Gets tape, scratch, threads, and the arrays that are written.
  llvm::Error prepare();
  llvm::Error pack(llvm::ArrayRef<const void *> params);
  /// Bytes of an array, for this number of steps and rows.
  llvm::Expected<size_t> bytesOf(const rnncc_array &array) const;
  /// Gets zeros for an array.
  llvm::Error make(int64_t index);
  llvm::Error forward();
  llvm::Error backward();

  const rnncc_descriptor &cell;
  const CallSizes sizes;
  rnncc_call *call;
  std::vector<Memory> arrays;
  std::vector<int64_t> lengths;

private:
  llvm::Expected<Memory> allocate(size_t bytes) const;
  std::vector<uint64_t> storage;
  rnncc_team *team = nullptr;
  Memory weights, tape, forwardScratch, backwardScratch;
};

} // namespace rnn

#endif // RNNCC_COMPILER_RUN_CALL_H
