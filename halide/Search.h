//===- Search.h - what Halide's own searches choose -------------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Halide's autoschedulers, asked for the loops of products before rnncc decides
// how these are laid out.
//
//===----------------------------------------------------------------------===//

#ifndef RNNCC_HALIDE_SEARCH_H
#define RNNCC_HALIDE_SEARCH_H

#include "halide/Kernel.h"

namespace rnn {

/// A search that is not installed.
struct MissingSearch : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// A product of a matrix of units x depth with a vector in each of the rows.
struct Product {
  Level level;
  int threads = 0, cacheBytes = 0; ///< of the machine
  int units = 0, rows = 0, depth = 0;
};

/// Reads the whole text. Throws TextError.
std::vector<Product> readProducts(std::istream &text);

/// An autoscheduler of Halide.
class Search {
public:
  /// Loads its plugin, and makes it independent of the environment. Throws
  /// MissingSearch.
  explicit Search(const std::string &name);

  /// Its choice for a product, as a line of words.
  std::string choose(const Product &product, const Halide::Target &target);

private:
  std::string halideName;
};

} // namespace rnn

#endif // RNNCC_HALIDE_SEARCH_H
