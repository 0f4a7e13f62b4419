//===- Interpreter.cpp - cells as plain loops in double -------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A stage needs nothing of other steps but what states and carries bring, so a
// staged scan runs step by step like a flat one, stage after stage.
//
//===----------------------------------------------------------------------===//

#include "compiler/interpret/Interpreter.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "llvm/ADT/TypeSwitch.h"
#include <cmath>

using namespace mlir;
using namespace rnn;

static int64_t countOf(Type type) {
  return cast<RankedTensorType>(type).getNumElements();
}

Interpreter::Interpreter(CellOp cell) : cell(cell), face(interfaceOf(cell)) {}

size_t Interpreter::elements(const CellArray &array, int64_t steps,
                             int64_t batch) {
  size_t count = 1;
  for (int64_t size : array.shape())
    count *= size;
  if (array.axes != Axes::Plain)
    count *= batch;
  if (array.axes == Axes::StepsRows)
    count *= steps;
  return count;
}

//===----------------------------------------------------------------------===//
// Named tensors
//===----------------------------------------------------------------------===//

/// A state at step t is entry t + delay, so that steps before the first one
/// have entries too; a carry at step t is entry t, with entries past the end.
double *Interpreter::history(TensorOp tensor, int64_t step) {
  if (tensor.getRole() == Role::state)
    step += tensor.getDelay();
  return histories[tensor.getSymName().str()].data() +
         step * batch * countOf(tensor.getType());
}

Interpreter::Numbers Interpreter::read(ReadOp op, const Call &call,
                                       int64_t step, int64_t row) {
  TensorOp tensor = op.declaration();
  int64_t count = countOf(tensor.getType());
  auto slice = [&](const double *base) {
    return Numbers(base + row * count, base + (row + 1) * count);
  };
  auto ofArray = [&](ArrayRole role, StringRef name) {
    const Numbers &array = call.arrays[face.find(role, name)];
    return array.empty() ? Numbers(count, 0.0)
                         : slice(array.data() + step * batch * count);
  };
  switch (tensor.getRole()) {
  case Role::param:
    return call.params[llvm::find(face.params, tensor) - face.params.begin()];
  case Role::input:
    return ofArray(ArrayRole::Input, tensor.getSymName());
  case Role::output_gradient:
    return ofArray(ArrayRole::GradOutput, *tensor.getOf());
  case Role::carry:
    return slice(history(tensor, step + op.getDelay()));
  default:
    return slice(history(tensor, step - op.getDelay()));
  }
}

void Interpreter::write(WriteOp op, Call &call, int64_t step, int64_t row) {
  TensorOp tensor = op.declaration();
  const Numbers &value = values[op.getValue()];
  auto toArray = [&](ArrayRole role, StringRef name) {
    int64_t index = face.find(role, name);
    if (index >= 0)
      llvm::copy(value, call.arrays[index].begin() +
                            (step * batch + row) * int64_t(value.size()));
  };
  if (tensor.getRole() == Role::input_gradient)
    return toArray(ArrayRole::GradInput, *tensor.getOf());
  toArray(ArrayRole::Output, tensor.getSymName());
  if (tensor.getRole() != Role::output)
    llvm::copy(value, history(tensor, step) + row * int64_t(value.size()));
}

void Interpreter::accumulate(AccumulateOp op, Call &call) {
  TensorOp param = op.declaration();
  Numbers &gradient =
      call.arrays[face.find(ArrayRole::GradParam, param.getSymName())];
  const Numbers &row = values[op.getRow()];
  if (!op.getColumn()) {
    int64_t first = param.tensorType().getRank() ? op.offset(0) : 0;
    for (size_t o = 0; o < row.size(); ++o)
      gradient[first + o] += row[o];
    return;
  }
  const Numbers &column = values[op.getColumn()];
  int64_t pitch = param.tensorType().getDimSize(1);
  for (size_t o = 0; o < row.size(); ++o)
    for (size_t i = 0; i < column.size(); ++i)
      gradient[(op.offset(0) + o) * pitch + op.offset(1) + i] +=
          row[o] * column[i];
}

