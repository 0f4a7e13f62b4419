//===- ModelInterpreter.cpp - a model as plain loops in double ------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A tensor that is not given, such as a target or what follows from it, has no
// entry among the values.
//
//===----------------------------------------------------------------------===//

#include "compiler/interpret/ModelInterpreter.h"
#include "dialect/ModelOps.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace rnn;

/// How many rows a tensor's values have, of all steps.
int64_t ModelInterpreter::rowsOf(TensorOp tensor) const {
  return tensor.getPerSequence() ? call->batch : call->steps * call->batch;
}

std::vector<double> *ModelInterpreter::valueOf(StringRef name) {
  auto value = values.find(name);
  return value == values.end() ? nullptr : &value->second;
}

std::vector<double> &ModelInterpreter::arrayOf(ArrayRole role, StringRef name,
                                               int64_t delay) {
  return call->arrays[face.find(role, name, delay)];
}

/// What an array of a cell is bound to; null if it is not given.
std::vector<double> *ModelInterpreter::find(StringRef bound, ArrayRole role,
                                            int64_t delay) {
  if (model.tensor(bound).getRole() == Role::state)
    return &arrayOf(role, bound, delay);
  return valueOf(bound);
}

/// Takes the caller's arrays of that role that are given.
void ModelInterpreter::load(ArrayRole role) {
  for (auto [index, array] : llvm::enumerate(face.arrays)) {
    TensorOp tensor = array.tensor;
    std::string name = tensor.getSymName().str();
    if (role == ArrayRole::GradOutput)
      name = "grad." + name;
    bool isGiven = !call->arrays[index].empty() || role == ArrayRole::Input ||
                   rowsOf(tensor) == 0;
    if (array.role == role && isGiven)
      values[name] = call->arrays[index];
  }
}

void ModelInterpreter::forward(Call &given) {
  call = &given;
  values.clear();
  runs.clear();
  load(ArrayRole::Input);
  load(ArrayRole::Target);
  for (Operation &op : model.getBody().front()) {
    if (isa<BackwardOp>(op))
      break;
    step(&op);
  }
  for (auto [index, array] : llvm::enumerate(face.arrays)) {
    TensorOp tensor = array.tensor;
    if (array.role != ArrayRole::Output && array.role != ArrayRole::Loss &&
        array.role != ArrayRole::Metric)
      continue;
    if (tensor.getRole() == Role::state)
      continue; // the run has written it
    const Doubles *value = valueOf(tensor.getSymName());
    call->arrays[index] = value ? *value : Doubles();
  }
}

void ModelInterpreter::backward(Call &given) {
  call = &given;
  load(ArrayRole::GradOutput);
  for (auto [index, array] : llvm::enumerate(face.arrays))
    if (array.role == ArrayRole::GradParam && call->arrays[index].empty())
      call->arrays[index].assign(elements(array, 0, 0), 0);
    else if (array.role == ArrayRole::GradInitial)
      call->arrays[index].assign(elements(array, call->steps, call->batch), 0);
  bool isBehind = false;
  for (Operation &op : model.getBody().front()) {
    if (isBehind)
      step(&op);
    isBehind |= isa<BackwardOp>(op);
  }
  for (auto [index, array] : llvm::enumerate(face.arrays)) {
    TensorOp tensor = array.tensor;
    if (array.role == ArrayRole::GradInput)
      call->arrays[index] = values[("grad." + tensor.getSymName()).str()];
  }
}

void ModelInterpreter::step(Operation *op) {
  llvm::TypeSwitch<Operation *>(op)
      .Case([&](RunOp run) {
        run.getBackward() ? backwardRun(run) : forwardRun(run);
      })
      .Case([&](LookupOp it) { lookup(it); })
      .Case([&](ScatterOp it) { scatter(it); })
      .Case([&](ReverseOp it) { reverse(it); })
      .Case([&](OneHotOp it) { oneHot(it); })
      .Case([&](DrawOp it) { draw(it); })
      .Case([&](SumOp it) { sum(it); });
}

//===----------------------------------------------------------------------===//
// Runs
//===----------------------------------------------------------------------===//

