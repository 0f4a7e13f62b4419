//===- Draw.cpp - parameters as their initialisers say --------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "compiler/run/Draw.h"
#include <cmath>

/// Makes the vectors orthonormal, one after the other (Gram and Schmidt).
static void orthogonalise(std::vector<double> &values, size_t vectors,
                          size_t length, size_t step, size_t stride) {
  auto at = [&](size_t v, size_t i) -> double & {
    return values[v * stride + i * step];
  };
  for (size_t v = 0; v < vectors; ++v) {
    for (size_t w = 0; w < v; ++w) {
      double dot = 0;
      for (size_t i = 0; i < length; ++i)
        dot += at(v, i) * at(w, i);
      for (size_t i = 0; i < length; ++i)
        at(v, i) -= dot * at(w, i);
    }
    double norm = 0;
    for (size_t i = 0; i < length; ++i)
      norm += at(v, i) * at(v, i);
    for (size_t i = 0; i < length; ++i)
      at(v, i) /= std::sqrt(norm);
  }
}

std::vector<double> rnn::drawParam(const rnncc_param &param,
                                   std::mt19937_64 &random) {
  size_t count = 1;
  for (int d = 0; d < param.rank; ++d)
    count *= param.shape[d];
  size_t rows = param.rank > 0 ? param.shape[0] : 1;
  size_t columns = param.rank > 1 ? param.shape[1] : 1;
  std::vector<double> values(count, 0.0);
  auto draw = [&](auto distribution) {
    for (double &value : values)
      value = distribution(random);
  };
  switch (param.init) {
  case RNNCC_ONES:
    values.assign(count, 1.0);
    break;
  case RNNCC_CONSTANT:
    values.assign(count, param.init_arguments[0]);
    break;
  case RNNCC_UNIFORM:
    draw(std::uniform_real_distribution<double>(param.init_arguments[0],
                                                param.init_arguments[1]));
    break;
  case RNNCC_NORMAL:
    draw(std::normal_distribution<double>(0, param.init_arguments[0]));
    break;
  case RNNCC_GLOROT_UNIFORM: {
    double limit = std::sqrt(6.0 / double(rows + columns));
    draw(std::uniform_real_distribution<double>(-limit, limit));
    break;
  }
  case RNNCC_ORTHOGONAL:
    draw(std::normal_distribution<double>(0, 1));
    if (rows <= columns)
      orthogonalise(values, rows, columns, 1, columns);
    else
      orthogonalise(values, columns, rows, columns, 1);
    break;
  default:
    break;
  }
  return values;
}
