//===- rnncc-check.cpp - compare a compiled cell with the interpreter -----===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Compiles a cell with the rnncc beside this program, runs it for all given
// numbers of steps and rows on random data, and compares:
//
//   values, gradients   with the interpreter, of the flat and the staged form,
//                       and the flat form with the text as it was written
//   gradients           with central differences of the interpreter's forward
//   values with NULL    for what may be NULL, and sums that did not start at 0
//   lengths             rows of different lengths, each as if it were alone
//   special values      NaN, infinity and large numbers in the inputs
//   bits                of a second run, of a team of two threads, of step() by
//                       step(), of each row alone
//   guards              around arrays of exactly the size asked for, once with
//                       a forbidden page behind them and once with one in front
//
// The error of an array is its largest absolute difference over its largest
// absolute value, but at least over 0.1: what is added up is of order one, and
// a lone sum near zero has lost digits in any order of addition. Everything
// starts as NaN, and NaN passes only where the interpreter has it.
//
//===----------------------------------------------------------------------===//

#include "compiler/interpret/Interpreter.h"
#include "mlir/IR/MLIRContext.h"
#include "mlir/Parser/Parser.h"
#include "rnncc/abi.h"
#include "test/run/Fence.h"
#include "llvm/ADT/ScopeExit.h"
#include "llvm/Support/CommandLine.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/InitLLVM.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/Program.h"
#include <cmath>
#include <cstring>
#include <dlfcn.h>
#include <pthread.h>
#include <random>
#include <thread>

using namespace mlir;
using namespace rnn;
namespace cl = llvm::cl;

//===----------------------------------------------------------------------===//
// Memory and threads
//===----------------------------------------------------------------------===//

namespace {
/// A team made of fresh threads for each call.
struct Team : rnncc_team {
  explicit Team(int64_t count) {
    threads = count;
    pthread_barrier_init(&wait, nullptr, count);
    run = [](rnncc_team *team, void (*body)(void *, int64_t), void *argument) {
      std::vector<std::thread> others;
      for (int64_t i = 1; i < team->threads; ++i)
        others.emplace_back(body, argument, i);
      body(argument, 0);
      for (std::thread &other : others)
        other.join();
    };
    barrier = [](rnncc_team *team) {
      pthread_barrier_wait(&static_cast<Team *>(team)->wait);
    };
  }
  ~Team() { pthread_barrier_destroy(&wait); }
  pthread_barrier_t wait;
};

struct Settings {
  std::string type = "f32";
  double forwardTolerance, backwardTolerance, differenceTolerance;
};

/// Counts what went wrong, and says it.
struct Verdict {
  int failures = 0;
  double worst[4] = {}; ///< values, gradients, differences, special values

  void require(bool condition, const Twine &what) {
    if (condition)
      return;
    llvm::outs() << "FAILED: " << what << "\n";
    ++failures;
  }
  void compare(int kind, ArrayRef<double> got, ArrayRef<double> expected,
               double tolerance, const Twine &what) {
    double scale = 0.1, error = 0;
    for (double x : expected)
      scale = std::max(scale, std::fabs(x));
    for (auto [x, y] : llvm::zip(got, expected)) {
      double difference = std::fabs(x - y) / scale;
      if (std::isnan(difference))
        difference = INFINITY;
      error = std::max(error, difference);
    }
    worst[kind] = std::max(worst[kind], error);
    require(error <= tolerance && got.size() == expected.size(),
            what + " is off by " + std::to_string(error * 1e9) + "e-9");
  }
};
} // namespace

//===----------------------------------------------------------------------===//
// Calls of compiled code
//===----------------------------------------------------------------------===//

namespace {
/// A call of compiled code with arrays of its own.
class CompiledCall {
public:
  CompiledCall(const rnncc_descriptor &cell, int64_t steps, int64_t batch,
               Wall wall = Wall::Behind)
      : cell(cell), bytes(cell.element == RNNCC_F64 ? 8 : 4), steps(steps),
        batch(batch), wall(wall) {
    storage.resize(sizeof(rnncc_call) + cell.n_arrays * sizeof(void *));
    call = reinterpret_cast<rnncc_call *>(storage.data());
    std::memset(storage.data(), 0, storage.size());
    call->steps = steps;
    call->batch = batch;
    for (int64_t i = 0; i < cell.n_arrays; ++i)
      arrays.push_back(nullptr);
  }

