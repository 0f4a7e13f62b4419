//===- Generators.h - chaotic series ----------------------------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef FORECAST_GENERATORS_H
#define FORECAST_GENERATORS_H

#include "Csv.h"

namespace forecast {

/// Blood cells (Mackey and Glass, 1977), delay 17, every 6 units of time:
///
///     x'(t) = 0.2 x(t - 17) / (1 + x(t - 17)^10) - 0.1 x(t)
Table mackeyGlass(int64_t rows);

/// A sheet of air heated from below (Lorenz, 1963), every 0.1 units of time:
///
///     x' = 10 (y - x)    y' = x (28 - z) - y    z' = x y - 8/3 z
Table lorenz(int64_t rows);

} // namespace forecast

#endif // FORECAST_GENERATORS_H
