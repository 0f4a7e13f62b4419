/*===- masked.c - steps left out and states reset --------------------------===
 *
 * SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 *===---------------------------------------------------------------------===*
 *
 * A row whose states are reset in the middle is several rows, each of the steps
 * between two resets; steps that are left out are in none of them. Those rows,
 * of different lengths, are what the cell is called with:
 *
 *   row 0   x x | x . x      ==>   x x
 *   row 1   x . x | |              x x
 *                                  x x
 *                                  (no step)
 *                                  (no step)
 *
 * So a sequence with masks and resets gives the bits that its pieces give
 * alone, and costs what they cost, besides copies of what is read and written
 * over time.
 *
 *===---------------------------------------------------------------------===*/

#include "rnncc/runtime.h"

#include <string.h>

struct rnncc_masked {
  const rnncc_descriptor *cell;
  int64_t steps, batch; /* of the caller */
  int64_t rows;         /* pieces, in the order of rows and steps */
  int64_t longest;      /* steps of the longest piece */
  int64_t *row;         /* [rows] the caller's row of each piece */
  int64_t *lengths;     /* [rows] */
  int64_t *first;       /* [rows] where the steps of each begin in step_of */
  int64_t *step_of;     /* the caller's steps, piece after piece */
  rnncc_call *call;     /* of the pieces */
  void *tape, *scratch, *backward_scratch;
  void **buffers; /* [n_arrays] of arrays over time and of states */
};

static int is_state(int32_t role) {
  return role == RNNCC_INITIAL || role == RNNCC_FINAL ||
         role == RNNCC_GRAD_FINAL || role == RNNCC_GRAD_INITIAL;
}

/* The caller's arrays that are copied in before a call. */
static int is_copied_in(int32_t role) {
  return role == RNNCC_INPUT || role == RNNCC_TARGET || role == RNNCC_INITIAL ||
         role == RNNCC_GRAD_OUTPUT || role == RNNCC_GRAD_FINAL;
}

static size_t row_bytes(const rnncc_array *array) {
  return (size_t)rnncc_array_bytes(array, 1, 1);
}

void rnncc_masked_destroy(rnncc_masked *masked) {
  if (!masked)
    return;
  if (masked->buffers)
    for (int64_t i = 0; i < masked->cell->n_arrays; ++i)
      rnncc_free(masked->buffers[i]);
  rnncc_free(masked->buffers);
  rnncc_free(masked->call);
  rnncc_free(masked->tape);
  rnncc_free(masked->scratch);
  rnncc_free(masked->backward_scratch);
  rnncc_free(masked->row);
  rnncc_free(masked->lengths);
  rnncc_free(masked->first);
  rnncc_free(masked->step_of);
  rnncc_free(masked);
}

static void *zeros(size_t count, size_t size) {
  if (count > PTRDIFF_MAX / size)
    return NULL;
  void *memory = rnncc_alloc(count * size);
  if (memory)
    memset(memory, 0, count * size);
  return memory;
}

/* Cuts the rows into pieces; the arrays of `masked` have room for all of them.
 */
static void cut(rnncc_masked *masked, const int64_t *lengths,
                const uint8_t *mask, const uint8_t *resets) {
  int64_t piece = 0, at = 0;
  for (int64_t row = 0; row < masked->batch; ++row) {
    int64_t end = lengths ? lengths[row] : masked->steps;
    masked->row[piece] = row;
    masked->first[piece] = at;
    for (int64_t t = 0; t < end; ++t) {
      if (resets && resets[t * masked->batch + row]) {
        masked->row[++piece] = row;
        masked->first[piece] = at;
      }
      if (mask && !mask[t * masked->batch + row])
        continue;
      masked->step_of[at++] = t;
      if (++masked->lengths[piece] > masked->longest)
        masked->longest = masked->lengths[piece];
    }
    ++piece;
  }
}

static int64_t count_pieces(int64_t steps, int64_t batch,
                            const int64_t *lengths, const uint8_t *resets) {
  int64_t pieces = batch;
  for (int64_t t = 0; resets && t < steps; ++t)
    for (int64_t row = 0; row < batch; ++row)
      pieces += resets[t * batch + row] && (!lengths || t < lengths[row]);
  return pieces;
}

