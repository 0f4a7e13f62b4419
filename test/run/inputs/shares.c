/* Teams of many sizes give the bits of one thread: with fewer panels than
   threads, with numbers that do not divide, with rows of equal and of different
   lengths, forward alone and with backward. Tells how often a team was asked to
   run something. */
#include "rnncc/runtime.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

extern const rnncc_descriptor CELL;

#ifndef STEPS
#define STEPS 5
#endif
enum { MOST = 40 };

/* A team that counts what it is asked to run. */
static struct {
  rnncc_team base;
  rnncc_team *real;
  int runs;
} counted;

static void run_counted(rnncc_team *team, void (*body)(void *, int64_t),
                        void *argument) {
  (void)team;
  ++counted.runs;
  counted.real->run(counted.real, body, argument);
}

static void meet(rnncc_team *team) {
  (void)team;
  counted.real->barrier(counted.real);
}

static rnncc_team *counting(rnncc_team *real) {
  counted.base.threads = real->threads;
  counted.base.run = run_counted;
  counted.base.barrier = meet;
  counted.real = real;
  return &counted.base;
}

/* All that a call writes. */
struct results {
  void *memory[64];
  size_t bytes[64];
};

static int is_written(const rnncc_array *array, int backward) {
  return array->role == RNNCC_OUTPUT || array->role == RNNCC_FINAL ||
         (backward && array->role >= RNNCC_GRAD_INPUT);
}

static void run(int64_t rows, const int64_t *lengths, int backward,
                rnncc_team *team, const void *weights,
                struct results *results) {
  rnncc_call *call = rnncc_call_create(&CELL);
  const size_t forward = CELL.forward_scratch_bytes(STEPS, rows);
  const size_t back = CELL.backward_scratch_bytes(STEPS, rows);
  for (int64_t i = 0; i < CELL.n_arrays; ++i) {
    const size_t bytes =
        (size_t)rnncc_array_bytes(&CELL.arrays[i], STEPS, rows);
    float *numbers = call->arrays[i] = rnncc_alloc(bytes);
    for (size_t at = 0; at < bytes / sizeof *numbers; ++at)
      numbers[at] = (float)((at * 37 + (size_t)i) % 101) * 0.02f - 1;
    results->memory[i] = numbers;
    results->bytes[i] = bytes;
  }
  call->steps = STEPS;
  call->batch = rows;
  call->weights = weights;
  call->team = team;
  call->lengths = lengths;
  call->tape = backward ? rnncc_alloc(CELL.tape_bytes(STEPS, rows)) : NULL;
  call->scratch = rnncc_alloc(forward > back ? forward : back);
  if (CELL.forward(call) || (backward && CELL.backward(call)))
    abort();
  rnncc_free(call->tape);
  rnncc_free(call->scratch);
  rnncc_free(call);
}

static int same(const struct results *a, const struct results *b,
                int backward) {
  for (int64_t i = 0; i < CELL.n_arrays; ++i)
    if (is_written(&CELL.arrays[i], backward) &&
        memcmp(a->memory[i], b->memory[i], a->bytes[i]))
      return 0;
  return 1;
}

static void drop(struct results *results) {
  for (int64_t i = 0; i < CELL.n_arrays; ++i)
    rnncc_free(results->memory[i]);
}

int main(void) {
  const int64_t rows[] = {1, 2, 7, 16, MOST};
  const int sizes[] = {2, 3, 5, 8, 13};
  const void *params[64];
  int64_t lengths[MOST];
  void *weights = rnncc_alloc(CELL.weights_bytes());
  int compared = 0;
  for (int i = 0; i < MOST; ++i)
    lengths[i] = i * 7 % (STEPS + 1);
  for (int64_t i = 0; i < CELL.n_params; ++i) {
    const int64_t count = rnncc_param_elements(&CELL.params[i]);
    float *numbers = malloc((size_t)count * sizeof *numbers);
    for (int64_t at = 0; at < count; ++at)
      numbers[at] = (float)((at * 53 + i) % 89) * 0.004f - 0.18f;
    params[i] = numbers;
  }
  if (CELL.pack(params, weights))
    abort();
  void *packed = rnncc_alloc(CELL.weights_bytes());
  for (int s = 0; s < 5; ++s) {
    rnncc_team *team;
    if (rnncc_team_create(sizes[s], &team))
      abort();
    memset(packed, 0x5a, CELL.weights_bytes());
    if (CELL.pack_on_team(params, packed, counting(team)))
      abort();
    rnncc_team_destroy(team);
    if (memcmp(weights, packed, CELL.weights_bytes()))
      printf("%d threads, weights: other bits\n", sizes[s]);
  }
  rnncc_free(packed);
#ifdef ONLY_PACKING
  printf("%s: packed, %d runs of a team\n", CELL.name, counted.runs);
  return 0;
#endif
  for (int r = 0; r < 5; ++r)
    for (int ragged = 0; ragged < 2; ++ragged)
      for (int backward = 0; backward < 2; ++backward) {
        struct results alone, together;
        run(rows[r], ragged ? lengths : NULL, backward, NULL, weights, &alone);
        for (int s = 0; s < 5; ++s) {
          rnncc_team *team;
          if (rnncc_team_create(sizes[s], &team))
            abort();
          run(rows[r], ragged ? lengths : NULL, backward, counting(team),
              weights, &together);
          rnncc_team_destroy(team);
          if (!same(&alone, &together, backward))
            printf("%d threads, %d rows%s%s: other bits\n", sizes[s],
                   (int)rows[r], ragged ? " of different lengths" : "",
                   backward ? ", backward" : "");
          drop(&together);
          ++compared;
        }
        drop(&alone);
      }
  printf("%s: %d compared, %d runs of a team\n", CELL.name, compared,
         counted.runs);
  return 0;
}
