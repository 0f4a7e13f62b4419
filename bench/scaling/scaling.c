/*===- scaling.c - compiled layers on more and more threads ---------------===
 *
 * SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 *===---------------------------------------------------------------------===*/

/* Times layers on each of the numbers of threads in turn, several times around,
 * so that what else a machine does meanwhile meets all of them; a layer's
 * speed-up is that over one thread in the same run. All results are compared
 * with those of the first number of threads, bit for bit.
 *
 * build.sh makes one program of this file, the layers and the runtime, which
 * needs nothing else where it runs. */

#include "rnncc/runtime.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* Of the file that build.sh writes; ended by a layer without cell. */
struct layer {
  const char *cell;
  int64_t steps, batch;
  const rnncc_descriptor *descriptor;
};
extern const struct layer layers[];

enum { most_counts = 32, most_threads = 1024, most_barriers = 4096 };

static struct {
  int counts[most_counts], n_counts;
  int rounds;
  double block; /* seconds of a turn */
  const char *only;
  bool pinned, profile, barriers_only;
} options = {{1}, 1, 7, 0.04, "", false, false, false};

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static void fail(const char *what, const char *why) {
  fprintf(stderr, "scaling: %s: %s\n", what, why);
  exit(1);
}

static void check(const char *what, rnncc_status status) {
  if (status != RNNCC_OK)
    fail(what, rnncc_status_text(status));
}

static void *allocate(size_t bytes) {
  void *memory = rnncc_alloc(bytes);
  if (!memory)
    fail("memory", "there is not enough");
  memset(memory, 0, bytes);
  return memory;
}

/*===- Profiles -----------------------------------------------------------===*/

/* A team that notes when each thread comes to a barrier and leaves it. */
static struct {
  rnncc_team base;
  rnncc_team *real;
  void (*body)(void *, int64_t);
  void *argument;
  double *came[most_threads], *left[most_threads];
  int n[most_threads];
} watched;

static _Thread_local int64_t own_thread;

static void watched_barrier(rnncc_team *base) {
  (void)base;
  const int64_t thread = own_thread;
  const int n = watched.n[thread]++ % most_barriers;
  watched.came[thread][n] = now();
  watched.real->barrier(watched.real);
  watched.left[thread][n] = now();
}

static void watched_body(void *argument, int64_t thread) {
  (void)argument;
  own_thread = thread;
  watched.n[thread] = 0;
  watched.left[thread][most_barriers] = now();
  watched.body(watched.argument, thread);
}

static void watched_run(rnncc_team *base, void (*body)(void *, int64_t),
                        void *argument) {
  (void)base;
  watched.body = body;
  watched.argument = argument;
  watched.real->run(watched.real, watched_body, NULL);
}

static rnncc_team *watch(rnncc_team *real) {
  watched.real = real;
  watched.base.threads = real->threads;
  watched.base.run = watched_run;
  watched.base.barrier = watched_barrier;
  for (int64_t i = 0; i < real->threads && !watched.came[i]; ++i) {
    watched.came[i] = allocate((most_barriers + 1) * sizeof(double));
    watched.left[i] = allocate((most_barriers + 1) * sizeof(double));
  }
  return &watched.base;
}

/* What each thread worked between barriers, in microseconds, and how long the
 * last took to let all go. */
static void print_profile(const char *phase) {
  const int64_t threads = watched.base.threads;
  printf("# %s: barrier, microseconds of work of each thread before it\n",
         phase);
  for (int n = 0; n < watched.n[0] && n < most_barriers; ++n) {
    printf("profile\t%s\t%d", phase, n);
    for (int64_t i = 0; i < threads; ++i) {
      const double begin = watched.left[i][n ? n - 1 : most_barriers];
      printf("\t%.2f", 1e6 * (watched.came[i][n] - begin));
    }
    printf("\n");
  }
}

/*===- Layers -------------------------------------------------------------===*/

struct instance {
  const struct layer *layer;
  rnncc_call *call;
  void *tape;
  bool training;
};

static size_t bytes_of(const struct layer *layer, int64_t array) {
  return (size_t)rnncc_array_bytes(&layer->descriptor->arrays[array],
                                   layer->steps, layer->batch);
}

/* Numbers about 0 that are the same everywhere. */
static void fill(void *memory, size_t bytes, uint32_t seed, float scale) {
  float *values = memory;
  for (size_t i = 0; i < bytes / sizeof *values; ++i) {
    seed = seed * 1664525u + 1013904223u;
    values[i] = scale * ((float)(seed >> 8) / 8388608.0f - 1.0f);
  }
}

