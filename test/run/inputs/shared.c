/* Calls a model whose table has each of 10 vectors many times: by a few indices, which are shared,
 * and by indices that all differ. The vectors are the same, so results are. */
#include "rnncc/runtime.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { V = WORDS_V, E = WORDS_E, H = WORDS_H, T = 20, N = 16, ALIKE = 10 };
/* Of the parameters behind the table, in their order. */
enum { PARAMS = 14, REST = 4 * H * E + 4 * H * H + 4 * H + H + 1 };

static void *block(size_t bytes) {
  void *memory = aligned_alloc(64, (bytes + 63) / 64 * 64 + 64);
  if (!memory)
    exit(1);
  return memory;
}

/* Numbers around 0 that look random. */
static float number(void) {
  static unsigned seed = 1;
  seed = seed * 1103515245u + 12345u;
  return ((float)(seed >> 16 & 0x7fff) / 32768.0f - 0.5f) * 0.4f;
}

static void point(const float *table, const float *rest, const float **to) {
  static const int sizes[PARAMS] = {H * E, H * E, H * E, H * E, H * H, H * H, H * H,
                                    H * H, H,     H,     H,     H,     H,     1};
  *to++ = table;
  for (int i = 0; i < PARAMS; rest += sizes[i++])
    *to++ = rest;
}

static float table[V * E], rest[REST], grad_h[T * N * H], loss[N];
static void *weights;

typedef struct {
  float p[N], h[T * N * H];
  float grad_rest[REST], grad_table[ALIKE * E]; /* of vectors, not of rows */
  long untouched;                               /* words of the tape */
} results;

typedef struct {
  int64_t steps, batch;
  const int64_t *lengths;
  rnncc_team *team;
  int leaves_out_table;
} situation;

static void train(situation it, const int32_t *words, results *out) {
  static const float y[N] = {1, 0, 1}, ones[N] = {1, 1, 1};
  static float grad_table[V * E];
  memset(out, 0, sizeof *out);
  memset(grad_table, 0, sizeof grad_table);
  size_t bytes = words_tape_bytes(it.steps, it.batch);
  uint32_t *tape = block(bytes);
  memset(tape, 0xab, bytes);
  words_call call = {0};
  call.steps = it.steps;
  call.batch = it.batch;
  call.weights = weights;
  call.tape = tape;
  call.team = it.team;
  call.lengths = it.lengths;
  call.scratch = block(words_forward_scratch_bytes(it.steps, it.batch));
  call.input.words = words;
  call.target.y = y;
  call.output.p = out->p;
  call.output.h = out->h;
  call.loss.loss = loss;
  if (words_forward(&call) != RNNCC_OK)
    exit(1);
  for (size_t i = 0; i < bytes / 4; ++i)
    out->untouched += tape[i] == 0xababababu;
  free(call.scratch);
  call.scratch = block(words_backward_scratch_bytes(it.steps, it.batch));
  call.grad_output.loss = ones;
  call.grad_output.h = grad_h;
  point(it.leaves_out_table ? NULL : grad_table, out->grad_rest, (const float **)&call.grad_param);
  if (words_backward(&call) != RNNCC_OK)
    exit(1);
  for (int row = 0; row < V; ++row)
    for (int i = 0; i < E; ++i)
      out->grad_table[row % ALIKE * E + i] += grad_table[row * E + i];
  free(call.scratch);
  free(tape);
}

static int near(const float *a, const float *b, int count) {
  float largest = 0, apart = 0;
  for (int i = 0; i < count; ++i) {
    largest = fmaxf(largest, fabsf(a[i]));
    apart = fmaxf(apart, fabsf(a[i] - b[i]));
  }
  return apart <= 1e-6f * fmaxf(largest, 1);
}

/* With `few` words, and with others that have the same vectors and all differ. */
static void compare(const char *what, situation it, const int32_t *few) {
  static results shared, apart;
  int32_t many[T * N];
  for (int k = 0; k < T * N; ++k)
    many[k] = few[k] + ALIKE * k;
  train(it, few, &shared);
  train(it, many, &apart);
  /* What is shared is not written for all places. */
  long least = (it.steps * it.batch - ALIKE) * E / 2;
  int isShared = it.steps * it.batch > 1 && shared.untouched - apart.untouched >= least;
  int same = !memcmp(shared.p, apart.p, sizeof shared.p) &&
             !memcmp(shared.h, apart.h, sizeof shared.h) &&
             near(shared.grad_rest, apart.grad_rest, REST) &&
             near(shared.grad_table, apart.grad_table, ALIKE * E);
  printf("%s: %s; %s outputs and gradients\n", what,
         isShared ? "shared, not shared" : "never shared", same ? "the same" : "OTHER");
}

int main(void) {
  for (int i = 0; i < ALIKE * E; ++i)
    table[i] = number();
  for (int i = ALIKE * E; i < V * E; ++i)
    table[i] = table[i % (ALIKE * E)];
  for (int i = 0; i < REST; ++i)
    rest[i] = number();
  for (int i = 0; i < T * N * H; ++i)
    grad_h[i] = number();
  words_params params;
  point(table, rest, (const float **)&params);
  weights = block(words_weights_bytes());
  if (words_pack(&params, weights) != RNNCC_OK)
    return 1;

  int32_t words[T * N], one[T * N] = {0};
  int64_t lengths[N];
  for (int k = 0; k < T * N; ++k)
    words[k] = (k * k + 3 * (k / 7)) % ALIKE;
  for (int row = 0; row < N; ++row)
    lengths[row] = (row * 7 + 3) % (T + 1);
  situation plain = {T, N, NULL, NULL, 0}, it = plain;
  compare("10 words in 320 places", plain, words);
  it.lengths = lengths;
  compare("with lengths", it, words);
  compare("one word in 320 places", plain, one);
  it = plain;
  it.steps = it.batch = 1;
  compare("one place", it, words);
  it = plain;
  it.leaves_out_table = 1;
  compare("without the gradient of the table", it, words);
  it = plain;
  if (rnncc_team_create(3, &it.team) != RNNCC_OK)
    return 1;
  compare("3 threads", it, words);
  static results alone, together;
  train(plain, words, &alone);
  train(it, words, &together);
  printf("3 threads and one: %s\n", memcmp(&alone, &together, sizeof alone) ? "OTHER" : "the same bits");
  rnncc_team_destroy(it.team);
  return 0;
}
