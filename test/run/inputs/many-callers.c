/* Many threads call one cell at once: alone, each with a team of its own, and
   some with a large team. All get the bits that one thread gets. */
#include "lstm.h"
#include "rnncc/runtime.h"
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { T = 12, N = 9, NUMBERS = 1 << 16, CALLERS = 12, ROUNDS = 20 };
static float numbers[NUMBERS];

struct results {
  float h[T * N * LSTM_H], x[T * N * LSTM_I], w[LSTM_H * LSTM_H];
};
static struct results expected;

static void run(int threads, struct results *results) {
  size_t i;
  lstm_params params;
  const float **param = (const float **)&params;
  void *weights = rnncc_alloc(lstm_weights_bytes());
  void *tape = rnncc_alloc(lstm_tape_bytes(T, N));
  void *scratch = rnncc_alloc(lstm_forward_scratch_bytes(T, N));
  void *back = rnncc_alloc(lstm_backward_scratch_bytes(T, N));
  rnncc_team *team = NULL;
  lstm_call call;
  memset(&call, 0, sizeof call);
  memset(results, 0, sizeof *results);
  for (i = 0; i < sizeof params / sizeof *param; ++i)
    param[i] = numbers + 13 * i;
  if (lstm_pack(&params, weights) ||
      (threads && rnncc_team_create(threads, &team)))
    abort();
  call.steps = T;
  call.batch = N;
  call.weights = weights;
  call.tape = tape;
  call.team = team;
  call.input.x = numbers;
  call.output.h = results->h;
  call.grad_output.h = numbers;
  call.grad_input.x = results->x;
  call.grad_param.W_hi = results->w;
  call.scratch = scratch;
  if (lstm_forward(&call))
    abort();
  call.scratch = back;
  if (lstm_backward(&call))
    abort();
  rnncc_team_destroy(team);
  rnncc_free(weights);
  rnncc_free(tape);
  rnncc_free(scratch);
  rnncc_free(back);
}

static void *caller(void *number) {
  int round, threads[] = {0, 1, 2, 3, 7};
  struct results *results = malloc(sizeof *results);
  for (round = 0; round < ROUNDS; ++round) {
    run(threads[((size_t)number + (size_t)round) % 5], results);
    if (memcmp(results, &expected, sizeof expected)) {
      printf("caller %d: other bits in round %d\n", (int)(size_t)number, round);
      break;
    }
  }
  free(results);
  return NULL;
}

int main(void) {
  pthread_t callers[CALLERS];
  size_t i;
  for (i = 0; i < NUMBERS; ++i)
    numbers[i] = (float)(i * 37 % 101) * 0.004f - 0.2f;
  run(0, &expected);
  for (i = 0; i < CALLERS; ++i)
    if (pthread_create(&callers[i], NULL, caller, (void *)i))
      return 1;
  for (i = 0; i < CALLERS; ++i)
    pthread_join(callers[i], NULL);
  puts("done");
  return 0;
}
