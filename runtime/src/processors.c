/*===- processors.c - where threads may run -------------------------------===
 *
 * SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 *===---------------------------------------------------------------------===*/

/* Linux only; elsewhere nothing is known and nothing is pinned. Masks grow
 * until the kernel's fits: machines may have more processors than a cpu_set_t.
 */

#include "processors.h"

#include <sched.h>
#include <stdio.h>
#include <stdlib.h>

#ifdef __linux__

int *rnncc_processors(int64_t *count) {
  int *processors = NULL;
  *count = 0;
  for (int most = 1024; most <= 1 << 20 && !processors; most *= 4) {
    cpu_set_t *mask = CPU_ALLOC((size_t)most);
    if (!mask)
      return NULL;
    const size_t bytes = CPU_ALLOC_SIZE((size_t)most);
    if (sched_getaffinity(0, bytes, mask) == 0) {
      const int found = CPU_COUNT_S(bytes, mask);
      processors = malloc((size_t)found * sizeof *processors);
      for (int number = 0; processors && number < most; ++number)
        if (CPU_ISSET_S((size_t)number, bytes, mask))
          processors[(*count)++] = number;
      most = 1 << 20;
    }
    CPU_FREE(mask);
  }
  return processors;
}

bool rnncc_pin(pthread_t thread, const int *processors, int64_t count) {
  int last = 0;
  for (int64_t i = 0; i < count; ++i)
    last = processors[i] > last ? processors[i] : last;
  cpu_set_t *mask = CPU_ALLOC((size_t)last + 1);
  if (!mask)
    return false;
  const size_t bytes = CPU_ALLOC_SIZE((size_t)last + 1);
  CPU_ZERO_S(bytes, mask);
  for (int64_t i = 0; i < count; ++i)
    CPU_SET_S((size_t)processors[i], bytes, mask);
  const bool done = pthread_setaffinity_np(thread, bytes, mask) == 0;
  CPU_FREE(mask);
  return done;
}

#else

int *rnncc_processors(int64_t *count) {
  *count = 0;
  return NULL;
}

bool rnncc_pin(pthread_t thread, const int *processors, int64_t count) {
  (void)thread, (void)processors, (void)count;
  return false;
}

#endif

/* The first of the processors that share a core with this one. */
static int core_of(const char *folder, int processor) {
  char path[4096];
  const int length =
      snprintf(path, sizeof path, "%s/cpu%d/topology/thread_siblings_list",
               folder, processor);
  if (length < 0 || (size_t)length >= sizeof path)
    return processor;
  FILE *file = fopen(path, "re");
  int first;
  if (!file)
    return processor;
  if (fscanf(file, "%d", &first) != 1)
    first = processor;
  fclose(file);
  return first;
}

void rnncc_spread_over_cores(const char *folder, int *processors,
                             int64_t count) {
  int *cores = malloc((size_t)count * sizeof *cores);
  if (!cores)
    return;
  for (int64_t i = 0; i < count; ++i)
    cores[i] = core_of(folder, processors[i]);
  /* Moves the first of each core to the front, behind those before it. */
  int64_t front = 0;
  for (int64_t i = 0; i < count; ++i) {
    bool known = false;
    for (int64_t j = 0; j < front; ++j)
      known = known || cores[j] == cores[i];
    if (known)
      continue;
    const int processor = processors[i], core = cores[i];
    for (int64_t j = i; j > front; --j) {
      processors[j] = processors[j - 1];
      cores[j] = cores[j - 1];
    }
    processors[front] = processor;
    cores[front++] = core;
  }
  free(cores);
}
