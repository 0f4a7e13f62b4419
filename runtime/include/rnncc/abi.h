/*===- rnncc/abi.h - what a compiled cell and its caller agree on -*- C -*-===
 *
 * SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 *===---------------------------------------------------------------------===
 *
 * Status codes, thread teams, and the descriptor that every compiled cell or
 * model exports; what is said of cells here holds for models. Headers written
 * by rnncc include this file; programs that handle any cell (tools, training,
 * bindings) need nothing else. C99 and C++.
 */
#ifndef RNNCC_ABI_H
#define RNNCC_ABI_H

#include <stddef.h>
#include <stdint.h>

/** Changes whenever a layout or a meaning in this file changes. */
#define RNNCC_ABI_VERSION 4

#ifdef __cplusplus
extern "C" {
#endif

/** What every entry point returns. After any error no array was touched. */
typedef enum rnncc_status {
  RNNCC_OK = 0,
  RNNCC_BAD_SIZE = 1, /**< steps or batch negative, or too large to address */
  RNNCC_NULL_POINTER = 2,  /**< an array that is needed is NULL */
  RNNCC_MISALIGNED = 3,    /**< an array is not aligned as its elements are, or
                              weights, tape or scratch not to 64 bytes */
  RNNCC_WRONG_WEIGHTS = 4, /**< weights were not packed by this cell's pack */
  RNNCC_WRONG_TAPE = 5,    /**< tape is not of a forward of this cell, steps and
                              batch, or a backward has used it already */
  RNNCC_UNSUPPORTED = 6,   /**< what was asked for is not in this object: a CPU
                              without the instructions; or the system does
                              not pin threads */
  RNNCC_WRONG_ABI = 7,     /**< compiled for another RNNCC_ABI_VERSION */
  RNNCC_NO_MEMORY = 8,     /**< the runtime could not get memory or a thread */
  RNNCC_BAD_LENGTHS = 9,   /**< a length is below 0 or above the steps */
  RNNCC_BAD_INDEX = 10, /**< an index is below 0 or too large for its table */
} rnncc_status;

/** Threads that run one program together. Made by the runtime
 *  (rnncc/runtime.h), or by the caller from threads of its own. A team serves
 *  one call at a time. */
typedef struct rnncc_team rnncc_team;
struct rnncc_team {
  /** How many threads take part, 1 or more. */
  int64_t threads;
  /** Calls body(argument, i) once on each thread i of 0..threads-1, and
   *  returns when all have returned. */
  void (*run)(rnncc_team *team, void (*body)(void *argument, int64_t thread),
              void *argument);
  /** Called by every thread of a running body: returns when all have called. */
  void (*barrier)(rnncc_team *team);
};

/** The element type of an array. */
typedef enum rnncc_element {
  RNNCC_F32 = 0,
  RNNCC_F64 = 1,
  RNNCC_I32 = 2 /**< indices: `int` of a model; never of a gradient */
} rnncc_element;

/** What an array of a call is. */
typedef enum rnncc_array_role {
  RNNCC_INPUT = 0,   /**< read */
  RNNCC_TARGET = 1,  /**< read; NULL: losses and metrics are not computed, and
                        backward takes no gradients of losses */
  RNNCC_INITIAL = 2, /**< read; a state before the first step; NULL: zeros */
  RNNCC_FINAL = 3,   /**< written; a state after the last step; NULL: not
                        wanted; may be the array of the initial state */
  RNNCC_OUTPUT = 4,  /**< written; NULL: not wanted */
  RNNCC_LOSS = 5,    /**< written; NULL: not wanted. One number per row, or per
                        row and step, to be averaged; of several losses the
                        averages are added up */
  RNNCC_METRIC = 6,  /**< written; NULL: not wanted. To be averaged like a loss,
                        then finished as rnncc_array.finish says */
  RNNCC_GRAD_OUTPUT = 7,   /**< read by backward; of outputs and losses; NULL:
                              zeros */
  RNNCC_GRAD_FINAL = 8,    /**< read by backward; NULL: zeros */
  RNNCC_GRAD_INPUT = 9,    /**< written by backward; NULL: not wanted */
  RNNCC_GRAD_INITIAL = 10, /**< written by backward; NULL: not wanted */
  RNNCC_GRAD_PARAM = 11    /**< added to by backward; NULL: not wanted */
} rnncc_array_role;

/** Which axes stand before an array's own shape. */
typedef enum rnncc_axes {
  RNNCC_STEPS_ROWS = 0, /**< [T, N, shape..] */
  RNNCC_ROWS = 1,       /**< [N, shape..] */
  RNNCC_PLAIN = 2       /**< [shape..] */
} rnncc_axes;

/** What becomes of the average of a metric. */
typedef enum rnncc_finish {
  RNNCC_MEAN = 0,
  RNNCC_EXP_MEAN = 1 /**< exp of it: a perplexity */
} rnncc_finish;

/** No array has a shape of more axes. */
enum { RNNCC_MAX_RANK = 4 };

/** One array of a call; the table is in the order of rnncc_call.arrays. */
typedef struct rnncc_array {
  const char *name; /**< "x", "h.0", "h.T", "h", "grad.h", "grad.W_xi", .. */
  int32_t role;     /**< rnncc_array_role */
  int32_t axes;     /**< rnncc_axes */
  int32_t rank;     /**< of shape, 0 .. RNNCC_MAX_RANK */
  int32_t param;    /**< RNNCC_GRAD_PARAM: index of the parameter; else -1 */
  int32_t element;  /**< rnncc_element */
  int32_t finish;   /**< RNNCC_METRIC: rnncc_finish; else 0 */
  int64_t shape[RNNCC_MAX_RANK];
  int64_t indices; /**< RNNCC_I32: they are 0 .. indices - 1, rows of the
                      smallest table that is read by them, or classes; else 0
                    */
} rnncc_array;

/** How a parameter's values are drawn at first. */
typedef enum rnncc_init {
  RNNCC_ZEROS = 0,
  RNNCC_ONES = 1,
  RNNCC_CONSTANT = 2,       /**< init_arguments[0] */
  RNNCC_UNIFORM = 3,        /**< from init_arguments[0] to init_arguments[1] */
  RNNCC_NORMAL = 4,         /**< mean 0, standard deviation init_arguments[0] */
  RNNCC_GLOROT_UNIFORM = 5, /**< +- sqrt(6 / (rows + columns)) */
  RNNCC_ORTHOGONAL = 6 /**< orthonormal rows or columns, whichever are fewer */
} rnncc_init;

/** One parameter of a cell. */
typedef struct rnncc_param {
  const char *name;
  int32_t rank;
  int32_t init; /**< rnncc_init */
  double init_arguments[2];
  int64_t shape[RNNCC_MAX_RANK];
  int64_t indices; /**< which array of a call has the indices of the rows that
                      are read, if that is all that the parameter is for: the
                      gradient is zero in all other rows. Else -1 */
} rnncc_param;

/** One size parameter of a cell and what it was compiled with. */
typedef struct rnncc_size {
  const char *name;
  int64_t value;
} rnncc_size;

/** What random numbers are made of: the same for the same two numbers, row,
 *  step and unit, whatever the number of threads. */
typedef struct rnncc_random {
  uint64_t seed;      /**< of a training run */
  uint64_t iteration; /**< counts calls: another one, other numbers */
} rnncc_random;

/** The arguments of forward, backward and step. A cell's own header declares
 *  the same layout with a name and a type for each array. */
typedef struct rnncc_call {
  int64_t steps;       /**< T, 0 or more; step ignores it and takes 1 */
  int64_t batch;       /**< N, 0 or more */
  const void *weights; /**< weights_bytes() bytes, filled by pack */
  void *tape;          /**< tape_bytes(T, N) bytes, or NULL to run forward
                            without a later backward */
  void *scratch;       /**< *_scratch_bytes(T, N) bytes, free after the call */
  rnncc_team *team;    /**< NULL: the calling thread alone */
  const int64_t *lengths; /**< [N] steps of each row, 0 to T; NULL: all T. Past
                               its end a row's outputs and input gradients are
                               zeros, gradients given there are ignored, and its
                               final state is the one at its own end */
  const rnncc_random *random; /**< for training: dropout and the like draw from
                                   it; NULL: they change nothing. backward takes
                                   what forward was given */
  void *arrays[1];            /**< n_arrays of them, in the order of
                                   rnncc_descriptor.arrays */
} rnncc_call;

/** A compiled cell: what it is and how to call it. */
typedef struct rnncc_descriptor {
  uint32_t abi_version; /**< RNNCC_ABI_VERSION it was compiled for */
  uint32_t element;     /**< rnncc_element */
  const char *name;     /**< as in the text: "LSTM" */
  const char *source;   /**< "lstm.rnn:2" */
  int64_t n_sizes;
  const rnncc_size *sizes;
  int64_t n_params;
  const rnncc_param *params;
  int64_t n_arrays;
  const rnncc_array *arrays;
  double forward_flops; /**< multiply-adds count two; per step and row */

  size_t (*weights_bytes)(void);
  rnncc_status (*pack)(const void *const *params, void *weights);
  rnncc_status (*pack_on_team)(const void *const *params, void *weights,
                               rnncc_team *team); /**< NULL: as pack */
  size_t (*tape_bytes)(int64_t steps, int64_t batch);
  size_t (*forward_scratch_bytes)(int64_t steps, int64_t batch);
  size_t (*backward_scratch_bytes)(int64_t steps, int64_t batch);
  rnncc_status (*forward)(const rnncc_call *call);
  rnncc_status (*backward)(const rnncc_call *call);
  rnncc_status (*step)(const rnncc_call *call);
  const void *const *trained; /**< [n_params] values that pack takes, compiled
                                   in (rnncc --weights); NULL: none */
} rnncc_descriptor;

/* A shared object written by `rnncc --emit=shared` exports
 *
 *     const rnncc_descriptor *const rnncc_cells[];
 *
 * its cells in the order of the text, ended by NULL. */

#ifdef __cplusplus
}
#endif
#endif /* RNNCC_ABI_H */
