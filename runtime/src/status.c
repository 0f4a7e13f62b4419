/*===- status.c - texts of status codes -----------------------------------===
 *
 * SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 *===---------------------------------------------------------------------===*/

#include "rnncc/runtime.h"

const char *rnncc_status_text(rnncc_status status) {
  switch (status) {
  case RNNCC_OK:
    return "success";
  case RNNCC_BAD_SIZE:
    return "a number of steps, rows or threads is out of range";
  case RNNCC_NULL_POINTER:
    return "an array that is needed is NULL";
  case RNNCC_MISALIGNED:
    return "an array is not aligned: weights, tape and scratch to 64 bytes, "
           "others as their elements are";
  case RNNCC_WRONG_WEIGHTS:
    return "the weights were not packed by this cell";
  case RNNCC_WRONG_TAPE:
    return "the tape is not that of a forward of this cell with the same "
           "steps, "
           "batch and lengths, or it was used already";
  case RNNCC_UNSUPPORTED:
    return "this object cannot do what was asked for: the processor lacks "
           "instructions it was compiled for; or the system does not pin "
           "threads";
  case RNNCC_WRONG_ABI:
    return "the cell was compiled for another version of the runtime";
  case RNNCC_BAD_LENGTHS:
    return "a length is below 0 or above the number of steps";
  case RNNCC_BAD_INDEX:
    return "an index is below 0 or too large for its table";
  case RNNCC_NO_MEMORY:
    return "the system gives no memory or no thread";
  }
  return "not a status of this version";
}
