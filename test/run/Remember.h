//===- Remember.h - an oracle that answers a question once ------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The interpreter takes most of the time of a comparison, and is asked the same
// for each CPU level: what it has answered is kept.
//
//===----------------------------------------------------------------------===//

#ifndef RNNCC_TEST_RUN_REMEMBER_H
#define RNNCC_TEST_RUN_REMEMBER_H

#include "compiler/interpret/ModelInterpreter.h"
#include <map>

namespace rnn {

/// Answers of oracles, by all that they depend on.
using Memory = std::map<std::string, std::vector<std::vector<double>>>;

/// The oracle for a cell or model; with `memory`, one that looks there first.
std::unique_ptr<Oracle> makeOracle(mlir::Operation *op, Memory *memory);

} // namespace rnn

#endif // RNNCC_TEST_RUN_REMEMBER_H
