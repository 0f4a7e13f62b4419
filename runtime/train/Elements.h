//===- Elements.h - what updates do to elements -----------------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef RNNCC_RUNTIME_TRAIN_ELEMENTS_H
#define RNNCC_RUNTIME_TRAIN_ELEMENTS_H

#include "rnncc/train.h"
#include "runtime/train/Skipped.h"

namespace rnn::train {

/// The numbers of one update.
struct Update {
  double rate;
  double decay;           ///< what a weight keeps of itself, decoupled
  double inGradient;      ///< decay that is added to the gradient
  double scale;           ///< of the gradient: clipping by norm
  double clip;            ///< largest element; infinity: any
  double correctedRate;   ///< Adam
  double correctedSecond; ///< Adam: scales the root of the second moment
};

/// Elements of a parameter that stand side by side, and what belongs to them.
template <typename T> struct Elements {
  int64_t count;
  T *values, *gradient;
  T *first, *second; ///< moments; NULL if the method has none
};

/// One step of the method on float or double elements, from their gradient. An
/// element's new value depends neither on where it stands nor on the processor.
template <typename T>
void updateElements(const rnncc_train_optimizer &options, const Update &update,
                    const Elements<T> &elements);

/// Steps of `all` that the elements have missed.
template <typename T>
void applySkipped(const Skipped &skipped, const SkippedSteps &all,
                  double epsilon, const Elements<T> &elements);

/// Terms that make the polynomial of skipped steps as exact as elements are.
/// Known when compiling: loops over elements are vectorised around them.
constexpr int termsFor(size_t elementBytes) {
  return elementBytes == sizeof(float) ? 6 : Skipped::maxTerms;
}

} // namespace rnn::train

#endif // RNNCC_RUNTIME_TRAIN_ELEMENTS_H