void ModelInterpreter::forwardRun(RunOp op) {
  int64_t tape =
      op.getTape() ? int64_t(*op.getTape()) : -1 - int64_t(runs.size());
  Run &run = runs[tape];
  run.cell = std::make_unique<Interpreter>(op.callee());
  const CellInterface &cell = run.cell->interface();
  Call &inner = run.call;
  inner = Call();
  inner.steps = op.getOnce() ? 1 : call->steps;
  inner.batch = call->batch;
  if (!op.getOnce())
    inner.lengths = call->lengths;
  for (TensorOp param : cell.params)
    for (auto [index, own] : llvm::enumerate(face.params))
      if (TensorOp(own).getSymName() == op.bound(param.getSymName()))
        inner.params.push_back(call->params[index]);
  inner.arrays.resize(cell.arrays.size());
  for (auto [index, array] : llvm::enumerate(cell.arrays)) {
    StringRef bound = op.bound(array.name);
    if (bound.empty() ||
        (array.role != ArrayRole::Input && array.role != ArrayRole::Initial))
      continue;
    const Doubles *value = find(bound, array.role, array.delay);
    if (!value && array.role == ArrayRole::Input) {
      runs.erase(tape);
      return; // it lacks an input
    }
    if (value)
      inner.arrays[index] = *value;
  }
  run.cell->forward(inner);
  for (auto [index, array] : llvm::enumerate(cell.arrays)) {
    StringRef bound = op.bound(array.name);
    if (bound.empty() ||
        (array.role != ArrayRole::Output && array.role != ArrayRole::Final))
      continue;
    if (model.tensor(bound).getRole() == Role::state)
      arrayOf(array.role, bound, array.delay) = inner.arrays[index];
    else
      values[bound] = inner.arrays[index];
  }
}

void ModelInterpreter::backwardRun(RunOp op) {
  auto found = runs.find(*op.getTape());
  if (found == runs.end())
    return;
  Run &run = found->second;
  const CellInterface &cell = run.cell->interface();
  for (auto [index, array] : llvm::enumerate(cell.arrays)) {
    StringRef bound = op.bound(array.name);
    if (bound.empty() || (array.role != ArrayRole::GradOutput &&
                          array.role != ArrayRole::GradFinal))
      continue;
    if (const Doubles *value = find(bound, array.role, array.delay))
      run.call.arrays[index] = *value;
  }
  run.cell->backward(run.call);
  for (auto [index, array] : llvm::enumerate(cell.arrays)) {
    if (array.role == ArrayRole::GradParam) {
      TensorOp param = array.tensor;
      Doubles &sum =
          arrayOf(ArrayRole::GradParam, op.bound(param.getSymName()));
      for (auto [to, from] : llvm::zip(sum, run.call.arrays[index]))
        to += from;
      continue;
    }
    StringRef bound = op.bound(array.name);
    if (bound.empty())
      continue;
    if (array.role == ArrayRole::GradInitial &&
        model.tensor(bound).getRole() == Role::state)
      arrayOf(ArrayRole::GradInitial, bound, array.delay) =
          run.call.arrays[index];
    else if (array.role == ArrayRole::GradInput ||
             array.role == ArrayRole::GradInitial)
      values[bound] = run.call.arrays[index];
  }
}

//===----------------------------------------------------------------------===//
// Other ops
//===----------------------------------------------------------------------===//

void ModelInterpreter::lookup(LookupOp op) {
  TensorOp table = model.tensor(op.getTable());
  int64_t width = table.tensorType().getDimSize(1), param = 0;
  for (auto [index, own] : llvm::enumerate(face.params))
    if (TensorOp(own).getSymName() == op.getTable())
      param = index;
  const Doubles &indices = *valueOf(op.getIndices());
  bool overTime = isOverTime(op.getResult());
  Doubles result(indices.size() * width, 0);
  for (size_t i = 0; i < indices.size(); ++i)
    if (!overTime ||
        int64_t(i) / call->batch < lengthOf(int64_t(i) % call->batch))
      for (int64_t e = 0; e < width; ++e)
        result[i * width + e] =
            call->params[param][int64_t(indices[i]) * width + e];
  values[op.getResult()] = result;
}