  size_t elements(int64_t i) const {
    const rnncc_array &array = cell.arrays[i];
    size_t count = 1;
    for (int d = 0; d < array.rank; ++d)
      count *= array.shape[d];
    if (array.axes != RNNCC_PLAIN)
      count *= batch;
    if (array.axes == RNNCC_STEPS_ROWS)
      count *= steps;
    return count;
  }
  void make(int64_t i) {
    arrays[i] = std::make_unique<Fence>(elements(i) * bytes, bytes, wall);
    call->arrays[i] = arrays[i]->data();
  }
  void set(int64_t i, ArrayRef<double> values) {
    make(i);
    for (auto [j, value] : llvm::enumerate(values))
      if (bytes == 8)
        static_cast<double *>(arrays[i]->data())[j] = value;
      else
        static_cast<float *>(arrays[i]->data())[j] = float(value);
  }
  std::vector<double> get(int64_t i) const {
    std::vector<double> values(elements(i));
    for (size_t j = 0; j < values.size(); ++j)
      values[j] = bytes == 8 ? static_cast<double *>(arrays[i]->data())[j]
                             : static_cast<float *>(arrays[i]->data())[j];
    return values;
  }
  bool sameBits(const CompiledCall &other) const {
    for (auto [mine, theirs] : llvm::zip(arrays, other.arrays))
      if (mine && std::memcmp(mine->data(), theirs->data(), mine->size()))
        return false;
    return true;
  }
  bool intact() const {
    return llvm::all_of(
        arrays, [](auto &array) { return !array || array->isIntact(); });
  }

  const rnncc_descriptor &cell;
  size_t bytes;
  int64_t steps, batch;
  Wall wall;
  rnncc_call *call;
  std::vector<unsigned char> storage;
  std::vector<std::unique_ptr<Fence>> arrays;
};

/// Compares one compiled cell with the interpreter.
class Check {
public:
  Check(const rnncc_descriptor &cell, CellOp text, CellOp flat, CellOp staged,
        const Settings &settings)
      : cell(cell), text(text), flat(flat), staged(staged), settings(settings) {
    const CellInterface &face = this->flat.interface();
    verdict.require(cell.abi_version == RNNCC_ABI_VERSION, "ABI version");
    verdict.require(size_t(cell.n_arrays) == face.arrays.size() &&
                        size_t(cell.n_params) == face.params.size(),
                    "tables of the descriptor");
    weights = std::make_unique<Fence>(cell.weights_bytes(), 64, Wall::Behind);
    std::vector<const void *> pointers;
    for (int64_t i = 0; i < cell.n_params; ++i) {
      size_t count = 1, columns = 1;
      for (int d = 0; d < cell.params[i].rank; ++d)
        count *= columns = cell.params[i].shape[d];
      // About the size that keeps sums of `columns` terms near one.
      double scale = cell.params[i].rank == 2 ? 1.7 / std::sqrt(columns) : 1;
      params.push_back(random(count, scale));
      sources.push_back(std::make_unique<Fence>(count * elementBytes(),
                                                elementBytes(), Wall::Behind));
      for (size_t j = 0; j < count; ++j)
        if (cell.element == RNNCC_F64)
          static_cast<double *>(sources.back()->data())[j] = params[i][j];
        else
          static_cast<float *>(sources.back()->data())[j] = params[i][j];
      sources.back()->protect();
      pointers.push_back(sources.back()->data());
    }
    verdict.require(cell.pack(pointers.data(), weights->data()) == RNNCC_OK,
                    "pack");
    verdict.require(weights->isIntact(), "guards of the weights");
    weights->protect();
  }

