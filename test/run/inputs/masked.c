/* Sequences with masks and resets against their pieces, one by one: the same
 * bits. */
#include "cell.h"
#include "rnncc/runtime.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { T = 23, N = 9, I = MASKED_I, H = MASKED_H };

static float x[T][N][I], h0[N][H], s0[N][H], y[T][N][H], hT[N][H], sT[N][H];
static float gy[T][N][H], ghT[N][H], gx[T][N][I], gh0[N][H], gs0[N][H];
static float W[H][I], U[H][H], gW[H][I], gU[H][H], sumW[H][I], sumU[H][H];
static uint8_t mask[T][N], resets[T][N];
static int64_t lengths[N];
static int failures;

static void require(int ok, const char *what, int row) {
  if (!ok && ++failures < 20)
    printf("FAILED: %s of row %d\n", what, row);
}

static void fill(float *to, size_t bytes) {
  for (size_t i = 0; i < bytes / sizeof(float); ++i)
    to[i] = (float)rand() / (float)RAND_MAX - 0.5f;
}

static void *weights;

/* The steps of one piece as a sequence of its own; gives its final states. */
static void run_piece(int row, const int *steps, int count, int is_first,
                      int is_last) {
  float px[T][I], py[T][H], pgy[T][H], pgx[T][I];
  float ph[H] = {0}, ps[H] = {0}, pgh[H] = {0}, phT[H], psT[H], pg0[H], pgs[H];
  for (int k = 0; k < count; ++k) {
    memcpy(px[k], x[steps[k]][row], sizeof px[k]);
    memcpy(pgy[k], gy[steps[k]][row], sizeof pgy[k]);
  }
  if (is_first) {
    memcpy(ph, h0[row], sizeof ph);
    memcpy(ps, s0[row], sizeof ps);
  }
  if (is_last)
    memcpy(pgh, ghT[row], sizeof pgh);
  masked_call call = {0};
  call.steps = count;
  call.batch = 1;
  call.weights = weights;
  call.tape = rnncc_alloc(masked_tape_bytes(count, 1));
  call.scratch = rnncc_alloc(masked_forward_scratch_bytes(count, 1));
  call.input.x = &px[0][0];
  call.initial.h = ph;
  call.initial.s = ps;
  call.final.h = phT;
  call.final.s = psT;
  call.output.y = &py[0][0];
  call.grad_output.y = &pgy[0][0];
  call.grad_final.h = pgh;
  call.grad_input.x = &pgx[0][0];
  call.grad_initial.h = pg0;
  call.grad_initial.s = pgs;
  call.grad_param.W = &sumW[0][0];
  call.grad_param.U = &sumU[0][0];
  require(masked_forward(&call) == RNNCC_OK, "forward", row);
  rnncc_free(call.scratch);
  call.scratch = rnncc_alloc(masked_backward_scratch_bytes(count, 1));
  require(masked_backward(&call) == RNNCC_OK, "backward", row);
  rnncc_free(call.scratch);
  rnncc_free(call.tape);
  for (int k = 0; k < count; ++k) {
    require(!memcmp(py[k], y[steps[k]][row], sizeof py[k]), "outputs", row);
    require(!memcmp(pgx[k], gx[steps[k]][row], sizeof pgx[k]),
            "input gradients", row);
  }
  if (is_last)
    require(!memcmp(phT, hT[row], sizeof phT) &&
                !memcmp(psT, sT[row], sizeof psT),
            "final states", row);
  if (is_first)
    require(!memcmp(pg0, gh0[row], sizeof pg0) &&
                !memcmp(pgs, gs0[row], sizeof pgs),
            "gradients of initial states", row);
}

static void check_rows(int with_mask, int with_resets) {
  for (int row = 0; row < N; ++row) {
    int steps[T], count = 0, is_first = 1;
    for (int t = 0; t < lengths[row]; ++t) {
      if (with_resets && resets[t][row]) {
        run_piece(row, steps, count, is_first, 0);
        is_first = 0;
        count = 0;
      }
      if (!with_mask || mask[t][row])
        steps[count++] = t;
    }
    run_piece(row, steps, count, is_first, 1);
    for (int t = 0; t < T; ++t)
      if (t >= lengths[row] || (with_mask && !mask[t][row]))
        for (int i = 0; i < H; ++i)
          require(y[t][row][i] == 0, "zeros where no step is", row);
  }
}