//===----------------------------------------------------------------------===//
// Ops
//===----------------------------------------------------------------------===//

/// Adds matrix times vector to `sum`.
static void addProduct(std::vector<double> &sum,
                       const std::vector<double> &weight,
                       const std::vector<double> &input, bool transposed) {
  size_t outer = sum.size(), inner = input.size();
  for (size_t o = 0; o < outer; ++o)
    for (size_t i = 0; i < inner; ++i)
      sum[o] += weight[transposed ? i * outer + o : o * inner + i] * input[i];
}

static bool compare(arith::CmpFPredicate predicate, double x, double y) {
  using P = arith::CmpFPredicate;
  bool unordered = std::isnan(x) || std::isnan(y);
  switch (predicate) {
  case P::OEQ:
    return x == y;
  case P::OGT:
    return x > y;
  case P::OGE:
    return x >= y;
  case P::OLT:
    return x < y;
  case P::OLE:
    return x <= y;
  case P::ONE:
    return !unordered && x != y;
  case P::ORD:
    return !unordered;
  case P::UEQ:
    return unordered || x == y;
  case P::UGT:
    return unordered || x > y;
  case P::UGE:
    return unordered || x >= y;
  case P::ULT:
    return unordered || x < y;
  case P::ULE:
    return unordered || x <= y;
  case P::UNE:
    return unordered || x != y;
  case P::UNO:
    return unordered;
  case P::AlwaysTrue:
    return true;
  case P::AlwaysFalse:
    return false;
  }
  llvm_unreachable("all predicates are handled");
}