  void run(int64_t steps, int64_t batch, bool differences);
  Verdict verdict;

private:
  size_t elementBytes() const { return cell.element == RNNCC_F64 ? 8 : 4; }
  std::vector<double> random(size_t count, double scale) {
    std::vector<double> values(count);
    for (double &value : values) {
      value = std::uniform_real_distribution<double>(-scale, scale)(generator);
      if (cell.element == RNNCC_F32)
        value = float(value);
    }
    return values;
  }
  void runCompiled(CompiledCall &call, bool backward, rnncc_team *team,
                   const Twine &what);
  void checkSteps(const CompiledCall &whole, const Twine &what);
  void checkRows(const CompiledCall &whole, const Twine &what);
  void checkNull(Call call, const Twine &what);
  void checkSpecial(Call call, const Twine &what);
  void checkDifferences(const Call &call, const Twine &what);
  void checkLengths(Call call, const Twine &what);
  void checkRowAlone(const CompiledCall &whole, int64_t row, int64_t length,
                     const Twine &what);
  void fill(CompiledCall &c, const Call &call, bool backward);

  const rnncc_descriptor &cell;
  Interpreter text, flat, staged;
  Settings settings;
  std::mt19937_64 generator{7};
  std::vector<std::vector<double>> params;
  std::vector<std::unique_ptr<Fence>> sources;
  std::unique_ptr<Fence> weights;
};
} // namespace

/// Runs forward (and backward), with memory of exactly the sizes asked for.
void Check::runCompiled(CompiledCall &c, bool backward, rnncc_team *team,
                        const Twine &what) {
  int64_t steps = c.steps, batch = c.batch;
  Fence tape(cell.tape_bytes(steps, batch), 64, c.wall);
  Fence scratch(cell.forward_scratch_bytes(steps, batch), 64, c.wall);
  Fence more(cell.backward_scratch_bytes(steps, batch), 64, c.wall);
  c.call->weights = weights->data();
  c.call->tape = backward ? tape.data() : nullptr;
  c.call->scratch = scratch.data();
  c.call->team = team;
  verdict.require(cell.forward(c.call) == RNNCC_OK, what + " forward");
  if (backward) {
    c.call->scratch = more.data();
    verdict.require(cell.backward(c.call) == RNNCC_OK, what + " backward");
    verdict.require(cell.backward(c.call) == RNNCC_WRONG_TAPE,
                    what + " second backward");
  }
  verdict.require(c.intact() && tape.isIntact() && scratch.isIntact() &&
                      more.isIntact(),
                  what + " guards");
}

/// step() by step() with one pair of state arrays gives the same bits.
void Check::checkSteps(const CompiledCall &whole, const Twine &what) {
  CompiledCall c(cell, 1, whole.batch);
  Fence scratch(cell.forward_scratch_bytes(1, whole.batch), 64, c.wall);
  c.call->weights = weights->data();
  c.call->scratch = scratch.data();
  std::vector<int64_t> finals;
  for (int64_t i = 0; i < cell.n_arrays; ++i) {
    int role = cell.arrays[i].role;
    if (role == RNNCC_INITIAL)
      c.set(i, whole.get(i));
    if (role == RNNCC_FINAL)
      finals.push_back(i);
  }
  // The same arrays before and after a step, in the order of the table.
  size_t next = 0;
  for (int64_t i = 0; i < cell.n_arrays; ++i)
    if (cell.arrays[i].role == RNNCC_INITIAL)
      c.call->arrays[finals[next++]] = c.call->arrays[i];
  for (int64_t t = 0; t < whole.steps; ++t) {
    for (int64_t i = 0; i < cell.n_arrays; ++i) {
      int role = cell.arrays[i].role;
      if (role != RNNCC_INPUT && role != RNNCC_OUTPUT)
        continue;
      c.make(i);
      if (role == RNNCC_INPUT)
        std::memcpy(c.arrays[i]->data(),
                    static_cast<char *>(whole.arrays[i]->data()) +
                        t * c.arrays[i]->size(),
                    c.arrays[i]->size());
    }
    verdict.require(cell.step(c.call) == RNNCC_OK, what + " step");
    for (int64_t i = 0; i < cell.n_arrays; ++i)
      if (cell.arrays[i].role == RNNCC_OUTPUT)
        verdict.require(
            !std::memcmp(c.arrays[i]->data(),
                         static_cast<char *>(whole.arrays[i]->data()) +
                             t * c.arrays[i]->size(),
                         c.arrays[i]->size()),
            what + " step " + Twine(t) + " of " + cell.arrays[i].name);
  }
  verdict.require(c.intact() && scratch.isIntact(), what + " guards of step");
}

