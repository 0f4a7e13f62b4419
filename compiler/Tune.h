//===- Tune.h - schedules that are measured ---------------------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef RNNCC_COMPILER_TUNE_H
#define RNNCC_COMPILER_TUNE_H

#include "compiler/Pipeline.h"

namespace rnn {

/// Measures schedules of the cells of a file, as the options say, and writes
/// the fastest of each.
ExitCode tune(const Options &options);

} // namespace rnn

#endif // RNNCC_COMPILER_TUNE_H
