//===- AdjointStages.cpp - chain the adjoints of stages -------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
//   forward                              backward
//     %s = stage { affine W, h[1] }        %ds = stage { pullback f (%ds of %h)
//     } %h = stage { f(%s); write @h }       stage { adjoint affine W, %ds;
//                                                  write @carry.h.1 }
//                                          after: accumulate @W, %ds outer h[1]
//
// Where a schedule says `recompute gates`, results of forward stages are not
// read from a tape: the stages themselves stand once more before the loop.
//
// Stages are taken from the last to the first. What the loop needs (gradients
// of states, and of values made in the loop) is computed in it; gradients of
// inputs, of what ran before the loop, and of parameters come after it, for all
// steps at once.
//
//===----------------------------------------------------------------------===//

#include "compiler/autodiff/Declarations.h"
#include "compiler/autodiff/Passes.h"
#include "compiler/autodiff/Setup.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/IRMapping.h"

namespace rnn {
#define GEN_PASS_DEF_ADJOINTSTAGESPASS
#include "compiler/autodiff/Passes.h.inc"
} // namespace rnn

using namespace mlir;
using namespace rnn;

namespace {
/// What is computed from, in a forward stage: another stage's value, or a read.
struct Input {
  Value value; ///< as the first op of the stage names it
  bool isParam = false;
  std::string tensor; ///< of a read; empty for a stage's value
  int64_t delay = 0;

  bool operator==(const Input &other) const {
    return tensor.empty() ? value == other.value
                          : tensor == other.tensor && delay == other.delay;
  }
};

/// A value of a forward stage that the loss depends on from outside of it.
struct Seeded {
  Value value;
  Value gradient; ///< once it is a value of the backward scan
};

class AdjointStages {
public:
  explicit AdjointStages(CellOp cell)
      : cell(cell), forward(cell.scan(false)), b(cell.getContext()),
        loc(cell.getLoc()) {}
  void run();

private:
  using Shares = SmallVector<Value>;
  using Body = llvm::function_ref<SmallVector<Value>(OpBuilder &)>;

  StageOp makeStage(Phase phase, int64_t units, Body body);
  static Phase backwardPhase(StageOp stage);
  FlatSymbolRefAttr symbol(StringRef name) {
    return FlatSymbolRefAttr::get(b.getContext(), name);
  }
  Input inputOf(Value value);
  bool isNeededInLoop(StageOp stage, const Input &input);
  Phase phaseOfGradient(StageOp stage, const Input &input);
  Value primal(const Input &input, OpBuilder &inner);
  TensorOp tapeOf(Value value);
  void repeat(ArrayRef<StageOp> stages);
  void give(const Input &input, Value share);
  Value sum(OpBuilder &inner, Type type, ArrayRef<Value> shares);
  Value gradientOf(StageOp stage, Value result);
  void pullProducts(StageOp stage);
  void giveWhole(Value vector, Value gradient);
  void pullStepProduct(StageOp stage, Operation *product);
  void pullElementwise(StageOp stage);
  Value seedOf(StageOp stage, const Seeded &seeded, OpBuilder &inner);
  bool hasSeed(StageOp stage, Value value);
  void writeCarries();
  void writeInputGradients();
  void order();
  void dropUnused();

  CellOp cell;
  ScanOp forward, backward;
  OpBuilder b;
  Location loc;
  UnitAttr adjoint = b.getUnitAttr();
  Carries carries;
  llvm::DenseMap<Value, Shares> shares; ///< of results of forward stages
  std::map<std::pair<std::string, int64_t>, Shares> stateShares;
  llvm::StringMap<Shares> inputShares;
  llvm::DenseMap<Value, TensorOp> tapes;
  IRMapping repeated; ///< results of forward stages that are computed again
};
} // namespace

//===----------------------------------------------------------------------===//
// Pieces
//===----------------------------------------------------------------------===//

