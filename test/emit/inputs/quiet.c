/* Steps, whole sequences and training steps under a filter of the kernel that
 * ends the process at its first system call but write and exit. */
#include "lstm.h"
#include "rnncc/runtime.h"
#include <linux/seccomp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { T = 20, N = 3, ELEMENTS = (LSTM_I + LSTM_H) * LSTM_H };

static void *memory(size_t bytes) {
  void *at = NULL;
  if (posix_memalign(&at, 64, bytes + 64))
    exit(1);
  memset(at, 0, bytes + 64); /* no page is new when it is used */
  return at;
}

static void say(const char *text) {
  if (write(1, text, strlen(text)) < 0)
    syscall(SYS_exit, 2);
}

int main(int argc, char **argv) {
  lstm_params params;
  lstm_grads grads;
  const float **param = (const float **)&params;
  float **grad = (float **)&grads;
  lstm_call call = {0};
  size_t i;
  int wrong = 0;
  for (i = 0; i < sizeof params / sizeof *param; ++i) {
    param[i] = (const float *)memory(ELEMENTS * sizeof(float));
    grad[i] = (float *)memory(ELEMENTS * sizeof(float));
  }
  call.weights = memory(lstm_weights_bytes());
  call.tape = memory(lstm_tape_bytes(T, N));
  i = lstm_forward_scratch_bytes(T, N);
  if (i < lstm_backward_scratch_bytes(T, N))
    i = lstm_backward_scratch_bytes(T, N);
  call.scratch = memory(i);
  call.input.x = (const float *)memory(T * N * LSTM_I * sizeof(float));
  call.output.h = (float *)memory(T * N * LSTM_H * sizeof(float));
  call.initial.h = (const float *)memory(N * LSTM_H * sizeof(float));
  call.initial.C = (const float *)memory(N * LSTM_H * sizeof(float));
  call.final.h = (float *)memory(N * LSTM_H * sizeof(float));
  call.final.C = (float *)memory(N * LSTM_H * sizeof(float));
  call.grad_output.h = call.output.h;
  call.grad_param = grads;
  say("begins\n"); /* what the C library sets up at first use is set up */

  if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_STRICT))
    return 1;
  if (argc > 1 && !strcmp(argv[1], "wrong"))
    free(malloc(1 << 26)); /* asks the system for memory */
  wrong |= lstm_pack(&params, (void *)call.weights);
  call.steps = 1;
  call.batch = 1;
  for (i = 0; i < 100; ++i)
    wrong |= lstm_step(&call);
  call.steps = T;
  call.batch = N;
  wrong |= lstm_forward(&call);
  wrong |= lstm_backward(&call);
  say(wrong ? "wrong\n" : "quiet\n");
  syscall(SYS_exit, wrong);
  return 0;
}
