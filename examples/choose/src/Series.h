//===- Series.h - a series of numbers as a task -----------------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef CHOOSE_SERIES_H
#define CHOOSE_SERIES_H

#include "Csv.h"
#include "Task.h"

namespace choose {

/// The chaotic series of Mackey and Glass with delay 17, sampled every 6.
Columns mackeyGlass(int64_t rows);

/// To say the next value of the first column from the `steps` rows before it.
/// The last fifth tests, the one before validates, the rest is scaled to mean 0
/// and deviation 1; at most `most` windows are learnt from. Throws
/// std::runtime_error.
Task forecastTask(const Columns &columns, int64_t steps, int64_t most);

} // namespace choose

#endif // CHOOSE_SERIES_H
