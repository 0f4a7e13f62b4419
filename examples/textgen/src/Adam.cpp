//===- Adam.cpp - gradient descent with momentum per parameter ------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Adam.h"
#include <cmath>

using namespace textgen;

void textgen::clipGradients(std::vector<Parameter> &parameters, double limit) {
  double squares = 0;
  for (const Parameter &parameter : parameters)
    for (float g : parameter.gradient)
      squares += double(g) * double(g);
  double norm = std::sqrt(squares);
  if (norm <= limit)
    return;
  float scale = float(limit / norm);
  for (Parameter &parameter : parameters)
    for (float &g : parameter.gradient)
      g *= scale;
}

Adam::Adam(const std::vector<Parameter> &parameters) {
  for (const Parameter &parameter : parameters) {
    std::vector<float> zeros(parameter.values.size());
    moments.push_back({zeros, zeros});
  }
}

void Adam::update(std::vector<Parameter> &parameters, double rate) {
  constexpr float beta1 = 0.9f, beta2 = 0.99f, epsilon = 1e-8f;
  ++updates;
  // The moments start at zero; this undoes the bias that gives them.
  double fade1 = 1 - std::pow(double(beta1), double(updates));
  double fade2 = 1 - std::pow(double(beta2), double(updates));
  float scale = float(rate / fade1), inverse = float(1 / fade2);
  for (size_t p = 0; p < parameters.size(); ++p) {
    float *values = parameters[p].values.data();
    const float *gradient = parameters[p].gradient.data();
    float *first = moments[p].first.data();
    float *second = moments[p].second.data();
    for (size_t i = 0; i < parameters[p].values.size(); ++i) {
      float g = gradient[i];
      first[i] = beta1 * first[i] + (1 - beta1) * g;
      second[i] = beta2 * second[i] + (1 - beta2) * g * g;
      values[i] -=
          scale * first[i] / (std::sqrt(second[i] * inverse) + epsilon);
    }
  }
}
