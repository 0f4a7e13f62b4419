/* Times forward and backward on normal and on denormal numbers. The
   floating-point modes of the caller are as they were. */
#include "lstm.h"
#include <fenv.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <xmmintrin.h>

enum { T = 20, N = 8, NUMBERS = 1 << 16 };
static float numbers[NUMBERS], zeros[NUMBERS], out[NUMBERS], grad[NUMBERS];

static double seconds(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

/* The least time of several runs on numbers of that size. */
static double least(float size) {
  size_t i;
  int run;
  double best = 1e9;
  lstm_params params;
  const float **param = (const float **)&params;
  void *weights = NULL, *tape = NULL, *scratch = NULL, *back = NULL;
  lstm_call call;
  memset(&call, 0, sizeof call);
  for (i = 0; i < NUMBERS; ++i)
    numbers[i] = size * (float)(1 + i % 7);
  for (i = 0; i < sizeof params / sizeof *param; ++i)
    param[i] = numbers;
  if (posix_memalign(&weights, 64, lstm_weights_bytes()) ||
      posix_memalign(&tape, 64, lstm_tape_bytes(T, N)) ||
      posix_memalign(&scratch, 64, lstm_forward_scratch_bytes(T, N)) ||
      posix_memalign(&back, 64, lstm_backward_scratch_bytes(T, N)) ||
      lstm_pack(&params, weights))
    exit(1);
  call.steps = T;
  call.batch = N;
  call.weights = weights;
  call.tape = tape;
  call.input.x = numbers;
  call.output.h = out;
  call.grad_output.h = numbers;
  call.grad_input.x = grad;
  for (run = 0; run < 50; ++run) {
    double start = seconds();
    call.scratch = scratch;
    if (lstm_forward(&call))
      exit(1);
    call.scratch = back;
    if (lstm_backward(&call))
      exit(1);
    if (seconds() - start < best)
      best = seconds() - start;
  }
  free(weights), free(tape), free(scratch), free(back);
  return best;
}

int main(void) {
  unsigned modes =
      _mm_getcsr() & ~0x3fu; /* without the flags of what happened */
  double normal = least(0.01f), denormal = least(1e-40f);
  printf("denormals cost %.2f times\n", denormal / normal);
  if (denormal > 2 * normal)
    puts("too much");
  if ((_mm_getcsr() & ~0x3fu) != modes)
    puts("modes have changed");
  volatile float tiny = 1e-40f;
  if (tiny * 1.0f == 0)
    puts("denormals of the caller are gone");
  return 0;
}
