//===- TrimParts.cpp - what no op of a model reads ------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
//   p = softmax(dense(x, V))                   the part gives p and its logits
//   loss categorical_crossentropy(p, y)   ==>  .. reads the logits alone:
//                                              p is neither given nor computed
//
// From the last op to the first: a part loses the inputs that it does not read
// and the outputs that nobody else reads, with all that only they needed. What
// gives nothing else goes as a whole.
//
//===----------------------------------------------------------------------===//

#include "compiler/autodiff/Passes.h"
#include "dialect/ModelOps.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/ADT/StringSet.h"

namespace rnn {
#define GEN_PASS_DEF_TRIMPARTSPASS
#include "compiler/autodiff/Passes.h.inc"
} // namespace rnn

using namespace mlir;
using namespace rnn;

/// True if an op of the model, or its caller, reads the tensor.
static bool isRead(ModelOp model, StringRef name) {
  return model.tensor(name).getRole() != Role::value ||
         llvm::any_of(model.getBody().front(), [&](Operation &op) {
           return llvm::is_contained(accessOf(&op).reads, name);
         });
}

static void unbind(RunOp run, StringRef name) {
  NamedAttrList bind(run.getBind());
  bind.erase(name);
  run.setBindAttr(bind.getDictionary(run.getContext()));
}

/// Takes away the outputs of a part, states apart, that nobody reads.
static void trimOutputs(ModelOp model, RunOp run, CellOp part) {
  SmallVector<Attribute> kept;
  SmallVector<TensorOp> unread;
  for (Attribute output : part.getOutputs()) {
    StringRef name = cast<FlatSymbolRefAttr>(output).getValue();
    StringRef bound = run.bound(name);
    if (part.tensor(name).getRole() == Role::output &&
        (bound.empty() || !isRead(model, bound)))
      unread.push_back(part.tensor(name));
    else
      kept.push_back(output);
  }
  part.setOutputsAttr(ArrayAttr::get(part.getContext(), kept));
  Block &body = part.scan(/*backward=*/false).getBody().front();
  for (TensorOp tensor : unread) {
    StringRef name = tensor.getSymName();
    for (auto write : llvm::make_early_inc_range(body.getOps<WriteOp>()))
      if (write.getTensor() == name)
        write.erase();
    if (StringRef bound = run.bound(name); !bound.empty())
      model.tensor(bound).erase();
    unbind(run, name);
    tensor.erase();
  }
}

/// Takes away what nothing needs, and inputs that are not read then.
static void trimInputs(RunOp run, CellOp part) {
  Block &body = part.scan(/*backward=*/false).getBody().front();
  for (Operation &op : llvm::make_early_inc_range(llvm::reverse(body)))
    if (isOpTriviallyDead(&op))
      op.erase();
  llvm::StringSet<> read;
  part.walk([&](ReadOp op) { read.insert(op.getTensor()); });
  for (auto tensor :
       llvm::make_early_inc_range(part.getBody().getOps<TensorOp>()))
    if (tensor.getRole() == Role::input &&
        !read.contains(tensor.getSymName())) {
      unbind(run, tensor.getSymName());
      tensor.erase();
    }
}

/// True if nothing comes of an op, or what nobody reads.
static bool isUseless(ModelOp model, Operation *op) {
  return llvm::none_of(accessOf(op).writes,
                       [&](StringRef name) { return isRead(model, name); });
}

namespace {
struct TrimPartsPass : rnn::impl::TrimPartsPassBase<TrimPartsPass> {
  void runOnOperation() override {
    llvm::StringMap<unsigned> runs;
    getOperation().walk([&](RunOp run) { ++runs[run.getCell()]; });
    for (auto model : getOperation().getOps<ModelOp>()) {
      if (model.backward())
        continue;
      SmallVector<Operation *> ops;
      for (Operation &op : model.getBody().front())
        if (!isa<TensorOp>(op))
          ops.push_back(&op);
      for (Operation *op : llvm::reverse(ops)) {
        auto run = dyn_cast<RunOp>(op);
        CellOp part = run ? run.callee() : CellOp();
        if (run && (!part.getPart() || runs[run.getCell()] > 1))
          continue;
        if (isUseless(model, op)) {
          for (StringRef name : accessOf(op).writes)
            model.tensor(name).erase();
          op->erase();
          if (part)
            part.erase();
        } else if (run) {
          trimOutputs(model, run, part);
          trimInputs(run, part);
        }
      }
    }
  }
};
} // namespace
