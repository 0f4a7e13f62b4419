//===- Models.cpp - derive what a model runs backward ---------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
//   rnn.lookup @e, @W[@tokens]              rnn.backward
//   rnn.run @Cell {x = @e, h = @y}    ==>   rnn.run backward @Cell {x = @e,
//                                               grad.h = @grad.y, grad.x = @g}
//                                           rnn.scatter @W[@tokens], @g
//
// The ops of the model from the last to the first, each once. Where several of
// them read a tensor, their shares of its gradient are added up before the op
// that wrote it. Inside of a cell its own backward scan knows what to do; a
// part of the model is told which gradients it neither gets nor has to give.
//
//===----------------------------------------------------------------------===//

#include "compiler/autodiff/Passes.h"
#include "dialect/CellInterface.h"
#include "dialect/ModelOps.h"
#include "mlir/IR/BuiltinOps.h"
#include "llvm/ADT/SetVector.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/ADT/TypeSwitch.h"

namespace rnn {
#define GEN_PASS_DEF_DIFFERENTIATEMODELSPASS
#include "compiler/autodiff/Passes.h.inc"
} // namespace rnn

using namespace mlir;
using namespace rnn;

namespace {
/// Derives the backward ops of one model.
class Backward {
public:
  explicit Backward(ModelOp model)
      : model(model), b(OpBuilder::atBlockEnd(&model.getBody().front())) {}
  void run();

private:
  void findVarying();
  TensorOp declareLike(StringRef of, Twine name, Role role, bool belongs);
  std::string newGradient(StringRef of);
  std::string gradientOf(StringRef name);
  void pull(RunOp run);
  void pull(Operation *op);
  void tellPart(RunOp run, DictionaryAttr bound);
  FlatSymbolRefAttr symbol(StringRef name) {
    return FlatSymbolRefAttr::get(model.getContext(), name);
  }

  ModelOp model;
  OpBuilder b;
  /// Tensors that depend on what has a gradient.
  llvm::StringSet<> varying;
  /// The shares of each tensor's gradient so far.
  llvm::StringMap<SmallVector<std::string, 2>> shares;
  llvm::StringMap<std::string> drawn; ///< tensors of draws, made again
  int64_t tapes = 0;
};
} // namespace

void Backward::findVarying() {
  for (auto tensor : model.getBody().getOps<TensorOp>()) {
    bool isNumber = !tensor.tensorType().getElementType().isInteger();
    if (tensor.getRole() == Role::input && isNumber)
      varying.insert(tensor.getSymName());
  }
  for (Operation &op : model.getBody().front()) {
    ModelAccess access = accessOf(&op);
    // Runs have states at least, parameters or inputs that vary.
    bool varies = isa<LookupOp>(op);
    if (auto run = dyn_cast<RunOp>(op))
      varies = !interfaceOf(run.callee()).params.empty();
    for (StringRef name : access.reads)
      varies |=
          varying.contains(name) ||
          (model.tensor(name) && model.tensor(name).getRole() == Role::state);
    if (varies)
      for (StringRef name : access.writes)
        varying.insert(name);
  }
}

TensorOp Backward::declareLike(StringRef of, Twine name, Role role,
                               bool belongs) {
  TensorOp tensor = model.tensor(of);
  OpBuilder declare(model.getContext());
  declare.setInsertionPointAfter(tensor);
  auto declared = TensorOp::create(
      declare, tensor.getLoc(), name.str(), role, tensor.getType(),
      belongs ? tensor.getSymNameAttr() : StringAttr());
  declared.setPerSequence(tensor.getPerSequence());
  return declared;
}

/// A tensor for a share of the gradient of another.
std::string Backward::newGradient(StringRef of) {
  std::string name = ("grad." + of + "$").str();
  for (unsigned i = 1; model.tensor(name); ++i)
    name = ("grad." + of + "$" + Twine(i)).str();
  declareLike(of, name, Role::value, false);
  return name;
}

