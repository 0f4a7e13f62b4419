//===- Random.h - random numbers that repeat everywhere ---------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The distributions of the standard library differ from one library to the
// next; a seed given to this program means the same everywhere.
//
//===----------------------------------------------------------------------===//

#ifndef TEXTGEN_RANDOM_H
#define TEXTGEN_RANDOM_H

#include <cmath>
#include <cstdint>

namespace textgen {

/// A stream of random numbers, fixed by its seed (splitmix64).
class Random {
public:
  explicit Random(uint64_t seed) : state(seed) {}

  /// Uniform over 64 bits.
  uint64_t bits() {
    uint64_t z = state += 0x9e3779b97f4a7c15u;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
  }

  /// Uniform in [0, 1).
  double uniform() { return double(bits() >> 11) * 0x1p-53; }

  /// Normal, mean 0 and standard deviation 1 (Box and Muller).
  double normal() {
    double radius = std::sqrt(-2 * std::log(1 - uniform()));
    return radius * std::cos(6.283185307179586 * uniform());
  }

private:
  uint64_t state;
};

} // namespace textgen

#endif // TEXTGEN_RANDOM_H
