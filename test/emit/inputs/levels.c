/* Prints the output of one forward call in full, or why there is none. */
#include "lstm.h"
#include "rnncc/runtime.h"
#include <stdio.h>
#include <stdlib.h>

static float *numbers(size_t count) {
  float *values = (float *)malloc(count * sizeof(float));
  size_t i;
  for (i = 0; i < count; ++i)
    values[i] = (float)(i * 7 % 23) * 0.05f - 0.5f;
  return values;
}

int main(void) {
  enum { T = 3, N = 5 };
  lstm_params params;
  const float **param = (const float **)&params;
  float h[T * N * LSTM_H];
  void *weights = NULL, *scratch = NULL;
  lstm_call call = {0};
  rnncc_status status;
  size_t i;
  for (i = 0; i < sizeof params / sizeof *param; ++i)
    param[i] = numbers((LSTM_I + LSTM_H) * LSTM_H);
  if (posix_memalign(&weights, 64, lstm_weights_bytes() + 64) ||
      posix_memalign(&scratch, 64, lstm_forward_scratch_bytes(T, N) + 64))
    return 1;
  status = lstm_pack(&params, weights);
  call.steps = T;
  call.batch = N;
  call.weights = weights;
  call.scratch = scratch;
  call.input.x = numbers(T * N * LSTM_I);
  call.output.h = h;
  if (!status)
    status = lstm_forward(&call);
  printf("%s\n", rnncc_status_text(status));
  if (!status)
    for (i = 0; i < T * N * LSTM_H; ++i)
      printf("%a\n", h[i]);
  return 0;
}
