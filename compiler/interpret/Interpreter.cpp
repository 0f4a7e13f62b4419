//===- Interpreter.cpp - a cell as plain loops in double ------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
//   flat:    for each step, for each row: the ops in order
//   staged:  each stage of phase `before` for all steps and rows; then step by
//            step the stages of phase `step`; then those of phase `after`
//
//===----------------------------------------------------------------------===//

#include "compiler/interpret/Interpreter.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/TypeSwitch.h"
#include <cmath>
#include <limits>

using namespace mlir;
using namespace rnn;
using Doubles = std::vector<double>;
using View = ArrayRef<double>;

static constexpr double unwritten = std::numeric_limits<double>::quiet_NaN();

int64_t Oracle::elements(const CellArray &array, int64_t steps, int64_t batch) {
  int64_t elements = 1;
  for (int64_t size : array.shape())
    elements *= size;
  if (array.axes != Axes::Plain)
    elements *= batch;
  if (array.axes == Axes::StepsRows)
    elements *= steps;
  return elements;
}

//===----------------------------------------------------------------------===//
// Series
//===----------------------------------------------------------------------===//

Interpreter::Series Interpreter::emptySeries(RankedTensorType type,
                                             int64_t before,
                                             int64_t after) const {
  Series series{before, call->batch, type.getNumElements(), {}};
  series.values.assign((before + call->steps + after) * series.rows *
                           series.elements,
                       unwritten);
  return series;
}

/// A series over all steps from an array of the call, zeros if that is empty.
Interpreter::Series Interpreter::loadSeries(int64_t array,
                                            RankedTensorType type) const {
  Series series = emptySeries(type, 0, 0);
  if (call->arrays[array].empty())
    llvm::fill(series.values, 0);
  else
    series.values = call->arrays[array];
  return series;
}

/// Zeros where rows have ended.
void Interpreter::clearPastEnds(Series &series) const {
  for (int64_t row = 0; row < call->batch; ++row)
    for (int64_t step = lengthOf(row); step < call->steps; ++step)
      llvm::fill(series.at(step, row), 0);
}

//===----------------------------------------------------------------------===//
// Forward and backward
//===----------------------------------------------------------------------===//

void Interpreter::forward(Call &given) {
  call = &given;
  tensors.clear();
  params.clear();
  for (auto [index, param] : llvm::enumerate(face.params))
    params[param.getSymName()] = index;

  for (auto tensor : cell.getBody().getOps<TensorOp>()) {
    StringRef name = tensor.getSymName();
    RankedTensorType type = tensor.tensorType();
    if (tensor.getRole() == Role::input)
      tensors[name] = loadSeries(face.find(ArrayRole::Input, name), type);
    else if (tensor.getRole() == Role::output || tensor.getRole() == Role::tape)
      tensors[name] = emptySeries(type, 0, 0);
    else if (tensor.getRole() == Role::state) {
      int64_t delays = tensor.getDelay();
      Series &series = tensors[name] = emptySeries(type, delays, 0);
      for (int64_t delay = 1; delay <= delays; ++delay) {
        const Doubles &initial =
            call->arrays[face.find(ArrayRole::Initial, name, delay)];
        for (int64_t i = 0; i < series.rows * series.elements; ++i)
          series.at(-delay, 0).data()[i] = initial.empty() ? 0 : initial[i];
      }
    }
  }

  runSetup(/*backward=*/false);
  runScan(cell.scan(/*backward=*/false));

  for (auto [index, array] : llvm::enumerate(face.arrays)) {
    TensorOp tensor = array.tensor;
    if (array.role != ArrayRole::Output && array.role != ArrayRole::Final)
      continue;
    Series &series = seriesOf(tensor.getSymName());
    Doubles &values = call->arrays[index];
    values.clear();
    if (array.role == ArrayRole::Final) {
      for (int64_t row = 0; row < call->batch; ++row)
        llvm::append_range(values, series.at(lengthOf(row) - array.delay, row));
      continue;
    }
    Series shown = series;
    clearPastEnds(shown);
    values.assign(shown.at(0, 0).data(),
                  shown.values.data() + shown.values.size());
  }
}

