//===- Forecasts.h - what a model says of a series --------------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef FORECAST_FORECASTS_H
#define FORECAST_FORECASTS_H

#include "Series.h"
#include "Stream.h"

namespace forecast {

/// Rows that a model has said, one after the other, and the stream that said
/// them, to go on with.
struct Forecasts {
  int64_t first;           ///< the row of the series that they begin with
  std::vector<float> rows; ///< [.., width], scaled
  Stream stream;
};

/// Feeds the first `count` rows of the series, as they would come in, and keeps
/// what is said of rows from `first` to the one behind the last that went in.
Forecasts feed(const Series &series, Stream stream, int64_t first,
               int64_t count);

/// Lets a model go on by itself: what it has said last goes in again, until it
/// has said `count` rows more.
void goOn(Forecasts &forecasts, int64_t count, const Series &series);

/// Roots of mean squares of errors, in the units of the table.
struct Errors {
  double model;
  double persistence; ///< of saying that nothing changes
};

/// Over those rows of `forecasts` that the table has.
Errors errorsOf(const Forecasts &forecasts, const Table &table,
                const Series &series, int64_t column);

/// How many rows pass until a column is more than half a deviation off.
int64_t rowsWithin(const Forecasts &forecasts, const Series &series);

/// Values and forecasts side by side; behind the end there are no values.
Table sideBySide(const Forecasts &forecasts, const Table &table,
                 const Series &series);

} // namespace forecast

#endif // FORECAST_FORECASTS_H