static struct instance prepare(const struct layer *layer, bool training) {
  const rnncc_descriptor *cell = layer->descriptor;
  struct instance made = {layer, rnncc_call_create(cell), NULL, training};
  if (!made.call)
    fail("memory", "there is not enough");
  const void **params = allocate((size_t)cell->n_params * sizeof *params);
  for (int64_t i = 0; i < cell->n_params; ++i) {
    const int64_t elements = rnncc_param_elements(&cell->params[i]);
    const int64_t rows = cell->params[i].shape[0];
    void *values = allocate((size_t)elements * sizeof(float));
    fill(values, (size_t)elements * sizeof(float), (uint32_t)i + 1,
         1.0f / sqrtf((float)rows));
    params[i] = values;
  }
  void *weights = allocate(cell->weights_bytes());
  check("pack", cell->pack(params, weights));
  for (int64_t i = 0; i < cell->n_params; ++i)
    rnncc_free((void *)params[i]);
  rnncc_free(params);

  size_t scratch = cell->forward_scratch_bytes(layer->steps, layer->batch);
  if (training) {
    const size_t more =
        cell->backward_scratch_bytes(layer->steps, layer->batch);
    scratch = more > scratch ? more : scratch;
    made.call->tape = allocate(cell->tape_bytes(layer->steps, layer->batch));
  }
  made.call->steps = layer->steps;
  made.call->batch = layer->batch;
  made.call->weights = weights;
  made.call->scratch = allocate(scratch);
  for (int64_t i = 0; i < cell->n_arrays; ++i) {
    made.call->arrays[i] = allocate(bytes_of(layer, i));
    fill(made.call->arrays[i], bytes_of(layer, i), (uint32_t)i + 100, 1);
  }
  return made;
}

static void dispose(struct instance *instance) {
  for (int64_t i = 0; i < instance->layer->descriptor->n_arrays; ++i)
    rnncc_free(instance->call->arrays[i]);
  rnncc_free((void *)instance->call->weights);
  rnncc_free(instance->call->scratch);
  rnncc_free(instance->call->tape);
  rnncc_free(instance->call);
}

static void run(const struct instance *instance, bool profile) {
  const struct layer *layer = instance->layer;
  const rnncc_descriptor *cell = layer->descriptor;
  check("forward", cell->forward(instance->call));
  if (profile && instance->call->team)
    print_profile("forward");
  if (!instance->training)
    return;
  for (int64_t i = 0; i < cell->n_arrays; ++i)
    if (cell->arrays[i].role == RNNCC_GRAD_PARAM)
      memset(instance->call->arrays[i], 0, bytes_of(layer, i));
  check("backward", cell->backward(instance->call));
  if (profile && instance->call->team)
    print_profile("backward");
}

/* A number that other contents of the arrays hardly have. */
static uint64_t digest(const struct instance *instance) {
  uint64_t sum = 14695981039346656037u;
  for (int64_t i = 0; i < instance->layer->descriptor->n_arrays; ++i) {
    const uint32_t *words = instance->call->arrays[i];
    const size_t count = bytes_of(instance->layer, i) / sizeof *words;
    for (size_t at = 0; at < count; ++at)
      sum = (sum ^ words[at]) * 1099511628211u;
  }
  return sum;
}

