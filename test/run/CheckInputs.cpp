//===- CheckInputs.cpp - missing, special and shifted inputs --------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "test/run/Check.h"
#include "test/run/Team.h"
#include <cmath>

using namespace mlir;
using namespace rnn;

/// Without initial states and gradients of final ones, with gradients of
/// parameters that go on from what was there, and nothing else wanted.
void Check::checkNull(Call call, const Twine &what) {
  const CellInterface &face = flat->interface();
  CompiledCall c(cell, call.steps, call.batch);
  for (auto [index, array] : llvm::enumerate(face.arrays)) {
    auto &values = call.arrays[index];
    if (array.role == ArrayRole::GradParam)
      values.assign(c.elements(index), 0.5);
    else if (array.role > ArrayRole::Target &&
             array.role != ArrayRole::GradOutput)
      values.clear();
    if (!values.empty() || array.role <= ArrayRole::Target)
      c.set(index, values);
  }
  runCompiled(c, true, nullptr, what + " with NULL");
  flat->forward(call);
  flat->backward(call);
  for (auto [index, array] : llvm::enumerate(face.arrays))
    if (array.role == ArrayRole::GradParam)
      verdict.compare(Aspect::Gradients, c.get(index), call.arrays[index],
                      tolerances.backward, what + " with NULL " + array.name);
}

/// Rows with NaN, infinity and large numbers among their inputs: NaN is where
/// the interpreter has it, and nowhere else; a row does not disturb another.
/// Sums of large numbers have lost digits, so numbers are compared loosely.
void Check::checkSpecial(Call call, Specials specials, const Twine &what) {
  const CellInterface &face = flat->interface();
  CompiledCall c(cell, call.steps, call.batch);
  const double special[] = {NAN, -1e4, INFINITY, 1e4};
  for (auto [index, array] : llvm::enumerate(face.arrays)) {
    auto &values = call.arrays[index];
    bool isSeries = array.role == ArrayRole::Input && !limits[index] &&
                    array.axes == Axes::StepsRows;
    size_t perRow = isSeries ? values.size() / (call.steps * call.batch) : 0;
    // The first row of every five is as it was.
    for (int64_t i = 0; perRow && i < call.steps * call.batch; ++i)
      if (int64_t kind = i % call.batch % 5)
        values[i * perRow + perRow / 2] =
            specials == Specials::NaN ? NAN : special[kind - 1];
    if (array.role <= ArrayRole::Initial)
      c.set(index, values);
    else if (isWritten(array.role))
      c.make(index);
  }
  runCompiled(c, false, nullptr, what + " special");
  flat->forward(call);
  for (auto [index, array] : llvm::enumerate(face.arrays)) {
    if (!isWritten(array.role))
      continue;
    std::vector<double> got = c.get(index), expected = call.arrays[index];
    for (auto [x, y] : llvm::zip(got, expected)) {
      // Equal at once, or beyond what the cell's type can hold.
      bool equal = x == y || (std::isnan(x) && std::isnan(y)) ||
                   (cell.element == RNNCC_F32 && std::fabs(y) > 1e30);
      if (equal)
        x = y = 0;
    }
    verdict.compare(Aspect::Special, got, expected,
                    std::max(1e-2, 3 * tolerances.forward), what + " special " + array.name);
  }
}

/// Training with random numbers: the interpreter draws the same.
void Check::checkRandom(Call call, const Twine &what) {
  for (auto [index, array] : llvm::enumerate(flat->interface().arrays))
    if (array.role == ArrayRole::GradParam)
      call.arrays[index].clear();
  call.random = {7, 3};
  CompiledCall alone(cell, call.steps, call.batch),
      together(cell, call.steps, call.batch);
  fill(alone, call, true);
  fill(together, call, true);
  Team team(2);
  runCompiled(alone, true, nullptr, what + " random");
  runCompiled(together, true, &team, what + " random, two threads");
  verdict.require(alone.sameBits(together), what + " bits of random numbers");
  flat->forward(call);
  flat->backward(call);
  compareAll(alone, call, what + " random");
}

namespace {
/// The slopes of a function on the two sides of a value.
struct Sides {
  double left, right;
  double slope() const { return (left + right) / 2; }
  double apart() const { return std::fabs(left - right); }
};
} // namespace

/// Some coordinates of each gradient against the slope of the loss
/// sum(outputs * their gradients).
void Check::checkDifferences(const Call &reference, const Twine &what) {
  const CellInterface &face = flat->interface();
  auto loss = [&](Call call) {
    flat->forward(call);
    double sum = 0;
    for (auto [index, array] : llvm::enumerate(face.arrays)) {
      TensorOp tensor = array.tensor;
      ArrayRole role = array.role == ArrayRole::Final ? ArrayRole::GradFinal
                                                      : ArrayRole::GradOutput;
      if (!isWritten(array.role) || array.role == ArrayRole::Metric)
        continue;
      const auto &gradient =
          call.arrays[face.find(role, tensor.getSymName(), array.delay)];
      for (auto [x, g] : llvm::zip(call.arrays[index], gradient))
        sum += x * g;
    }
    return sum;
  };
  double here = loss(reference);
  for (auto [index, array] : llvm::enumerate(face.arrays)) {
    TensorOp tensor = array.tensor;
    int64_t source = -1;
    if (array.role == ArrayRole::GradInput)
      source = face.find(ArrayRole::Input, tensor.getSymName());
    else if (array.role == ArrayRole::GradInitial)
      source = face.find(ArrayRole::Initial, tensor.getSymName(), array.delay);
    else if (array.role != ArrayRole::GradParam)
      continue;
    Call call = reference;
    auto &values = source < 0 ? call.params[array.param] : call.arrays[source];
    double scale = 0;
    for (double g : reference.arrays[index])
      scale = std::max(scale, std::fabs(g));
    std::vector<double> slopes, gradients;
    for (int sample = 0; sample < 6 && !values.empty(); ++sample) {
      size_t at = generator() % values.size();
      const double saved = values[at], h = 1e-5;
      auto sides = [&](double h) {
        values[at] = saved + h;
        double above = loss(call);
        values[at] = saved - h;
        double below = loss(call);
        values[at] = saved;
        return Sides{(here - below) / h, (above - here) / h};
      };
      double gradient = reference.arrays[index][at];
      Sides wide = sides(h), near = wide;
      // Where the two sides differ there is a corner or a jump within h of a
      // value, and no slope.
      if (wide.apart() > 1e-3 * std::max(scale, 0.1))
        continue;
      // Nearer to the value smooth sides come together, those of a corner do
      // not, be it a small one.
      if (std::fabs(wide.slope() - gradient) > tolerances.difference * scale) {
        near = sides(h / 8);
        if (near.apart() > wide.apart() / 4 &&
            near.apart() > std::fabs(near.slope() - gradient))
          continue;
      }
      slopes.push_back(near.slope());
      gradients.push_back(gradient);
    }
    // Relative to the largest gradient of the array, not of the samples.
    slopes.push_back(scale);
    gradients.push_back(scale);
    verdict.compare(Aspect::Differences, gradients, slopes,
                    tolerances.difference,
                    what + " difference of " + array.name);
  }
}