void Interpreter::backward(Call &given) {
  call = &given;
  for (auto tensor : cell.getBody().getOps<TensorOp>()) {
    StringRef name = tensor.getSymName(), of = tensor.getOf().value_or("");
    RankedTensorType type = tensor.tensorType();
    if (tensor.getRole() == Role::output_gradient)
      tensors[name] = loadSeries(face.find(ArrayRole::GradOutput, of), type);
    else if (tensor.getRole() == Role::input_gradient)
      tensors[name] = emptySeries(type, 0, 0);
    else if (tensor.getRole() == Role::carry) {
      // What comes from after a row's last step is the caller's gradient of its
      // final state: of h[T-k], so in the carry of delay k, at step T.
      int64_t delay = tensor.getDelay();
      Series &series = tensors[name] = emptySeries(type, 0, delay);
      const Doubles &final =
          call->arrays[face.find(ArrayRole::GradFinal, of, delay)];
      for (int64_t row = 0; row < call->batch; ++row)
        for (int64_t k = 0; k < delay; ++k)
          for (int64_t i = 0; i < series.elements; ++i)
            series.at(lengthOf(row) + k, row)[i] =
                k || final.empty() ? 0 : final[row * series.elements + i];
    }
  }
  for (auto [index, array] : llvm::enumerate(face.arrays))
    if (array.role == ArrayRole::GradParam && call->arrays[index].empty())
      call->arrays[index].assign(elements(array, 0, 0), 0);

  for (auto tensor : cell.getBody().getOps<TensorOp>())
    if (tensor.getRole() == Role::derived_gradient && tensor.getOf())
      once[tensor.getSymName()].assign(tensor.tensorType().getNumElements(), 0);

  runScan(cell.scan(/*backward=*/true));
  runSetup(/*backward=*/true);

  for (auto tensor : cell.getBody().getOps<TensorOp>())
    if (tensor.getRole() == Role::input_gradient) {
      Series &series = seriesOf(tensor.getSymName());
      clearPastEnds(series);
      call->arrays[face.find(ArrayRole::GradInput, *tensor.getOf())] =
          series.values;
    }
  // h[-d] got shares from the carries of delay k >= d at step k - d.
  for (auto [index, array] : llvm::enumerate(face.arrays)) {
    if (array.role != ArrayRole::GradInitial)
      continue;
    TensorOp state = array.tensor;
    Doubles &sum = call->arrays[index];
    sum.assign(elements(array, call->steps, call->batch), 0);
    for (auto carry : cell.getBody().getOps<TensorOp>())
      if (carry.getRole() == Role::carry &&
          *carry.getOf() == state.getSymName() &&
          int64_t(carry.getDelay()) >= array.delay) {
        Series &series = seriesOf(carry.getSymName());
        int64_t step = carry.getDelay() - array.delay;
        for (int64_t row = 0; row < call->batch; ++row)
          for (int64_t i = 0; i < series.elements; ++i)
            sum[row * series.elements + i] += series.at(step, row)[i];
      }
  }
}

//===----------------------------------------------------------------------===//
// Setups and scans
//===----------------------------------------------------------------------===//

/// True of tensors that have one value, not one per step and row.
static bool isOnce(TensorOp tensor) {
  return tensor.getRole() == Role::derived ||
         tensor.getRole() == Role::derived_gradient;
}

void Interpreter::runSetup(bool backward) {
  if (!backward)
    once.clear();
  local.clear();
  if (SetupOp setup = cell.setup(backward))
    runBlock(setup.getBody().front(), 0, 0);
}

void Interpreter::runScan(ScanOp scan) {
  int64_t steps = call->steps, batch = call->batch;
  staged.clear();
  local.clear();
  auto forEachStep = [&](auto &&body) {
    for (int64_t i = 0; i < steps; ++i)
      body(scan.getBackward() ? steps - 1 - i : i);
  };
  auto runRows = [&](Block &block, int64_t step) {
    for (int64_t row = 0; row < batch; ++row)
      if (step < lengthOf(row))
        runBlock(block, step, row);
  };

  auto stages = llvm::to_vector(scan.getBody().getOps<StageOp>());
  if (stages.empty())
    return forEachStep(
        [&](int64_t step) { runRows(scan.getBody().front(), step); });
  for (StageOp stage : stages)
    for (Value result : stage.getResults())
      staged[result] =
          emptySeries(cast<RankedTensorType>(result.getType()), 0, 0);
  auto runWhole = [&](Phase phase) {
    for (StageOp stage : stages)
      if (stage.getPhase() == phase)
        forEachStep(
            [&](int64_t step) { runRows(stage.getBody().front(), step); });
  };
  runWhole(Phase::before);
  forEachStep([&](int64_t step) {
    for (StageOp stage : stages)
      if (stage.getPhase() == Phase::step)
        runRows(stage.getBody().front(), step);
  });
  runWhole(Phase::after);
}

