//===- Trainer.cpp - what trainers do but fit -----------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/train/Trainer.h"
#include "runtime/train/Failure.h"
#include <algorithm>
#include <cmath>
#include <numeric>

using namespace rnn::train;

bool Monitor::improves(double value, double delta, bool maximize) {
  bool better = std::isnan(best) ||
                (maximize ? value > best + delta : value < best - delta);
  if (better)
    best = value;
  wait = better ? 0 : wait + 1;
  return better;
}

std::vector<int64_t> rnn::train::inOrder(int64_t count) {
  std::vector<int64_t> numbers(static_cast<size_t>(count));
  std::iota(numbers.begin(), numbers.end(), 0);
  return numbers;
}

static rnncc_team *makeTeam(int32_t threads) {
  if (threads < 1)
    fail(RNNCC_TRAIN_BAD_OPTION, "there are ", threads,
         " threads, but one at least is needed");
  rnncc_team *team = nullptr;
  if (threads > 1 && rnncc_team_create(threads, &team) != RNNCC_OK)
    fail(RNNCC_TRAIN_NO_MEMORY, "the system gives no ", threads, " threads");
  return team;
}

/// The options, if they are in range.
static const rnncc_train_options &checked(const rnncc_train_options &options) {
  checkOptimizer(options.optimizer);
  return options;
}

Trainer::Trainer(const rnncc_descriptor &descriptor,
                 const rnncc_train_options &options)
    : model(descriptor), seed(checked(options).seed),
      team(makeTeam(options.threads), rnncc_team_destroy),
      optimizer(model, team.get(), options.optimizer), sums(model) {
  model.draw(seed);
}

std::vector<std::string> Trainer::columns() const {
  std::vector<std::string> names = {"epoch", "loss"};
  names.insert(names.end(), model.metricNames.begin(), model.metricNames.end());
  names.push_back("val_loss");
  for (const char *name : model.metricNames)
    names.push_back(std::string("val_") + name);
  names.push_back("learning_rate");
  names.push_back("seconds");
  return names;
}

void Trainer::pack() {
  optimizer.catchUpAll();
  model.pack(team.get());
}

/// Calls body(selection) for batches of examples, each as long as its longest.
template <typename Body>
static void forEachBatch(const Examples &examples,
                         const std::vector<int64_t> &order, int64_t batchSize,
                         Body body) {
  if (batchSize < 1)
    fail(RNNCC_TRAIN_BAD_OPTION, "the batch size is ", batchSize,
         ", but 1 or more is needed");
  for (int64_t at = 0, count = int64_t(order.size()); at < count;
       at += batchSize) {
    int64_t rows = std::min(batchSize, count - at);
    const int64_t *first = order.data() + at;
    body(Selection{first, rows, 0, examples.longest(first, rows)});
  }
}

Sums Trainer::evaluate(const Examples &examples,
                       const std::vector<int64_t> &order, int64_t batchSize) {
  Run run(model, team.get(), Run::Evaluating);
  Sums sums(model);
  forEachBatch(examples, order, batchSize, [&](const Selection &selection) {
    run.load(examples, selection);
    run.forward(nullptr);
    sums.add(run.sums());
  });
  return sums;
}

namespace {
/// An output and where it goes.
struct Prediction {
  int64_t array;
  char *values;
};
} // namespace

static Prediction checkOutput(const Model &model, const Examples &examples,
                              const rnncc_train_output &output) {
  const rnncc_descriptor &descriptor = model.descriptor;
  int64_t index = output.name ? rnncc_find_array(&descriptor, output.name) : -1;
  if (index < 0 || descriptor.arrays[index].role != RNNCC_OUTPUT)
    fail(RNNCC_TRAIN_BAD_OPTION, descriptor.name, " has no output '",
         output.name ? output.name : "", "'");
  int64_t needed = rnncc_array_elements(&descriptor.arrays[index],
                                        examples.steps(), examples.count());
  if (output.elements != needed || !output.values)
    fail(RNNCC_TRAIN_BAD_OPTION, "output '", output.name, "' has room for ",
         output.values ? output.elements : 0, " elements, but ", needed,
         " are needed");
  return {index, static_cast<char *>(output.values)};
}

/// Puts what a run has written where its examples are.
static void scatter(const Model &model, const Examples &examples, Run &run,
                    const Selection &selection, const Prediction &prediction) {
  const rnncc_array &array = model.descriptor.arrays[prediction.array];
  auto *from = static_cast<const char *>(run.array(prediction.array));
  size_t whole = run.bytes(prediction.array);
  if (array.axes == RNNCC_PLAIN) {
    std::memcpy(prediction.values, from, whole);
    return;
  }
  int64_t entries =
      selection.rows * (array.axes == RNNCC_ROWS ? 1 : selection.steps);
  size_t bytes = whole / size_t(entries);
  int64_t steps = array.axes == RNNCC_ROWS ? 1 : examples.steps();
  for (int64_t i = 0; i < selection.rows; ++i)
    for (int64_t t = 0; t < steps; ++t) {
      char *to =
          prediction.values + size_t(selection.examples[i] * steps + t) * bytes;
      if (array.axes == RNNCC_ROWS || t < selection.steps)
        std::memcpy(to, from + size_t(t * selection.rows + i) * bytes, bytes);
      else
        std::memset(to, 0, bytes);
    }
}

void Trainer::predict(const Examples &examples, int64_t batchSize,
                      const std::vector<rnncc_train_output> &outputs) {
  std::vector<Prediction> predictions;
  for (const rnncc_train_output &output : outputs)
    predictions.push_back(checkOutput(model, examples, output));
  pack();
  Run run(model, team.get(), Run::Evaluating);
  forEachBatch(examples, inOrder(examples.count()), batchSize,
               [&](const Selection &selection) {
                 run.load(examples, selection);
                 for (const Prediction &prediction : predictions)
                   run.provide(prediction.array);
                 run.forward(nullptr);
                 for (const Prediction &prediction : predictions)
                   scatter(model, examples, run, selection, prediction);
               });
}
