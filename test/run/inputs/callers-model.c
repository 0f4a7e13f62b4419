/* Calls the models of callers-model.rnn with and without what callers may leave out. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { T = 4, N = 2 };

static void *block(size_t bytes) {
  return aligned_alloc(64, (bytes + 63) / 64 * 64 + 64);
}

static void check(int isRight, const char *what) {
  printf("%s%s\n", isRight ? "" : "WRONG ", what);
}

static void callReader(void) {
  float table[7 * 3], W[5 * 3], U[5 * 5];
  for (int i = 0; i < 25; ++i)
    U[i] = 0.1f * (float)(i % 7) - 0.2f;
  for (int i = 0; i < 21; ++i)
    table[i] = 0.05f * (float)i - 0.4f;
  for (int i = 0; i < 15; ++i)
    W[i] = 0.3f - 0.04f * (float)i;
  reader_params params;
  const float *values[] = {table, W, U};
  memcpy(&params, values, sizeof params);
  void *weights = block(reader_weights_bytes());
  if (reader_pack(&params, weights) != RNNCC_OK)
    exit(1);

  int32_t tokens[T * N] = {0, 6, 1, 5, 2, 4, 3, 3};
  int64_t lengths[N] = {4, 2};
  float y[N * 5], with[N * 5], without[N * 5], loss[N], drawn[N];
  for (int i = 0; i < N * 5; ++i)
    y[i] = 0.1f * (float)i;
  reader_call call = {0};
  call.steps = T;
  call.batch = N;
  call.weights = weights;
  call.scratch = block(reader_forward_scratch_bytes(T, N));
  call.lengths = lengths;
  call.input.tokens = tokens;
  call.target.y = y;
  call.output.p = with;
  call.loss.loss = loss;
  rnncc_status first = reader_forward(&call);

  call.target.y = NULL;
  call.output.p = without;
  drawn[0] = drawn[1] = -7;
  call.loss.loss = drawn;
  rnncc_status second = reader_forward(&call);
  check(first == RNNCC_OK && second == RNNCC_OK && loss[0] > 0 &&
            !memcmp(with, without, sizeof with),
        "without targets: the outputs have the same bits");
  check(drawn[0] == -7 && drawn[1] == -7,
        "without targets: no loss is written");

  tokens[2 * N + 0] = 7;
  without[0] = -7;
  check(reader_forward(&call) == RNNCC_BAD_INDEX && without[0] == -7,
        "an index that is too large: BAD_INDEX, nothing is written");
  tokens[2 * N + 0] = 2;
  tokens[2 * N + 1] = 7; /* the second row has two steps */
  check(reader_forward(&call) == RNNCC_OK,
        "an index past the end of its row: ok");

  float plain[N];
  rnncc_random random = {.seed = 1};
  call.target.y = y;
  call.loss.loss = plain;
  rnncc_status third = reader_forward(&call);
  call.random = &random;
  call.loss.loss = drawn;
  rnncc_status fourth = reader_forward(&call);
  check(third == RNNCC_OK && fourth == RNNCC_OK &&
            !memcmp(plain, loss, sizeof loss) && drawn[0] != loss[0],
        "dropout without a seed: the same bits; with one: other losses");
}

static void callBoth(void) {
  float x[3] = {1, 2, 3}, h[4], zeros[10] = {0};
  both_params params;
  const float *values[] = {zeros, zeros, zeros, zeros};
  memcpy(&params, values, sizeof params);
  void *weights = block(both_weights_bytes());
  both_pack(&params, weights);
  both_call call = {0};
  call.steps = 1;
  call.batch = 1;
  call.weights = weights;
  call.scratch = block(both_forward_scratch_bytes(1, 1));
  call.input.x = x;
  call.output.h = h;
  check(both_step(&call) == RNNCC_UNSUPPORTED &&
            both_forward(&call) == RNNCC_OK,
        "a step of a model that reads backward: UNSUPPORTED");
}

int main(void) {
  callReader();
  callBoth();
  return 0;
}
