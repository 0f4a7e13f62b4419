//===- Sizing.cpp - hidden units for a number of parameters ---------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

// The shapes of one size say which dimensions grow with H, and so about where
// to go. Two sizes and a H^2 + b H + 1 (the 1 is the bias of the read-out) say
// it better, until the next size to try is one that has been tried.

#include "Sizing.h"
#include <algorithm>
#include <cmath>
#include <cstring>
#include <map>
#include <set>

using namespace choose;

/// Whether a parameter is one of the cell or its read-out.
static bool isCounted(const rnncc_param &param) {
  return std::strncmp(param.name, "e.", 2) != 0;
}

int64_t choose::parametersOf(const rnncc_descriptor &model) {
  int64_t count = 0;
  for (int64_t i = 0; i < model.n_params; ++i)
    if (isCounted(model.params[i]))
      count += rnncc_param_elements(&model.params[i]);
  return count;
}

/// The H that comes closest to `wanted` parameters if those dimensions of `p`
/// grow with H that are a multiple of it.
static double solveByShapes(const Sized &p, double wanted) {
  auto predicted = [&](double hidden) {
    double count = 0;
    const rnncc_descriptor &model = *p.model.descriptor;
    for (int64_t i = 0; i < model.n_params; ++i) {
      const rnncc_param &param = model.params[i];
      double elements = isCounted(param) ? 1 : 0;
      for (int32_t axis = 0; axis < param.rank; ++axis) {
        double size = double(param.shape[axis]);
        elements *=
            param.shape[axis] % p.hidden ? size : size / p.hidden * hidden;
      }
      count += elements;
    }
    return count;
  };
  double low = 0, high = 1e6;
  for (int i = 0; i < 60; ++i) {
    double middle = (low + high) / 2;
    (predicted(middle) < wanted ? low : high) = middle;
  }
  return high;
}

/// H for `wanted` parameters where sizes `p` and `q` have been counted.
static double solve(const Sized &p, const Sized &q, double wanted) {
  double hp = double(p.hidden), hq = double(q.hidden);
  double slopeP = (double(p.parameters) - 1) / hp;
  double slopeQ = (double(q.parameters) - 1) / hq;
  double a = (slopeQ - slopeP) / (hq - hp), b = slopeP - a * hp;
  double c = wanted - 1;
  if (std::fabs(a) < 1e-9)
    return b > 0 ? c / b : hp;
  double under = b * b + 4 * a * c;
  return under < 0 ? hp : (std::sqrt(under) - b) / (2 * a);
}

Sized choose::sizeCell(Compiler &compiler, const Cell &cell, const Task &task,
                       int64_t parameters) {
  std::map<int64_t, Sized> tried;
  std::set<int64_t> refused;
  auto attempt = [&](int64_t hidden) -> const Sized * {
    if (hidden < 1 || refused.count(hidden))
      return nullptr;
    if (auto known = tried.find(hidden); known != tried.end())
      return &known->second;
    try {
      Model model = compiler.compile(cell, task, hidden);
      int64_t count = parametersOf(*model.descriptor);
      return &(tried[hidden] = {model, hidden, count});
    } catch (const CompileError &) {
      if (tried.empty())
        throw;
      refused.insert(hidden);
      return nullptr;
    }
  };
  // Where a cell refuses a size, such as 9 of H / 2, the next on both sides.
  auto attemptNear = [&](int64_t hidden) {
    const Sized *found = attempt(hidden);
    for (int64_t away = 1; !found && away <= 64; ++away) {
      const Sized *below = attempt(hidden - away);
      const Sized *above = attempt(hidden + away);
      found = above ? above : below;
    }
    return found;
  };
  // About right for two to four matrices, and a size that few cells refuse.
  double first = 8 * std::ceil(std::sqrt(double(parameters) / 4) / 8);
  const Sized *before = attempt(std::llround(first));
  double guess = solveByShapes(*before, double(parameters));
  for (int round = 0; round < 6; ++round) {
    size_t known = tried.size();
    const Sized *now =
        attemptNear(std::max<int64_t>(1, std::llround(std::min(guess, 1e5))));
    if (!now || tried.size() == known)
      break;
    guess = solve(*before, *now, double(parameters));
    before = now;
  }
  return std::min_element(tried.begin(), tried.end(),
                          [&](const auto &a, const auto &b) {
                            return std::llabs(a.second.parameters -
                                              parameters) <
                                   std::llabs(b.second.parameters - parameters);
                          })
      ->second;
}