static void check(int with_mask, int with_resets, int threads) {
  rnncc_team *team = NULL;
  require(rnncc_team_create(threads, &team) == RNNCC_OK, "team", 0);
  rnncc_masked *masked;
  require(rnncc_masked_create(
              &masked_cell, T, N, lengths, with_mask ? &mask[0][0] : NULL,
              with_resets ? &resets[0][0] : NULL, 1, &masked) == RNNCC_OK,
          "create", 0);
  masked_call call = {0};
  call.steps = T;
  call.batch = N;
  call.weights = weights;
  call.team = team;
  call.input.x = &x[0][0][0];
  call.initial.h = &h0[0][0];
  call.initial.s = &s0[0][0];
  call.final.h = &hT[0][0];
  call.final.s = &sT[0][0];
  call.output.y = &y[0][0][0];
  call.grad_output.y = &gy[0][0][0];
  call.grad_final.h = &ghT[0][0];
  call.grad_input.x = &gx[0][0][0];
  call.grad_initial.h = &gh0[0][0];
  call.grad_initial.s = &gs0[0][0];
  call.grad_param.W = &gW[0][0];
  call.grad_param.U = &gU[0][0];
  memset(gW, 0, sizeof gW);
  memset(gU, 0, sizeof gU);
  memset(sumW, 0, sizeof sumW);
  memset(sumU, 0, sizeof sumU);
  memset(y, 0xff, sizeof y); /* NaN */
  memset(gx, 0xff, sizeof gx);
  const rnncc_call *plain = (const rnncc_call *)&call;
  require(rnncc_masked_forward(masked, plain) == RNNCC_OK, "forward", 0);
  require(rnncc_masked_backward(masked, plain) == RNNCC_OK, "backward", 0);
  require(rnncc_masked_backward(masked, plain) == RNNCC_WRONG_TAPE,
          "second backward", 0);
  call.steps = T - 1;
  require(rnncc_masked_forward(masked, plain) == RNNCC_BAD_SIZE, "size", 0);
  rnncc_masked_destroy(masked);
  rnncc_team_destroy(team);
  check_rows(with_mask, with_resets);
  for (int i = 0; i < H; ++i)
    for (int j = 0; j < H; ++j)
      require(fabsf(gU[i][j] - sumU[i][j]) <= 1e-4f * (1 + fabsf(sumU[i][j])),
              "gradient of U", i);
  for (int i = 0; i < H; ++i)
    for (int j = 0; j < I; ++j)
      require(fabsf(gW[i][j] - sumW[i][j]) <= 1e-4f * (1 + fabsf(sumW[i][j])),
              "gradient of W", i);
  printf("mask %d, resets %d, %d threads: compared\n", with_mask, with_resets,
         threads);
}

int main(void) {
  srand(3);
  fill(&x[0][0][0], sizeof x);
  fill(&h0[0][0], sizeof h0);
  fill(&s0[0][0], sizeof s0);
  fill(&gy[0][0][0], sizeof gy);
  fill(&ghT[0][0], sizeof ghT);
  fill(&W[0][0], sizeof W);
  fill(&U[0][0], sizeof U);
  for (int t = 0; t < T; ++t)
    for (int row = 0; row < N; ++row) {
      mask[t][row] = row == 1 ? 0 : rand() % 4 != 0;
      resets[t][row] = row == 2 ? 1 : rand() % 6 == 0;
    }
  for (int row = 0; row < N; ++row)
    lengths[row] = row == 0 ? T : row == 3 ? 0 : rand() % (T + 1);
  weights = rnncc_alloc(masked_weights_bytes());
  masked_params params = {&W[0][0], &U[0][0]};
  require(masked_pack(&params, weights) == RNNCC_OK, "pack", 0);
  check(0, 0, 1);
  check(1, 0, 1);
  check(0, 1, 2);
  check(1, 1, 1);

  rnncc_masked *masked;
  require(rnncc_masked_create(&masked_cell, -1, N, NULL, NULL, NULL, 0,
                              &masked) == RNNCC_BAD_SIZE &&
              !masked,
          "negative T", 0);
  lengths[0] = T + 1;
  require(rnncc_masked_create(&masked_cell, T, N, lengths, NULL, NULL, 0,
                              &masked) == RNNCC_BAD_LENGTHS,
          "long", 0);
  require(rnncc_masked_create(&whole_model, T, N, NULL, NULL, &resets[0][0], 0,
                              &masked) == RNNCC_UNSUPPORTED,
          "resets in a model of whole rows", 0);
  require(rnncc_masked_create(&whole_model, T, N, NULL, &mask[0][0], NULL, 0,
                              &masked) == RNNCC_OK,
          "a mask in such a model", 0);
  rnncc_masked_destroy(masked);
  rnncc_masked_destroy(NULL);
  rnncc_free(weights);
  puts(failures ? "failed" : "all agree");
  return failures != 0;
}
