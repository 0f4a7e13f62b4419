//===- LookupReaders.cpp - where the rows of a lookup go ------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
//   lookup @e, @W[@i]       run .. {x = @e}       run backward .. {grad.x = @g}
//   reverse @r, @e          run .. {x = @r}       run backward .. {grad.x = @q}
//                                                 reverse @p, @q
//                                                 sum @s, [@g, @p]
//                                                 scatter @W[@i], @s
//
//===----------------------------------------------------------------------===//

#include "dialect/LookupReaders.h"
#include "llvm/ADT/STLExtras.h"

using namespace mlir;
using namespace rnn;

/// The ops of a model that read a tensor.
static SmallVector<Operation *> readersOf(ModelOp model, StringRef tensor) {
  SmallVector<Operation *> readers;
  for (Operation &op : model.getBody().front())
    if (llvm::is_contained(accessOf(&op).reads, tensor))
      readers.push_back(&op);
  return readers;
}

/// The one name to which a run binds a tensor; empty if there are several.
static StringRef nameOf(RunOp run, StringRef tensor) {
  StringRef name;
  for (NamedAttribute entry : run.getBind()) {
    if (cast<FlatSymbolRefAttr>(entry.getValue()).getValue() != tensor)
      continue;
    if (!name.empty())
      return {};
    name = entry.getName();
  }
  return name;
}

LookupReaders::LookupReaders(ModelOp model, LookupOp lookup) {
  vectors.insert({lookup.getResult(), false});
  followVectors(model);
  if (areAll)
    followGradients(model, lookup);
}

void LookupReaders::followVectors(ModelOp model) {
  for (size_t i = 0; i < vectors.size(); ++i) {
    auto [tensor, isReversed] = vectors.begin()[i];
    areAll &= model.tensor(tensor).getRole() == Role::value &&
              !model.tensor(tensor).getPerSequence();
    for (Operation *op : readersOf(model, tensor)) {
      if (auto reverse = dyn_cast<ReverseOp>(op)) {
        vectors.insert({reverse.getResult(), !isReversed});
        continue;
      }
      auto run = dyn_cast<RunOp>(op);
      StringRef input = run ? nameOf(run, tensor) : StringRef();
      TensorOp read = input.empty() ? TensorOp() : run.callee().tensor(input);
      areAll &= read && read.getRole() == Role::input && !run.getOnce();
      if (!areAll)
        return;
      StringRef gradient = run.bound(("grad." + input).str());
      if (!run.getBackward())
        inputs.push_back({run.callee(), input});
      else if (!gradient.empty())
        gradients.insert(gradient);
    }
  }
}

void LookupReaders::followGradients(ModelOp model, LookupOp lookup) {
  SmallVector<SumOp> sums;
  for (size_t i = 0; i < gradients.size(); ++i) {
    StringRef tensor = gradients[i];
    areAll &= model.tensor(tensor).getRole() == Role::value;
    for (Operation *op : readersOf(model, tensor)) {
      if (auto scatter = dyn_cast<ScatterOp>(op)) {
        areAll &= scatter.getTable() == lookup.getTable() &&
                  scatter.getIndices() == lookup.getIndices();
        continue;
      }
      areAll &= isa<ReverseOp, SumOp>(op);
      if (!areAll)
        return;
      if (auto sum = dyn_cast<SumOp>(op))
        sums.push_back(sum);
      gradients.insert(accessOf(op).writes.front());
    }
  }
  for (SumOp sum : sums)
    for (Attribute operand : sum.getOperands())
      areAll &= gradients.contains(cast<FlatSymbolRefAttr>(operand).getValue());
}
