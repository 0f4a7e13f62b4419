/* Calls a cell in all ways, through its descriptor, and writes the bits of what
 * it gives. It needs no libc, so that it runs where there is none: `run` is
 * all, and `write_text` comes from the machine. CELL is the cell. */
#include "calls.h"

extern const rnncc_descriptor CELL;

enum { T = 5, N = 13, ALONE = 3 };

/*===- Memory and text ----------------------------------------------------===*/

static _Alignas(64) char arena[24 << 20];
static size_t used;

static void *take(size_t bytes) {
  char *start = arena + used;
  used += (bytes + 63) / 64 * 64;
  if (used > sizeof arena)
    __builtin_trap();
  for (size_t i = 0; i < bytes; ++i)
    start[i] = 0;
  return start;
}

static void write_word(const char *word, char end) {
  int64_t length = 0;
  while (word[length])
    ++length;
  write_text(word, length);
  write_text(&end, 1);
}

static void write_number(uint64_t number, int digits, char end) {
  char text[17];
  for (int i = 0; i < digits; ++i)
    text[i] = "0123456789abcdef"[number >> 4 * (digits - 1 - i) & 15];
  text[digits] = end;
  write_text(text, digits + 1);
}

/*===- Arrays -------------------------------------------------------------===*/

static int is_double(void) { return CELL.element == RNNCC_F64; }
static size_t element_bytes(void) { return is_double() ? 8 : 4; }

static int64_t elements_of(const rnncc_array *array, int64_t steps,
                           int64_t rows) {
  int64_t count = 1;
  for (int i = 0; i < array->rank; ++i)
    count *= array->shape[i];
  if (array->axes != RNNCC_PLAIN)
    count *= rows;
  return array->axes == RNNCC_STEPS_ROWS ? count * steps : count;
}

/* Numbers between -most and most, the same on every machine. */
static uint64_t seed;
static void *draw(int64_t count, double most) {
  void *values = take((size_t)count * element_bytes());
  for (int64_t i = 0; i < count; ++i) {
    seed = seed * 6364136223846793005u + 1442695040888963407u;
    double value = ((double)(seed >> 40) / (1 << 23) - 1) * most;
    if (is_double())
      ((double *)values)[i] = value;
    else
      ((float *)values)[i] = (float)value;
  }
  return values;
}

static int is_written(const rnncc_array *array) {
  return array->role == RNNCC_FINAL || array->role == RNNCC_OUTPUT ||
         array->role >= RNNCC_GRAD_INPUT;
}

/* A call with all of its arrays. */
static rnncc_call *make_call(const void *weights, int64_t steps, int64_t rows) {
  rnncc_call *call =
      take(sizeof *call + (size_t)CELL.n_arrays * sizeof(void *));
  call->steps = steps;
  call->batch = rows;
  call->weights = weights;
  call->tape = take(CELL.tape_bytes(steps, rows));
  size_t forward = CELL.forward_scratch_bytes(steps, rows);
  size_t backward = CELL.backward_scratch_bytes(steps, rows);
  call->scratch = take(forward > backward ? forward : backward);
  seed = 2;
  for (int64_t i = 0; i < CELL.n_arrays; ++i) {
    const rnncc_array *array = &CELL.arrays[i];
    int64_t count = elements_of(array, steps, rows);
    call->arrays[i] = is_written(array) ? take((size_t)count * element_bytes())
                                        : draw(count, 1);
  }
  return call;
}

static void write_arrays(const char *title, const rnncc_call *call,
                         int gradients) {
  for (int64_t i = 0; i < CELL.n_arrays; ++i) {
    const rnncc_array *array = &CELL.arrays[i];
    if (!is_written(array) || (array->role >= RNNCC_GRAD_OUTPUT && !gradients))
      continue;
    write_word(title, ' ');
    write_word(array->name, ' ');
    int64_t count = elements_of(array, call->steps, call->batch);
    for (int64_t k = 0; k < count; ++k)
      if (is_double())
        write_number(((const uint64_t *)call->arrays[i])[k], 16, ' ');
      else
        write_number(((const uint32_t *)call->arrays[i])[k], 8, ' ');
    write_text("\n", 1);
  }
}

/*===- Calls --------------------------------------------------------------===*/

static void write_status(const char *title, rnncc_status status) {
  write_word("status", ' ');
  write_word(title, ' ');
  write_number(status, 1, '\n');
}

static void write_same(const char *title, int same) {
  write_word(title, ' ');
  write_word(same ? "same bits" : "OTHER BITS", '\n');
}

static int same(const void *a, const void *b, size_t bytes) {
  const char *x = a, *y = b;
  for (size_t i = 0; i < bytes; ++i)
    if (x[i] != y[i])
      return 0;
  return 1;
}

static int same_arrays(const rnncc_call *a, const rnncc_call *b) {
  for (int64_t i = 0; i < CELL.n_arrays; ++i)
    if (!same(a->arrays[i], b->arrays[i],
              (size_t)elements_of(&CELL.arrays[i], T, N) * element_bytes()))
      return 0;
  return 1;
}

