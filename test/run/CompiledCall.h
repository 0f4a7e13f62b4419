//===- CompiledCall.h - a call of compiled code -----------------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef RNNCC_TEST_RUN_COMPILEDCALL_H
#define RNNCC_TEST_RUN_COMPILEDCALL_H

#include "mlir/Support/LLVM.h"
#include "rnncc/abi.h"
#include "test/run/Fence.h"
#include "llvm/ADT/STLExtras.h"
#include <cstring>
#include <memory>
#include <vector>

namespace rnn {

/// A call of compiled code with arrays of its own.
class CompiledCall {
public:
  CompiledCall(const rnncc_descriptor &cell, int64_t steps, int64_t batch,
               Wall wall = Wall::Behind)
      : cell(cell), bytes(cell.element == RNNCC_F64 ? 8 : 4), steps(steps),
        batch(batch), wall(wall) {
    storage.resize(sizeof(rnncc_call) + cell.n_arrays * sizeof(void *));
    call = reinterpret_cast<rnncc_call *>(storage.data());
    std::memset(storage.data(), 0, storage.size());
    call->steps = steps;
    call->batch = batch;
    for (int64_t i = 0; i < cell.n_arrays; ++i)
      arrays.push_back(nullptr);
  }

  size_t elements(int64_t i) const {
    const rnncc_array &array = cell.arrays[i];
    size_t count = 1;
    for (int d = 0; d < array.rank; ++d)
      count *= array.shape[d];
    if (array.axes != RNNCC_PLAIN)
      count *= batch;
    if (array.axes == RNNCC_STEPS_ROWS)
      count *= steps;
    return count;
  }
  /// Of one element.
  size_t bytesOf(int64_t i) const {
    return cell.arrays[i].element == RNNCC_I32 ? 4 : bytes;
  }
  void make(int64_t i) {
    arrays[i] =
        std::make_unique<Fence>(elements(i) * bytesOf(i), bytesOf(i), wall);
    call->arrays[i] = arrays[i]->data();
  }
  void set(int64_t i, llvm::ArrayRef<double> values) {
    make(i);
    for (auto [j, value] : llvm::enumerate(values))
      if (cell.arrays[i].element == RNNCC_I32)
        static_cast<int32_t *>(arrays[i]->data())[j] = int32_t(value);
      else if (bytes == 8)
        static_cast<double *>(arrays[i]->data())[j] = value;
      else
        static_cast<float *>(arrays[i]->data())[j] = float(value);
  }
  std::vector<double> get(int64_t i) const {
    std::vector<double> values(elements(i));
    for (size_t j = 0; j < values.size(); ++j)
      values[j] = cell.arrays[i].element == RNNCC_I32
                      ? static_cast<int32_t *>(arrays[i]->data())[j]
                  : bytes == 8 ? static_cast<double *>(arrays[i]->data())[j]
                               : static_cast<float *>(arrays[i]->data())[j];
    return values;
  }
  bool sameBits(const CompiledCall &other) const {
    for (auto [mine, theirs] : llvm::zip(arrays, other.arrays))
      if (mine && std::memcmp(mine->data(), theirs->data(), mine->size()))
        return false;
    return true;
  }
  bool intact() const {
    return llvm::all_of(
        arrays, [](auto &array) { return !array || array->isIntact(); });
  }

  const rnncc_descriptor &cell;
  size_t bytes;
  int64_t steps, batch;
  Wall wall;
  rnncc_call *call;
  rnncc_random random = {};
  std::vector<unsigned char> storage;
  std::vector<std::unique_ptr<Fence>> arrays;
};

} // namespace rnn

#endif // RNNCC_TEST_RUN_COMPILEDCALL_H
