/* A program in C that links the training library: saves the weights that a cell
 * begins with, and reads them. */
#include "rnncc/train.h"
#include "lstm.h"
#include <stdio.h>

int main(int count, char **arguments) {
  char message[200];
  rnncc_trainer *trainer;
  if (count != 2 ||
      rnncc_train_create(&lstm_cell, NULL, &trainer, message, sizeof message))
    return 1;
  if (rnncc_train_save_weights(trainer, arguments[1]) ||
      rnncc_train_load_weights(trainer, arguments[1]))
    puts(rnncc_train_error(trainer));
  printf("b_f = %g\n", ((const float *)rnncc_train_param(trainer, "b_f"))[0]);
  rnncc_train_destroy(trainer);
  return 0;
}
