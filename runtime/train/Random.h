//===- Random.h - random numbers that repeat everywhere ---------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The distributions of the standard library differ from one library to the
// next; a seed means the same everywhere. Streams that begin from a seed and a
// number need no state in checkpoints.
//
//===----------------------------------------------------------------------===//

#ifndef RNNCC_RUNTIME_TRAIN_RANDOM_H
#define RNNCC_RUNTIME_TRAIN_RANDOM_H

#include <cmath>
#include <cstdint>
#include <utility>
#include <vector>

namespace rnn::train {

/// A stream of random numbers (splitmix64).
class Random {
public:
  /// Streams of one seed and different numbers have nothing in common.
  Random(uint64_t seed, uint64_t stream) : state(seed) {
    state = bits() ^ stream;
    state = bits();
  }

  /// Uniform over 64 bits.
  uint64_t bits() {
    uint64_t z = state += 0x9e3779b97f4a7c15u;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
  }

  /// Uniform over 0 .. limit - 1.
  uint64_t below(uint64_t limit) {
    // Numbers below 2^64 mod limit would come up once too often.
    uint64_t first = -limit % limit, number;
    do
      number = bits();
    while (number < first);
    return number % limit;
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

/// Puts the numbers into a random order (Fisher and Yates).
inline void shuffle(std::vector<int64_t> &numbers, Random random) {
  for (size_t i = numbers.size(); i > 1; --i)
    std::swap(numbers[i - 1], numbers[random.below(i)]);
}

} // namespace rnn::train

#endif // RNNCC_RUNTIME_TRAIN_RANDOM_H
