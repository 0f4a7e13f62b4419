//===- Optimizer.cpp - gradients to steps ---------------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/train/Optimizer.h"
#include "runtime/train/Elements.h"
#include "runtime/train/Failure.h"
#include <algorithm>
#include <cmath>
#include <limits>

using namespace rnn::train;

/// Elements that one thread takes at a time.
static constexpr int64_t pieceElements = 1 << 14;

//===----------------------------------------------------------------------===//
// Options
//===----------------------------------------------------------------------===//

rnncc_train_status
rnncc_train_optimizer_named(const char *name,
                            rnncc_train_optimizer *optimizer) {
  std::string given = name ? name : "";
  size_t colon = given.find(':');
  std::string form = given.substr(0, colon);
  std::string method =
      colon == std::string::npos ? "" : given.substr(colon + 1);
  bool keras = form == "keras";
  if (!keras && form != "torch")
    return RNNCC_TRAIN_BAD_OPTION;

  rnncc_train_optimizer made = {};
  made.form = keras ? RNNCC_TRAIN_KERAS : RNNCC_TRAIN_TORCH;
  made.epsilon = keras ? 1e-7 : 1e-8;
  made.decoupled = keras || method == "adamw";
  made.learning_rate = 1e-3;
  if (method == "sgd") {
    made.method = RNNCC_TRAIN_SGD;
    made.learning_rate = keras ? 1e-2 : 1e-3;
  } else if (method == "rmsprop") {
    made.method = RNNCC_TRAIN_RMSPROP;
    made.learning_rate = keras ? 1e-3 : 1e-2;
    made.rho = keras ? 0.9 : 0.99;
  } else if (method == "adam" || method == "adamw") {
    made.method = RNNCC_TRAIN_ADAM;
    made.beta1 = 0.9;
    made.rho = 0.999;
    if (method == "adamw")
      made.weight_decay = keras ? 0.004 : 0.01;
  } else {
    return RNNCC_TRAIN_BAD_OPTION;
  }
  *optimizer = made;
  return RNNCC_TRAIN_OK;
}

void rnn::train::checkOptimizer(const rnncc_train_optimizer &options) {
  auto need = [](bool holds, const char *name, double value,
                 const char *range) {
    if (!holds)
      fail(RNNCC_TRAIN_BAD_OPTION, "optimizer: ", name, " is ", value, ", but ",
           range);
  };
  auto isPart = [](double value) { return value >= 0 && value < 1; };
  const char *part = "has to be 0 or more and below 1";
  const char *positive = "has to be 0 or more";
  need(options.method >= RNNCC_TRAIN_SGD && options.method <= RNNCC_TRAIN_ADAM,
       "method", options.method, "is none");
  need(options.form == RNNCC_TRAIN_KERAS || options.form == RNNCC_TRAIN_TORCH,
       "form", options.form, "is none");
  need(options.learning_rate >= 0 && std::isfinite(options.learning_rate),
       "learning_rate", options.learning_rate, positive);
  need(isPart(options.momentum), "momentum", options.momentum, part);
  need(isPart(options.beta1), "beta1", options.beta1, part);
  need(isPart(options.rho), "rho", options.rho, part);
  need(options.method == RNNCC_TRAIN_SGD || options.epsilon > 0, "epsilon",
       options.epsilon, "has to be above 0");
  need(options.weight_decay >= 0, "weight_decay", options.weight_decay,
       positive);
  need(options.weight_decay * options.learning_rate < 1, "weight_decay",
       options.weight_decay, "times the learning rate has to be below 1");
  need(options.clip_norm >= 0, "clip_norm", options.clip_norm, positive);
  need(options.clip_value >= 0, "clip_value", options.clip_value, positive);
}

std::string rnn::train::optimizerText(const rnncc_train_optimizer &options) {
  static const char *const methods[] = {"sgd", "rmsprop", "adam"};
  std::string text = options.form == RNNCC_TRAIN_KERAS ? "keras:" : "torch:";
  text += methods[options.method];
  bool momentum = options.method != RNNCC_TRAIN_ADAM && options.momentum > 0;
  return text + (momentum ? " with momentum" : "");
}

//===----------------------------------------------------------------------===//
// Pieces
//===----------------------------------------------------------------------===//

/// What one thread takes: elements [begin, end) of a parameter, or the rows
/// rows[begin .. end) of one that is read by rows.
struct Optimizer::Piece {
  const Param *param;
  const int64_t *rows;
  int64_t begin, end;
};

/// Fetches what an update reads of a row: rows lie anywhere in tables that are
/// larger than caches.
static void prefetchRow(const Param &param, int64_t row, size_t elementBytes) {
  const size_t bytes = size_t(param.columns) * elementBytes;
  for (const Memory *memory :
       {&param.values, &param.gradient, &param.first, &param.second})
    if (const char *at = memory->as<char>())
      for (size_t line = 0; line < bytes; line += 64)
        __builtin_prefetch(at + size_t(row) * bytes + line, 1);
}