/// A row alone gives the bits that it gives in company.
void Check::checkRows(const CompiledCall &whole, const Twine &what) {
  int64_t row = whole.batch - 1;
  CompiledCall c(cell, whole.steps, 1);
  auto forEachStep = [&](int64_t i, auto body) {
    size_t size = c.elements(i) * c.bytes;
    int64_t steps = cell.arrays[i].axes == RNNCC_STEPS_ROWS ? whole.steps : 1;
    for (int64_t t = 0; t < steps; ++t)
      body(static_cast<char *>(c.arrays[i]->data()) + t * size / steps,
           static_cast<char *>(whole.arrays[i]->data()) +
               (t * whole.batch + row) * size / steps,
           size / steps);
  };
  for (int64_t i = 0; i < cell.n_arrays; ++i)
    if (cell.arrays[i].role <= RNNCC_OUTPUT) {
      c.make(i);
      if (cell.arrays[i].role <= RNNCC_INITIAL)
        forEachStep(i, [](char *mine, char *theirs, size_t size) {
          std::memcpy(mine, theirs, size);
        });
    }
  runCompiled(c, false, nullptr, what + " one row");
  for (int64_t i = 0; i < cell.n_arrays; ++i)
    if (cell.arrays[i].role == RNNCC_OUTPUT)
      forEachStep(i, [&](char *mine, char *theirs, size_t size) {
        verdict.require(!std::memcmp(mine, theirs, size),
                        what + " row alone: " + cell.arrays[i].name);
      });
}

/// Without initial states and gradients of final ones, with gradients of
/// parameters that go on from what was there, and nothing else wanted.
void Check::checkNull(Call call, const Twine &what) {
  const CellInterface &face = flat.interface();
  CompiledCall c(cell, call.steps, call.batch);
  for (auto [index, array] : llvm::enumerate(face.arrays)) {
    auto &values = call.arrays[index];
    if (array.role == ArrayRole::GradParam)
      values.assign(c.elements(index), 0.5);
    else if (array.role != ArrayRole::Input &&
             array.role != ArrayRole::GradOutput)
      values.clear();
    if (!values.empty() || array.role == ArrayRole::Input)
      c.set(index, values);
  }
  runCompiled(c, true, nullptr, what + " with NULL");
  flat.forward(call);
  flat.backward(call);
  for (auto [index, array] : llvm::enumerate(face.arrays))
    if (array.role == ArrayRole::GradParam)
      verdict.compare(1, c.get(index), call.arrays[index],
                      settings.backwardTolerance,
                      what + " with NULL " + array.name);
}

/// Rows with NaN, infinity and large numbers among their inputs: NaN is where
/// the interpreter has it, and nowhere else; a row does not disturb another.
/// Sums of large numbers have lost digits, so numbers are compared loosely.
void Check::checkSpecial(Call call, const Twine &what) {
  const CellInterface &face = flat.interface();
  CompiledCall c(cell, call.steps, call.batch);
  const double special[] = {NAN, -1e4, INFINITY, 1e4};
  for (auto [index, array] : llvm::enumerate(face.arrays)) {
    auto &values = call.arrays[index];
    size_t perRow = array.role == ArrayRole::Input
                        ? values.size() / (call.steps * call.batch)
                        : 0;
    // The first row of every five is as it was.
    for (int64_t i = 0; perRow && i < call.steps * call.batch; ++i)
      if (int64_t kind = i % call.batch % 5)
        values[i * perRow + perRow / 2] = special[kind - 1];
    if (array.role == ArrayRole::Input || array.role == ArrayRole::Initial)
      c.set(index, values);
    else if (array.role == ArrayRole::Output || array.role == ArrayRole::Final)
      c.make(index);
  }
  runCompiled(c, false, nullptr, what + " special");
  flat.forward(call);
  for (auto [index, array] : llvm::enumerate(face.arrays)) {
    if (array.role != ArrayRole::Output && array.role != ArrayRole::Final)
      continue;
    std::vector<double> got = c.get(index), expected = call.arrays[index];
    for (auto [x, y] : llvm::zip(got, expected)) {
      // Equal at once, or beyond what the cell's type can hold.
      bool equal = x == y || (std::isnan(x) && std::isnan(y)) ||
                   (cell.element == RNNCC_F32 && std::fabs(y) > 1e30);
      if (equal)
        x = y = 0;
    }
    verdict.compare(3, got, expected, 1e-2, what + " special " + array.name);
  }
}