/* Memory for the calls, and for the copies. */
static rnncc_status allocate(rnncc_masked *masked, int with_backward) {
  const rnncc_descriptor *cell = masked->cell;
  int64_t steps = masked->longest, rows = masked->rows;
  size_t scratch = cell->forward_scratch_bytes(steps, rows);
  size_t tape = cell->tape_bytes(steps, rows);
  size_t backward = cell->backward_scratch_bytes(steps, rows);
  if (!scratch || !tape || !backward)
    return RNNCC_BAD_SIZE;
  masked->call = rnncc_call_create(cell);
  masked->scratch = rnncc_alloc(scratch);
  masked->tape = with_backward ? rnncc_alloc(tape) : NULL;
  masked->backward_scratch = with_backward ? rnncc_alloc(backward) : NULL;
  masked->buffers = zeros((size_t)cell->n_arrays + 1, sizeof(void *));
  if (!masked->call || !masked->scratch || !masked->buffers ||
      (with_backward && (!masked->tape || !masked->backward_scratch)))
    return RNNCC_NO_MEMORY;
  for (int64_t i = 0; i < cell->n_arrays; ++i) {
    const rnncc_array *array = &cell->arrays[i];
    if (array->axes == RNNCC_PLAIN ||
        (array->axes == RNNCC_ROWS && !is_state(array->role)))
      continue;
    if (array->role >= RNNCC_GRAD_OUTPUT && !with_backward)
      continue;
    int64_t bytes = rnncc_array_bytes(array, steps, rows);
    if (bytes < 0)
      return RNNCC_BAD_SIZE;
    masked->buffers[i] = zeros((size_t)bytes, 1);
    if (!masked->buffers[i])
      return RNNCC_NO_MEMORY;
  }
  return RNNCC_OK;
}

/* True if rows have something that belongs to a row as a whole: it cannot be
 * cut.
 */
static int has_whole_rows(const rnncc_descriptor *cell) {
  for (int64_t i = 0; i < cell->n_arrays; ++i)
    if (cell->arrays[i].axes == RNNCC_ROWS && !is_state(cell->arrays[i].role))
      return 1;
  return 0;
}

rnncc_status rnncc_masked_create(const rnncc_descriptor *cell, int64_t steps,
                                 int64_t batch, const int64_t *lengths,
                                 const uint8_t *mask, const uint8_t *resets,
                                 int with_backward, rnncc_masked **result) {
  *result = NULL;
  if (steps < 0 || batch < 0 || (batch && steps > PTRDIFF_MAX / 64 / batch))
    return RNNCC_BAD_SIZE;
  for (int64_t row = 0; lengths && row < batch; ++row)
    if (lengths[row] < 0 || lengths[row] > steps)
      return RNNCC_BAD_LENGTHS;
  int64_t pieces = count_pieces(steps, batch, lengths, resets);
  if (pieces > batch && has_whole_rows(cell))
    return RNNCC_UNSUPPORTED;
  rnncc_masked *masked = zeros(1, sizeof *masked);
  if (!masked)
    return RNNCC_NO_MEMORY;
  masked->cell = cell;
  masked->steps = steps;
  masked->batch = batch;
  masked->rows = pieces;
  size_t room = (size_t)pieces + 1;
  masked->row = zeros(room, sizeof(int64_t));
  masked->lengths = zeros(room, sizeof(int64_t));
  masked->first = zeros(room, sizeof(int64_t));
  masked->step_of = zeros((size_t)(steps * batch) + 1, sizeof(int64_t));
  rnncc_status status = RNNCC_NO_MEMORY;
  if (masked->row && masked->lengths && masked->first && masked->step_of) {
    cut(masked, lengths, mask, resets);
    status = allocate(masked, with_backward);
  }
  if (status) {
    rnncc_masked_destroy(masked);
    return status;
  }
  *result = masked;
  return RNNCC_OK;
}

static int is_first(const rnncc_masked *masked, int64_t piece) {
  return piece == 0 || masked->row[piece - 1] != masked->row[piece];
}

static int is_last(const rnncc_masked *masked, int64_t piece) {
  return piece + 1 == masked->rows ||
         masked->row[piece + 1] != masked->row[piece];
}