/// The tensor with the whole gradient of another, or "" if nothing reads it.
std::string Backward::gradientOf(StringRef name) {
  auto &list = shares[name];
  if (list.size() < 2)
    return list.empty() ? "" : list[0];
  std::string sum = newGradient(name);
  SmallVector<Attribute> operands;
  for (const std::string &share : list)
    operands.push_back(symbol(share));
  SumOp::create(b, model.getLoc(), sum, b.getArrayAttr(operands));
  return sum;
}

/// The inputs of a part on which those of its outputs depend that have a
/// gradient in `bind`, as far as gradients go.
static llvm::StringSet<> dependencies(CellOp part, const NamedAttrList &bind) {
  llvm::StringSet<> inputs;
  llvm::SetVector<Operation *> ops;
  auto reach = [&](Value value) {
    if (Operation *op = value.getDefiningOp(); !isa<StopGradientOp>(op))
      ops.insert(op);
  };
  for (auto write : part.scan(/*backward=*/false).getBody().getOps<WriteOp>())
    if (write.declaration().getRole() == Role::state ||
        bind.get(("grad." + write.getTensor()).str()))
      reach(write.getValue());
  for (unsigned i = 0; i < ops.size(); ++i) {
    if (auto read = dyn_cast<ReadOp>(ops[i]))
      inputs.insert(read.getTensor());
    llvm::for_each(ops[i]->getOperands(), reach);
  }
  return inputs;
}

/// Marks in a part of the model what has no gradient: outputs that nothing
/// reads that is differentiated, inputs that have or need none.
void Backward::tellPart(RunOp run, DictionaryAttr bound) {
  CellOp part = run.callee();
  auto isAnotherRun = [&](RunOp other) {
    return other != run && !other.getBackward() &&
           other.getCell() == run.getCell();
  };
  if (!part.getPart() ||
      llvm::any_of(model.getBody().getOps<RunOp>(), isAnotherRun))
    return;
  for (const CellArray &array : interfaceOf(part).arrays)
    if ((array.role == ArrayRole::GradOutput ||
         array.role == ArrayRole::GradInput) &&
        !bound.contains(array.name))
      TensorOp(array.tensor).setNoGradient(true);
}

void Backward::pull(RunOp run) {
  CellInterface face = interfaceOf(run.callee());
  NamedAttrList bind;
  SmallVector<std::pair<std::string, std::string>> given;
  bool hasSeed = false;
  for (const CellArray &array : face.arrays) {
    TensorOp own = array.tensor;
    if (array.role == ArrayRole::GradOutput) {
      StringRef bound = run.bound(own.getSymName());
      std::string gradient = bound.empty() ? "" : gradientOf(bound);
      if (!gradient.empty()) {
        bind.set(array.name, symbol(gradient));
        hasSeed = true;
      }
    } else if (array.role == ArrayRole::GradFinal) {
      StringRef bound =
          run.bound(StringRef(array.name).drop_front(strlen("grad.")));
      if (bound.empty())
        continue;
      bool isState = model.tensor(bound).getRole() == Role::state;
      std::string gradient = isState ? bound.str() : gradientOf(bound);
      if (!gradient.empty()) {
        bind.set(array.name, symbol(gradient));
        hasSeed = true;
      }
    }
  }
  if (!hasSeed)
    return;
  llvm::StringSet<> needed = dependencies(run.callee(), bind);
  for (const CellArray &array : face.arrays) {
    StringRef name = array.name;
    if (array.role == ArrayRole::Input || array.role == ArrayRole::Initial) {
      StringRef bound = run.bound(name);
      if (bound.empty())
        continue;
      auto again = drawn.find(bound);
      bind.set(name,
               symbol(again == drawn.end() ? bound : StringRef(again->second)));
    }
    if (array.role != ArrayRole::GradInput &&
        array.role != ArrayRole::GradInitial)
      continue;
    StringRef bound = run.bound(name.drop_front(strlen("grad.")));
    if (bound.empty())
      continue;
    if (model.tensor(bound).getRole() == Role::state) {
      bind.set(name, symbol(bound));
    } else if (varying.contains(bound) &&
               (array.role == ArrayRole::GradInitial ||
                needed.contains(TensorOp(array.tensor).getSymName()))) {
      std::string share = newGradient(bound);
      bind.set(name, symbol(share));
      shares[bound].push_back(share);
    }
  }
  for (TensorOp param : face.params)
    bind.set(param.getSymName(), symbol(run.bound(param.getSymName())));
  auto number = b.getI64IntegerAttr(tapes++);
  run.setTapeAttr(number);
  auto backward =
      RunOp::create(b, run.getLoc(), run.getCell(), /*backward=*/true,
                    run.getOnce(), bind.getDictionary(model.getContext()));
  backward.setTapeAttr(number);
  tellPart(run, backward.getBind());
}

