// Writes the initial weights of the first cell of a shared object:
//   weights CELLS.so WEIGHTS.safetensors
#include "rnncc/train.h"
#include <cstdio>
#include <dlfcn.h>

int main(int, char **arguments) {
  void *object = dlopen(arguments[1], RTLD_NOW);
  if (!object)
    return std::puts(dlerror()), 1;
  auto *cells = static_cast<const rnncc_descriptor *const *>(
      dlsym(object, "rnncc_cells"));
  rnncc_train_options options;
  rnncc_train_options_default(&options);
  char message[200];
  rnncc_trainer *trainer;
  if (rnncc_train_create(cells[0], &options, &trainer, message, sizeof message))
    return std::puts(message), 1;
  if (rnncc_train_save_weights(trainer, arguments[2]))
    return std::puts(rnncc_train_error(trainer)), 1;
  if (rnncc_train_load_weights(trainer, arguments[2]))
    return std::puts(rnncc_train_error(trainer)), 1;
  // A cell has no loss to train with.
  float x[2 * 3] = {};
  rnncc_train_array array = {"x", x, 6, RNNCC_F32};
  rnncc_train_data data = {1, 2, nullptr, 1, &array, nullptr, nullptr};
  rnncc_train_fit(trainer, &data, nullptr);
  std::puts(rnncc_train_error(trainer));
  rnncc_train_destroy(trainer);
  return 0;
}