void Interpreter::runBlock(Block &block, int64_t step, int64_t row) {
  for (Operation &op : block) {
    if (auto write = dyn_cast<WriteOp>(op);
        write && isOnce(write.declaration())) {
      once[write.getTensor()] = valueOf(write.getValue(), step, row).vec();
    } else if (write) {
      llvm::copy(valueOf(write.getValue(), step, row),
                 seriesOf(write.getTensor()).at(step, row).begin());
    } else if (auto sum = dyn_cast<AccumulateOp>(op)) {
      accumulate(sum, step, row);
    } else if (auto yield = dyn_cast<YieldOp>(op)) {
      for (auto [result, value] :
           llvm::zip(block.getParentOp()->getResults(), yield.getOperands()))
        llvm::copy(valueOf(value, step, row),
                   staged.find(result)->second.at(step, row).begin());
    } else if (!isa<ReadOp>(op)) {
      local[op.getResult(0)] = compute(op, step, row);
    }
  }
}

/// What a value is in a step and row.
View Interpreter::valueOf(Value value, int64_t step, int64_t row) {
  Operation *op = value.getDefiningOp();
  if (isa<StageOp>(op))
    return staged.find(value)->second.at(step, row);
  if (auto constant = dyn_cast<arith::ConstantOp>(op);
      constant && !local.count(value))
    local[value] = compute(*op, step, row);
  auto read = dyn_cast<ReadOp>(op);
  if (!read)
    return local.find(value)->second;
  TensorOp declared = read.declaration();
  if (declared.getRole() == Role::param)
    return call->params[params.lookup(declared.getSymName())];
  if (isOnce(declared))
    return once.find(declared.getSymName())->second;
  int64_t delay = read.getDelay();
  return seriesOf(declared.getSymName())
      .at(declared.getRole() == Role::carry ? step + delay : step - delay, row);
}

/// To the nearest that bf16 has, as f32 is rounded; NaN stays NaN.
static double toBf16(double value) {
  APFloat number = APFloat(float(value));
  if (number.isNaN())
    return value;
  bool isInexact;
  number.convert(APFloat::BFloat(), APFloat::rmNearestTiesToEven, &isInexact);
  number.convert(APFloat::IEEEdouble(), APFloat::rmNearestTiesToEven,
                 &isInexact);
  return number.convertToDouble();
}

static Doubles toBf16(View values) {
  Doubles result;
  for (double value : values)
    result.push_back(toBf16(value));
  return result;
}

/// True of products in a scan of a cell that takes their factors in bf16.
bool Interpreter::roundsFactors(Operation *op) {
  return cell.getBf16Products() && !op->getParentOfType<SetupOp>();
}

void Interpreter::accumulate(AccumulateOp op, int64_t step, int64_t row) {
  ArrayRef<int64_t> shape = op.declaration().tensorType().getShape();
  Doubles &sum =
      isOnce(op.declaration())
          ? once[("grad." + op.getParam()).str()]
          : call->arrays[face.find(ArrayRole::GradParam, op.getParam())];
  View rows = valueOf(op.getRow(), step, row);
  if (!op.getColumn()) {
    int64_t offset = shape.empty() ? 0 : op.offset(0);
    for (size_t o = 0; o < rows.size(); ++o)
      sum[offset + o] += rows[o];
    return;
  }
  View columns = valueOf(op.getColumn(), step, row);
  Doubles roundedRows, roundedColumns;
  if (op.getOver() == 1 && roundsFactors(op)) {
    rows = roundedRows = toBf16(rows);
    columns = roundedColumns = toBf16(columns);
  }
  const int64_t height = op.rowUnits(), width = op.columnUnits();
  for (int64_t k = 0; k < int64_t(op.getOver()); ++k)
    for (int64_t o = 0; o < height; ++o)
      for (int64_t i = 0; i < width; ++i)
        sum[(op.offset(0) + o) * shape[1] + op.offset(1) + i] +=
            rows[k * height + o] * columns[k * width + i];
}

//===----------------------------------------------------------------------===//
// Ops
//===----------------------------------------------------------------------===//

static ArrayRef<int64_t> shapeOf(Value value) {
  return cast<RankedTensorType>(value.getType()).getShape();
}