/// The product or transpose of matrices of a step that the stage consists of,
/// or null.
static Operation *stepProduct(StageOp stage) {
  for (Operation &op : stage.getBody().front())
    if (isa<StepMatmulOp, StepTransposeOp>(op))
      return &op;
  return nullptr;
}

static int64_t unitsOf(Value value) {
  return cast<RankedTensorType>(value.getType()).getNumElements();
}

/// Appends a stage to the backward scan; `body` gives what it yields.
StageOp AdjointStages::makeStage(Phase phase, int64_t units, Body body) {
  // The types of results are known when the body is made.
  auto draft = StageOp::create(b, loc, TypeRange(), phase, uint64_t(units));
  OpBuilder inner = OpBuilder::atBlockEnd(&draft.getBody().emplaceBlock());
  SmallVector<Value> yields = body(inner);
  YieldOp::create(inner, loc, yields);
  auto stage = StageOp::create(b, loc, ValueRange(yields).getTypes(), phase,
                               uint64_t(units));
  stage.getBody().takeBody(draft.getBody());
  draft.erase();
  return stage;
}

Phase AdjointStages::backwardPhase(StageOp stage) {
  switch (stage.getPhase()) {
  case Phase::before:
    return Phase::after;
  case Phase::step:
    return Phase::step;
  case Phase::after:
    return Phase::before;
  }
  llvm_unreachable("all phases are above");
}

Input AdjointStages::inputOf(Value value) {
  Input input;
  input.value = value;
  if (auto read = value.getDefiningOp<ReadOp>()) {
    input.tensor = read.getTensor().str();
    input.delay = read.getDelay();
    input.isParam = isParameter(read.declaration().getRole());
  }
  return input;
}

/// True if the loop cannot go on without the gradient of that input.
bool AdjointStages::isNeededInLoop(StageOp stage, const Input &input) {
  if (stage.getPhase() != Phase::step)
    return false;
  if (auto made = input.value.getDefiningOp<StageOp>())
    return made.getPhase() == Phase::step;
  return input.delay > 0;
}

/// When the gradient of that input is computed.
Phase AdjointStages::phaseOfGradient(StageOp stage, const Input &input) {
  if (isNeededInLoop(stage, input))
    return Phase::step;
  return stage.getPhase() == Phase::after && !input.isParam ? Phase::before
                                                            : Phase::after;
}

/// What a stage yields as that result.
static Value yielded(Value result) {
  auto stage = result.getDefiningOp<StageOp>();
  return stage.getBody().front().getTerminator()->getOperand(
      cast<OpResult>(result).getResultNumber());
}

/// The state that a stage's result becomes, or null.
static TensorOp stateOf(Value result) {
  auto stage = result.getDefiningOp<StageOp>();
  for (auto write : stage.getBody().getOps<WriteOp>())
    if (write.getValue() == yielded(result) &&
        write.declaration().getRole() == Role::state)
      return write.declaration();
  return {};
}

/// The tensor that holds a stage's result for the backward scan.
TensorOp AdjointStages::tapeOf(Value value) {
  TensorOp &tape = tapes[value];
  if (!tape)
    tape = stateOf(value);
  if (tape)
    return tape;
  auto stage = value.getDefiningOp<StageOp>();
  OpBuilder outside(forward);
  std::string name = "tape." + std::to_string(tapes.size() - 1);
  tape = declareTape(outside, value, name);
  OpBuilder inside(stage.getBody().front().getTerminator());
  WriteOp::create(inside, value.getLoc(), name, yielded(value));
  return tape;
}