/// Rows that are fetched before their turn comes.
static constexpr int64_t rowsAhead = 4;

/// Calls body(first, count) for the runs of elements of a piece.
template <typename Piece, typename Body>
static void forEachRange(const Piece &piece, size_t elementBytes, Body body) {
  if (!piece.rows)
    return body(piece.begin, piece.end - piece.begin);
  for (int64_t i = piece.begin; i < piece.end; ++i) {
    if (i + rowsAhead < piece.end)
      prefetchRow(*piece.param, piece.rows[i + rowsAhead], elementBytes);
    body(piece.rows[i] * piece.param->columns, piece.param->columns);
  }
}

static SkippedSteps makeSkipped(const Model &model,
                                const rnncc_train_optimizer &options) {
  bool adam = options.method == RNNCC_TRAIN_ADAM;
  return SkippedSteps(adam ? options.beta1 : options.momentum, options.rho,
                      adam, termsFor(model.elementBytes),
                      model.isFloat() ? 1e-8 : 1e-16);
}

Optimizer::Optimizer(Model &model, rnncc_team *team,
                     const rnncc_train_optimizer &options)
    : options(options), model(model), team(team),
      skipped(makeSkipped(model, options)) {
  for (Param &param : model.params) {
    size_t bytes = size_t(param.elements) * model.elementBytes;
    if (hasFirst())
      param.first = Memory(bytes);
    if (hasSecond())
      param.second = Memory(bytes);
  }
  begin(0);
}

bool Optimizer::hasFirst() const {
  return options.method == RNNCC_TRAIN_ADAM || options.momentum > 0;
}

bool Optimizer::hasSecond() const { return options.method != RNNCC_TRAIN_SGD; }

bool Optimizer::skipsRows(const Param &param) const {
  // Decay in the gradient reaches every row in every step.
  return param.byRows() && param.gradientArray >= 0 &&
         (options.weight_decay == 0 || options.decoupled);
}

void Optimizer::begin(int64_t now) {
  step = now;
  skipped.restart(now);
  for (Param &param : model.params)
    std::fill(param.upToDate.begin(), param.upToDate.end(), now);
}

std::vector<Optimizer::Piece>
Optimizer::split(const std::vector<std::vector<int64_t>> &rows) const {
  std::vector<Piece> pieces;
  auto cut = [&](const Param &param, const int64_t *list, int64_t count,
                 int64_t size) {
    for (int64_t begin = 0; begin < count; begin += size)
      pieces.push_back({&param, list, begin, std::min(begin + size, count)});
  };
  for (size_t p = 0; p < model.params.size(); ++p) {
    const Param &param = model.params[p];
    if (param.gradientArray < 0)
      continue;
    if (skipsRows(param))
      cut(param, rows[p].data(), int64_t(rows[p].size()),
          std::max<int64_t>(1, pieceElements /
                                   std::max<int64_t>(1, param.columns)));
    else
      cut(param, nullptr, param.elements, pieceElements);
  }
  return pieces;
}

namespace {
/// What the threads of a team share while they work on `count` pieces.
struct Work {
  const std::function<void(int64_t)> &body;
  int64_t count, threads;
};
} // namespace

void Optimizer::forEach(int64_t count,
                        const std::function<void(int64_t)> &body) {
  if (!team || count < 2) {
    for (int64_t i = 0; i < count; ++i)
      body(i);
    return;
  }
  Work work = {body, count, team->threads};
  team->run(
      team,
      [](void *argument, int64_t thread) {
        auto &work = *static_cast<Work *>(argument);
        for (int64_t i = thread; i < work.count; i += work.threads)
          work.body(i);
      },
      &work);
}

//===----------------------------------------------------------------------===//
// Updates
//===----------------------------------------------------------------------===//

template <typename T>
static double sumOfSquares(const T *values, int64_t count) {
  // Eight sums, in an order that does not depend on vectors.
  double sums[8] = {};
  int64_t i = 0;
  for (; i + 8 <= count; i += 8)
    for (int64_t lane = 0; lane < 8; ++lane)
      sums[lane] += double(values[i + lane]) * double(values[i + lane]);
  for (; i < count; ++i)
    sums[0] += double(values[i]) * double(values[i]);
  double sum = 0;
  for (double part : sums)
    sum += part;
  return sum;
}

double Optimizer::gradientNorm(const std::vector<Piece> &pieces) {
  std::vector<double> sums(pieces.size());
  forEach(int64_t(pieces.size()), [&](int64_t i) {
    const Piece &piece = pieces[size_t(i)];
    forEachRange(piece, model.elementBytes, [&](int64_t first, int64_t count) {
      const Memory &gradient = piece.param->gradient;
      sums[size_t(i)] +=
          model.isFloat() ? sumOfSquares(gradient.as<float>() + first, count)
                          : sumOfSquares(gradient.as<double>() + first, count);
    });
  });
  double sum = 0;
  for (double part : sums)
    sum += part;
  return std::sqrt(sum);
}

