/*===- processors.h - where threads may run -------------------------------===
 *
 * SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 *===---------------------------------------------------------------------===*/

#ifndef RNNCC_RUNTIME_PROCESSORS_H
#define RNNCC_RUNTIME_PROCESSORS_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The numbers of the processors that the calling thread may run on, with their
 * count, to be freed; NULL if the system does not tell or gives no memory. */
int *rnncc_processors(int64_t *count);

/* Puts those first that share no core with one before them, as the kernel's
 * folder
 * (/sys/devices/system/cpu) says; otherwise they stay in order. */
void rnncc_spread_over_cores(const char *folder, int *processors,
                             int64_t count);

/* Lets a thread run on these processors alone; false if the system refuses. */
bool rnncc_pin(pthread_t thread, const int *processors, int64_t count);

#ifdef __cplusplus
}
#endif
#endif /* RNNCC_RUNTIME_PROCESSORS_H */
