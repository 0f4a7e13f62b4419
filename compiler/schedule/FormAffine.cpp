//===- FormAffine.cpp - gather products that are added up -----------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
//   addf (addf (matvec %w, %x), (matvec %u, %h)), %b
//     ==>
//   %p = affine start %b terms (%w) (%x)      depends on no earlier step
//   %g = affine start %p terms (%u) (%h)
//
// Without the split the product with %x would have to wait for %h; with it, the
// product runs for all steps at once, before the loop.
//
//===----------------------------------------------------------------------===//

#include "compiler/schedule/Passes.h"
#include "compiler/schedule/Schedule.h"

namespace rnn {
#define GEN_PASS_DEF_FORMAFFINEPASS
#include "compiler/schedule/Passes.h.inc"
} // namespace rnn

using namespace mlir;
using namespace rnn;

/// True if the value depends on a read of which `is` is true.
static bool anyRead(Value value, llvm::function_ref<bool(ReadOp)> is) {
  // Depth first, each value once.
  SmallVector<Value> open = {value};
  llvm::DenseSet<Value> seen;
  while (!open.empty()) {
    Value next = open.pop_back_val();
    if (!seen.insert(next).second)
      continue;
    Operation *op = next.getDefiningOp();
    if (auto read = dyn_cast<ReadOp>(op); read && is(read))
      return true;
    llvm::append_range(open, op->getOperands());
  }
  return false;
}

bool rnn::isLooped(Value value) {
  return anyRead(value, [](ReadOp read) {
    Role role = read.declaration().getRole();
    bool backward = read->getParentOfType<ScanOp>().getBackward();
    return role == Role::carry || (role == Role::state && !backward);
  });
}

/// The leaves of a tree of additions: products used nowhere else, and the rest.
struct Leaves {
  SmallVector<MatvecOp> products;
  SmallVector<Value> others;
};

static void collectLeaves(Value value, bool isRoot, Leaves &leaves) {
  Operation *op = value.getDefiningOp();
  bool ours = isRoot || value.hasOneUse();
  if (auto add = dyn_cast<arith::AddFOp>(op); add && ours) {
    collectLeaves(add.getLhs(), false, leaves);
    collectLeaves(add.getRhs(), false, leaves);
  } else if (auto product = dyn_cast<MatvecOp>(op); product && ours) {
    leaves.products.push_back(product);
  } else {
    leaves.others.push_back(value);
  }
}

/// True if the only user of `op` is an addition, which will gather it.
static bool isGatheredByUser(Operation *op) {
  return op->hasOneUse() && isa<arith::AddFOp>(*op->user_begin());
}

/// start + sum of the products.
static Value makeAffine(OpBuilder &b, Location loc, Value start,
                        ArrayRef<MatvecOp> products) {
  SmallVector<Value> weights, inputs;
  SmallVector<bool> transposed;
  for (MatvecOp product : products) {
    weights.push_back(product.getWeight());
    inputs.push_back(product.getInput());
    transposed.push_back(product.getTransposed());
  }
  return AffineOp::create(b, loc, MatvecOp(products.front()).getType(), start,
                          weights, inputs, transposed);
}

/// A value that an affine can start from: a parameter. Others are added to what
/// it gives, which costs an addition but no second form of start.
static bool canStart(Value value) {
  auto read = value.getDefiningOp<ReadOp>();
  return read && isParameter(read.declaration().getRole());
}

/// True if a product waits for the loop: it depends on it, or the schedule does
/// not hoist one of the inputs that it depends on.
static bool isInLoop(Value value, const std::set<StringRef> &hoisted) {
  if (isLooped(value))
    return true;
  return anyRead(value, [&](ReadOp read) {
    return read.declaration().getRole() == Role::input &&
           !hoisted.count(read.getTensor());
  });
}

static void formAffine(Operation *root, const std::set<StringRef> &hoisted) {
  Leaves leaves;
  collectLeaves(root->getResult(0), true, leaves);
  if (leaves.products.empty())
    return;
  OpBuilder b(root);
  Location loc = root->getLoc();
  SmallVector<MatvecOp> still, looped;
  for (MatvecOp product : leaves.products)
    (isInLoop(product.getInput(), hoisted) ? looped : still).push_back(product);
  // What no product in the loop can take in stays outside of it.
  if (llvm::none_of(looped,
                    [](MatvecOp op) { return isLooped(op.getInput()); }))
    still.append(std::exchange(looped, {}));
  SmallVector<Value> stillOthers, loopedOthers;
  for (Value other : leaves.others)
    (isLooped(other) ? loopedOthers : stillOthers).push_back(other);

  Value start;
  auto first = llvm::find_if(stillOthers, canStart);
  if (first != stillOthers.end()) {
    start = *first;
    stillOthers.erase(first);
  }
  auto addAll = [&](Value sum, ArrayRef<Value> values) {
    for (Value value : values)
      sum = arith::AddFOp::create(b, loc, sum, value);
    return sum;
  };
  Value sum = start;
  if (!still.empty()) {
    sum = addAll(makeAffine(b, loc, sum, still), stillOthers);
    stillOthers.clear();
  }
  if (!looped.empty())
    sum = makeAffine(b, loc, sum, looped);
  sum = addAll(addAll(sum, stillOthers), loopedOthers);
  root->getResult(0).replaceAllUsesWith(sum);
}

/// Erases ops without uses, users first.
static void eraseDead(Block &block) {
  for (Operation &op : llvm::make_early_inc_range(llvm::reverse(block)))
    if (isOpTriviallyDead(&op))
      op.erase();
}

namespace {
struct FormAffinePass : rnn::impl::FormAffinePassBase<FormAffinePass> {
  void runOnOperation() override {
    const std::set<StringRef> hoisted = hoistedInputs(getOperation());
    for (auto scan : getOperation().getBody().getOps<ScanOp>()) {
      Block &body = scan.getBody().front();
      SmallVector<Operation *> roots;
      for (Operation &op : body)
        if (isa<arith::AddFOp, MatvecOp>(op) && !isGatheredByUser(&op))
          roots.push_back(&op);
      for (Operation *root : roots)
        formAffine(root, hoisted);
      eraseDead(body);
    }
  }
};
} // namespace
