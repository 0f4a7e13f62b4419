//===- forecast.cpp - a recurrent network says what comes next ------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "forecast.h"
#include "Forecasts.h"
#include "Generators.h"
#include "Options.h"
#include <cstdio>
#include <exception>
#include <stdexcept>

using namespace forecast;

/// The models that rnncc compiled from forecast.rnn.
static const rnncc_descriptor &modelNamed(const std::string &name) {
  return name == "rnn"    ? forecast_rnn_model
         : name == "lstm" ? forecast_lstm_model
                          : forecast_gru_model;
}

static Table tableFor(const Options &options) {
  if (!options.file.empty())
    return readCsv(options.file, options.columns);
  return options.series == "lorenz" ? lorenz(options.rows)
                                    : mackeyGlass(options.rows);
}

static void printErrors(const Forecasts &forecasts, const Table &table,
                        const Series &series, const char *model) {
  std::printf("\nThe next row, RMSE over the rows held out:\n"
              "%-16s %12s %12s %15s\n",
              "column", model, "persistence", "smaller by");
  for (int64_t c = 0; c < series.columns; ++c) {
    Errors errors = errorsOf(forecasts, table, series, c);
    std::printf("%-16s %12.4g %12.4g %9.1f times\n",
                table.names[size_t(c)].c_str(), errors.model,
                errors.persistence, errors.persistence / errors.model);
  }
}

static void run(const Options &options) {
  Table table = tableFor(options);
  if (!options.write.empty())
    return writeCsv(options.write, table);

  const rnncc_descriptor &model = modelNamed(options.model);
  Series series = scale(table, FORECAST_GRU_C, options.training.window);
  std::printf("%s: columns: %lld, rows to learn from: %lld, held out: %lld\n"
              "\n%s\n",
              table.source.c_str(), static_cast<long long>(series.columns),
              static_cast<long long>(series.learning),
              static_cast<long long>(series.rows - series.learning),
              model.name);
  Trainer trainer = train(model, series, options.training);
  const void *weights = rnncc_train_packed(trainer.get());
  if (!weights)
    throw std::runtime_error(rnncc_train_error(trainer.get()));

  Stream stream(model, weights);
  Forecasts next = feed(series, stream, series.learning, series.rows);
  printErrors(next, table, series, model.name);

  Forecasts alone = feed(series, stream, series.learning, series.learning);
  goOn(alone, series.rows - series.learning - 1, series);
  std::printf("\nBy itself from row %lld on, it is within half a deviation of "
              "the series for %lld rows.\n",
              static_cast<long long>(series.learning + 1),
              static_cast<long long>(rowsWithin(alone, series)));

  if (options.out.empty())
    return;
  // The row behind the last has been said already.
  goOn(next, options.ahead - 1, series);
  writeCsv(options.out, sideBySide(next, table, series));
  std::printf("%s: the rows held out and %lld behind the end, with forecasts\n",
              options.out.c_str(), static_cast<long long>(options.ahead));
}

int main(int argc, char **argv) {
  Options options = parseOptions(argc, argv);
  try {
    run(options);
  } catch (const std::exception &error) {
    std::fflush(stdout);
    std::fprintf(stderr, "forecast: %s\n", error.what());
    return 1;
  }
  return 0;
}
