/*===- rnncc/runtime.h - what programs with compiled cells need -*- C -*-===
 *
 * SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 *===---------------------------------------------------------------------===
 *
 * Texts of status codes, a thread team, aligned memory, and helpers for
 * programs that handle any cell through its descriptor. A program that calls
 * one cell on one thread needs none of this. Link with -lrnncc_rt. C99 and C++.
 *
 * Every function may be called from any thread. None prints, and none keeps
 * state outside of what it returns.
 */
#ifndef RNNCC_RUNTIME_H
#define RNNCC_RUNTIME_H

#include "rnncc/abi.h"

#if RNNCC_ABI_VERSION != 4
#error "rnncc/runtime.h and rnncc/abi.h are of different versions"
#endif

#if defined(__GNUC__)
#define RNNCC_API __attribute__((visibility("default")))
#else
#define RNNCC_API
#endif

#ifdef __cplusplus
extern "C" {
#endif

/** A sentence part that says what a status means, such as "an array that is
 *  needed is NULL". Never NULL, also for a number that is no status; static. */
RNNCC_API const char *rnncc_status_text(rnncc_status status);

/*===- Threads ------------------------------------------------------------===*/

/** Makes a team of `threads` threads, 1 or more: the one that calls
 *  `(*team)->run`, which is thread 0, and threads - 1 new ones. These wait for
 *  work until the team is destroyed, first spinning for some microseconds, then
 *  asleep. They take no signals and start with the floating-point mode of the
 *  caller. More threads than processors work, but gain nothing.
 *
 *  Returns RNNCC_OK, RNNCC_BAD_SIZE if `threads` is below 1, or RNNCC_NO_MEMORY
 * if the system gives no memory or no thread; after an error `*team` is NULL
 * and nothing is left behind.
 *
 *  One team serves one call at a time, from whichever thread: a call that comes
 *  while another one runs waits for its turn, and then goes on. (A body that
 * runs its own team again waits forever.) Several teams may work at once. Teams
 * do not survive fork(). */
RNNCC_API rnncc_status rnncc_team_create(int threads, rnncc_team **team);

/** The same with each thread on a processor of its own, of those that the
 * calling thread may run on: the system never puts two on one, or moves one
 * away from its caches. Processors that share no core come first. Narrow the
 * mask of the calling thread before (sched_setaffinity, taskset) to choose.
 *
 *  The calling thread becomes thread 0 of the team and is pinned, too, until it
 *  has destroyed all pinned teams that it made; threads that it makes meanwhile
 * inherit that, but for those of further pinned teams, which have the
 * processors that it may run on otherwise. Calls from other threads work, but
 * thread 0 is then not pinned.
 *
 *  Returns RNNCC_OK; RNNCC_BAD_SIZE if `threads` is below 1 or more than the
 * calling thread has processors; RNNCC_NO_MEMORY; or RNNCC_UNSUPPORTED if the
 * system does not pin threads. After an error `*team` is NULL and nothing is
 * left behind. */
RNNCC_API rnncc_status rnncc_team_create_pinned(int threads, rnncc_team **team);

/** Ends the threads of a team of the two functions above that is not running,
 * and gives the thread that made a pinned one its processors back, if it is the
 * one that calls; NULL is ignored. */
RNNCC_API void rnncc_team_destroy(rnncc_team *team);

/*===- Memory -------------------------------------------------------------===*/

/** `bytes` bytes at a multiple of 64, as weights, tape and scratch want them;
 *  their contents are undefined. Large blocks ask for huge pages. A size of 0
 *  gives a pointer as well. NULL if there is not enough memory. Free with
 *  rnncc_free. */
RNNCC_API void *rnncc_alloc(size_t bytes);

/** Frees what rnncc_alloc or rnncc_call_create gave; NULL is ignored. */
RNNCC_API void rnncc_free(void *memory);

/*===- Descriptors --------------------------------------------------------===*/

/** RNNCC_OK if this runtime can handle the cell. Otherwise RNNCC_WRONG_ABI, and
 *  `message` (unless NULL) gets a text of at most `capacity` bytes, with its
 *  final 0, that names both versions. Nothing else of a descriptor may be read
 *  before this has returned RNNCC_OK. */
RNNCC_API rnncc_status rnncc_check_abi(const rnncc_descriptor *cell,
                                       char *message, size_t capacity);

/** The cell called `name` in a list that ends with NULL (`rnncc_cells`), or
 *  NULL. */
RNNCC_API const rnncc_descriptor *
rnncc_find_cell(const rnncc_descriptor *const *cells, const char *name);

/** The index of the array called `name` in cell->arrays, or -1. */
RNNCC_API int64_t rnncc_find_array(const rnncc_descriptor *cell,
                                   const char *name);

/** The index of the parameter called `name` in cell->params, or -1. */
RNNCC_API int64_t rnncc_find_param(const rnncc_descriptor *cell,
                                   const char *name);

/** Bytes of one element of the cell's parameters and of every array that is not
 *  of indices. */
RNNCC_API size_t rnncc_element_bytes(const rnncc_descriptor *cell);

/** Elements of an array for T = `steps` and N = `batch`; -1 if one of these is
 *  negative or if the array would not fit into PTRDIFF_MAX bytes. */
RNNCC_API int64_t rnncc_array_elements(const rnncc_array *array, int64_t steps,
                                       int64_t batch);

/** Bytes of such an array; -1 as above. */
RNNCC_API int64_t rnncc_array_bytes(const rnncc_array *array, int64_t steps,
                                    int64_t batch);

/** Elements of a parameter; -1 if it would not fit into PTRDIFF_MAX bytes. */
RNNCC_API int64_t rnncc_param_elements(const rnncc_param *param);

/** Calls of a cell on sequences in which steps are left out, or states reset,
 * in the middle. */
typedef struct rnncc_masked rnncc_masked;

/** Prepares calls of `cell` for T = `steps` and N = `batch`.
 *
 *  lengths  [N] read, as in rnncc_call; NULL: all T
 *  mask     [T, N] read; a step with 0 does not happen: states stay what they
 * are, outputs and input gradients are zeros, gradients given there are
 * ignored. NULL: all happen resets   [T, N] read; where not 0, the row's states
 * are zeros before that step, whether it happens or not, and no gradient goes
 * further back. NULL: none with_backward  not 0: rnncc_masked_backward will be
 * called, too result   written; destroy it with rnncc_masked_destroy
 *
 *  Nothing of what is read is needed afterwards. A row gives the bits that its
 * steps between two resets give as sequences of their own. Returns RNNCC_OK,
 * RNNCC_BAD_SIZE, RNNCC_BAD_LENGTHS, RNNCC_NO_MEMORY, or RNNCC_UNSUPPORTED:
 * there are resets, and the model reads or gives something once for a whole
 * row. */
RNNCC_API rnncc_status rnncc_masked_create(
    const rnncc_descriptor *cell, int64_t steps, int64_t batch,
    const int64_t *lengths, const uint8_t *mask, const uint8_t *resets,
    int with_backward, rnncc_masked **result);

/** Frees what rnncc_masked_create made; NULL is ignored. */
RNNCC_API void rnncc_masked_destroy(rnncc_masked *masked);

/** Runs forward. Of `call`, tape, scratch and lengths are not looked at; all
 * else is as for the cell's own forward, whose statuses it returns. One call at
 * a time. */
RNNCC_API rnncc_status rnncc_masked_forward(rnncc_masked *masked,
                                            const rnncc_call *call);

/** Runs backward after that, once. RNNCC_WRONG_TAPE without `with_backward`. */
RNNCC_API rnncc_status rnncc_masked_backward(rnncc_masked *masked,
                                             const rnncc_call *call);

/** A call with room for all arrays of `cell`; everything in it is zero. NULL
 *  if there is not enough memory. Free with rnncc_free. */
RNNCC_API rnncc_call *rnncc_call_create(const rnncc_descriptor *cell);

#ifdef __cplusplus
}
#endif
#endif /* RNNCC_RUNTIME_H */