/// result[o] += weight[o, i] * input[i], or weight[i, o] * input[i]; with
/// `bf16` of factors rounded to that.
static void addProduct(View weight, View input, bool transposed, bool bf16,
                       Doubles &result) {
  if (bf16)
    return addProduct(toBf16(weight), toBf16(input), transposed, false, result);
  const double *element = weight.begin();
  if (transposed) {
    for (double in : input)
      for (double &out : result)
        out += *element++ * in;
    return;
  }
  for (double &out : result)
    for (double in : input)
      out += *element++ * in;
}

/// result[o, i] = sum over k of left[o, k] * right[k, i], matrices by their
/// rows; what is transposed stands as its transpose.
static Doubles multiply(View left, bool transposedLeft, View right,
                        bool transposedRight, int64_t inner, int64_t size) {
  const int64_t rows = left.size() / inner, columns = right.size() / inner;
  Doubles result(size, 0);
  for (int64_t o = 0; o < rows; ++o)
    for (int64_t i = 0; i < columns; ++i)
      for (int64_t k = 0; k < inner; ++k)
        result[o * columns + i] +=
            left[transposedLeft ? k * rows + o : o * inner + k] *
            right[transposedRight ? i * inner + k : k * columns + i];
  return result;
}

static Doubles transpose(View matrix, int64_t rows) {
  const int64_t columns = matrix.size() / rows;
  Doubles result;
  for (int64_t i = 0; i < columns; ++i)
    for (int64_t o = 0; o < rows; ++o)
      result.push_back(matrix[o * columns + i]);
  return result;
}

static bool compare(arith::CmpFPredicate predicate, double x, double y) {
  using P = arith::CmpFPredicate;
  bool unordered = std::isnan(x) || std::isnan(y);
  switch (predicate) {
  case P::AlwaysFalse:
    return false;
  case P::AlwaysTrue:
    return true;
  case P::ORD:
    return !unordered;
  case P::UNO:
    return unordered;
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
    return x < y || x > y;
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
    return x != y;
  }
  llvm_unreachable("all predicates are above");
}

static double maximum(double x, double y) {
  return std::isnan(x) || std::isnan(y) ? unwritten : std::max(x, y);
}

static double minimum(double x, double y) {
  return std::isnan(x) || std::isnan(y) ? unwritten : std::min(x, y);
}

/// The elements of a constant; conditions are 1 or 0.
static Doubles valuesOf(arith::ConstantOp constant) {
  auto dense = cast<DenseElementsAttr>(constant.getValue());
  Doubles elements;
  if (dense.getElementType().isInteger(1)) {
    for (bool value : dense.getValues<bool>())
      elements.push_back(value);
    return elements;
  }
  for (APFloat value : dense.getValues<APFloat>()) {
    bool exact;
    value.convert(APFloat::IEEEdouble(), APFloat::rmNearestTiesToEven, &exact);
    elements.push_back(value.convertToDouble());
  }
  return elements;
}

