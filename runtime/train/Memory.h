//===- Memory.h - aligned memory that frees itself --------------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef RNNCC_RUNTIME_TRAIN_MEMORY_H
#define RNNCC_RUNTIME_TRAIN_MEMORY_H

#include "rnncc/runtime.h"
#include <cstring>
#include <memory>
#include <new>

namespace rnn::train {

/// Bytes at a multiple of 64, or none.
class Memory {
public:
  Memory() = default;

  /// `bytes` zeros.
  explicit Memory(size_t bytes) {
    grow(bytes);
    clear();
  }

  /// Makes room for `bytes` bytes. What was there is lost if it had less.
  void grow(size_t bytes) {
    if (held && bytes <= room)
      return;
    held.reset();
    held.reset(rnncc_alloc(bytes));
    if (!held)
      throw std::bad_alloc();
    room = bytes;
  }

  void clear() {
    if (room)
      std::memset(held.get(), 0, room);
  }
  void *get() const { return held.get(); }
  template <typename T> T *as() const { return static_cast<T *>(held.get()); }
  size_t bytes() const { return room; }
  explicit operator bool() const { return bool(held); }

private:
  struct Free {
    void operator()(void *memory) const { rnncc_free(memory); }
  };
  std::unique_ptr<void, Free> held;
  size_t room = 0;
};

} // namespace rnn::train

#endif // RNNCC_RUNTIME_TRAIN_MEMORY_H