void Interpreter::runOp(Operation &op, Call &call, int64_t step, int64_t row) {
  auto in = [&](unsigned i) -> const Numbers & {
    return values[op.getOperand(i)];
  };
  auto map1 = [&](auto f) {
    Numbers result(in(0));
    for (double &x : result)
      x = f(x);
    return result;
  };
  auto map2 = [&](auto f) {
    Numbers result(in(0));
    for (size_t i = 0; i < result.size(); ++i)
      result[i] = f(result[i], in(1)[i]);
    return result;
  };
  auto count = [&] { return countOf(op.getResult(0).getType()); };

  if (auto stage = dyn_cast<StageOp>(op)) {
    for (Operation &inner : stage.getBody().front())
      runOp(inner, call, step, row);
    Operation *yield = stage.getBody().front().getTerminator();
    for (auto [result, value] :
         llvm::zip(stage.getResults(), yield->getOperands())) {
      Numbers copy = values[value];
      values[result] = std::move(copy);
    }
    return;
  }
  if (auto write_ = dyn_cast<WriteOp>(op))
    return write(write_, call, step, row);
  if (auto accumulate_ = dyn_cast<AccumulateOp>(op))
    return accumulate(accumulate_, call);
  if (isa<YieldOp>(op))
    return;

  Numbers result =
      llvm::TypeSwitch<Operation *, Numbers>(&op)
          .Case([&](ReadOp read_) { return read(read_, call, step, row); })
          .Case([&](arith::ConstantOp constant) {
            Numbers numbers;
            auto dense = cast<DenseElementsAttr>(constant.getValue());
            if (isa<FloatType>(dense.getElementType()))
              for (APFloat value : dense.getValues<APFloat>()) {
                bool lost;
                value.convert(APFloat::IEEEdouble(),
                              APFloat::rmNearestTiesToEven, &lost);
                numbers.push_back(value.convertToDouble());
              }
            else
              for (APInt value : dense.getValues<APInt>())
                numbers.push_back(value.getBoolValue());
            return numbers;
          })
          .Case([&](arith::AddFOp) { return map2(std::plus<double>()); })
          .Case([&](arith::SubFOp) { return map2(std::minus<double>()); })
          .Case([&](arith::MulFOp) { return map2(std::multiplies<double>()); })
          .Case([&](arith::DivFOp) { return map2(std::divides<double>()); })
          .Case([&](arith::NegFOp) { return map1(std::negate<double>()); })
          .Case([&](arith::MaximumFOp) {
            return map2([](double x, double y) {
              return std::isnan(x) || std::isnan(y) ? NAN : std::max(x, y);
            });
          })
          .Case([&](arith::MinimumFOp) {
            return map2([](double x, double y) {
              return std::isnan(x) || std::isnan(y) ? NAN : std::min(x, y);
            });
          })
          .Case([&](arith::CmpFOp cmp) {
            return map2([&](double x, double y) {
              return double(compare(cmp.getPredicate(), x, y));
            });
          })
          .Case([&](arith::UIToFPOp) { return in(0); })
          .Case([&](arith::SelectOp) {
            Numbers numbers(count());
            for (size_t i = 0; i < numbers.size(); ++i)
              numbers[i] = (in(0)[in(0).size() == 1 ? 0 : i] ? in(1) : in(2))[i];
            return numbers;
          })
          // Logic on conditions, which the canonicaliser makes.
          .Case([&](arith::AndIOp) { return map2(std::multiplies<double>()); })
          .Case([&](arith::OrIOp) {
            return map2([](double x, double y) { return double(x || y); });
          })
          .Case([&](arith::XOrIOp) {
            return map2([](double x, double y) { return double(x != y); });
          })
          .Case([&](math::ExpOp) { return map1([](double x) { return std::exp(x); }); })
          .Case([&](math::LogOp) { return map1([](double x) { return std::log(x); }); })
          .Case([&](math::Log1pOp) { return map1([](double x) { return std::log1p(x); }); })
          .Case([&](math::SqrtOp) { return map1([](double x) { return std::sqrt(x); }); })
          .Case([&](math::AbsFOp) { return map1([](double x) { return std::fabs(x); }); })
          .Case([&](math::TanhOp) { return map1([](double x) { return std::tanh(x); }); })
          .Case([&](math::ErfOp) { return map1([](double x) { return std::erf(x); }); })
          .Case([&](SigmoidOp) {
            return map1([](double x) { return 1 / (1 + std::exp(-x)); });
          })
          .Case([&](StopGradientOp) { return in(0); })
          .Case([&](SplatOp) { return Numbers(count(), in(0)[0]); })
          .Case([&](ReduceSumOp) {
            double sum = 0;
            for (double x : in(0))
              sum += x;
            return Numbers(1, sum);
          })
          .Case([&](ConcatOp) {
            Numbers numbers;
            for (unsigned i = 0; i < op.getNumOperands(); ++i)
              llvm::append_range(numbers, in(i));
            return numbers;
          })
          .Case([&](SliceOp slice) {
            auto whole = slice.getOperand().getType();
            auto part = slice.getResult().getType();
            ArrayRef<int64_t> offsets = slice.getOffsets();
            bool matrix = part.getRank() == 2;
            int64_t columns = matrix ? part.getDimSize(1) : 1;
            int64_t pitch = matrix ? whole.getDimSize(1) : 1;
            Numbers numbers;
            for (int64_t o = 0; o < part.getDimSize(0); ++o)
              for (int64_t i = 0; i < columns; ++i)
                numbers.push_back(in(0)[(offsets[0] + o) * pitch +
                                        (matrix ? offsets[1] : 0) + i]);
            return numbers;
          })
          .Case([&](MatvecOp matvec) {
            Numbers sum(count(), 0.0);
            addProduct(sum, in(0), in(1), matvec.getTransposed());
            return sum;
          })
          .Case([&](AffineOp affine) {
            Numbers sum = affine.getStart() ? values[affine.getStart()]
                                            : Numbers(count(), 0.0);
            for (auto [weight, input, transposed] :
                 llvm::zip(affine.getWeights(), affine.getInputs(),
                           affine.getTransposed()))
              addProduct(sum, values[weight], values[input], transposed);
            return sum;
          })
          .Default([&](Operation *) -> Numbers {
            llvm::report_fatal_error("internal: the interpreter has no '" +
                                     op.getName().getStringRef() + "'");
          });
  values[op.getResult(0)] = std::move(result);
}

