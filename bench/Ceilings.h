//===- Ceilings.h - what the machine can do at most -------------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef BENCH_CEILINGS_H
#define BENCH_CEILINGS_H

namespace bench {

/// Measures with `threads` threads at once, each on a processor of its own, and
/// prints one line for each: products per second of registers by kind of
/// number, and bytes read per second from each level of the memory.
void printCeilings(int threads);

} // namespace bench

#endif // BENCH_CEILINGS_H
