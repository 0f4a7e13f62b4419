//===- Check.cpp - compare compiled code with the interpreter -------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "test/run/Check.h"
#include "test/run/Team.h"
#include <cmath>
#include <cstring>

using namespace mlir;
using namespace rnn;

/// How many values the indices of an array of a model may have.
static int64_t limitOf(ModelOp model, StringRef indices) {
  int64_t limit = INT32_MAX;
  for (Operation &op : model.getBody().front()) {
    if (auto lookup = dyn_cast<LookupOp>(op);
        lookup && lookup.getIndices() == indices)
      limit = std::min(
          limit, model.tensor(lookup.getTable()).tensorType().getDimSize(0));
    if (auto hot = dyn_cast<OneHotOp>(op); hot && hot.getIndices() == indices)
      limit = std::min(
          limit, model.tensor(hot.getResult()).tensorType().getNumElements());
  }
  return limit;
}

/// True if cells of the module have their products in bf16.
static bool multipliesInBf16(Operation *op) {
  auto module = op->getParentOfType<ModuleOp>();
  return llvm::any_of(module.getOps<CellOp>(),
                      [](CellOp cell) { return cell.getBf16Products(); });
}

Check::Check(const rnncc_descriptor &cell, Operation *text, Operation *flat,
             Operation *staged, Memory *memory)
    : cell(cell), text(makeOracle(text, memory)),
      flat(makeOracle(flat, memory)), staged(makeOracle(staged, memory)),
      bf16(multipliesInBf16(flat)),
      tolerances(Tolerances::of(cell.element, bf16)) {
  const CellInterface &face = this->flat->interface();
  limits.assign(face.arrays.size(), 0);
  if (auto model = dyn_cast<ModelOp>(flat)) {
    draws = !model.getBody().getOps<DrawOp>().empty();
    streams = model.getBody().getOps<ReverseOp>().empty();
    for (auto [index, array] : llvm::enumerate(face.arrays)) {
      TensorOp tensor = array.tensor;
      if (array.element() == ElementType::I32)
        limits[index] = limitOf(model, tensor.getSymName());
      // What a whole sequence has one of is known at its end.
      if (array.role != ArrayRole::Initial && array.role != ArrayRole::Final &&
          array.axes == Axes::Rows)
        streams = false;
    }
  }
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
  // Every byte is written, and the same whoever does it.
  Fence again(cell.weights_bytes(), 64, Wall::Behind);
  std::memset(again.data(), 0x5a, again.size());
  Team team(3);
  verdict.require(cell.pack_on_team(pointers.data(), again.data(), &team) ==
                          RNNCC_OK &&
                      again.isIntact() &&
                      !std::memcmp(weights->data(), again.data(), again.size()),
                  "weights packed on a team");
}

std::vector<double> Check::random(size_t count, double scale) {
  std::vector<double> values(count);
  for (double &value : values) {
    value = std::uniform_real_distribution<double>(-scale, scale)(generator);
    if (cell.element == RNNCC_F32)
      value = float(value);
  }
  return values;
}

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

/// Gives a call the arrays it reads, and room for those it writes.
void Check::fill(CompiledCall &c, const Call &call, bool backward) {
  for (auto [index, array] : llvm::enumerate(flat->interface().arrays)) {
    if (array.role >= ArrayRole::GradOutput && !backward)
      continue;
    if (isRead(array.role)) {
      c.set(index, call.arrays[index]);
      c.arrays[index]->protect();
    } else if (array.role == ArrayRole::GradParam)
      c.set(index, std::vector<double>(c.elements(index), 0.0));
    else
      c.make(index);
  }
  if (!call.lengths.empty())
    c.call->lengths = call.lengths.data();
  if (call.random) {
    c.random = {call.random->first, call.random->second};
    c.call->random = &c.random;
  }
}