/// Some coordinates of each gradient against the slope of the loss
/// sum(outputs * their gradients).
void Check::checkDifferences(const Call &reference, const Twine &what) {
  const CellInterface &face = flat.interface();
  auto loss = [&](Call call) {
    flat.forward(call);
    double sum = 0;
    for (auto [index, array] : llvm::enumerate(face.arrays)) {
      TensorOp tensor = array.tensor;
      ArrayRole role = array.role == ArrayRole::Output ? ArrayRole::GradOutput
                                                       : ArrayRole::GradFinal;
      if (array.role != ArrayRole::Output && array.role != ArrayRole::Final)
        continue;
      const auto &gradient =
          call.arrays[face.find(role, tensor.getSymName(), array.delay)];
      for (auto [x, g] : llvm::zip(call.arrays[index], gradient))
        sum += x * g;
    }
    return sum;
  };
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
    std::vector<double> slopes, gradients;
    for (int sample = 0; sample < 6 && !values.empty(); ++sample) {
      size_t at = generator() % values.size();
      double saved = values[at], h = 1e-5;
      values[at] = saved + h;
      double above = loss(call);
      values[at] = saved - h;
      double below = loss(call);
      values[at] = saved;
      slopes.push_back((above - below) / (2 * h));
      gradients.push_back(reference.arrays[index][at]);
    }
    double scale = 0;
    for (double g : reference.arrays[index])
      scale = std::max(scale, std::fabs(g));
    // Relative to the largest gradient of the array, not of the samples.
    slopes.push_back(scale);
    gradients.push_back(scale);
    verdict.compare(2, gradients, slopes, settings.differenceTolerance,
                    what + " difference of " + array.name);
  }
}

/// Gives a call the arrays it reads, and room for those it writes.
void Check::fill(CompiledCall &c, const Call &call, bool backward) {
  for (auto [index, array] : llvm::enumerate(flat.interface().arrays)) {
    if (array.role >= ArrayRole::GradOutput && !backward)
      continue;
    if (array.role == ArrayRole::Input || array.role == ArrayRole::Initial ||
        array.role == ArrayRole::GradOutput ||
        array.role == ArrayRole::GradFinal) {
      c.set(index, call.arrays[index]);
      c.arrays[index]->protect();
    } else if (array.role == ArrayRole::GradParam)
      c.set(index, std::vector<double>(c.elements(index), 0.0));
    else
      c.make(index);
  }
  if (!call.lengths.empty())
    c.call->lengths = call.lengths.data();
}

