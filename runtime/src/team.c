/*===- team.c - persistent threads that run one program -------------------===
 *
 * SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 *===---------------------------------------------------------------------===*/

/* One barrier does everything. Idle workers stand at it; `run` publishes the
 * body and arrives last, which lets them go; they meet there again when the
 * body is done, and the bodies' own barriers are the same one, because all
 * threads take part in each.
 *
 * Threads arrive in groups of four, each at a counter of its own; the last of a
 * group arrives for it at the next counter, and the last of all opens. A line
 * that all have to write would go from core to core as often as there are
 * threads.
 *
 * Callers take turns: one that comes while another's body runs waits for it at
 * a lock. Between two callers nothing is shared but that.
 *
 * A thread that waits spins first (a step of a small cell takes microseconds),
 * then yields (someone else may need this processor to arrive at all), and at
 * last sleeps, so that an idle team costs nothing. */

#include "processors.h"
#include "rnncc/runtime.h"

#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdalign.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { line = 64, group = 4 }; /* bytes that processors pass on together */

/* Where a group arrives: threads, or the groups below. */
struct counter {
  alignas(line) atomic_int arrived;
  int expected;
  struct counter *up; /* NULL: who comes last here is the last of all */
};

struct worker {
  struct team *team;
  int64_t index;
  pthread_t thread;
};

struct team {
  rnncc_team base;
  int64_t spins; /* 0 if there are more threads than processors */

  /* What to run; changes only while all workers stand at the barrier. */
  void (*body)(void *argument, int64_t thread);
  void *argument;
  bool stop;

  struct counter *counters;        /* of the first group, then the others' */
  alignas(line) atomic_uint phase; /* how often the barrier has opened */
  alignas(line) atomic_int sleepers;
  pthread_mutex_t mutex;
  pthread_cond_t opened;

  pthread_mutex_t turn; /* held while a body runs */

  bool is_pinned;
  pthread_t creator;

  struct worker workers[]; /* base.threads - 1 of them */
};

/* Where a thread that has made pinned teams may run otherwise. */
struct home {
  int64_t teams; /* that it has not destroyed yet */
  int *processors;
  int64_t count;
};

static pthread_once_t home_once = PTHREAD_ONCE_INIT;
static pthread_key_t home_key;
static bool has_home_key;

static void free_home(void *pointer) {
  struct home *home = pointer;
  if (home)
    free(home->processors);
  free(home);
}

static void make_home_key(void) {
  has_home_key = pthread_key_create(&home_key, free_home) == 0;
}

/* The home of the calling thread, with one team more; NULL if the system does
 * not tell or gives no memory. */
static struct home *enter_pinned(void) {
  pthread_once(&home_once, make_home_key);
  struct home *home = has_home_key ? pthread_getspecific(home_key) : NULL;
  if (!home && has_home_key && (home = calloc(1, sizeof *home))) {
    home->processors = rnncc_processors(&home->count);
    if (!home->processors || pthread_setspecific(home_key, home)) {
      free_home(home);
      home = NULL;
    }
  }
  if (home)
    ++home->teams;
  return home;
}

/* One team less; after the last one the calling thread is free again. */
static void leave_pinned(void) {
  struct home *home = pthread_getspecific(home_key);
  if (!home || --home->teams)
    return;
  rnncc_pin(pthread_self(), home->processors, home->count);
  pthread_setspecific(home_key, NULL);
  free_home(home);
}

/* Which thread of the team whose body it runs this is. */
static _Thread_local int64_t own_index;

/* About 20 to 100 us of spinning, then of the order of 1 ms of yielding. */
enum { max_spins = 1000, max_yields = 1000 };

static void relax(void) {
#if defined(__x86_64__) || defined(__i386__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  __asm__ volatile("yield");
#endif
}

