//===- Generate.h - random cells --------------------------------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef RNNCC_TEST_RANDOM_GENERATE_H
#define RNNCC_TEST_RANDOM_GENERATE_H

#include "compiler/schedule/Target.h"
#include <cstdint>
#include <string>

namespace rnn {

/// The text of a cell without errors, with all of its sizes given; the same for
/// the same seed, wherever it runs. Values stay near one, and what divides or
/// goes into a root or a logarithm keeps away from zero. Some have matrices
/// that differ from step to step.
std::string generateCell(uint64_t seed);

/// Schedules of a generated cell that the level can do, for elements of so many
/// bytes; none for some seeds.
std::string generateSchedules(uint64_t seed, const std::string &cell,
                              const Target &level, int64_t elementBytes);

/// True if a text may have gradients that are not the slopes of its values.
bool stopsGradients(const std::string &text);

} // namespace rnn

#endif // RNNCC_TEST_RANDOM_GENERATE_H
