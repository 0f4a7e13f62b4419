//===- Adam.h - gradient descent with momentum per parameter ----*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TEXTGEN_ADAM_H
#define TEXTGEN_ADAM_H

#include "Model.h"

namespace textgen {

/// Scales all gradients down together so that their norm is at most `limit`.
void clipGradients(std::vector<Parameter> &parameters, double limit);

/// The Adam optimiser (Kingma and Ba, 2015).
class Adam {
public:
  explicit Adam(const std::vector<Parameter> &parameters);

  /// Moves all parameters against their gradients.
  void update(std::vector<Parameter> &parameters, double rate);

private:
  struct Moments {
    std::vector<float> first, second;
  };
  std::vector<Moments> moments;
  int64_t updates = 0;
};

} // namespace textgen

#endif // TEXTGEN_ADAM_H