void ModelInterpreter::scatter(ScatterOp op) {
  const Doubles *rows = valueOf(op.getRows());
  if (!rows)
    return;
  const Doubles &indices = *valueOf(op.getIndices());
  int64_t width = model.tensor(op.getTable()).tensorType().getDimSize(1);
  Doubles &sum = arrayOf(ArrayRole::GradParam, op.getTable());
  bool overTime = isOverTime(op.getRows());
  for (size_t i = 0; i < indices.size(); ++i)
    if (!overTime ||
        int64_t(i) / call->batch < lengthOf(int64_t(i) % call->batch))
      for (int64_t e = 0; e < width; ++e)
        sum[int64_t(indices[i]) * width + e] += (*rows)[i * width + e];
}

void ModelInterpreter::reverse(ReverseOp op) {
  const Doubles *operand = valueOf(op.getOperand());
  if (!operand)
    return;
  int64_t width = model.tensor(op.getOperand()).tensorType().getNumElements();
  Doubles result(operand->size(), 0);
  for (int64_t row = 0; row < call->batch; ++row)
    for (int64_t step = 0; step < lengthOf(row); ++step)
      for (int64_t e = 0; e < width; ++e)
        result[(step * call->batch + row) * width + e] =
            (*operand)[((lengthOf(row) - 1 - step) * call->batch + row) *
                           width +
                       e];
  values[op.getResult()] = result;
}

void ModelInterpreter::oneHot(OneHotOp op) {
  const Doubles *indices = valueOf(op.getIndices());
  if (!indices)
    return;
  int64_t width = model.tensor(op.getResult()).tensorType().getNumElements();
  bool overTime = isOverTime(op.getResult());
  Doubles result(indices->size() * width, 0);
  for (size_t i = 0; i < indices->size(); ++i)
    if (!overTime ||
        int64_t(i) / call->batch < lengthOf(int64_t(i) % call->batch))
      result[i * width + int64_t((*indices)[i])] = 1;
  values[op.getResult()] = result;
}

/// Spreads the bits of a counter: the finaliser of SplitMix64.
static uint64_t spread(uint64_t x) {
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
  return x ^ (x >> 31);
}

void ModelInterpreter::draw(DrawOp op) {
  constexpr uint64_t golden = 0x9e3779b97f4a7c15u;
  TensorOp tensor = model.tensor(op.getResult());
  int64_t width = tensor.tensorType().getNumElements();
  Doubles result(rowsOf(tensor) * width, 1);
  if (call->random) {
    double rate = op.getRate().convertToDouble();
    uint64_t threshold = uint64_t(rate * double(1 << 24) + 0.5);
    uint64_t base =
        spread(call->random->first + (call->random->second + 1) * golden);
    base = spread(base + uint64_t(op.getStream()));
    for (int64_t i = 0; i < rowsOf(tensor); ++i) {
      uint64_t step = i / call->batch, row = i % call->batch;
      uint64_t ofRow = spread(spread(base + step * golden) + row);
      for (int64_t e = 0; e < width; ++e)
        result[i * width + e] =
            spread(ofRow + uint64_t(e + 1) * golden) >> 40 < threshold
                ? 0
                : 1 / (1 - rate);
    }
  }
  values[op.getResult()] = result;
}

void ModelInterpreter::sum(SumOp op) {
  TensorOp result = model.tensor(op.getResult());
  bool isState = result.getRole() == Role::state;
  int64_t rows = isState ? call->batch : rowsOf(result);
  Doubles total(rows * result.tensorType().getNumElements(), 0);
  bool any = false;
  for (Attribute operand : op.getOperands()) {
    StringRef name = cast<FlatSymbolRefAttr>(operand).getValue();
    const Doubles *value = find(name, ArrayRole::GradFinal, 1);
    if (!value || (value->empty() && !total.empty()))
      continue;
    any = true;
    for (auto [to, from] : llvm::zip(total, *value))
      to += from;
  }
  if (isState)
    arrayOf(ArrayRole::Final, op.getResult(), 1) = total;
  else if (any || result.getRole() != Role::value)
    values[op.getResult()] = total;
}

std::unique_ptr<Oracle> rnn::makeOracle(Operation *op) {
  if (auto cell = dyn_cast<CellOp>(op))
    return std::make_unique<Interpreter>(cell);
  return std::make_unique<ModelInterpreter>(cast<ModelOp>(op));
}
