//===- Models.h - models written by hand, to train --------------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What rnncc would have compiled, as plain loops: one descriptor for each.
// T is float or double.
//
//===----------------------------------------------------------------------===//

#ifndef RNNCC_TEST_TRAIN_MODELS_H
#define RNNCC_TEST_TRAIN_MODELS_H

#include "rnncc/abi.h"

namespace models {

/// tokens [T, N] of indices -> the rows of `table` [V, E] -> their mean over
/// the steps of a row -> dropout -> W [E] and b -> sigmoid -> p [N]; y [N] the
/// target, `bce` and `accuracy` per row. V = 40, E = 4.
template <typename T> const rnncc_descriptor &bag();

/// The same, V = 1000; `byRows` says whether `table` is read by rows only.
template <typename T> const rnncc_descriptor &largeBag(bool byRows);

/// How the losses of `elman` are read.
enum Reading { PerStep, AtEnd, MeanOverTime };

/// x [T, N, 2] -> h [3] = tanh(W_x x + W_h h[t-1] + b) -> p = W_p h; y the
/// target, `mse` the loss: per step, or of the last step or the mean over the
/// steps, per row.
template <typename T> const rnncc_descriptor &elman(Reading reading);

/// w [5], and for each row the loss sum of (w - x)^2 / 2, x [N, 5].
template <typename T> const rnncc_descriptor &square();
} // namespace models

#endif // RNNCC_TEST_TRAIN_MODELS_H
