/*===- rnncc/train.h - training of compiled models ----------------*- C -*-===
 *
 * SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 *===---------------------------------------------------------------------===*
 *
 * Optimisers, loops over examples, checkpoints and what goes with them, for
 * any model through its descriptor. Link with -lrnncc_train -lrnncc_rt and
 * the C++ library. C99 and C++.
 *
 * A trainer owns parameters, gradients, optimiser state and its threads. It
 * serves one call at a time; several trainers may work at once. What the caller
 * passes in (descriptor, examples, texts) stays the caller's and is only read;
 * it must last for the call, the descriptor as long as the trainer.
 *
 * Functions that can fail return a status; rnncc_train_error has the text.
 * Results are the same bits for the same seed and options, whatever the number
 * of threads.
 *
 * "The model's elements" are float or double, as rnncc_descriptor.element says.
 */
#ifndef RNNCC_TRAIN_H
#define RNNCC_TRAIN_H

#include "rnncc/runtime.h"

#ifdef __cplusplus
extern "C" {
#endif

/** What the functions here return. */
typedef enum rnncc_train_status {
  RNNCC_TRAIN_OK = 0,
  RNNCC_TRAIN_BAD_OPTION = 1, /**< an option or argument is out of range */
  RNNCC_TRAIN_BAD_DATA = 2,   /**< examples miss an array, or have a wrong size,
                                   an index without a row, or a NaN */
  RNNCC_TRAIN_BAD_MODEL = 3,  /**< the model lacks what is asked for: a loss, a
                                   state, this ABI */
  RNNCC_TRAIN_DIVERGED = 4,   /**< a loss or a weight is NaN or infinite */
  RNNCC_TRAIN_BAD_FILE = 5,   /**< a file cannot be read or written, or is not
                                   what it should be */
  RNNCC_TRAIN_ANOTHER_MODEL = 6, /**< the file belongs to another model,
                                      optimiser or run */
  RNNCC_TRAIN_CALL_FAILED = 7,   /**< an entry point of the model failed */
  RNNCC_TRAIN_NO_MEMORY = 8      /**< not enough memory or no thread */
} rnncc_train_status;

/** Parameters in training; opaque. */
typedef struct rnncc_trainer rnncc_trainer;

/*===- Optimisers ---------------------------------------------------------===*/

/** How a gradient becomes a step. AdamW is Adam with decoupled decay. */
typedef enum rnncc_train_method {
  RNNCC_TRAIN_SGD = 0,
  RNNCC_TRAIN_RMSPROP = 1,
  RNNCC_TRAIN_ADAM = 2
} rnncc_train_method;

/** Whose formulas: they differ in where epsilon stands and in whether momentum
 *  remembers learning rates; docs/training.md has them. */
typedef enum rnncc_train_form {
  RNNCC_TRAIN_KERAS = 0, /**< as Keras 3 */
  RNNCC_TRAIN_TORCH = 1  /**< as PyTorch 2 */
} rnncc_train_form;

/** An optimiser. Fill it in with rnncc_train_optimizer_named, then change what
 *  should be different. */
typedef struct rnncc_train_optimizer {
  int32_t method;       /**< rnncc_train_method */
  int32_t form;         /**< rnncc_train_form */
  double learning_rate; /**< 0 or more; what a schedule starts from */
  double momentum;      /**< of SGD and RMSprop, 0 to below 1; 0: none */
  int32_t nesterov;     /**< SGD with momentum: not 0 looks ahead */
  double beta1;         /**< Adam: decay of the first moment, 0 to below 1 */
  double rho;           /**< RMSprop's rho or alpha, Adam's beta2: decay of the
                             second moment, 0 to below 1 */
  double epsilon;       /**< above 0 (SGD has none) */
  double weight_decay;  /**< 0: none; times learning_rate below 1 */
  int32_t decoupled;    /**< not 0: decay shrinks weights by learning rate times
                             weight_decay; 0: it is added to the gradient */
  double clip_norm;  /**< longest gradient of all parameters together; 0: any.
                          Before clip_value */
  double clip_value; /**< largest element of a gradient; 0: any */
} rnncc_train_optimizer;

/** Fills in what a framework takes by default: "keras:sgd", "keras:rmsprop",
 *  "keras:adam", "keras:adamw", "torch:sgd", "torch:rmsprop", "torch:adam",
 *  "torch:adamw". RNNCC_TRAIN_BAD_OPTION, and nothing written, for another
 *  name. */
RNNCC_API rnncc_train_status
rnncc_train_optimizer_named(const char *name, rnncc_train_optimizer *optimizer);

/*===- A trainer ----------------------------------------------------------===*/

/** What a trainer is made with. */
typedef struct rnncc_train_options {
  rnncc_train_optimizer optimizer; /**< keras:adam */
  uint64_t seed;   /**< of initial values, shuffling and dropout; 0 */
  int32_t threads; /**< 1 or more; 1 */
} rnncc_train_options;

/** Fills in the defaults named above. */
RNNCC_API void rnncc_train_options_default(rnncc_train_options *options);

/** Makes a trainer whose parameters have the initial values that the model
 *  declares. `options` NULL: the defaults. After an error `*trainer` is NULL
 *  and `message` (unless NULL) has a text of at most `capacity` bytes, with its
 *  final 0. Destroy with rnncc_train_destroy. */
RNNCC_API rnncc_train_status rnncc_train_create(
    const rnncc_descriptor *model, const rnncc_train_options *options,
    rnncc_trainer **trainer, char *message, size_t capacity);

/** Ends a trainer and its threads; NULL is ignored. */
RNNCC_API void rnncc_train_destroy(rnncc_trainer *trainer);

/** What was wrong with the last call on this trainer, "" if nothing: begins
 *  with the model's file and line. Lasts until the next call. */
RNNCC_API const char *rnncc_train_error(const rnncc_trainer *trainer);

/*===- Parameters ---------------------------------------------------------===*/

/** The values of a parameter in the shape that the model declares, elements of
 *  the model; NULL if it has no parameter `name`. Up to date after any function
 *  but a callback; lasts as long as the trainer, values change in training. */
RNNCC_API const void *rnncc_train_param(const rnncc_trainer *trainer,
                                        const char *name);

/** Replaces the values of a parameter by `elements` elements of the model.
 *  RNNCC_TRAIN_BAD_OPTION, and nothing changed, for an unknown name or another
 *  number of elements. */
RNNCC_API rnncc_train_status rnncc_train_set_param(rnncc_trainer *trainer,
                                                   const char *name,
                                                   const void *values,
                                                   int64_t elements);

/** Packs the parameters and gives what the model's entry points take as
 *  weights, so that a program can go on to run the model; NULL if packing
 *  failed. Valid until the next function on this trainer. */
RNNCC_API const void *rnncc_train_packed(rnncc_trainer *trainer);

/** Writes the parameters under their names as safetensors, which rnncc-run
 *  reads. The file is whole or as it was: written aside, synced, renamed. */
RNNCC_API rnncc_train_status rnncc_train_save_weights(rnncc_trainer *trainer,
                                                      const char *path);

/** Reads parameters from safetensors; tensors of other names are left out. Each
 *  parameter must be there, with the model's shape and element type. After an
 *  error nothing has changed. */
RNNCC_API rnncc_train_status rnncc_train_load_weights(rnncc_trainer *trainer,
                                                      const char *path);

/** The learning rate of the optimiser, before a schedule changes it. */
RNNCC_API double rnncc_train_learning_rate(const rnncc_trainer *trainer);

/** Changes it, also from a callback: 0 or more, and times weight decay below
 *  1, else RNNCC_TRAIN_BAD_OPTION. */
RNNCC_API rnncc_train_status
rnncc_train_set_learning_rate(rnncc_trainer *trainer, double rate);

/*===- Examples -----------------------------------------------------------===*/

/** One array of examples, for an input or a target of the model. */
typedef struct rnncc_train_array {
  const char *name;   /**< of the input or target */
  const void *values; /**< [count, T, shape..] for an array over time, [count,
                           shape..] for one per row, [shape..] for one of the
                           whole batch; dense, row-major */
  int64_t elements;   /**< how many are there, to be checked */
  int32_t element;    /**< rnncc_element, to be checked: RNNCC_I32 for indices,
                           else the model's */
} rnncc_train_array;

/** Examples, in the caller's memory. Values past a length and at steps that the
 *  mask leaves out are not looked at. A program that names fewer members leaves
 *  the last ones NULL. */
typedef struct rnncc_train_data {
  int64_t count;          /**< examples, 1 or more */
  int64_t steps;          /**< T, 1 or more */
  const int64_t *lengths; /**< [count] steps of each, 0 to T; NULL: all T */
  int64_t n_arrays;       /**< of `arrays` */
  const rnncc_train_array *arrays; /**< in any order; names that the model does
                                        not have are an error */
  const uint8_t *mask;   /**< [count, T] read; a step with 0 does not happen:
                              states stay what they are, outputs are zeros, and
                              it counts in no loss or metric. NULL: all happen */
  const uint8_t *resets; /**< [count, T] read; where not 0, the example's states
                              are zeros before that step, whether it happens or
                              not, and no gradient goes further back. An error
                              for models that read or give something once for a
                              whole example. NULL: none. Neither is looked at
                              past a length */
} rnncc_train_data;

/*===- Fitting ------------------------------------------------------------===*/

/** How the learning rate goes on. */
typedef enum rnncc_train_schedule_kind {
  RNNCC_TRAIN_CONSTANT = 0,
  RNNCC_TRAIN_STEP = 1,        /**< times factor after each `every` epochs */
  RNNCC_TRAIN_EXPONENTIAL = 2, /**< times factor after each epoch */
  RNNCC_TRAIN_COSINE = 3,      /**< down to minimum over all epochs */
  RNNCC_TRAIN_PLATEAU = 4      /**< times factor after `patience` epochs without
                                    an improvement by more than min_delta of the
                                    validation loss (without one, the loss) */
} rnncc_train_schedule_kind;

/** A schedule of learning rates. */
typedef struct rnncc_train_schedule {
  int32_t kind;     /**< rnncc_train_schedule_kind; constant */
  double factor;    /**< 0.1 */
  int64_t every;    /**< epochs; 10 */
  int64_t patience; /**< epochs; 10 */
  double min_delta; /**< 1e-4 */
  double minimum;   /**< no rate is below (but in warm-up); 0 */
  int64_t warmup;   /**< in the trainer's first so many updates, the rate rises
                         in a straight line to what the schedule says; 0 */
} rnncc_train_schedule;

/** When to stop before the last epoch. */
typedef struct rnncc_train_stopping {
  int64_t patience;     /**< epochs without improvement; 0: never stop; 0 */
  double min_delta;     /**< what counts as improvement is more than this; 0 */
  const char *monitor;  /**< "loss", "val_loss", "accuracy", "val_accuracy" ..;
                             NULL: val_loss, or loss if nothing validates */
  int32_t maximize;     /**< not 0: higher is better; 0 */
  int32_t restore_best; /**< not 0: the weights of the best epoch at the end; 0.
                             Also where patience is 0 */
} rnncc_train_stopping;

/** How a fit says how far it is. */
typedef enum rnncc_train_progress {
  RNNCC_TRAIN_QUIET = 0,
  RNNCC_TRAIN_LINES = 1, /**< a line an epoch */
  RNNCC_TRAIN_AUTO = 2   /**< on a terminal also a bar with speed, loss, metrics
                              and remaining time; else lines */
} rnncc_train_progress;

/** What callbacks are told. Lasts for the call. */
typedef struct rnncc_train_report {
  int64_t epoch;        /**< from 1 */
  int64_t epochs;       /**< how many there will be */
  int64_t batch;        /**< from 1, in this epoch */
  int64_t batches;      /**< in an epoch */
  int64_t step;         /**< updates since the trainer was made */
  double learning_rate; /**< of the last update */
  double batch_loss;    /**< of the last update */
  double loss;          /**< of this epoch so far */
  double val_loss;      /**< after an epoch with validation; else NaN */
  int64_t n_metrics;    /**< as many as the model has */
  const char *const *metric_names; /**< [n_metrics] */
  const double *metrics;           /**< [n_metrics] of this epoch so far */
  const double *val_metrics;       /**< [n_metrics] like val_loss */
} rnncc_train_report;

/** Called with `context`; anything but 0 ends the fit, which then writes its
 *  checkpoint and returns RNNCC_TRAIN_OK. */
typedef int (*rnncc_train_callback)(void *context,
                                    const rnncc_train_report *report);

/** Options of a fit; the last word of a comment is the default. */
typedef struct rnncc_train_fit_options {
  int64_t epochs;          /**< 1 or more; 10 */
  int64_t batch_size;      /**< rows of a batch, 1 or more; the last of an epoch
                                may have fewer; 32 */
  int32_t shuffle;         /**< not 0: another order in each epoch; 1 */
  double validation_split; /**< 0 to below 1: this part of the examples, the
                                last ones, validates; 0 */
  const rnncc_train_data *validation; /**< instead of a split; NULL */
  int64_t window;   /**< above 0: each batch is walked in windows of so many
                         steps, an update each, states carried on and gradients
                         cut between them; all losses are per step; steps that
                         a mask leaves out are counted, too; 0 */
  int32_t stateful; /**< not 0: row i of a batch goes on from the states of row
                       i of the batch before, in an epoch; without shuffling,
                       and batches divide the examples; 0 */
  rnncc_train_schedule schedule; /**< constant */
  rnncc_train_stopping stopping; /**< none */
  const char *checkpoint;    /**< path of the checkpoint; NULL: none; NULL */
  int64_t checkpoint_steps;  /**< written every so many updates; 0: not; 0 */
  int64_t checkpoint_epochs; /**< and every so many epochs; 0: not; 1. And at
                                the end, unless the fit failed */
  int32_t resume;            /**< not 0: go on from `checkpoint` if it is there,
                                  else begin; 0 */
  const char *history; /**< path of a CSV file, a line an epoch, written anew
                            after each; NULL */
  int32_t progress;    /**< rnncc_train_progress; auto */
  int32_t progress_fd; /**< file descriptor that it goes to; 1 */
  rnncc_train_callback after_batch; /**< after each update; NULL */
  rnncc_train_callback after_epoch; /**< after validation; NULL */
  void *context;                    /**< of both; NULL */
} rnncc_train_fit_options;

/** Fills in the defaults named above. */
RNNCC_API void
rnncc_train_fit_options_default(rnncc_train_fit_options *options);

/** Trains. The loss of a batch is the sum over the model's losses of their
 *  averages over rows, or over the valid steps of all rows. `options` NULL: the
 *  defaults.
 *
 *  Called again, it goes on with parameters, optimiser state and order of
 *  shuffling as they are, for `epochs` epochs more; history begins anew. With
 *  `resume` it ends with the bits that a fit which was never interrupted ends
 *  with.
 *
 *  Errors of data and options come before anything has changed. After
 *  RNNCC_TRAIN_DIVERGED, and where a file could not be written, the last
 *  checkpoint is as it was. */
RNNCC_API rnncc_train_status
rnncc_train_fit(rnncc_trainer *trainer, const rnncc_train_data *data,
                const rnncc_train_fit_options *options);

/** How many epochs the last fit has in its history. */
RNNCC_API int64_t rnncc_train_epochs(const rnncc_trainer *trainer);

/** A number of the history: `epoch` from 1, `column` as in the CSV file:
 *  "loss", "accuracy", "val_loss", "learning_rate", "seconds"; NaN if there is
 *  none. */
RNNCC_API double rnncc_train_history(const rnncc_trainer *trainer,
                                     int64_t epoch, const char *column);

/*===- Using what was trained ---------------------------------------------===*/

/** How many metrics the model has. */
RNNCC_API int64_t rnncc_train_metric_count(const rnncc_trainer *trainer);

/** The name of a metric, 0 .. count - 1; else NULL. */
RNNCC_API const char *rnncc_train_metric_name(const rnncc_trainer *trainer,
                                              int64_t metric);

/** Loss and metrics over examples, dropout off.
 *
 *  batch_size  1 or more; it changes only the order of sums
 *  loss        written; NULL: not wanted
 *  metrics     [rnncc_train_metric_count] written; NULL: not wanted */
RNNCC_API rnncc_train_status rnncc_train_evaluate(rnncc_trainer *trainer,
                                                  const rnncc_train_data *data,
                                                  int64_t batch_size,
                                                  double *loss,
                                                  double *metrics);

/** Where predictions go. */
typedef struct rnncc_train_output {
  const char *name; /**< of an output of the model */
  void *values;     /**< written: [count, T, shape..] for an output over time
                         (zeros past a row's end and where the mask leaves a
                         step out), [count, shape..] for one per row */
  int64_t elements; /**< room at values, to be checked */
} rnncc_train_output;

/** Outputs for examples, dropout off; targets are not needed. */
RNNCC_API rnncc_train_status rnncc_train_predict(
    rnncc_trainer *trainer, const rnncc_train_data *data, int64_t batch_size,
    const rnncc_train_output *outputs, int64_t n_outputs);

/*===- Checkpoints --------------------------------------------------------===*/

/** Writes all that a trainer is: docs/training.md has the format. The file is
 *  whole or as it was. Not from a callback. */
RNNCC_API rnncc_train_status rnncc_train_save_checkpoint(rnncc_trainer *trainer,
                                                         const char *path);

/** Reads a checkpoint: names, shapes, element type and optimiser must be those
 *  of this trainer; learning rate and seed become the file's. After an error
 *  nothing has changed. Not from a callback. */
RNNCC_API rnncc_train_status rnncc_train_load_checkpoint(rnncc_trainer *trainer,
                                                         const char *path);

/*===- Gradient health ----------------------------------------------------===*/

/** How many states the model carries from step to step: its initial states. */
RNNCC_API int64_t rnncc_train_state_count(const rnncc_trainer *trainer);

/** The name of a state, "h.0" or "h.-1", 0 .. count - 1; else NULL. */
RNNCC_API const char *rnncc_train_state_name(const rnncc_trainer *trainer,
                                             int64_t state);

/** How far gradients reach back: for each state s and t = 0 .. T-1, the
 *  Euclidean norm, over all rows and units, of the gradient of the loss behind
 *  step t with respect to the state after t steps. All `count` examples are one
 *  batch, dropout off; rows end at their lengths.
 *
 *  A step that the mask leaves out hands the gradient on as it is; at a reset
 *  it ends.
 *
 *  norms     [rnncc_train_state_count, T] written
 *  elements  room at norms, to be checked
 *
 *  For models whose losses are read per step or at the end of each row.
 *  RNNCC_TRAIN_BAD_MODEL if the model has no states, or if its loss, run step
 *  by step, is another (a mean over time, a part that reads backward). Takes
 *  memory for T calls of one step. */
RNNCC_API rnncc_train_status
rnncc_train_gradient_norms(rnncc_trainer *trainer, const rnncc_train_data *data,
                           double *norms, int64_t elements);

#ifdef __cplusplus
}
#endif
#endif /* RNNCC_TRAIN_H */
