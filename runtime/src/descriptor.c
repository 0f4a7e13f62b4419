/*===- descriptor.c - helpers for any cell -----------------------------===
 *
 * SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 *===---------------------------------------------------------------------===*/

#include "rnncc/runtime.h"

#include <stdio.h>
#include <string.h>

rnncc_status rnncc_check_abi(const rnncc_descriptor *cell, char *message,
                             size_t capacity) {
  if (cell->abi_version == RNNCC_ABI_VERSION)
    return RNNCC_OK;
  if (message && capacity)
    snprintf(message, capacity,
             "the cell was compiled for runtime ABI %u but this program has "
             "ABI %u: compile the cell again",
             (unsigned)cell->abi_version, (unsigned)RNNCC_ABI_VERSION);
  return RNNCC_WRONG_ABI;
}

const rnncc_descriptor *rnncc_find_cell(const rnncc_descriptor *const *cells,
                                        const char *name) {
  for (; *cells; ++cells)
    if (strcmp((*cells)->name, name) == 0)
      return *cells;
  return NULL;
}

int64_t rnncc_find_array(const rnncc_descriptor *cell, const char *name) {
  for (int64_t i = 0; i < cell->n_arrays; ++i)
    if (strcmp(cell->arrays[i].name, name) == 0)
      return i;
  return -1;
}

int64_t rnncc_find_param(const rnncc_descriptor *cell, const char *name) {
  for (int64_t i = 0; i < cell->n_params; ++i)
    if (strcmp(cell->params[i].name, name) == 0)
      return i;
  return -1;
}

size_t rnncc_element_bytes(const rnncc_descriptor *cell) {
  return cell->element == RNNCC_F64 ? sizeof(double) : sizeof(float);
}

/* The largest element type has 8 bytes: so many elements always have a size. */
static const int64_t max_elements = PTRDIFF_MAX / 8;

/* count * size, or -1 if a factor is negative or the product too large. */
static int64_t times(int64_t count, int64_t size) {
  if (count < 0 || size < 0)
    return -1;
  if (size && count > max_elements / size)
    return -1;
  return count * size;
}

static int64_t shape_elements(int32_t rank, const int64_t *shape) {
  if (rank < 0 || rank > RNNCC_MAX_RANK)
    return -1;
  int64_t count = 1;
  for (int32_t i = 0; i < rank; ++i)
    count = times(count, shape[i]);
  return count;
}

int64_t rnncc_array_elements(const rnncc_array *array, int64_t steps,
                             int64_t batch) {
  if (steps < 0 || batch < 0)
    return -1;
  int64_t count = shape_elements(array->rank, array->shape);
  if (array->axes != RNNCC_PLAIN)
    count = times(count, batch);
  if (array->axes == RNNCC_STEPS_ROWS)
    count = times(count, steps);
  return count;
}

int64_t rnncc_array_bytes(const rnncc_array *array, int64_t steps,
                          int64_t batch) {
  int64_t count = rnncc_array_elements(array, steps, batch);
  int64_t size = array->element == RNNCC_F64 ? 8 : 4;
  return count < 0 ? -1 : count * size;
}

int64_t rnncc_param_elements(const rnncc_param *param) {
  return shape_elements(param->rank, param->shape);
}

rnncc_call *rnncc_call_create(const rnncc_descriptor *cell) {
  const size_t bytes =
      sizeof(rnncc_call) + (size_t)cell->n_arrays * sizeof(void *);
  rnncc_call *call = rnncc_alloc(bytes);
  if (call)
    memset(call, 0, bytes);
  return call;
}