static rnncc_call *train(const void *weights, rnncc_team *team,
                         const int64_t *lengths) {
  rnncc_call *call = make_call(weights, T, N);
  call->team = team;
  call->lengths = lengths;
  write_status("forward", CELL.forward(call));
  write_status("backward", CELL.backward(call));
  return call;
}

/* One row of a batch, without a tape. */
static int same_alone(const void *weights, const rnncc_call *all) {
  rnncc_call *alone = make_call(weights, T, 1);
  alone->tape = NULL;
  for (int64_t i = 0; i < CELL.n_arrays; ++i) {
    const rnncc_array *array = &CELL.arrays[i];
    size_t row = (size_t)elements_of(array, 1, 1) * element_bytes();
    if (array->role == RNNCC_INPUT || array->role == RNNCC_INITIAL)
      for (int64_t t = 0; t < (array->axes == RNNCC_STEPS_ROWS ? T : 1); ++t)
        for (size_t byte = 0; byte < row; ++byte)
          ((char *)alone->arrays[i])[t * row + byte] =
              ((char *)all->arrays[i])[(t * N + ALONE) * row + byte];
  }
  write_status("alone", CELL.forward(alone));
  for (int64_t i = 0; i < CELL.n_arrays; ++i) {
    const rnncc_array *array = &CELL.arrays[i];
    size_t row = (size_t)elements_of(array, 1, 1) * element_bytes();
    if (array->role == RNNCC_OUTPUT)
      for (int64_t t = 0; t < T; ++t)
        if (!same((char *)alone->arrays[i] + t * row,
                  (char *)all->arrays[i] + (t * N + ALONE) * row, row))
          return 0;
  }
  return 1;
}

/* Streaming: final states are the initial ones of the next step. */
static void stream(const void *weights) {
  rnncc_call *call = make_call(weights, 1, N);
  for (int64_t i = 0; i < CELL.n_arrays; ++i)
    for (int64_t k = 0; k < CELL.n_arrays; ++k) {
      /* "h.0" and "h.T", "h.-1" and "h.T-1" */
      const char *from = CELL.arrays[i].name, *to = CELL.arrays[k].name;
      if (CELL.arrays[i].role != RNNCC_INITIAL ||
          CELL.arrays[k].role != RNNCC_FINAL)
        continue;
      while (*from != '.' && *from == *to)
        ++from, ++to;
      if (from[0] == '.' && to[0] == '.' &&
          (from[1] == '0' ? to[2] == 0 : to[2] == '-' && from[2] == to[3]))
        call->arrays[k] = call->arrays[i];
    }
  for (int step = 0; step < 3; ++step)
    write_status("step", CELL.step(call));
  write_arrays("steps", call, 0);
}

static void refuse(const void *weights) {
  write_status("null call", CELL.forward(NULL));
  rnncc_call *call = make_call(weights, T, N);
  call->steps = INT64_MAX / 2;
  write_status("size", CELL.forward(call));
  call->steps = T;
  call->weights = (const char *)weights + 4;
  write_status("misaligned", CELL.forward(call));
  call->weights = call->scratch;
  write_status("weights", CELL.forward(call));
  call->weights = weights;
  write_status("tape", CELL.backward(call));
  /* Beyond what 64 bits can address, and what 32 bits can. */
  int fits = CELL.tape_bytes(INT64_MAX / 4, 2) != 0;
  int fits64 = CELL.tape_bytes((int64_t)1 << 20, 1 << 16) != 0;
  write_word("sizes", ' ');
  write_word(!fits && fits64 == (sizeof(void *) == 8) ? "in range"
                                                      : "OUT OF RANGE",
             '\n');
}

void run(rnncc_team *team) {
  static const int64_t lengths[N] = {5, 0, 3, 5, 1, 2, 4, 5, 5, 1, 0, 4, 3};
  const void **params = take((size_t)CELL.n_params * sizeof(void *));
  seed = 1;
  for (int64_t i = 0; i < CELL.n_params; ++i) {
    int64_t count = 1;
    for (int k = 0; k < CELL.params[i].rank; ++k)
      count *= CELL.params[i].shape[k];
    params[i] = draw(count, 0.3);
  }
  void *weights = take(CELL.weights_bytes());
  write_status("pack", CELL.pack(params, weights));
  char *packed = take(CELL.weights_bytes());
  for (size_t i = 0; i < CELL.weights_bytes(); ++i)
    packed[i] = 0x5a;
  write_status("pack_on_team", CELL.pack_on_team(params, packed, team));
  write_same("weights", same(weights, packed, CELL.weights_bytes()));

  size_t start = used;
  rnncc_call *call = train(weights, NULL, NULL);
  write_arrays("all", call, 1);
  write_same("team", same_arrays(call, train(weights, team, NULL)));
  write_same("alone", same_alone(weights, call));
  used = start;
  call = train(weights, NULL, lengths);
  write_arrays("lengths", call, 1);
  write_same("team with lengths",
             same_arrays(call, train(weights, team, lengths)));
  used = start;
  stream(weights);
  used = start;
  refuse(weights);
}
