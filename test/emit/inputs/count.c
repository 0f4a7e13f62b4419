/* Packs, and runs forward and backward once, on zeros: any cell or model that
 * CELL names, CELL_STEPS steps of CELL_ROWS rows. Indices take CELL_INDICES
 * values in turn. */
#include "rnncc/runtime.h"
#include <stdlib.h>
#include <string.h>

extern const rnncc_descriptor CELL;

#ifndef CELL_INDICES
#define CELL_INDICES 1
#endif

static void *zeros(size_t bytes) {
  void *at = NULL;
  if (posix_memalign(&at, 64, bytes + 64))
    exit(1);
  return memset(at, 0, bytes + 64);
}

int main(void) {
  rnncc_call *call = rnncc_call_create(&CELL);
  const void **params = (const void **)calloc(CELL.n_params, sizeof *params);
  int64_t i, k;
  void *weights = zeros(CELL.weights_bytes());
  rnncc_status status;
  call->steps = CELL_STEPS;
  call->batch = CELL_ROWS;
  for (i = 0; i < CELL.n_params; ++i)
    params[i] = zeros(rnncc_param_elements(&CELL.params[i]) * sizeof(double));
  status = CELL.pack(params, weights);
  call->weights = weights;
  call->tape = zeros(CELL.tape_bytes(CELL_STEPS, CELL_ROWS));
  call->scratch = zeros(CELL.forward_scratch_bytes(CELL_STEPS, CELL_ROWS) +
                        CELL.backward_scratch_bytes(CELL_STEPS, CELL_ROWS));
  for (i = 0; i < CELL.n_arrays; ++i) {
    size_t bytes = rnncc_array_bytes(&CELL.arrays[i], CELL_STEPS, CELL_ROWS);
    call->arrays[i] = zeros(bytes);
    if (CELL.arrays[i].element == RNNCC_I32)
      for (k = 0; k < (int64_t)(bytes / sizeof(int32_t)); ++k)
        ((int32_t *)call->arrays[i])[k] = (int32_t)(k % CELL_INDICES);
  }
  if (!status)
    status = CELL.forward(call);
  if (!status)
    status = CELL.backward(call);
  return status;
}