/// The call with the last bit of every number that goes in moved up or down.
Call Check::shaken(Call call) {
  double unit = std::ldexp(1, cell.element == RNNCC_F64 ? -52 : -23);
  auto shake = [&](std::vector<double> &values) {
    for (double &value : values)
      value *= shaking() & 1 ? 1 + unit : 1 - unit;
  };
  for (std::vector<double> &values : call.params)
    shake(values);
  for (auto [index, array] : llvm::enumerate(flat->interface().arrays)) {
    if (array.element() != ElementType::I32)
      shake(call.arrays[index]);
    if (array.role == ArrayRole::GradParam)
      call.arrays[index].clear();
  }
  flat->forward(call);
  flat->backward(call);
  return call;
}

/// What compiled code wrote against the interpreter. A sum of many terms that
/// cancel has lost digits in any order of addition, and a cell that swings
/// freely doubles every rounding: a number that misses the tolerance of its
/// type may be off by some of the way, and no more than ten times the
/// tolerance, that the interpreter's own goes when the last bits of what goes
/// in are moved.
void Check::compareAll(const CompiledCall &c, const Call &expected,
                       const Twine &what) {
  std::optional<Call> moved;
  for (auto [index, array] : llvm::enumerate(flat->interface().arrays)) {
    if (array.role <= ArrayRole::Target || array.role == ArrayRole::GradOutput)
      continue;
    bool gradient = array.role >= ArrayRole::GradOutput;
    double tolerance = gradient ? tolerances.backward : tolerances.forward;
    std::vector<double> got = c.get(index);
    const std::vector<double> &right = expected.arrays[index];
    if (Verdict::error(got, right) > tolerance) {
      if (!moved)
        moved = shaken(expected);
      double way = 16 * Verdict::error(moved->arrays[index], right);
      tolerance = std::clamp(way, tolerance, 10 * tolerance);
    }
    verdict.compare(gradient ? Aspect::Gradients : Aspect::Values, got, right,
                    tolerance, what + " " + array.name);
  }
}

void Check::run(int64_t steps, int64_t batch, bool differences,
                Specials specials) {
  std::string what =
      "T=" + std::to_string(steps) + " N=" + std::to_string(batch);
  const CellInterface &face = flat->interface();
  Call call;
  call.steps = steps;
  call.batch = batch;
  call.params = params;
  call.arrays.resize(face.arrays.size());
  for (auto [index, array] : llvm::enumerate(face.arrays))
    if (isRead(array.role)) {
      auto &values = call.arrays[index];
      values = random(Oracle::elements(array, steps, batch), 1);
      if (limits[index])
        for (double &value : values)
          value = double(generator() % limits[index]);
    }
  Call textCall = call, stagedCall = call;
  if (!bf16)
    text->forward(textCall);
  flat->forward(call);
  flat->backward(call);
  staged->forward(stagedCall);
  staged->backward(stagedCall);
  // What numbers alone determine, the compiler rounds to the element type. In
  // bf16 a product of matrices that has become several with vectors rounds
  // other factors: that forms agree is what f32 and f64 show.
  double rounding = cell.element == RNNCC_F64 ? 1e-11 : tolerances.forward;
  for (auto [index, array] : llvm::enumerate(face.arrays))
    if (isWritten(array.role) && !bf16)
      verdict.compare(Aspect::Values, textCall.arrays[index],
                      call.arrays[index], rounding,
                      what + " text " + array.name);
  for (auto [index, array] : llvm::enumerate(face.arrays))
    verdict.compare(Aspect::Values, stagedCall.arrays[index],
                    call.arrays[index], 1e-11, what + " staged " + array.name);

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
  compareAll(training, call, what);
  for (auto [index, array] : llvm::enumerate(face.arrays))
    if (array.role < ArrayRole::GradOutput)
      verdict.require(!std::memcmp(inference.arrays[index]->data(),
                                   training.arrays[index]->data(),
                                   training.arrays[index]->size()),
                      what + " bits of inference, " + array.name);
  if (streams)
    checkSteps(inference, what);
  if (draws)
    checkRandom(call, what);
  if (batch > 0)
    checkRows(inference, what);
  if (steps <= 2) {
    checkNull(call, what);
    if (steps * batch > 0)
      checkSpecial(call, specials, what);
  }
  if (steps * batch > 0)
    checkLengths(call, what);
  if (differences)
    checkDifferences(call, what);
}