/// Repeats the forward stages before the loop of the backward scan, but for
/// what they write. All states are known there, and read.
void AdjointStages::repeat(ArrayRef<StageOp> stages) {
  for (StageOp stage : stages) {
    auto copy = cast<StageOp>(b.clone(*stage, repeated));
    copy.setPhase(Phase::before);
    for (Value result : stage.getResults())
      if (stateOf(result))
        repeated.erase(result);
    OpBuilder inner = OpBuilder::atBlockBegin(&copy.getBody().front());
    for (Operation &op : llvm::make_early_inc_range(copy.getBody().front())) {
      for (OpOperand &operand : op.getOpOperands())
        if (operand.get().getDefiningOp<StageOp>() && stateOf(operand.get()))
          operand.set(primal(inputOf(operand.get()), inner));
      if (isa<WriteOp>(op))
        op.erase();
    }
  }
}

/// An input of a forward stage, in the backward scan.
Value AdjointStages::primal(const Input &input, OpBuilder &inner) {
  std::string tensor = input.tensor;
  if (tensor.empty() && repeated.contains(input.value) && !stateOf(input.value))
    return repeated.lookup(input.value);
  if (tensor.empty())
    tensor = tapeOf(input.value).getSymName().str();
  return ReadOp::create(inner, loc, input.value.getType(), tensor, input.delay);
}

void AdjointStages::give(const Input &input, Value share) {
  if (input.tensor.empty())
    shares[input.value].push_back(share);
  else if (input.delay)
    stateShares[{input.tensor, input.delay}].push_back(share);
  else
    inputShares[input.tensor].push_back(share);
}

/// The sum of the shares; zeros if there are none.
Value AdjointStages::sum(OpBuilder &inner, Type type, ArrayRef<Value> values) {
  if (values.empty()) {
    auto tensor = cast<RankedTensorType>(type);
    Attribute zero = inner.getFloatAttr(tensor.getElementType(), 0);
    return arith::ConstantOp::create(inner, loc,
                                     DenseElementsAttr::get(tensor, zero));
  }
  Value total = values.front();
  for (Value value : values.drop_front())
    total = arith::AddFOp::create(inner, loc, total, value);
  return total;
}

/// The gradient of a result as one value, or null if the loss does not depend
/// on it.
Value AdjointStages::gradientOf(StageOp stage, Value result) {
  Shares &all = shares[result];
  if (all.size() > 1) {
    StageOp total = makeStage(
        backwardPhase(stage), stage.getUnits(), [&](OpBuilder &inner) {
          return SmallVector<Value>{sum(inner, result.getType(), all)};
        });
    all = {total.getResult(0)};
  }
  return all.empty() ? Value() : all.front();
}

//===----------------------------------------------------------------------===//
// Products
//===----------------------------------------------------------------------===//

/// Gives a gradient to a vector of a product; a parameter's is added up.
void AdjointStages::giveWhole(Value vector, Value gradient) {
  Input input = inputOf(vector);
  if (!input.isParam)
    return give(input, gradient);
  makeStage(Phase::after, unitsOf(vector), [&](OpBuilder &inner) {
    Value param = primal(input, inner);
    auto pull = PullbackOp::create(inner, loc, TypeRange{vector.getType()},
                                   ValueRange{param}, ValueRange{gradient},
                                   inner.getDenseI64ArrayAttr({0}));
    Block &body = pull.getBody().emplaceBlock();
    Value argument = body.addArgument(vector.getType(), loc);
    OpBuilder inside = OpBuilder::atBlockEnd(&body);
    YieldOp::create(inside, loc, ValueRange{argument});
    AccumulateOp::create(inner, loc, symbol(input.tensor), pull.getResult(0),
                         Value(), DenseI64ArrayAttr(), adjoint);
    return SmallVector<Value>();
  });
}

