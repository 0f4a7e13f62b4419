/* Runs a cell with a team of two threads. */
#include "lstm.h"
#include "rnncc/runtime.h"
#include <stdio.h>
#include <string.h>

static float numbers[4096];

int main(void) {
  size_t i;
  lstm_params params;
  const float **param = (const float **)&params;
  float x[2 * 3 * LSTM_I], h[2 * 3 * LSTM_H];
  lstm_call call;
  rnncc_status status;
  void *weights = NULL, *scratch = NULL;
  rnncc_team *team = NULL;
  memset(&call, 0, sizeof call);
  for (i = 0; i < sizeof numbers / sizeof *numbers; ++i)
    numbers[i] = 0.1f;
  for (i = 0; i < sizeof params / sizeof *param; ++i)
    param[i] = numbers;
  for (i = 0; i < sizeof x / sizeof *x; ++i)
    x[i] = 0.5f;
  weights = rnncc_alloc(lstm_weights_bytes());
  scratch = rnncc_alloc(lstm_forward_scratch_bytes(2, 3));
  if (!weights || !scratch || lstm_pack(&params, weights))
    return 1;
  if (rnncc_team_create(2, &team))
    return 1;
  call.team = team;
  call.steps = 2;
  call.batch = 3;
  call.weights = weights;
  call.scratch = scratch;
  call.input.x = x;
  call.output.h = h;
  status = lstm_forward(&call);
  if (status) {
    printf("%s\n", rnncc_status_text(status));
    return 1;
  }
  printf("h = %.4f\n", (double)h[2 * 3 * LSTM_H - 1]);
  rnncc_team_destroy(team);
  rnncc_free(weights);
  rnncc_free(scratch);
  return 0;
}