void Backward::pull(Operation *op) {
  llvm::TypeSwitch<Operation *>(op)
      .Case([&](RunOp run) { pull(run); })
      .Case([&](LookupOp lookup) {
        std::string rows = gradientOf(lookup.getResult());
        if (!rows.empty())
          ScatterOp::create(b, op->getLoc(), lookup.getTable(),
                            lookup.getIndices(), rows);
      })
      .Case([&](ReverseOp reverse) {
        std::string gradient = gradientOf(reverse.getResult());
        if (gradient.empty() || !varying.contains(reverse.getOperand()))
          return;
        std::string share = newGradient(reverse.getOperand());
        ReverseOp::create(b, op->getLoc(), share, gradient);
        shares[reverse.getOperand()].push_back(share);
      })
      .Case([&](SumOp sum) {
        bool isState = model.tensor(sum.getResult()).getRole() == Role::state;
        std::string gradient =
            isState ? sum.getResult().str() : gradientOf(sum.getResult());
        for (Attribute operand : sum.getOperands())
          if (!gradient.empty())
            shares[cast<FlatSymbolRefAttr>(operand).getValue()].push_back(
                gradient);
      });
}

void Backward::run() {
  findVarying();
  SmallVector<Operation *> forward;
  SmallVector<TensorOp> tensors(model.getBody().getOps<TensorOp>());
  for (Operation &op : model.getBody().front())
    if (!isa<TensorOp>(op))
      forward.push_back(&op);
  BackwardOp::create(b, model.getLoc());
  for (TensorOp tensor : tensors)
    if (tensor.getRole() == Role::loss ||
        llvm::is_contained(model.getOutputs(), symbol(tensor.getSymName()))) {
      std::string name = ("grad." + tensor.getSymName()).str();
      declareLike(tensor.getSymName(), name, Role::output_gradient, true);
      shares[tensor.getSymName()].push_back(name);
    }
  // What was left out is drawn again rather than kept.
  for (Operation *op : forward)
    if (auto draw = dyn_cast<DrawOp>(op)) {
      std::string again = newGradient(draw.getResult());
      drawn[draw.getResult()] = again;
      DrawOp::create(b, op->getLoc(), again, draw.getRate(), draw.getStream());
    }
  for (Operation *op : llvm::reverse(forward))
    pull(op);
  for (TensorOp tensor : tensors) {
    bool isNumber = !tensor.tensorType().getElementType().isInteger();
    if (tensor.getRole() != Role::input || !isNumber)
      continue;
    std::string name = ("grad." + tensor.getSymName()).str();
    declareLike(tensor.getSymName(), name, Role::input_gradient, true);
    SmallVector<Attribute> operands;
    for (const std::string &share : shares[tensor.getSymName()])
      operands.push_back(symbol(share));
    SumOp::create(b, tensor.getLoc(), name, b.getArrayAttr(operands));
  }
}

namespace {
struct DifferentiateModelsPass
    : rnn::impl::DifferentiateModelsPassBase<DifferentiateModelsPass> {
  void runOnOperation() override {
    for (auto model : getOperation().getOps<ModelOp>())
      if (!model.backward())
        Backward(model).run();
  }
};
} // namespace