void AdjointStages::pullProducts(StageOp stage) {
  struct Term {
    Value weight, gradient;
    bool transposed;
  };
  struct Operand {
    Input input;
    SmallVector<Term> terms;
  };
  SmallVector<Operand> operands;
  auto yield = cast<YieldOp>(stage.getBody().front().getTerminator());
  for (auto [value, result] :
       llvm::zip(yield.getOperands(), stage.getResults())) {
    Value gradient = gradientOf(stage, result);
    if (!gradient)
      continue;
    auto affine = value.getDefiningOp<AffineOp>();
    if (affine.getStart())
      giveWhole(affine.getStart(), gradient);
    for (auto [weight, vector, transposed] : llvm::zip(
             affine.getWeights(), affine.getInputs(), affine.getTransposed())) {
      Input input = inputOf(vector);
      auto entry = llvm::find_if(operands, [&](const Operand &operand) {
        return operand.input == input;
      });
      if (entry == operands.end()) {
        operands.push_back({input, {}});
        entry = std::prev(operands.end());
      }
      entry->terms.push_back({weight, gradient, transposed});
    }
  }

  auto copyWeight = [](OpBuilder &inner, Value weight) {
    IRMapping mapping;
    if (auto slice = weight.getDefiningOp<SliceOp>())
      inner.clone(*slice.getOperand().getDefiningOp(), mapping);
    return inner.clone(*weight.getDefiningOp(), mapping)->getResult(0);
  };
  for (const Operand &operand : operands) {
    const Input &input = operand.input;
    {
      StageOp pulled = makeStage(
          phaseOfGradient(stage, input), unitsOf(input.value),
          [&](OpBuilder &inner) {
            SmallVector<Value> weights, gradients;
            SmallVector<bool> transposed;
            for (const Term &term : operand.terms) {
              weights.push_back(copyWeight(inner, term.weight));
              gradients.push_back(term.gradient);
              transposed.push_back(!term.transposed);
            }
            auto affine = AffineOp::create(
                inner, loc, input.value.getType(), Value(), weights, gradients,
                inner.getDenseBoolArrayAttr(transposed), adjoint);
            return SmallVector<Value>{affine.getResult()};
          });
      giveWhole(input.value, pulled.getResult(0));
    }
    for (const Term &term : operand.terms) {
      auto slice = term.weight.getDefiningOp<SliceOp>();
      Value whole = slice ? slice.getOperand() : term.weight;
      auto weight = whole.getDefiningOp<ReadOp>();
      makeStage(Phase::after, unitsOf(term.gradient), [&](OpBuilder &inner) {
        Value from = primal(input, inner), gradient = term.gradient;
        if (term.transposed)
          std::swap(from, gradient);
        AccumulateOp::create(inner, loc, weight.getTensorAttr(), gradient, from,
                             slice ? slice.getOffsetsAttr() : nullptr, adjoint);
        return SmallVector<Value>();
      });
    }
  }
}

/// A product or transpose of matrices of a step is pulled back by itself, to
/// one operand at a time.
void AdjointStages::pullStepProduct(StageOp stage, Operation *product) {
  Value gradient = gradientOf(stage, stage.getResult(0));
  if (!gradient)
    return;
  // A part of a parameter is cut out in the region.
  SmallVector<Input> inputs;
  for (Value operand : product->getOperands()) {
    auto slice = operand.getDefiningOp<SliceOp>();
    inputs.push_back(inputOf(slice ? slice.getOperand() : operand));
  }
  for (auto [index, input] : llvm::enumerate(inputs)) {
    Type type = input.value.getType();
    StageOp pulled = makeStage(
        phaseOfGradient(stage, input), unitsOf(input.value),
        [&](OpBuilder &inner) {
          SmallVector<Value> primals;
          for (const Input &other : inputs)
            primals.push_back(primal(other, inner));
          auto pull =
              PullbackOp::create(inner, loc, type, primals, gradient,
                                 inner.getDenseI64ArrayAttr({int64_t(index)}));
          Block &region = pull.getBody().emplaceBlock();
          OpBuilder inside = OpBuilder::atBlockEnd(&region);
          SmallVector<Value> operands;
          for (auto [operand, value] :
               llvm::zip(product->getOpOperands(), primals)) {
            Value argument = region.addArgument(value.getType(), loc);
            if (auto slice = operand.get().getDefiningOp<SliceOp>())
              argument = SliceOp::create(inside, loc, slice.getType(), argument,
                                         slice.getOffsetsAttr());
            operands.push_back(argument);
          }
          Operation *copy = inside.clone(*product);
          copy->setOperands(operands);
          YieldOp::create(inside, loc, copy->getResults());
          if (!input.isParam)
            return SmallVector<Value>(pull.getResults());
          AccumulateOp::create(inner, loc, symbol(input.tensor),
                               pull.getResult(0), Value(), DenseI64ArrayAttr(),
                               adjoint);
          return SmallVector<Value>();
        });
    if (!input.isParam)
      give(input, pulled.getResult(0));
  }
}

