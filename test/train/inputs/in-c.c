/*===- in-c.c - the training library used from C99 ------------------------===
 *
 * SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 *===---------------------------------------------------------------------===*/

#include "rnncc/train.h"

#include <stdio.h>

/* Fits w [5] of `model` to the mean of two rows; gives its first element, or -1
 * after printing what was wrong. */
double train_in_c(const rnncc_descriptor *model) {
  const float rows[10] = {1, 0, 0, 0, 0, 5, 0, 0, 0, 0};
  rnncc_train_array arrays[2] = {{"x", NULL, 10, RNNCC_F32},
                                 {"y", NULL, 10, RNNCC_F32}};
  rnncc_train_data data = {2, 1, NULL, 2, NULL, NULL, NULL};
  rnncc_train_options options;
  rnncc_train_fit_options fit;
  rnncc_trainer *trainer;
  double first = -1;

  arrays[0].values = arrays[1].values = rows;
  data.arrays = arrays;
  rnncc_train_options_default(&options);
  rnncc_train_optimizer_named("keras:sgd", &options.optimizer);
  options.optimizer.learning_rate = 0.5;
  rnncc_train_fit_options_default(&fit);
  fit.epochs = 40;
  fit.progress = RNNCC_TRAIN_QUIET;
  if (rnncc_train_create(model, &options, &trainer, NULL, 0))
    return -1;
  if (rnncc_train_fit(trainer, &data, &fit))
    fprintf(stderr, "%s\n", rnncc_train_error(trainer));
  else
    first = ((const float *)rnncc_train_param(trainer, "w"))[0];
  rnncc_train_destroy(trainer);
  return first;
}
