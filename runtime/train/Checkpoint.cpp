//===- Checkpoint.cpp - weights and checkpoints as safetensors ------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// docs/training.md describes the format. Loading checks all before it changes
// anything.
//
//===----------------------------------------------------------------------===//

#include "runtime/train/Failure.h"
#include "runtime/train/Trainer.h"
#include <cmath>

using namespace rnn::train;

static const char formatName[] = "rnncc checkpoint 1";

void Trainer::saveWeights(const std::string &path) {
  optimizer.catchUpAll();
  std::vector<Tensor> tensors;
  for (const Param &param : model.params)
    tensors.push_back(model.tensor(param, param.info->name, param.values));
  writeTensors(path, tensors, {{"model", model.descriptor.name}});
}

void Trainer::loadWeights(const std::string &path) {
  TensorFile file = readTensors(path);
  std::string what = text("a file of weights of ", model.descriptor.name);
  for (const Param &param : model.params)
    file.get(param.info->name, model.elementType(), param.shape(), what);
  optimizer.catchUpAll();
  for (Param &param : model.params) {
    std::string_view bytes = file.find(param.info->name)->bytes;
    std::memcpy(param.values.get(), bytes.data(), bytes.size());
  }
}

template <typename T> static bool isFinite(const Param &param) {
  const T *values = param.values.as<T>();
  for (int64_t i = 0; i < param.elements; ++i)
    if (!std::isfinite(values[i]))
      return false;
  return true;
}

/// The bytes of numbers.
template <typename T>
static std::string_view bytesOf(const std::vector<T> &numbers) {
  return {reinterpret_cast<const char *>(numbers.data()),
          numbers.size() * sizeof(T)};
}

/// The numbers of a tensor that has been checked.
template <typename T> static std::vector<T> numbersOf(const Tensor &tensor) {
  std::vector<T> numbers(tensor.bytes.size() / sizeof(T));
  if (!numbers.empty())
    std::memcpy(numbers.data(), tensor.bytes.data(), tensor.bytes.size());
  return numbers;
}

/// The moments that an optimiser has, and the best values, by the names of
/// their tensors.
static std::vector<std::pair<std::string, Memory *>>
companions(const Trainer &trainer, Param &param, bool withBest) {
  std::vector<std::pair<std::string, Memory *>> list;
  std::string name = param.info->name;
  if (trainer.optimizer.hasFirst())
    list.emplace_back("rnncc.first." + name, &param.first);
  if (trainer.optimizer.hasSecond())
    list.emplace_back("rnncc.second." + name, &param.second);
  if (withBest)
    list.emplace_back("rnncc.best." + name, &param.best);
  return list;
}

void Trainer::saveCheckpoint(const std::string &path) {
  optimizer.catchUpAll();
  for (const Param &param : model.params)
    if (!(model.isFloat() ? isFinite<float>(param) : isFinite<double>(param)))
      fail(RNNCC_TRAIN_DIVERGED, "parameter '", param.info->name,
           "' has become NaN or infinite; the checkpoint '", path,
           "' is as it was");

  const Progression &p = progress;
  int64_t seedBits;
  std::memcpy(&seedBits, &seed, sizeof seed);
  std::vector<int64_t> counters = {
      optimizer.step,   p.epochs,         p.position.epoch,
      p.position.batch, p.position.start, p.position.stopped,
      p.stopping.wait,  p.plateau.wait,   seedBits};
  std::vector<double> numbers = {p.stopping.best, p.plateau.best, p.rateFactor,
                                 p.seconds, optimizer.options.learning_rate};
  std::vector<double> history;
  for (const std::vector<double> &row : p.history)
    history.insert(history.end(), row.begin(), row.end());

  std::vector<Tensor> tensors;
  auto add = [&](const char *name, const char *type, std::vector<int64_t> shape,
                 std::string_view bytes) {
    tensors.push_back({name, type, std::move(shape), bytes});
  };
  add("rnncc.counters", "I64", {int64_t(counters.size())}, bytesOf(counters));
  add("rnncc.numbers", "F64", {int64_t(numbers.size())}, bytesOf(numbers));
  add("rnncc.sum", "F64", {int64_t(sums.sum.size())}, bytesOf(sums.sum));
  add("rnncc.weight", "F64", {int64_t(sums.weight.size())},
      bytesOf(sums.weight));
  add("rnncc.history", "F64",
      {int64_t(p.history.size()), int64_t(columns().size())}, bytesOf(history));
  for (size_t s = 0; s < p.states.size(); ++s)
    tensors.push_back({"rnncc.state." + model.states[s].name,
                       model.elementType(),
                       {int64_t(p.states[s].size() / model.elementBytes)},
                       p.states[s]});
  for (Param &param : model.params) {
    tensors.push_back(model.tensor(param, param.info->name, param.values));
    for (auto &[name, memory] : companions(*this, param, p.hasBest))
      tensors.push_back(model.tensor(param, name, *memory));
  }
  writeTensors(path, tensors,
               {{"format", formatName},
                {"model", model.descriptor.name},
                {"optimizer", optimizerText(optimizer.options)},
                {"run", p.run}});
}