//===----------------------------------------------------------------------===//
// Everything else
//===----------------------------------------------------------------------===//

bool AdjointStages::hasSeed(StageOp stage, Value value) {
  auto yield = cast<YieldOp>(stage.getBody().front().getTerminator());
  for (auto [yielded, result] :
       llvm::zip(yield.getOperands(), stage.getResults()))
    if (yielded == value && !shares[result].empty())
      return true;
  return llvm::any_of(stage.getBody().getOps<WriteOp>(), [&](WriteOp write) {
    return write.getValue() == value &&
           (write.declaration().getRole() == Role::state ||
            cell.tensor(("grad." + write.getTensor()).str()));
  });
}

/// The gradient of a value: shares of later stages, the caller's, and what
/// later steps carry back.
Value AdjointStages::seedOf(StageOp stage, const Seeded &seeded,
                            OpBuilder &inner) {
  if (seeded.gradient)
    return seeded.gradient;
  Type type = seeded.value.getType();
  Shares all;
  auto yield = cast<YieldOp>(stage.getBody().front().getTerminator());
  for (auto [yielded, result] :
       llvm::zip(yield.getOperands(), stage.getResults()))
    if (yielded == seeded.value)
      llvm::append_range(all, shares[result]);
  for (auto write : stage.getBody().getOps<WriteOp>()) {
    TensorOp tensor = write.declaration();
    if (write.getValue() != seeded.value)
      continue;
    std::string gradient = ("grad." + tensor.getSymName()).str();
    if (cell.tensor(gradient))
      all.push_back(ReadOp::create(inner, loc, type, gradient, 0));
    if (tensor.getRole() == Role::state)
      for (int64_t delay = 1; delay <= int64_t(tensor.getDelay()); ++delay) {
        TensorOp carry = carries[{tensor.getSymName().str(), delay}];
        all.push_back(
            ReadOp::create(inner, loc, type, carry.getSymName(), delay));
      }
  }
  return sum(inner, type, all);
}