/* Copies an array over time between the caller's rows and the pieces. */
static void copy_steps(const rnncc_masked *masked, const rnncc_array *array,
                       char *callers, char *pieces, int inwards) {
  size_t bytes = row_bytes(array);
  for (int64_t piece = 0; piece < masked->rows; ++piece)
    for (int64_t k = 0; k < masked->lengths[piece]; ++k) {
      int64_t t = masked->step_of[masked->first[piece] + k];
      char *outer =
          callers + (size_t)(t * masked->batch + masked->row[piece]) * bytes;
      char *inner = pieces + (size_t)(k * masked->rows + piece) * bytes;
      memcpy(inwards ? inner : outer, inwards ? outer : inner, bytes);
    }
}

/* Copies states: those at the beginning are of a row's first piece, those at
 * the end of its last one. */
static void copy_states(const rnncc_masked *masked, const rnncc_array *array,
                        char *callers, char *pieces, int inwards) {
  size_t bytes = row_bytes(array);
  int at_end = array->role == RNNCC_FINAL || array->role == RNNCC_GRAD_FINAL;
  for (int64_t piece = 0; piece < masked->rows; ++piece) {
    if (!(at_end ? is_last(masked, piece) : is_first(masked, piece)))
      continue;
    char *outer = callers + (size_t)masked->row[piece] * bytes;
    char *inner = pieces + (size_t)piece * bytes;
    memcpy(inwards ? inner : outer, inwards ? outer : inner, bytes);
  }
}

/* Copies an array in or out, as its role and the direction of the call say. */
static void copy_array(const rnncc_masked *masked, int64_t index, void *callers,
                       int inwards) {
  const rnncc_array *array = &masked->cell->arrays[index];
  void *pieces = masked->buffers[index];
  if (is_state(array->role)) {
    copy_states(masked, array, callers, pieces, inwards);
    return;
  }
  if (!inwards) /* steps that are left out have zeros */
    memset(callers, 0,
           (size_t)rnncc_array_bytes(array, masked->steps, masked->batch));
  copy_steps(masked, array, callers, pieces, inwards);
}

static rnncc_status run(rnncc_masked *masked, const rnncc_call *call,
                        int backward) {
  if (!call)
    return RNNCC_NULL_POINTER;
  if (call->steps != masked->steps || call->batch != masked->batch)
    return RNNCC_BAD_SIZE;
  if (backward && !masked->tape)
    return RNNCC_WRONG_TAPE;
  const rnncc_descriptor *cell = masked->cell;
  rnncc_call *inner = masked->call;
  inner->steps = masked->longest;
  inner->batch = masked->rows;
  inner->weights = call->weights;
  inner->tape = masked->tape;
  inner->scratch = backward ? masked->backward_scratch : masked->scratch;
  inner->team = call->team;
  inner->lengths = masked->lengths;
  inner->random = call->random;
  for (int64_t i = 0; i < cell->n_arrays; ++i) {
    int32_t role = cell->arrays[i].role;
    void *callers = call->arrays[i];
    inner->arrays[i] = callers;
    if (!callers || !masked->buffers[i])
      continue;
    inner->arrays[i] = masked->buffers[i];
    if (is_copied_in(role) && (role >= RNNCC_GRAD_OUTPUT) == backward)
      copy_array(masked, i, callers, /*inwards=*/1);
  }
  rnncc_status status = backward ? cell->backward(inner) : cell->forward(inner);
  if (status)
    return status;
  for (int64_t i = 0; i < cell->n_arrays; ++i) {
    int32_t role = cell->arrays[i].role;
    if (call->arrays[i] && masked->buffers[i] && !is_copied_in(role) &&
        (role >= RNNCC_GRAD_OUTPUT) == backward)
      copy_array(masked, i, call->arrays[i], /*inwards=*/0);
  }
  return RNNCC_OK;
}

rnncc_status rnncc_masked_forward(rnncc_masked *masked,
                                  const rnncc_call *call) {
  return run(masked, call, 0);
}

rnncc_status rnncc_masked_backward(rnncc_masked *masked,
                                   const rnncc_call *call) {
  return run(masked, call, 1);
}
