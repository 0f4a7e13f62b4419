//===- Machine.h - how fast a processor is ----------------------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The figures that a prediction of times needs, of one core where nothing else
// is said. Those that stand here are of one machine for each level, so that the
// same text has the same predictions everywhere; a search measures its own.
//
//===----------------------------------------------------------------------===//

#ifndef RNNCC_COMPILER_SCHEDULE_MACHINE_H
#define RNNCC_COMPILER_SCHEDULE_MACHINE_H

#include "compiler/schedule/Target.h"

namespace rnn {

/// Seconds, bytes, and bytes a second.
struct Machine {
  double multiplyAdd;     ///< of a whole vector, where none waits for another
  double halfMultiplyAdd; ///< the same of a vector of half the bytes
  double latency;         ///< from a multiply-add to one that needs its result
  double l1Read, l2Read, l3Read, memoryRead; ///< bytes a second
  double halfRead; ///< of vectors of half the bytes, from the first level
  int64_t l1Bytes, l2Bytes, l3Bytes;
  int64_t registers; ///< of vectors
  double call;       ///< a tile: call, choice of the tile, first and last sums
  double barrier;    ///< a team of two meets

  /// Bytes a second at which `bytes` are read that are read over and over.
  double readSpeed(double bytes) const;
};

/// The figures of a level that are known without measuring.
Machine machineOf(const Target &target);

} // namespace rnn

#endif // RNNCC_COMPILER_SCHEDULE_MACHINE_H
