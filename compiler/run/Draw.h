//===- Draw.h - parameters as their initialisers say ------------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef RNNCC_COMPILER_RUN_DRAW_H
#define RNNCC_COMPILER_RUN_DRAW_H

#include "rnncc/abi.h"
#include <random>
#include <vector>

namespace rnn {

/// Values for a parameter, row-major.
std::vector<double> drawParam(const rnncc_param &param,
                              std::mt19937_64 &random);

} // namespace rnn

#endif // RNNCC_COMPILER_RUN_DRAW_H