/// A row of a padded batch against the same row alone, forward and backward.
void Check::checkRowAlone(const CompiledCall &whole, int64_t row,
                          int64_t length, const Twine &what) {
  CompiledCall c(cell, length, 1);
  auto forEachStep = [&](int64_t i, auto body) {
    bool isSeries = cell.arrays[i].axes == RNNCC_STEPS_ROWS;
    size_t size = whole.elements(i) * c.bytes / whole.batch /
                  (isSeries ? whole.steps : 1);
    for (int64_t t = 0; t < (isSeries ? length : 1); ++t)
      body(static_cast<char *>(c.arrays[i]->data()) + t * size,
           static_cast<char *>(whole.arrays[i]->data()) +
               (t * whole.batch + row) * size,
           size);
  };
  auto isRead = [](int role) {
    return role == RNNCC_INPUT || role == RNNCC_INITIAL ||
           role == RNNCC_GRAD_OUTPUT || role == RNNCC_GRAD_FINAL;
  };
  for (int64_t i = 0; i < cell.n_arrays; ++i) {
    int role = cell.arrays[i].role;
    if (role == RNNCC_GRAD_PARAM)
      continue;
    c.make(i);
    if (isRead(role))
      forEachStep(i, [](char *mine, char *theirs, size_t size) {
        std::memcpy(mine, theirs, size);
      });
  }
  runCompiled(c, true, nullptr, what);
  for (int64_t i = 0; i < cell.n_arrays; ++i)
    if (cell.arrays[i].role != RNNCC_GRAD_PARAM && !isRead(cell.arrays[i].role))
      forEachStep(i, [&](char *mine, char *theirs, size_t size) {
        verdict.require(!std::memcmp(mine, theirs, size),
                        what + ": " + cell.arrays[i].name);
      });
}

/// Rows of different lengths, with NaN where nobody may look.
void Check::checkLengths(Call call, const Twine &what) {
  const CellInterface &face = flat.interface();
  CompiledCall plain(cell, call.steps, call.batch);
  fill(plain, call, true);
  runCompiled(plain, true, nullptr, what + " without lengths");
  call.lengths.assign(call.batch, call.steps);
  CompiledCall full(cell, call.steps, call.batch);
  fill(full, call, true);
  runCompiled(full, true, nullptr, what + " full lengths");
  verdict.require(full.sameBits(plain), what + " bits of full lengths");

  for (int64_t &length : call.lengths)
    length = generator() % (call.steps + 1);
  for (auto [index, array] : llvm::enumerate(face.arrays)) {
    auto &values = call.arrays[index];
    if (array.role == ArrayRole::GradParam)
      values.clear();
    if (array.role != ArrayRole::Input && array.role != ArrayRole::GradOutput)
      continue;
    size_t size = values.size() / (call.steps * call.batch);
    for (int64_t t = 0; t < call.steps; ++t)
      for (int64_t row = 0; row < call.batch; ++row)
        if (t >= call.lengths[row])
          std::fill_n(values.begin() + (t * call.batch + row) * size, size,
                      NAN);
  }
  CompiledCall inference(cell, call.steps, call.batch),
      training(cell, call.steps, call.batch),
      together(cell, call.steps, call.batch, Wall::InFront);
  fill(inference, call, false);
  fill(training, call, true);
  fill(together, call, true);
  Team team(2);
  runCompiled(inference, false, nullptr, what + " inference with lengths");
  runCompiled(training, true, nullptr, what + " lengths");
  runCompiled(together, true, &team, what + " lengths, two threads");
  verdict.require(training.sameBits(together), what + " bits with lengths");
  flat.forward(call);
  flat.backward(call);
  for (auto [index, array] : llvm::enumerate(face.arrays)) {
    bool gradient = array.role >= ArrayRole::GradOutput;
    bool isRead =
        array.role == ArrayRole::Input || array.role == ArrayRole::GradOutput;
    if (!isRead)
      verdict.compare(gradient, training.get(index), call.arrays[index],
                      gradient ? settings.backwardTolerance
                               : settings.forwardTolerance,
                      what + " with lengths " + array.name);
    if (array.role == ArrayRole::Output || array.role == ArrayRole::Final)
      verdict.require(!std::memcmp(inference.arrays[index]->data(),
                                   training.arrays[index]->data(),
                                   training.arrays[index]->size()),
                      what + " with lengths, inference " + array.name);
  }
  for (int64_t row = 0; row < std::min<int64_t>(call.batch, 4); ++row)
    checkRowAlone(training, row, call.lengths[row],
                  what + " row " + Twine(row) + " of length " +
                      Twine(call.lengths[row]) + " alone");
}

