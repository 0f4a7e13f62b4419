//===- Rnncc.cpp - a cell compiled by rnncc -------------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Side.h"
#include "rnncc/runtime.h"
#include <algorithm>
#include <cstring>
#include <dlfcn.h>
#include <new>
#include <stdexcept>

using namespace bench;

namespace {

struct Free {
  void operator()(void *pointer) const { rnncc_free(pointer); }
  void operator()(rnncc_team *team) const { rnncc_team_destroy(team); }
};
using Memory = std::unique_ptr<void, Free>;

/// `bytes` bytes, aligned as weights, tape and scratch are.
Memory allocate(size_t bytes) {
  Memory memory(rnncc_alloc(bytes));
  if (!memory)
    throw std::bad_alloc();
  std::memset(memory.get(), 0, bytes);
  return memory;
}

void check(rnncc_status status, const char *what) {
  if (status != RNNCC_OK)
    throw std::runtime_error(std::string("rnncc: ") + what + ": " +
                             rnncc_status_text(status));
}

/// The first cell of the shared object `path`, which stays loaded.
const rnncc_descriptor &load(const std::string &path) {
  void *object = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (!object)
    throw std::runtime_error(dlerror());
  auto *cells = static_cast<const rnncc_descriptor *const *>(
      dlsym(object, "rnncc_cells"));
  if (!cells || !cells[0])
    throw std::runtime_error(path + " exports no cell");
  if (cells[0]->abi_version != RNNCC_ABI_VERSION)
    throw std::runtime_error(path + " has another ABI version");
  return *cells[0];
}

class Rnncc : public Side {
public:
  Rnncc(const rnncc_descriptor &cell, const Problem &problem, Work work,
        int threads);
  void run() override;
  Result fetch() override;

private:
  void *&array(const std::string &name);
  template <typename Visit> void forEachParameter(Visit visit);

  const rnncc_descriptor &cell;
  const Problem &problem;
  const Work work;
  Result result;
  Memory weights, tape, scratch;
  std::unique_ptr<rnncc_team, Free> team;
  std::unique_ptr<rnncc_call, Free> call;
};

void *&Rnncc::array(const std::string &name) {
  for (int64_t i = 0; i < cell.n_arrays; ++i)
    if (name == cell.arrays[i].name)
      return call->arrays[i];
  throw std::runtime_error("rnncc: there is no array '" + name + "'");
}

/// Calls visit(name, given, gradient) for each parameter: its name, its values
/// in the problem and its gradient in the result.
template <typename Visit> void Rnncc::forEachParameter(Visit visit) {
  const Shape &shape = problem.shape;
  const std::string gates = shape.gates();
  auto gate = [](auto &array, size_t g, int64_t size) {
    return array.empty() ? nullptr : array.data() + int64_t(g) * size;
  };
  for (size_t g = 0; g < gates.size(); ++g) {
    int64_t I = shape.inputs, H = shape.hidden;
    visit(std::string("W_x") + gates[g], gate(problem.W, g, H * I),
          gate(result.dW, g, H * I));
    visit(std::string("W_h") + gates[g], gate(problem.U, g, H * H),
          gate(result.dU, g, H * H));
    visit(std::string("b_") + gates[g], gate(problem.b, g, H),
          gate(result.db, g, H));
  }
  if (shape.cell == "lbr_gru")
    visit("r_h", gate(problem.b, gates.size(), shape.hidden),
          gate(result.db, gates.size(), shape.hidden));
}

Rnncc::Rnncc(const rnncc_descriptor &cell, const Problem &problem, Work work,
             int threads)
    : cell(cell), problem(problem), work(work), call(rnncc_call_create(&cell)) {
  if (!call)
    throw std::bad_alloc();
  const Shape &shape = problem.shape;
  const bool lstm = shape.cell == "lstm", backward = work == Work::TrainingStep;

  weights = allocate(cell.weights_bytes());
  std::vector<const void *> params(size_t(cell.n_params));
  forEachParameter([&](const std::string &name, const float *given, float *) {
    for (int64_t i = 0; i < cell.n_params; ++i)
      if (name == cell.params[i].name)
        params[size_t(i)] = given;
  });
  if (std::count(params.begin(), params.end(), nullptr))
    throw std::runtime_error("rnncc: the cell has other parameters");
  check(cell.pack(params.data(), weights.get()), "pack");

  if (work != Work::Inference)
    tape = allocate(cell.tape_bytes(shape.steps, shape.batch));
  scratch =
      allocate(std::max(cell.forward_scratch_bytes(shape.steps, shape.batch),
                        cell.backward_scratch_bytes(shape.steps, shape.batch)));
  if (threads > 1) {
    rnncc_team *made;
    check(rnncc_team_create_pinned(threads, &made), "rnncc_team_create_pinned");
    team.reset(made);
  }
  call->team = team.get();
  call->steps = shape.steps;
  call->batch = shape.batch;
  call->weights = weights.get();
  call->tape = tape.get();
  call->scratch = scratch.get();

  auto given = [&](const char *name, const Array &values) {
    array(name) = const_cast<float *>(values.data());
  };
  auto wanted = [&](const char *name, Array &values, size_t size) {
    values.resize(size);
    array(name) = values.data();
  };
  given("x", problem.x);
  given("h.0", problem.h0);
  wanted("h", result.h, problem.outputGradient.size());
  wanted("h.T", result.last, problem.h0.size());
  if (lstm) {
    given("C.0", problem.c0);
    wanted("C.T", result.cell, problem.c0.size());
  }
  if (!backward)
    return;
  given("grad.h", problem.outputGradient);
  wanted("grad.x", result.dx, problem.x.size());
  wanted("grad.h.0", result.dh0, problem.h0.size());
  if (lstm)
    wanted("grad.C.0", result.dc0, problem.c0.size());
  result.dW.resize(problem.W.size());
  result.dU.resize(problem.U.size());
  result.db.resize(problem.b.size());
  forEachParameter([&](const std::string &name, const float *,
                       float *gradient) { array("grad." + name) = gradient; });
}

void Rnncc::run() {
  check(cell.forward(call.get()), "forward");
  if (work != Work::TrainingStep)
    return;
  for (Array *gradient : {&result.dW, &result.dU, &result.db})
    std::memset(gradient->data(), 0, gradient->size() * sizeof(float));
  check(cell.backward(call.get()), "backward");
}

Result Rnncc::fetch() { return result; }

} // namespace

std::unique_ptr<Side> bench::makeRnncc(const std::string &path,
                                       const Problem &problem, Work work,
                                       int threads) {
  return std::make_unique<Rnncc>(load(path), problem, work, threads);
}
