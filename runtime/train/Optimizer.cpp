//===- Optimizer.cpp - gradients to steps ---------------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Loops over elements are plain, so that the compiler vectorises them, and this
// file is compiled without contraction: an element's new value does not depend
// on where in a vector it stands, nor on the processor.
//
//===----------------------------------------------------------------------===//

#include "runtime/train/Optimizer.h"
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

/// Terms that make a polynomial as exact as the elements are. Known when
/// compiling: loops over elements are vectorised around them.
static constexpr int termsFor(size_t elementBytes) {
  return elementBytes == sizeof(float) ? 6 : Skipped::maxTerms;
}

/// What one thread takes: elements [begin, end) of a parameter, or the rows
/// rows[begin .. end) of one that is read by rows.
struct Optimizer::Piece {
  const Param *param;
  const int64_t *rows;
  int64_t begin, end;
};

/// Calls body(first, count) for the runs of elements of a piece.
template <typename Piece, typename Body>
static void forEachRange(const Piece &piece, Body body) {
  if (!piece.rows)
    return body(piece.begin, piece.end - piece.begin);
  for (int64_t i = piece.begin; i < piece.end; ++i)
    body(piece.rows[i] * piece.param->columns, piece.param->columns);
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
    forEachRange(piece, [&](int64_t first, int64_t count) {
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

/// Calls body(i, g) with the gradient of each element as the method takes it.
template <typename T, typename Body>
static void withGradients(int64_t count, const T *weight, const T *gradient,
                          const Update &update, Body body) {
  const T scale = T(update.scale), clip = T(update.clip);
  const T decay = T(update.inGradient);
  // A NaN goes through: the next loss tells.
  for (int64_t i = 0; i < count; ++i) {
    T g = gradient[i] * scale;
    g = g > clip ? clip : g;
    g = g < -clip ? -clip : g;
    body(i, g + decay * weight[i]);
  }
}

template <typename T>
void Optimizer::updateRange(const Param &param, int64_t begin, int64_t count,
                            const Update &update) {
  T *__restrict w = param.values.as<T>() + begin;
  const T *__restrict gradient = param.gradient.as<T>() + begin;
  T *__restrict m = hasFirst() ? param.first.as<T>() + begin : nullptr;
  T *__restrict v = hasSecond() ? param.second.as<T>() + begin : nullptr;
  const T rate = T(update.rate), keep = T(update.decay);
  const T momentum = T(options.momentum), epsilon = T(options.epsilon);
  const bool keras = options.form == RNNCC_TRAIN_KERAS;
  auto apply = [&](auto body) {
    withGradients(count, w, gradient, update, body);
  };

  if (options.method == RNNCC_TRAIN_ADAM) {
    const T fresh1 = T(1 - options.beta1), fresh2 = T(1 - options.rho);
    const T corrected = T(update.correctedRate);
    const T second = T(update.correctedSecond);
    apply([=](int64_t i, T g) {
      m[i] += (g - m[i]) * fresh1;
      v[i] += (g * g - v[i]) * fresh2;
      w[i] =
          w[i] * keep - corrected * m[i] / (std::sqrt(v[i]) * second + epsilon);
    });
    return;
  }

  if (options.method == RNNCC_TRAIN_RMSPROP) {
    const T rho = T(options.rho), fresh = T(1 - options.rho);
    // Momentum sums steps (Keras) or scaled gradients (PyTorch).
    const T inside = keras ? rate : T(1), outside = keras ? T(1) : rate;
    auto step = [=](int64_t i, T g) {
      v[i] = v[i] * rho + g * g * fresh;
      T root = keras ? std::sqrt(v[i] + epsilon) : std::sqrt(v[i]) + epsilon;
      return inside * g / root;
    };
    if (m)
      apply([=](int64_t i, T g) {
        m[i] = momentum * m[i] + step(i, g);
        w[i] = w[i] * keep - outside * m[i];
      });
    else
      apply([=](int64_t i, T g) { w[i] = w[i] * keep - outside * step(i, g); });
    return;
  }

  // SGD: momentum sums steps or gradients, as above.
  const T inside = keras ? rate : T(1), outside = keras ? T(1) : rate;
  if (!m)
    apply([=](int64_t i, T g) { w[i] = w[i] * keep - rate * g; });
  else if (options.nesterov)
    apply([=](int64_t i, T g) {
      m[i] = momentum * m[i] + inside * g;
      w[i] = w[i] * keep - outside * (momentum * m[i] + inside * g);
    });
  else
    apply([=](int64_t i, T g) {
      m[i] = momentum * m[i] + inside * g;
      w[i] = w[i] * keep - outside * m[i];
    });
}

void Optimizer::updatePiece(const Piece &piece, const Update &update) {
  forEachRange(piece, [&](int64_t first, int64_t count) {
    if (model.isFloat())
      updateRange<float>(*piece.param, first, count, update);
    else
      updateRange<double>(*piece.param, first, count, update);
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

/// Applies skipped steps to `count` elements; m or v may be NULL.
template <typename T>
static void applySkipped(const Skipped &skipped, const SkippedSteps &all,
                         int64_t count, T *__restrict w, T *__restrict m,
                         T *__restrict v, T epsilon) {
  const T keep = T(skipped.decay), centre = T(skipped.centre);
  const T first = T(skipped.first), second = T(skipped.second);
  if (!skipped.isSum) {
    // One by one. Behind `last`, momentum is too small to be seen.
    double fade1 = 1, fade2 = 1, root2 = std::sqrt(all.beta2);
    for (int64_t t = skipped.begin + 1; t <= skipped.last; ++t) {
      const SkippedSteps::Step &step = all.step(t);
      fade1 *= all.beta1;
      fade2 *= root2;
      const T decay = T(step.decay), rate = T(step.rate * fade1);
      const T scale = T(step.second * fade2);
      for (int64_t i = 0; i < count; ++i)
        w[i] = w[i] * decay - rate * m[i] / (std::sqrt(v[i]) * scale + epsilon);
    }
    double rest = 1;
    for (int64_t t = skipped.last + 1; t <= skipped.end; ++t)
      rest *= all.step(t).decay;
    for (int64_t i = 0; i < count; ++i)
      w[i] *= T(rest);
  } else if (all.divides) {
    constexpr int terms = termsFor(sizeof(T));
    T term[terms];
    std::copy_n(skipped.term, terms, term);
    for (int64_t i = 0; i < count; ++i) {
      T root = std::sqrt(v[i]) * centre, whole = root + epsilon;
      T p = -(root / whole), sum = term[terms - 1];
      for (int n = terms - 2; n >= 0; --n)
        sum = sum * p + term[n];
      w[i] = (w[i] - m[i] / whole * sum) * keep;
    }
  } else if (m) {
    const T sum = T(skipped.term[0]);
    for (int64_t i = 0; i < count; ++i)
      w[i] = (w[i] - m[i] * sum) * keep;
  } else if (keep != T(1)) {
    for (int64_t i = 0; i < count; ++i)
      w[i] *= keep;
  }
  for (int64_t i = 0; m && i < count; ++i)
    m[i] *= first;
  for (int64_t i = 0; v && i < count; ++i)
    v[i] *= second;
}

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
    auto apply = [&](auto zero, const Skipped &numbers, int64_t first) {
      using T = decltype(zero);
      applySkipped<T>(numbers, skipped, param.columns,
                      param.values.as<T>() + first,
                      hasFirst() ? param.first.as<T>() + first : nullptr,
                      hasSecond() ? param.second.as<T>() + first : nullptr,
                      T(options.epsilon));
    };
    for (int64_t i = piece.begin; i < piece.end; ++i) {
      int64_t row = piece.rows[i], since = param.upToDate[size_t(row)];
      if (since == step)
        continue;
      const Skipped &numbers = skipped.get(since);
      if (model.isFloat())
        apply(float(), numbers, row * param.columns);
      else
        apply(double(), numbers, row * param.columns);
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