void Trainer::loadCheckpoint(const std::string &path, const std::string *run) {
  TensorFile file = readTensors(path);
  if (file.text("format") != formatName)
    fail(RNNCC_TRAIN_BAD_FILE, "'", path, "' is no checkpoint: its metadata ",
         "'format' is '", file.text("format"), "', not '", formatName, "'");
  auto compare = [&](const char *what, const std::string &there,
                     const std::string &here) {
    if (there != here)
      fail(RNNCC_TRAIN_ANOTHER_MODEL, "'", path, "' is a checkpoint of ", what,
           " '", there, "', but this trainer has '", here, "'");
  };
  compare("model", file.text("model"), model.descriptor.name);
  compare("optimizer", file.text("optimizer"),
          optimizerText(optimizer.options));
  if (run && file.text("run") != *run)
    fail(RNNCC_TRAIN_ANOTHER_MODEL, "'", path, "' is of another run: ",
         file.text("run").empty() ? "none" : file.text("run"), " there, ", *run,
         " here");

  std::string what = text("a checkpoint of this ", model.descriptor.name);
  int64_t measures = int64_t(sums.sum.size());
  int64_t width = int64_t(columns().size());
  auto counters =
      numbersOf<int64_t>(file.get("rnncc.counters", "I64", {9}, what));
  auto numbers = numbersOf<double>(file.get("rnncc.numbers", "F64", {5}, what));
  auto sum = numbersOf<double>(file.get("rnncc.sum", "F64", {measures}, what));
  auto weight =
      numbersOf<double>(file.get("rnncc.weight", "F64", {measures}, what));
  const Tensor *rows = file.find("rnncc.history");
  int64_t epochs = rows && !rows->shape.empty() ? rows->shape[0] : 0;
  auto history = numbersOf<double>(
      file.get("rnncc.history", "F64", {epochs, width}, what));
  bool hasBest = !model.params.empty() &&
                 file.find(text("rnncc.best.", model.params[0].info->name));
  for (Param &param : model.params) {
    file.get(param.info->name, model.elementType(), param.shape(), what);
    for (auto &[name, memory] : companions(*this, param, hasBest))
      file.get(name, model.elementType(), param.shape(), what);
  }
  for (int64_t i = 0; i < 8; ++i)
    if (counters[size_t(i)] < 0)
      fail(RNNCC_TRAIN_BAD_FILE, "'", path, "': a counter is negative");

  // From here on nothing fails but for memory, which is asked for first.
  Progression p;
  p.epochs = counters[1];
  p.position = {counters[2], counters[3], counters[4], counters[5]};
  p.stopping = {numbers[0], counters[6]};
  p.plateau = {numbers[1], counters[7]};
  p.rateFactor = numbers[2];
  p.seconds = numbers[3];
  p.hasBest = hasBest;
  p.run = file.text("run");
  for (int64_t e = 0; e < epochs; ++e)
    p.history.emplace_back(history.begin() + e * width,
                           history.begin() + (e + 1) * width);
  for (const State &state : model.states)
    if (const Tensor *tensor = file.find("rnncc.state." + state.name))
      p.states.emplace_back(tensor->bytes);
  if (hasBest)
    for (Param &param : model.params)
      param.best.grow(size_t(param.elements) * model.elementBytes);

  progress = std::move(p);
  sums.sum = std::move(sum);
  sums.weight = std::move(weight);
  optimizer.options.learning_rate = numbers[4];
  std::memcpy(&seed, &counters[8], sizeof seed);
  for (Param &param : model.params) {
    std::vector<std::pair<std::string, Memory *>> list =
        companions(*this, param, hasBest);
    list.emplace_back(param.info->name, &param.values);
    for (auto &[name, memory] : list) {
      std::string_view bytes = file.find(name)->bytes;
      std::memcpy(memory->get(), bytes.data(), bytes.size());
    }
  }
  optimizer.begin(counters[0]);
}