/* Returns when the barrier's phase is no longer `phase`. */
static void await(struct team *team, unsigned phase) {
  for (int64_t i = 0; i < team->spins; ++i) {
    if (atomic_load_explicit(&team->phase, memory_order_acquire) != phase)
      return;
    relax();
  }
  for (int i = 0; i < max_yields; ++i) {
    if (atomic_load_explicit(&team->phase, memory_order_acquire) != phase)
      return;
    sched_yield();
  }
  pthread_mutex_lock(&team->mutex);
  /* Either we see the new phase here or the opener sees us: both sides write
   * first and then read, sequentially consistent. */
  atomic_fetch_add(&team->sleepers, 1);
  while (atomic_load(&team->phase) == phase)
    pthread_cond_wait(&team->opened, &team->mutex);
  atomic_fetch_sub(&team->sleepers, 1);
  pthread_mutex_unlock(&team->mutex);
}

/* Arrives at the barrier; true for the last one, who has to open it. */
static bool arrive(struct team *team, int64_t index) {
  struct counter *counter = &team->counters[index / group];
  for (; counter; counter = counter->up) {
    if (atomic_fetch_add_explicit(&counter->arrived, 1, memory_order_acq_rel) !=
        counter->expected - 1)
      return false;
    /* Nobody comes here again before the barrier opens. */
    atomic_store_explicit(&counter->arrived, 0, memory_order_relaxed);
  }
  return true;
}

static void open_barrier(struct team *team) {
  atomic_fetch_add(&team->phase, 1);
  if (atomic_load(&team->sleepers) == 0)
    return;
  pthread_mutex_lock(&team->mutex);
  pthread_cond_broadcast(&team->opened);
  pthread_mutex_unlock(&team->mutex);
}

static void team_barrier(rnncc_team *base) {
  struct team *team = (struct team *)base;
  if (base->threads == 1)
    return;
  /* Read before arriving: afterwards it may already be the next one. */
  const unsigned phase =
      atomic_load_explicit(&team->phase, memory_order_relaxed);
  if (arrive(team, own_index))
    open_barrier(team);
  else
    await(team, phase);
}

static void team_run(rnncc_team *base,
                     void (*body)(void *argument, int64_t thread),
                     void *argument) {
  struct team *team = (struct team *)base;
  pthread_mutex_lock(&team->turn);
  /* The caller may be a thread of another team. */
  const int64_t outer = own_index;
  own_index = 0;
  team->body = body;
  team->argument = argument;
  team_barrier(base); /* lets the workers start */
  body(argument, 0);
  team_barrier(base); /* all are done */
  own_index = outer;
  pthread_mutex_unlock(&team->turn);
}

static void *work(void *argument) {
  const struct worker *self = argument;
  struct team *team = self->team;
  own_index = self->index;
  for (;;) {
    team_barrier(&team->base);
    if (team->stop)
      return NULL;
    team->body(team->argument, self->index);
    team_barrier(&team->base);
  }
}

/* Starts the workers and says how many started. They take no signals, which
 * are the application's. */
static int64_t start(struct team *team) {
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  int64_t started = 0;
  for (; started < team->base.threads - 1; ++started) {
    struct worker *worker = &team->workers[started];
    worker->team = team;
    worker->index = started + 1;
    if (pthread_create(&worker->thread, NULL, work, worker))
      break;
  }
  pthread_sigmask(SIG_SETMASK, &before, NULL);
  return started;
}

/* Ends the first `started` workers, which stand at the barrier, and the team.
 */
static void finish(struct team *team, int64_t started) {
  team->stop = true;
  /* Those that could not be started are missing at the barrier. */
  for (int64_t i = started; i < team->base.threads - 1; ++i)
    (void)arrive(team, i + 1);
  const int64_t outer = own_index;
  own_index = 0;
  team_barrier(&team->base);
  own_index = outer;
  for (int64_t i = 0; i < started; ++i)
    pthread_join(team->workers[i].thread, NULL);
  pthread_cond_destroy(&team->opened);
  pthread_mutex_destroy(&team->mutex);
  pthread_mutex_destroy(&team->turn);
  if (team->is_pinned && pthread_equal(team->creator, pthread_self()))
    leave_pinned();
  rnncc_free(team->counters);
  rnncc_free(team);
}

/* Gives each thread of a team whose workers run one of the first processors. */
static bool pin_threads(struct team *team, const int *processors) {
  bool done = rnncc_pin(team->creator, &processors[0], 1);
  for (int64_t i = 1; done && i < team->base.threads; ++i)
    done = rnncc_pin(team->workers[i - 1].thread, &processors[i], 1);
  return done;
}