Update Optimizer::makeUpdate(double rate) const {
  Update update = {};
  update.rate = rate;
  update.scale = 1;
  update.clip = options.clip_value > 0
                    ? options.clip_value
                    : std::numeric_limits<double>::infinity();
  update.decay = options.decoupled ? 1 - rate * options.weight_decay : 1;
  update.inGradient = options.decoupled ? 0 : options.weight_decay;
  double t = double(step + 1);
  double root2 = std::sqrt(1 - std::pow(options.rho, t));
  double whole1 = 1 - std::pow(options.beta1, t);
  bool keras = options.form == RNNCC_TRAIN_KERAS;
  // Keras corrects both moments in the rate, so epsilon meets the second one
  // as it is; PyTorch corrects each.
  update.correctedRate = rate * (keras ? root2 : 1) / whole1;
  update.correctedSecond = keras ? 1 : 1 / root2;
  return update;
}

template <typename T>
Elements<T> Optimizer::at(const Param &param, int64_t first,
                          int64_t count) const {
  return {count, param.values.as<T>() + first, param.gradient.as<T>() + first,
          hasFirst() ? param.first.as<T>() + first : nullptr,
          hasSecond() ? param.second.as<T>() + first : nullptr};
}

void Optimizer::updatePiece(const Piece &piece, const Update &update) {
  forEachRange(piece, model.elementBytes, [&](int64_t first, int64_t count) {
    if (model.isFloat())
      updateElements(options, update, at<float>(*piece.param, first, count));
    else
      updateElements(options, update, at<double>(*piece.param, first, count));
    std::memset(piece.param->gradient.as<char>() +
                    size_t(first) * model.elementBytes,
                0, size_t(count) * model.elementBytes);
  });
}

void Optimizer::update(const std::vector<std::vector<int64_t>> &rows,
                       double rate) {
  std::vector<Piece> pieces = split(rows);
  Update update = makeUpdate(rate);
  if (options.clip_norm > 0) {
    double norm = gradientNorm(pieces);
    if (norm > options.clip_norm)
      update.scale = options.clip_norm / norm;
  }
  forEach(int64_t(pieces.size()),
          [&](int64_t i) { updatePiece(pieces[size_t(i)], update); });
  ++step;

  // What the same step does without a gradient.
  SkippedSteps::Step record = {0, 1, update.decay};
  if (options.method == RNNCC_TRAIN_ADAM) {
    record.rate = update.correctedRate;
    record.second = update.correctedSecond;
  } else if (hasFirst()) {
    record.rate = options.form == RNNCC_TRAIN_KERAS ? 1 : rate;
    if (options.method == RNNCC_TRAIN_SGD && options.nesterov)
      record.rate *= options.momentum;
  }
  skipped.record(record);
  for (size_t p = 0; p < model.params.size(); ++p)
    if (skipsRows(model.params[p]))
      for (int64_t row : rows[p])
        model.params[p].upToDate[size_t(row)] = step;
}

//===----------------------------------------------------------------------===//
// Rows that were left out
//===----------------------------------------------------------------------===//

void Optimizer::catchUp(const std::vector<std::vector<int64_t>> &rows) {
  std::vector<Piece> pieces;
  for (const Piece &piece : split(rows))
    if (piece.rows)
      pieces.push_back(piece);
  // Computed before the threads begin, which then only read.
  for (const Piece &piece : pieces)
    for (int64_t i = piece.begin; i < piece.end; ++i) {
      int64_t since = piece.param->upToDate[size_t(piece.rows[i])];
      if (since < step)
        skipped.prepare(since);
    }
  forEach(int64_t(pieces.size()), [&](int64_t p) {
    const Piece &piece = pieces[size_t(p)];
    const Param &param = *piece.param;
    for (int64_t i = piece.begin; i < piece.end; ++i) {
      if (i + rowsAhead < piece.end)
        prefetchRow(param, piece.rows[i + rowsAhead], model.elementBytes);
      int64_t row = piece.rows[i], since = param.upToDate[size_t(row)];
      if (since == step)
        continue;
      const Skipped &numbers = skipped.get(since);
      int64_t first = row * param.columns;
      if (model.isFloat())
        applySkipped(numbers, skipped, options.epsilon,
                     at<float>(param, first, param.columns));
      else
        applySkipped(numbers, skipped, options.epsilon,
                     at<double>(param, first, param.columns));
    }
  });
  for (size_t p = 0; p < model.params.size(); ++p)
    if (skipsRows(model.params[p]))
      for (int64_t row : rows[p])
        model.params[p].upToDate[size_t(row)] = step;
}

void Optimizer::catchUpAll() {
  if (skipped.base() == step)
    return;
  std::vector<std::vector<int64_t>> rows(model.params.size());
  for (size_t p = 0; p < model.params.size(); ++p)
    if (skipsRows(model.params[p]))
      for (int64_t row = 0; row < model.params[p].rows; ++row)
        rows[p].push_back(row);
  catchUp(rows);
  begin(step);
}