void Check::run(int64_t steps, int64_t batch, bool differences) {
  std::string what =
      "T=" + std::to_string(steps) + " N=" + std::to_string(batch);
  const CellInterface &face = flat.interface();
  Call call;
  call.steps = steps;
  call.batch = batch;
  call.params = params;
  call.arrays.resize(face.arrays.size());
  for (auto [index, array] : llvm::enumerate(face.arrays))
    if (array.role == ArrayRole::Input || array.role == ArrayRole::Initial ||
        array.role == ArrayRole::GradOutput ||
        array.role == ArrayRole::GradFinal)
      call.arrays[index] =
          random(Interpreter::elements(array, steps, batch), 1);
  Call stagedCall = call, textCall = call;
  text.forward(textCall);
  flat.forward(call);
  flat.backward(call);
  staged.forward(stagedCall);
  staged.backward(stagedCall);
  for (auto [index, array] : llvm::enumerate(face.arrays))
    if (array.role == ArrayRole::Output || array.role == ArrayRole::Final)
      verdict.compare(0, textCall.arrays[index], call.arrays[index], 1e-11,
                      what + " text " + array.name);
  for (auto [index, array] : llvm::enumerate(face.arrays))
    verdict.compare(0, stagedCall.arrays[index], call.arrays[index], 1e-11,
                    what + " staged " + array.name);

  CompiledCall inference(cell, steps, batch), training(cell, steps, batch),
      again(cell, steps, batch, Wall::InFront), together(cell, steps, batch);
  fill(inference, call, false);
  fill(training, call, true);
  fill(again, call, true);
  fill(together, call, true);
  Team team(2);
  runCompiled(inference, false, nullptr, what + " inference");
  runCompiled(training, true, nullptr, what + " training");
  runCompiled(again, true, nullptr, what + " second run");
  runCompiled(together, true, &team, what + " two threads");
  verdict.require(training.sameBits(again), what + " bits of a second run");
  verdict.require(training.sameBits(together), what + " bits of two threads");
  for (auto [index, array] : llvm::enumerate(face.arrays)) {
    bool gradient = array.role >= ArrayRole::GradOutput;
    verdict.compare(gradient, training.get(index), call.arrays[index],
                    gradient ? settings.backwardTolerance
                             : settings.forwardTolerance,
                    what + " " + array.name);
    if (!gradient)
      verdict.compare(0, inference.get(index), call.arrays[index],
                      settings.forwardTolerance,
                      what + " inference " + array.name);
  }
  checkSteps(inference, what);
  if (batch > 0)
    checkRows(inference, what);
  if (steps <= 2) {
    checkNull(call, what);
    if (steps * batch > 0)
      checkSpecial(call, what);
  }
  if (steps * batch > 0)
    checkLengths(call, what);
  if (differences)
    checkDifferences(call, what);
}

//===----------------------------------------------------------------------===//
// Compiling
//===----------------------------------------------------------------------===//

/// Runs the compiler beside this program.
static bool runCompiler(StringRef compiler, ArrayRef<std::string> arguments) {
  SmallVector<StringRef> all = {compiler};
  for (const std::string &argument : arguments)
    all.push_back(argument);
  return llvm::sys::ExecuteAndWait(compiler, all) == 0;
}

/// Takes out all but the first and the last.
template <typename List> static void keepEnds(List &list) {
  while (list.size() > 2)
    list.erase(list.begin() + 1);
}