static int ascending(const void *a, const void *b) {
  const double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

/* The least and the middle time of a call on each number of threads. */
static bool time_layer(const struct layer *layer, bool training,
                       rnncc_team *const *teams) {
  enum { most_times = 100000 };
  struct instance instance = prepare(layer, training);
  double *times[most_counts];
  int n[most_counts] = {0};
  uint64_t digests[most_counts];
  for (int k = 0; k < options.n_counts; ++k)
    times[k] = allocate(most_times * sizeof(double));
  for (int round = 0; round < options.rounds; ++round)
    for (int k = 0; k < options.n_counts; ++k) {
      instance.call->team = teams[k];
      run(&instance, false);
      const double start = now();
      for (int i = 0;
           (i < 3 || now() - start < options.block) && n[k] < most_times; ++i) {
        const double begin = now();
        run(&instance, false);
        times[k][n[k]++] = now() - begin;
      }
      digests[k] = digest(&instance);
    }
  bool same = true;
  double first = 0;
  for (int k = 0; k < options.n_counts; ++k) {
    qsort(times[k], (size_t)n[k], sizeof(double), ascending);
    const double least = times[k][0], middle = times[k][n[k] / 2];
    first = k ? first : least;
    same = same && digests[k] == digests[0];
    char name[64], shape[64];
    snprintf(shape, sizeof shape, "%" PRId64 ",%" PRId64, layer->steps,
             layer->batch);
    snprintf(name, sizeof name, "%s", layer->cell);
    printf("%-18s %-8s %-8s %3d threads  min %9.4f ms  median %9.4f ms  "
           "speed-up %5.2f%s\n",
           name, shape, training ? "training" : "forward", options.counts[k],
           1e3 * least, 1e3 * middle, first / least,
           digests[k] == digests[0] ? "" : "  OTHER BITS");
    rnncc_free(times[k]);
  }
  if (options.profile)
    for (int k = 0; k < options.n_counts; ++k)
      if (teams[k]) {
        instance.call->team = watch(teams[k]);
        printf("# %s %d threads\n", layer->cell, options.counts[k]);
        run(&instance, true);
      }
  fflush(stdout);
  dispose(&instance);
  return same;
}

/*===- Barriers -----------------------------------------------------------===*/

enum { barriers_a_run = 2000 };

static void only_barriers(void *team, int64_t thread) {
  (void)thread;
  for (int i = 0; i < barriers_a_run; ++i)
    ((rnncc_team *)team)->barrier(team);
}

static void nothing(void *team, int64_t thread) {
  (void)team;
  (void)thread;
}

/* What a barrier takes where all come at once, and a run of nothing. */
static void time_barriers(int threads, rnncc_team *team) {
  double barrier = 1e30, empty = 1e30;
  for (int round = 0; round < 20; ++round) {
    double begin = now();
    team->run(team, only_barriers, team);
    const double took = (now() - begin) / barriers_a_run;
    barrier = took < barrier ? took : barrier;
    begin = now();
    for (int i = 0; i < 100; ++i)
      team->run(team, nothing, team);
    const double ran = (now() - begin) / 100;
    empty = ran < empty ? ran : empty;
  }
  printf(
      "barrier            %3d threads  %8.0f ns, a run of nothing %8.0f ns\n",
      threads, 1e9 * barrier, 1e9 * empty);
  fflush(stdout);
}

/* What the system calls this machine's processors. */
static void print_machine(void) {
  char text[256] = "";
  FILE *file = fopen("/proc/cpuinfo", "r");
  while (file && fgets(text, sizeof text, file) &&
         strncmp(text, "model name", 10)) {
  }
  if (file)
    fclose(file);
  const char *name = strchr(text, ':');
  text[strcspn(text, "\n")] = 0;
  printf("# %ld processors,%s; %s teams\n", sysconf(_SC_NPROCESSORS_ONLN),
         name ? name + 1 : " of an unknown model",
         options.pinned ? "pinned" : "loose");
}

/*===- The command line ---------------------------------------------------===*/

static void usage(FILE *to) {
  fputs(
      "usage: scaling [OPTIONS]\n"
      "  --threads LIST  numbers of threads, such as 1,2,4,8,16 (1)\n"
      "  --only TEXT     layers whose name, such as 'lstm-1024', has TEXT\n"
      "  --rounds N      how often each number of threads takes its turn (7)\n"
      "  --block MS      milliseconds of a turn, at least (40)\n"
      "  --pinned        teams whose threads have a processor each\n"
      "  --profile       also what each thread does between barriers\n"
      "  --barriers      only what a barrier takes\n",
      to);
}

static void read_counts(const char *text) {
  options.n_counts = 0;
  for (char *end; *text; text = *end ? end + 1 : end) {
    errno = 0;
    const long count = strtol(text, &end, 10);
    if (end == text || (*end && *end != ',') || errno || count < 1 ||
        count > most_threads || options.n_counts == most_counts) {
      fprintf(stderr, "scaling: --threads takes numbers from 1 to %d\n",
              most_threads);
      exit(2);
    }
    options.counts[options.n_counts++] = (int)count;
  }
}

static void read_options(int argc, char **argv) {
  for (int i = 1; i < argc; ++i) {
    const char *name = argv[i];
    if (!strcmp(name, "--pinned"))
      options.pinned = true;
    else if (!strcmp(name, "--profile"))
      options.profile = true;
    else if (!strcmp(name, "--barriers"))
      options.barriers_only = true;
    else if (!strcmp(name, "--help")) {
      usage(stdout);
      exit(0);
    } else if (i + 1 < argc && !strcmp(name, "--threads"))
      read_counts(argv[++i]);
    else if (i + 1 < argc && !strcmp(name, "--only"))
      options.only = argv[++i];
    else if (i + 1 < argc && !strcmp(name, "--rounds"))
      options.rounds = atoi(argv[++i]);
    else if (i + 1 < argc && !strcmp(name, "--block"))
      options.block = 1e-3 * atof(argv[++i]);
    else {
      usage(stderr);
      exit(2);
    }
  }
  if (!options.n_counts || options.rounds < 1) {
    usage(stderr);
    exit(2);
  }
}

int main(int argc, char **argv) {
  read_options(argc, argv);
  print_machine();
  rnncc_team *teams[most_counts] = {NULL};
  for (int k = 0; k < options.n_counts; ++k)
    if (options.counts[k] > 1) {
      check("a team",
            (options.pinned ? rnncc_team_create_pinned
                            : rnncc_team_create)(options.counts[k], &teams[k]));
      time_barriers(options.counts[k], teams[k]);
    }
  bool same = true;
  for (const struct layer *layer = layers;
       layer->cell && !options.barriers_only; ++layer)
    if (strstr(layer->cell, options.only))
      for (int training = 0; training < 2; ++training)
        same = time_layer(layer, training, teams) && same;
  for (int k = 0; k < options.n_counts; ++k)
    rnncc_team_destroy(teams[k]);
  if (!same)
    fail("results", "they differ between numbers of threads");
  return 0;
}