void AdjointStages::pullElementwise(StageOp stage) {
  Block &body = stage.getBody().front();
  // What has a gradient from outside.
  SmallVector<Seeded> seeded;
  auto addSeeded = [&](Value value) {
    bool known = llvm::any_of(
        seeded, [&](const Seeded &other) { return other.value == value; });
    if (!known && hasSeed(stage, value))
      seeded.push_back({value, Value()});
  };
  for (Value value : body.getTerminator()->getOperands())
    addSeeded(value);
  for (auto write : body.getOps<WriteOp>())
    addSeeded(write.getValue());
  if (seeded.empty())
    return;

  // What it is computed from.
  SmallVector<Input> inputs;
  llvm::DenseMap<Value, unsigned> numberOf;
  auto addInput = [&](Value value) {
    if (numberOf.count(value))
      return;
    Input input = inputOf(value);
    auto known = llvm::find(inputs, input);
    numberOf[value] = known - inputs.begin();
    if (known == inputs.end())
      inputs.push_back(input);
  };
  SmallVector<Operation *> constants; // of the scan
  for (Operation &op : body)
    for (Value operand : op.getOperands()) {
      Operation *def = operand.getDefiningOp();
      bool isOutside = def->getBlock() != &body;
      if (isOutside && def->hasTrait<OpTrait::ConstantLike>())
        constants.push_back(def);
      else if (isOutside || isa<ReadOp>(def))
        addInput(operand);
    }

  // Gradients that are computed together: of one size, at one time.
  struct Group {
    Phase phase;
    int64_t units;
    bool isParam;
    SmallVector<int64_t> wrt;
  };
  SmallVector<Group> groups;
  for (size_t index = 0; index < inputs.size(); ++index) {
    const Input &input = inputs[index];
    Phase phase = phaseOfGradient(stage, input);
    int64_t units = unitsOf(input.value);
    auto group = llvm::find_if(groups, [&](const Group &other) {
      return other.phase == phase && other.units == units && !input.isParam &&
             !other.isParam;
    });
    if (group == groups.end()) {
      groups.push_back({phase, units, input.isParam, {}});
      group = std::prev(groups.end());
    }
    group->wrt.push_back(int64_t(index));
  }

  // A carry is a ring: what comes after the loop needs the sum over steps.
  bool outside = llvm::any_of(
      groups, [](const Group &group) { return group.phase != Phase::step; });
  if (stage.getPhase() == Phase::step && outside) {
    StageOp seeds =
        makeStage(Phase::step, stage.getUnits(), [&](OpBuilder &inner) {
          SmallVector<Value> sums;
          for (const Seeded &each : seeded)
            sums.push_back(seedOf(stage, each, inner));
          return sums;
        });
    for (auto [each, gradient] : llvm::zip(seeded, seeds.getResults()))
      each.gradient = gradient;
  }

  for (const Group &group : groups) {
    StageOp pulled = makeStage(group.phase, group.units, [&](OpBuilder &inner) {
      SmallVector<Value> primals, seeds;
      for (const Input &input : inputs)
        primals.push_back(primal(input, inner));
      for (const Seeded &each : seeded)
        seeds.push_back(seedOf(stage, each, inner));
      SmallVector<Type> types;
      for (int64_t index : group.wrt)
        types.push_back(inputs[index].value.getType());
      auto pull = PullbackOp::create(inner, loc, types, primals, seeds,
                                     inner.getDenseI64ArrayAttr(group.wrt));
      Block &region = pull.getBody().emplaceBlock();
      for (Value value : primals)
        region.addArgument(value.getType(), loc);
      OpBuilder inside = OpBuilder::atBlockEnd(&region);
      IRMapping mapping;
      for (auto [value, number] : numberOf)
        mapping.map(value, region.getArgument(number));
      for (Operation *constant : constants)
        if (!mapping.contains(constant->getResult(0)))
          inside.clone(*constant, mapping);
      for (Operation &op : body)
        if (!isa<ReadOp, WriteOp, YieldOp>(op))
          inside.clone(op, mapping);
      SmallVector<Value> yields;
      for (const Seeded &each : seeded)
        yields.push_back(mapping.lookupOrDefault(each.value));
      YieldOp::create(inside, loc, yields);
      if (!group.isParam)
        return SmallVector<Value>(pull.getResults());
      AccumulateOp::create(inner, loc, symbol(inputs[group.wrt.front()].tensor),
                           pull.getResult(0), Value(), DenseI64ArrayAttr(),
                           adjoint);
      return SmallVector<Value>();
    });
    if (!group.isParam)
      for (auto [index, result] : llvm::zip(group.wrt, pulled.getResults()))
        give(inputs[index], result);
  }
}

//===----------------------------------------------------------------------===//
// Ends
//===----------------------------------------------------------------------===//