/* Counters for so many threads, level by level; NULL without memory. */
static struct counter *make_counters(int64_t threads) {
  int64_t count = 0;
  for (int64_t below = threads; below > 1 || !count;) {
    below = (below + group - 1) / group;
    count += below;
  }
  struct counter *counters = rnncc_alloc((size_t)count * sizeof *counters);
  struct counter *level = counters;
  for (int64_t below = threads, here; level && level < counters + count;
       below = here, level += here) {
    here = (below + group - 1) / group;
    for (int64_t i = 0; i < here; ++i) {
      const int64_t rest = below - i * group;
      atomic_init(&level[i].arrived, 0);
      level[i].expected = (int)(rest < group ? rest : group);
      level[i].up = here == 1 ? NULL : &level[here + i / group];
    }
  }
  return counters;
}

/* A team that runs wherever the system puts it; with `spins` of 0 it leaves its
 * processors to others while it waits. */
static rnncc_status create(int threads, int64_t spins, struct team **result) {
  const size_t workers = (size_t)threads - 1;
  struct team *team =
      rnncc_alloc(sizeof *team + workers * sizeof(struct worker));
  *result = NULL;
  struct counter *counters = team ? make_counters(threads) : NULL;
  if (!counters) {
    rnncc_free(team);
    return RNNCC_NO_MEMORY;
  }

  team->base.threads = threads;
  team->base.run = team_run;
  team->base.barrier = team_barrier;
  team->spins = spins;
  team->body = NULL;
  team->argument = NULL;
  team->stop = false;
  team->creator = pthread_self();
  team->is_pinned = false;
  team->counters = counters;
  atomic_init(&team->phase, 0);
  atomic_init(&team->sleepers, 0);
  pthread_mutex_init(&team->mutex, NULL);
  pthread_mutex_init(&team->turn, NULL);
  pthread_cond_init(&team->opened, NULL);

  const int64_t started = start(team);
  if (started < threads - 1) {
    finish(team, started);
    return RNNCC_NO_MEMORY;
  }
  *result = team;
  return RNNCC_OK;
}

/* How many processors the calling thread may use. */
static int64_t processors(void) {
  int64_t count;
  int *numbers = rnncc_processors(&count);
  free(numbers);
  return numbers ? count : sysconf(_SC_NPROCESSORS_ONLN);
}

rnncc_status rnncc_team_create(int threads, rnncc_team **result) {
  *result = NULL;
  if (threads < 1)
    return RNNCC_BAD_SIZE;
  struct team *team;
  const rnncc_status status =
      create(threads, threads <= processors() ? max_spins : 0, &team);
  *result = team ? &team->base : NULL;
  return status;
}

/* Makes a team of `threads` whose threads have the first of some processors. */
static rnncc_status create_on(int threads, const int *processors,
                              struct team **result) {
  const rnncc_status status = create(threads, max_spins, result);
  if (status != RNNCC_OK || pin_threads(*result, processors))
    return status;
  finish(*result, threads - 1);
  *result = NULL;
  return RNNCC_UNSUPPORTED;
}

rnncc_status rnncc_team_create_pinned(int threads, rnncc_team **result) {
  *result = NULL;
  if (threads < 1)
    return RNNCC_BAD_SIZE;
  struct home *home = enter_pinned();
  if (!home)
    return RNNCC_UNSUPPORTED;
  rnncc_status status = RNNCC_BAD_SIZE;
  if (threads <= home->count) {
    const size_t bytes = (size_t)home->count * sizeof *home->processors;
    int *spread = malloc(bytes);
    struct team *team = NULL;
    status = RNNCC_NO_MEMORY;
    if (spread) {
      memcpy(spread, home->processors, bytes);
      rnncc_spread_over_cores("/sys/devices/system/cpu", spread, home->count);
      status = create_on(threads, spread, &team);
      free(spread);
    }
    if (status == RNNCC_OK) {
      team->is_pinned = true;
      *result = &team->base;
      return RNNCC_OK;
    }
  }
  leave_pinned();
  return status;
}

void rnncc_team_destroy(rnncc_team *team) {
  if (team)
    finish((struct team *)team, team->threads - 1);
}
