//===- Fence.h - a buffer that notices who leaves it ------------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef RNNCC_TEST_RUN_FENCE_H
#define RNNCC_TEST_RUN_FENCE_H

#include <cstddef>

/// Which end of the buffer stands at a page that must not be touched.
enum class Wall { Behind, InFront };

/// A buffer of exactly `bytes` bytes, full of NaN, between two pages without
/// access. Between the buffer and the other page stands a pattern.
class Fence {
public:
  Fence(size_t bytes, size_t alignment, Wall wall);
  ~Fence();
  Fence(const Fence &) = delete;
  Fence &operator=(const Fence &) = delete;

  void *data() const { return start; }
  size_t size() const { return bytes; }
  /// From here on writing is an access violation.
  void protect();
  /// True if the pattern is as it was.
  bool isIntact() const;

private:
  char *pages, *start;
  size_t bytes, inner;
};

/// While one lives, the program ends with a message, and not a crash, when a
/// page without access is touched.
class ViolationReport {
public:
  ViolationReport();
  ~ViolationReport();
  ViolationReport(const ViolationReport &) = delete;
  ViolationReport &operator=(const ViolationReport &) = delete;

private:
  void (*segmentation)(int), (*bus)(int);
};

#endif // RNNCC_TEST_RUN_FENCE_H