//===----------------------------------------------------------------------===//
// Scans
//===----------------------------------------------------------------------===//

void Interpreter::runStep(ScanOp scan, Call &call, int64_t step, int64_t row) {
  values.clear();
  // Constants may stand outside of the scan.
  for (Operation &op : cell.getBody().front())
    if (isa<arith::ConstantOp>(op))
      runOp(op, call, step, row);
  for (Operation &op : scan.getBody().front())
    runOp(op, call, step, row);
}

void Interpreter::forward(Call &call) {
  batch = call.batch;
  histories.clear();
  for (auto tensor : cell.getBody().getOps<TensorOp>())
    if (tensor.getRole() == Role::state || tensor.getRole() == Role::tape)
      histories[tensor.getSymName().str()].assign(
          (call.steps + int64_t(tensor.getDelay())) * batch *
              countOf(tensor.getType()),
          0.0);
  for (auto [index, array] : llvm::enumerate(face.arrays)) {
    Numbers &numbers = call.arrays[index];
    if (array.role == ArrayRole::Initial && !numbers.empty())
      llvm::copy(numbers, history(array.tensor, -array.delay));
    if (array.role == ArrayRole::Output)
      numbers.assign(elements(array, call.steps, batch), NAN);
  }
  for (int64_t step = 0; step < call.steps; ++step)
    for (int64_t row = 0; row < batch; ++row)
      runStep(cell.scan(false), call, step, row);
  for (auto [index, array] : llvm::enumerate(face.arrays))
    if (array.role == ArrayRole::Final) {
      double *last = history(array.tensor, call.steps - array.delay);
      call.arrays[index].assign(last, last + elements(array, 0, batch));
    }
}

void Interpreter::backward(Call &call) {
  for (auto tensor : cell.getBody().getOps<TensorOp>())
    if (tensor.getRole() == Role::carry)
      histories[tensor.getSymName().str()].assign(
          (call.steps + int64_t(tensor.getDelay())) * batch *
              countOf(tensor.getType()),
          0.0);
  auto carryOf = [&](const CellArray &array, int64_t delay) {
    TensorOp state = array.tensor;
    return cell.tensor(
        ("carry." + state.getSymName() + "." + Twine(delay)).str());
  };
  for (auto [index, array] : llvm::enumerate(face.arrays)) {
    Numbers &numbers = call.arrays[index];
    // As if a step after the last had written it.
    if (array.role == ArrayRole::GradFinal && !numbers.empty())
      llvm::copy(numbers, history(carryOf(array, array.delay), call.steps));
    if (array.role == ArrayRole::GradInput)
      numbers.assign(elements(array, call.steps, batch), NAN);
    if (array.role == ArrayRole::GradParam && numbers.empty())
      numbers.assign(elements(array, call.steps, batch), 0.0);
  }
  for (int64_t step = call.steps - 1; step >= 0; --step)
    for (int64_t row = 0; row < batch; ++row)
      runStep(cell.scan(true), call, step, row);
  for (auto [index, array] : llvm::enumerate(face.arrays))
    if (array.role == ArrayRole::GradInitial) {
      Numbers &sum = call.arrays[index];
      sum.assign(elements(array, 0, batch), 0.0);
      TensorOp state = array.tensor;
      for (int64_t k = array.delay; k <= int64_t(state.getDelay()); ++k) {
        const double *share = history(carryOf(array, k), k - array.delay);
        for (size_t i = 0; i < sum.size(); ++i)
          sum[i] += share[i];
      }
    }
}
