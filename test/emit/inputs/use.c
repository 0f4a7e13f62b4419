/* Uses two cells as an application would, and wrongly. */
#include "lstm.h"
#include "rnn.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static float params[4096];

static void require(int condition, const char *what) {
  if (condition)
    return;
  printf("wrong: %s\n", what);
  exit(1);
}

int main(void) {
  size_t i;
  lstm_params p;
  const float **pointers = (const float **)&p;
  void *weights, *tape, *scratch, *raw;
  float x[2 * 3 * LSTM_I], h[2 * 3 * LSTM_H];
  lstm_call call;
  rnncc_status status;
  int64_t lengths[3] = {2, 2, 2};

  require(offsetof(lstm_call, steps) == offsetof(rnncc_call, steps) &&
              offsetof(lstm_call, weights) == offsetof(rnncc_call, weights) &&
              offsetof(lstm_call, tape) == offsetof(rnncc_call, tape) &&
              offsetof(lstm_call, scratch) == offsetof(rnncc_call, scratch) &&
              offsetof(lstm_call, team) == offsetof(rnncc_call, team) &&
              offsetof(lstm_call, lengths) == offsetof(rnncc_call, lengths) &&
              offsetof(lstm_call, random) == offsetof(rnncc_call, random) &&
              offsetof(lstm_call, input) == offsetof(rnncc_call, arrays) &&
              sizeof(lstm_call) ==
                  offsetof(rnncc_call, arrays) +
                      (size_t)lstm_cell.n_arrays * sizeof(void *),
          "layout of the call");
  require(offsetof(rnncc_call, arrays) == offsetof(rnncc_call, random) + 8,
          "arrays follow random");
  puts("call: as rnncc_call");

  require(lstm_cell.abi_version == RNNCC_ABI_VERSION, "version");
  require(!strcmp(lstm_cell.name, "LSTM") && lstm_cell.n_sizes == 2 &&
              lstm_cell.sizes[0].value == LSTM_H &&
              !strcmp(lstm_cell.arrays[0].name, "x") &&
              !strcmp(rnn_cell.name, "RNN") && rnn_cell.n_sizes == 3,
          "descriptor");
  puts("lstm: sizes and names agree");

  for (i = 0; i < sizeof params / sizeof *params; ++i)
    params[i] = (float)(i % 13) * 0.01f - 0.05f;
  for (i = 0; i < sizeof p / sizeof *pointers; ++i)
    pointers[i] = params;
  for (i = 0; i < sizeof x / sizeof *x; ++i)
    x[i] = 0.1f;
  for (i = 0; i < sizeof h / sizeof *h; ++i)
    h[i] = 42;
  raw = malloc(lstm_weights_bytes() + lstm_tape_bytes(2, 3) +
               lstm_forward_scratch_bytes(2, 3) +
               lstm_backward_scratch_bytes(2, 3) + 4 * 64);
  weights = (void *)(((size_t)raw + 63) / 64 * 64);
  tape = (char *)weights + (lstm_weights_bytes() + 63) / 64 * 64;
  scratch = (char *)tape + (lstm_tape_bytes(2, 3) + 63) / 64 * 64;

  memset(&call, 0, sizeof call);
  call.steps = 2;
  call.batch = 3;
  call.weights = weights;
  call.scratch = scratch;
  call.input.x = x;
  call.output.h = h;
  memset(weights, 0, lstm_weights_bytes());
  require(lstm_forward(&call) == RNNCC_WRONG_WEIGHTS, "weights not packed");
  require(lstm_pack(NULL, weights) == RNNCC_NULL_POINTER, "no parameters");
  require(lstm_pack(&p, (char *)weights + 4) == RNNCC_MISALIGNED, "pack");
  require(lstm_pack(&p, weights) == RNNCC_OK, "pack");
  require(lstm_forward(NULL) == RNNCC_NULL_POINTER, "no call");
  call.steps = -1;
  require(lstm_forward(&call) == RNNCC_BAD_SIZE, "negative T");
  call.steps = INT64_MAX;
  require(lstm_forward(&call) == RNNCC_BAD_SIZE, "huge T");
  require(lstm_tape_bytes(INT64_MAX, 3) == 0 && lstm_tape_bytes(-1, 3) == 0 &&
              lstm_forward_scratch_bytes(4, INT64_MAX) == 0,
          "sizes out of range");
  call.steps = 2;
  call.batch = (int64_t)1 << 61;
  require(lstm_forward(&call) == RNNCC_BAD_SIZE, "huge N");
  call.batch = 3;
  call.input.x = NULL;
  require(lstm_forward(&call) == RNNCC_NULL_POINTER, "no input");
  call.input.x = (const float *)((const char *)x + 1);
  require(lstm_forward(&call) == RNNCC_MISALIGNED, "input at an odd address");
  call.input.x = x;
  call.scratch = (char *)scratch + 8;
  require(lstm_forward(&call) == RNNCC_MISALIGNED, "scratch");
  call.scratch = scratch;
  require(lstm_backward(&call) == RNNCC_NULL_POINTER, "backward without tape");
  call.lengths = lengths;
  lengths[1] = 3;
  require(lstm_forward(&call) == RNNCC_BAD_LENGTHS, "a length above T");
  lengths[1] = -1;
  require(lstm_forward(&call) == RNNCC_BAD_LENGTHS, "a negative length");
  lengths[1] = 2;
  call.lengths = (const int64_t *)((const char *)lengths + 4);
  require(lstm_forward(&call) == RNNCC_MISALIGNED, "lengths");
  call.lengths = NULL;
  call.tape = tape;
  memset(tape, 0, 64);
  require(lstm_backward(&call) == RNNCC_WRONG_TAPE, "tape never written");
  for (i = 0; i < sizeof h / sizeof *h; ++i)
    require(h[i] == 42, "an array was touched");
  status = lstm_forward(&call);
  require(status == RNNCC_OK && h[0] != 42 && !isnan(h[0]), "forward");
  call.steps = 1;
  require(lstm_backward(&call) == RNNCC_WRONG_TAPE, "tape of another T");
  call.steps = 2;
  call.lengths = lengths;
  require(lstm_backward(&call) == RNNCC_WRONG_TAPE, "tape of other lengths");
  call.lengths = NULL;
  require(lstm_backward(&call) == RNNCC_OK, "backward");
  require(lstm_backward(&call) == RNNCC_WRONG_TAPE, "tape used up");
  call.steps = 0;
  require(lstm_forward(&call) == RNNCC_OK, "no steps");
  puts("wrong calls: all refused, nothing touched");
  free(raw);
  return 0;
}
