//===- Sizing.cpp - hidden units for a number of parameters ---------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

// Counts grow as a H^2 + b H + 1: the 1 is the bias of the read-out. Two sizes
// give a and b, and these the next size to try, until it is one that has been
// tried. Of cells that grow otherwise this is Newton's method.

#include "Sizing.h"
#include <algorithm>
#include <cmath>
#include <cstring>
#include <map>

using namespace choose;

int64_t choose::parametersOf(const rnncc_descriptor &model) {
  int64_t count = 0;
  for (int64_t i = 0; i < model.n_params; ++i)
    if (std::strncmp(model.params[i].name, "e.", 2) != 0)
      count += rnncc_param_elements(&model.params[i]);
  return count;
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
  // Sizes that a cell refuses, such as 9 of H / 2, are passed over.
  auto attempt = [&](int64_t hidden) -> const Sized * {
    for (int64_t away = 0; away <= 8; ++away)
      for (int64_t h : {hidden - away, hidden + away}) {
        if (h < 1 || (away && tried.count(h)))
          continue;
        if (auto known = tried.find(h); known != tried.end())
          return &known->second;
        try {
          Model model = compiler.compile(cell, task, h);
          int64_t count = parametersOf(*model.descriptor);
          return &(tried[h] = {model, h, count});
        } catch (const CompileError &) {
          if (tried.empty())
            throw;
        }
      }
    return nullptr;
  };
  const Sized *before = attempt(8);
  double guess = 8 * std::sqrt(double(parameters) / double(before->parameters));
  for (int round = 0; round < 6; ++round) {
    size_t known = tried.size();
    const Sized *now =
        attempt(std::max<int64_t>(1, std::llround(std::min(guess, 1e5))));
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