/// A lone share is written where it is made.
void AdjointStages::writeCarries() {
  for (auto &[key, carry] : carries) {
    Shares &all = stateShares[key];
    std::string name = carry.getSymName().str();
    auto made =
        all.size() == 1 ? all.front().getDefiningOp<StageOp>() : StageOp();
    if (made && made.getPhase() == Phase::step) {
      auto yield = cast<YieldOp>(made.getBody().front().getTerminator());
      OpBuilder inside(yield);
      WriteOp::create(
          inside, loc, name,
          yield.getOperand(cast<OpResult>(all.front()).getResultNumber()));
      continue;
    }
    TensorOp tensor = carry;
    makeStage(Phase::step, tensor.tensorType().getNumElements(),
              [&](OpBuilder &inner) {
                WriteOp::create(
                    inner, loc, name,
                    sum(inner, vectorOfRows(tensor.tensorType()), all));
                return SmallVector<Value>();
              });
  }
}

void AdjointStages::writeInputGradients() {
  for (auto tensor : llvm::to_vector(cell.getBody().getOps<TensorOp>()))
    if (tensor.getRole() == Role::input_gradient)
      makeStage(Phase::after, tensor.tensorType().getNumElements(),
                [&](OpBuilder &inner) {
                  WriteOp::create(inner, loc, tensor.getSymName(),
                                  sum(inner, vectorOfRows(tensor.tensorType()),
                                      inputShares.lookup(*tensor.getOf())));
                  return SmallVector<Value>();
                });
}

/// Puts the stages in the order of their phases.
void AdjointStages::order() {
  Block &body = backward.getBody().front();
  auto stages = llvm::to_vector(body.getOps<StageOp>());
  for (Phase phase : {Phase::before, Phase::step, Phase::after})
    for (StageOp stage : stages)
      if (stage.getPhase() == phase)
        stage->moveBefore(&body, body.end());
}

/// Leaves out results that nobody needs, and stages that do nothing else.
void AdjointStages::dropUnused() {
  auto stages = llvm::to_vector(backward.getBody().getOps<StageOp>());
  for (StageOp stage : llvm::reverse(stages)) {
    auto yield = cast<YieldOp>(stage.getBody().front().getTerminator());
    SmallVector<Value> yields, kept;
    for (auto [value, result] :
         llvm::zip(yield.getOperands(), stage.getResults()))
      if (!result.use_empty()) {
        yields.push_back(value);
        kept.push_back(result);
      }
    bool works = llvm::any_of(stage.getBody().front(), [](Operation &op) {
      return isa<WriteOp, AccumulateOp>(op);
    });
    if (kept.size() == stage.getNumResults() && (works || !kept.empty()))
      continue;
    if (!works && kept.empty()) {
      stage.erase();
      continue;
    }
    b.setInsertionPoint(stage);
    auto rest = StageOp::create(b, loc, ValueRange(yields).getTypes(),
                                stage.getPhase(), stage.getUnits());
    yield->setOperands(yields);
    rest.getBody().takeBody(stage.getBody());
    for (auto [old, result] : llvm::zip(kept, rest.getResults()))
      old.replaceAllUsesWith(result);
    stage.erase();
  }
}

void AdjointStages::run() {
  carries = declareGradients(cell);
  b.setInsertionPointAfter(forward);
  backward = ScanOp::create(b, loc, /*backward=*/true);
  b.setInsertionPointToStart(&backward.getBody().emplaceBlock());
  auto stages = llvm::to_vector(forward.getBody().getOps<StageOp>());
  if (cell.recomputes())
    repeat(stages);
  for (StageOp stage : llvm::reverse(stages)) {
    if (Operation *product = stepProduct(stage))
      pullStepProduct(stage, product);
    else if (stage.getBody().front().getOps<AffineOp>().empty())
      pullElementwise(stage);
    else
      pullProducts(stage);
  }
  writeCarries();
  writeInputGradients();
  order();
  dropUnused();
}

namespace {
struct AdjointStagesPass : rnn::impl::AdjointStagesPassBase<AdjointStagesPass> {
  void runOnOperation() override {
    CellOp cell = getOperation();
    if (cell.scan(true))
      return;
    AdjointStages(cell).run();
    if (failed(differentiateSetup(cell)))
      signalPassFailure();
  }
};
} // namespace