/// The value of an op's only result.
Doubles Interpreter::compute(Operation &op, int64_t step, int64_t row) {
  int64_t size =
      cast<RankedTensorType>(op.getResult(0).getType()).getNumElements();
  auto operand = [&](unsigned i) {
    return valueOf(op.getOperand(i), step, row);
  };
  auto map1 = [&](auto function) {
    View x = operand(0);
    Doubles result(size);
    for (int64_t i = 0; i < size; ++i)
      result[i] = function(x[i]);
    return result;
  };
  auto map2 = [&](auto function) {
    View x = operand(0), y = operand(1);
    Doubles result(size);
    for (int64_t i = 0; i < size; ++i)
      result[i] = function(x[i], y[i]);
    return result;
  };
  return llvm::TypeSwitch<Operation *, Doubles>(&op)
      .Case([&](arith::ConstantOp constant) { return valuesOf(constant); })
      .Case([&](arith::AddFOp) { return map2(std::plus<double>()); })
      .Case([&](arith::SubFOp) { return map2(std::minus<double>()); })
      .Case([&](arith::MulFOp) { return map2(std::multiplies<double>()); })
      .Case([&](arith::DivFOp) { return map2(std::divides<double>()); })
      .Case([&](arith::NegFOp) { return map1(std::negate<double>()); })
      .Case([&](arith::MaximumFOp) { return map2(maximum); })
      .Case([&](arith::MinimumFOp) { return map2(minimum); })
      .Case([&](arith::CmpFOp cmp) {
        return map2([&](double x, double y) {
          return double(compare(cmp.getPredicate(), x, y));
        });
      })
      .Case([&](arith::SelectOp) {
        View c = operand(0), x = operand(1), y = operand(2);
        Doubles result(size);
        for (int64_t i = 0; i < size; ++i)
          result[i] = c[i] != 0 ? x[i] : y[i];
        return result;
      })
      // Logic on conditions, which the canonicaliser makes.
      .Case([&](arith::AndIOp) { return map2(std::multiplies<double>()); })
      .Case([&](arith::OrIOp) {
        return map2(
            [](double x, double y) { return double(x != 0 || y != 0); });
      })
      .Case([&](arith::XOrIOp) {
        return map2([](double x, double y) { return double(x != y); });
      })
      .Case<arith::UIToFPOp, StopGradientOp>(
          [&](auto) { return map1([](double x) { return x; }); })
      .Case([&](math::ExpOp) {
        return map1([](double x) { return std::exp(x); });
      })
      .Case([&](math::LogOp) {
        return map1([](double x) { return std::log(x); });
      })
      .Case([&](math::Log1pOp) {
        return map1([](double x) { return std::log1p(x); });
      })
      .Case([&](math::SqrtOp) {
        return map1([](double x) { return std::sqrt(x); });
      })
      .Case([&](math::AbsFOp) {
        return map1([](double x) { return std::fabs(x); });
      })
      .Case([&](math::TanhOp) {
        return map1([](double x) { return std::tanh(x); });
      })
      .Case([&](math::SinOp) {
        return map1([](double x) { return std::sin(x); });
      })
      .Case([&](math::CosOp) {
        return map1([](double x) { return std::cos(x); });
      })
      .Case([&](math::ErfOp) {
        return map1([](double x) { return std::erf(x); });
      })
      .Case([&](SigmoidOp) {
        return map1([](double x) { return 1 / (1 + std::exp(-x)); });
      })
      .Case([&](MatvecOp product) {
        Doubles result(size, 0);
        addProduct(operand(0), operand(1), product.getTransposed(),
                   roundsFactors(product), result);
        return result;
      })
      .Case([&](MatmulOp product) {
        int64_t inner = shapeOf(product.getRight())[0];
        return multiply(operand(0), false, operand(1), false, inner, size);
      })
      .Case([&](OuterOp) {
        return multiply(operand(0), false, operand(1), false, 1, size);
      })
      .Case([&](StepMatmulOp product) {
        return multiply(operand(0), product.getTransposedLeft(), operand(1),
                        product.getTransposedRight(), product.getInner(), size);
      })
      .Case([&](TransposeOp swap) {
        return transpose(operand(0), shapeOf(swap.getOperand())[0]);
      })
      .Case([&](StepTransposeOp swap) {
        return transpose(operand(0), swap.getRows());
      })
      .Case([&](AffineOp affine) {
        Doubles result(size, 0);
        if (affine.getStart())
          llvm::copy(valueOf(affine.getStart(), step, row), result.begin());
        for (auto [weight, input, transposed] :
             llvm::zip(affine.getWeights(), affine.getInputs(),
                       affine.getTransposed()))
          addProduct(valueOf(weight, step, row), valueOf(input, step, row),
                     transposed, roundsFactors(affine), result);
        return result;
      })
      .Case([&](SplatOp) { return Doubles(size, operand(0)[0]); })
      .Case([&](ReduceSumOp) {
        double sum = 0;
        for (double x : operand(0))
          sum += x;
        return Doubles{sum};
      })
      .Case([&](ReduceMaxOp) {
        View x = operand(0);
        double largest = x[0];
        for (double element : x)
          largest = maximum(largest, element);
        return Doubles{largest};
      })
      .Case([&](ConcatOp concat) {
        Doubles result;
        for (Value piece : concat.getOperands())
          llvm::append_range(result, valueOf(piece, step, row));
        return result;
      })
      .Case([&](SliceOp slice) {
        View whole = operand(0);
        ArrayRef<int64_t> offsets = slice.getOffsets();
        ArrayRef<int64_t> from = shapeOf(slice.getOperand());
        ArrayRef<int64_t> shape = shapeOf(slice.getResult());
        if (shape.size() == 1)
          return Doubles(whole.begin() + offsets[0],
                         whole.begin() + offsets[0] + shape[0]);
        Doubles result;
        for (int64_t o = 0; o < shape[0]; ++o)
          for (int64_t i = 0; i < shape[1]; ++i)
            result.push_back(
                whole[(offsets[0] + o) * from[1] + offsets[1] + i]);
        return result;
      })
      .Default([&](Operation *unknown) {
        unknown->emitError("internal: the interpreter does not know '")
            << unknown->getName() << "'";
        return Doubles(size, unwritten);
      });
}