int main(int argc, char **argv) {
  llvm::InitLLVM init(argc, argv);
  reportViolations();
  cl::ResetCommandLineParser();
  cl::opt<std::string> input(cl::Positional, cl::Required, cl::desc("FILE"));
  cl::list<std::string> sets("set", cl::desc("Sizes, as for rnncc; once per "
                                             "set of sizes to check"));
  cl::list<int64_t> times("times", cl::CommaSeparated, cl::desc("T"));
  cl::list<int64_t> rows("rows", cl::CommaSeparated, cl::desc("N"));
  cl::opt<std::string> type("type", cl::init("f32"));
  cl::opt<std::string> cpu("cpu", cl::init("native"));
  cl::opt<bool> differences("differences",
                            cl::desc("Check gradients by differences, too"));
  cl::opt<bool> few("few", cl::desc("Of sets, times and rows, only the first "
                                    "and the last"));
  cl::opt<double> forwardTolerance("forward-tolerance", cl::init(0));
  cl::opt<double> backwardTolerance("backward-tolerance", cl::init(0));
  cl::ParseCommandLineOptions(argc, argv, "compares a cell with the oracle\n");
  bool isDouble = type == "f64";
  Settings settings;
  settings.type = type;
  settings.forwardTolerance =
      forwardTolerance ? forwardTolerance : (isDouble ? 1e-12 : 1e-5);
  settings.backwardTolerance =
      backwardTolerance ? backwardTolerance : (isDouble ? 1e-11 : 1e-4);
  settings.differenceTolerance = 1e-6;

  SmallString<128> compiler(
      llvm::sys::fs::getMainExecutable(argv[0], (void *)main));
  llvm::sys::path::remove_filename(compiler);
  llvm::sys::path::append(compiler, "rnncc");
  if (sets.empty())
    sets.push_back("");
  if (few) {
    keepEnds(sets);
    keepEnds(times);
    keepEnds(rows);
  }

  DialectRegistry registry;
  registerRnnDialect(registry);
  int failures = 0;
  for (const std::string &set : sets) {
    SmallString<128> folder;
    if (llvm::sys::fs::createUniqueDirectory("rnncc-check", folder))
      return 1;
    llvm::scope_exit remove([&] { llvm::sys::fs::remove_directories(folder); });
    std::string base = (folder + "/cell").str();
    std::vector<std::string> common = {input, "--type", type, "--cpu", cpu};
    if (!set.empty())
      common.insert(common.end(), {"--set", set});
    auto with = [&](std::vector<std::string> more) {
      more.insert(more.begin(), common.begin(), common.end());
      return more;
    };
    if (!runCompiler(compiler, with({"--stop-after", "sema", "-o",
                                     base + ".text.mlir"})) ||
        !runCompiler(compiler, with({"--stop-after", "autodiff", "-o",
                                     base + ".flat.mlir"})) ||
        !runCompiler(compiler, with({"--stop-after", "schedule", "-o",
                                     base + ".staged.mlir"})) ||
        !runCompiler(compiler, with({"--emit", "shared", "-o", base + ".so"})))
      return 1;
    MLIRContext context(registry, MLIRContext::Threading::DISABLED);
    auto text = parseSourceFile<ModuleOp>(base + ".text.mlir", &context);
    auto flat = parseSourceFile<ModuleOp>(base + ".flat.mlir", &context);
    auto staged = parseSourceFile<ModuleOp>(base + ".staged.mlir", &context);
    void *library = dlopen((base + ".so").c_str(), RTLD_NOW);
    if (!text || !flat || !staged || !library) {
      llvm::errs() << "cannot load what rnncc wrote\n";
      return 1;
    }
    // What is loaded needs its file no more: a fence that stops the process
    // leaves nothing behind.
    llvm::sys::fs::remove_directories(folder);
    auto cells = static_cast<const rnncc_descriptor *const *>(
        dlsym(library, "rnncc_cells"));
    auto textCells = text->getOps<CellOp>();
    auto textCell = textCells.begin();
    auto stagedCells = staged->getOps<CellOp>();
    auto stagedCell = stagedCells.begin();
    for (CellOp cell : flat->getOps<CellOp>()) {
      Check check(**cells++, *textCell++, cell, *stagedCell++, settings);
      for (int64_t t : times)
        for (int64_t n : rows)
          check.run(t, n, differences && t <= 2 && n <= 3);
      llvm::outs() << cell.getSymName() << " " << type << " " << set
                   << llvm::format(": values %.1e, gradients %.1e",
                                   check.verdict.worst[0],
                                   check.verdict.worst[1]);
      if (differences)
        llvm::outs() << llvm::format(", differences %.1e",
                                     check.verdict.worst[2]);
      llvm::outs() << "\n";
      llvm::outs().flush();
      failures += check.verdict.failures;
    }
    dlclose(library);
  }
  llvm::outs() << (failures ? "FAILED\n" : "all agree\n");
  return failures != 0;
}
