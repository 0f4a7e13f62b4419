//===- ModelOps.cpp - verifiers of the ops of models ----------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Every check carries the name of its rule in ModelOps.td. Symbols are looked
// up by the model, which sees all of its ops.
//
//===----------------------------------------------------------------------===//

#include "dialect/ModelOps.h"
#include "dialect/CellInterface.h"
#include "dialect/Rnn.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/Verifier.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace rnn;

TensorOp ModelOp::tensor(StringRef name) {
  return dyn_cast_or_null<TensorOp>(lookupSymbol(name));
}

BackwardOp ModelOp::backward() {
  auto marks = getBody().getOps<BackwardOp>();
  return marks.empty() ? BackwardOp() : *marks.begin();
}

FloatType ModelOp::elementType() {
  for (auto tensor : getBody().getOps<TensorOp>())
    if (auto type = dyn_cast<FloatType>(tensor.tensorType().getElementType()))
      return type;
  return Float32Type::get(getContext());
}

CellOp RunOp::callee() {
  // Cells stand beside the model.
  Operation *outside = getOperation()->getParentOp()->getParentOp();
  return outside ? SymbolTable::lookupNearestSymbolFrom<CellOp>(outside,
                                                                getCellAttr())
                 : CellOp();
}

StringRef RunOp::bound(StringRef name) {
  auto symbol = getBind().getAs<FlatSymbolRefAttr>(name);
  return symbol ? symbol.getValue() : StringRef();
}

//===----------------------------------------------------------------------===//
// What an op reads and writes
//===----------------------------------------------------------------------===//

/// The arrays that a run of that direction writes.
static bool isWritten(ArrayRole role, bool backward) {
  if (backward)
    return role == ArrayRole::GradInput || role == ArrayRole::GradInitial;
  return role == ArrayRole::Final || role == ArrayRole::Output;
}

ModelAccess rnn::accessOf(Operation *op) {
  ModelAccess access;
  llvm::TypeSwitch<Operation *>(op)
      .Case([&](RunOp run) {
        CellInterface face = interfaceOf(run.callee());
        for (const CellArray &array : face.arrays) {
          StringRef name = run.bound(array.name);
          if (name.empty())
            continue;
          if (isWritten(array.role, run.getBackward()))
            access.writes.push_back(name);
          else if (run.getBackward() || array.role < ArrayRole::Final)
            access.reads.push_back(name);
        }
      })
      .Case([&](LookupOp lookup) {
        access.writes.push_back(lookup.getResult());
        access.reads.push_back(lookup.getIndices());
      })
      .Case([&](ScatterOp scatter) {
        access.reads = {scatter.getIndices(), scatter.getRows()};
      })
      .Case([&](ReverseOp reverse) {
        access.writes.push_back(reverse.getResult());
        access.reads.push_back(reverse.getOperand());
      })
      .Case([&](OneHotOp hot) {
        access.writes.push_back(hot.getResult());
        access.reads.push_back(hot.getIndices());
      })
      .Case([&](DrawOp draw) { access.writes.push_back(draw.getResult()); })
      .Case([&](SumOp sum) {
        access.writes.push_back(sum.getResult());
        for (Attribute operand : sum.getOperands())
          access.reads.push_back(cast<FlatSymbolRefAttr>(operand).getValue());
      });
  return access;
}

//===----------------------------------------------------------------------===//
// Rules
//===----------------------------------------------------------------------===//

static LogicalResult verifyRun(RunOp run, ModelOp model) {
  // run-cell
  CellOp cell = run.callee();
  if (cell && failed(mlir::verify(cell)))
    return failure();
  if (!cell || !cell.getPart())
    return run.emitOpError("runs ")
           << run.getCellAttr() << ", which is no part of a model";
  // run-bind
  CellInterface face = interfaceOf(cell);
  for (NamedAttribute entry : run.getBind()) {
    auto symbol = dyn_cast<FlatSymbolRefAttr>(entry.getValue());
    TensorOp tensor = symbol ? model.tensor(symbol.getValue()) : TensorOp();
    if (!tensor)
      return run.emitOpError("binds ")
             << entry.getName() << " to " << entry.getValue()
             << ", which is not declared";
    TensorOp own;
    for (TensorOp param : face.params)
      if (param.getSymName() == entry.getName())
        own = param;
    for (const CellArray &array : face.arrays)
      if (array.name == entry.getName().getValue())
        own = array.tensor;
    if (!own || own.getType() != tensor.getType())
      return run.emitOpError("binds ")
             << entry.getName() << " to " << symbol
             << ", but the cell has no such array of this type";
  }
  return success();
}

static bool isIndex(TensorOp tensor) {
  return tensor && tensor.tensorType().getElementType().isInteger();
}

static LogicalResult verifyTypes(Operation *op, ModelOp model) {
  auto isTable = [&](StringRef table, StringRef indices, StringRef rows) {
    TensorOp t = model.tensor(table), r = model.tensor(rows);
    return t && r && isIndex(model.tensor(indices)) &&
           t.getRole() == Role::param && t.tensorType().getRank() == 2 &&
           r.tensorType() ==
               t.tensorType().clone({t.tensorType().getDimSize(1)});
  };
  auto sameType = [&](StringRef left, StringRef right) {
    TensorOp l = model.tensor(left), r = model.tensor(right);
    return l && r && l.getType() == r.getType();
  };
  // lookup-types
  if (auto lookup = dyn_cast<LookupOp>(op))
    if (!isTable(lookup.getTable(), lookup.getIndices(), lookup.getResult()))
      return op->emitOpError("has no table, indices and rows that fit");
  // scatter-types
  if (auto scatter = dyn_cast<ScatterOp>(op))
    if (!isTable(scatter.getTable(), scatter.getIndices(), scatter.getRows()))
      return op->emitOpError("has no table, indices and rows that fit");
  // reverse-types
  if (auto reverse = dyn_cast<ReverseOp>(op))
    if (!sameType(reverse.getResult(), reverse.getOperand()))
      return op->emitOpError("has an operand of another type");
  if (auto reverse = dyn_cast<ReverseOp>(op))
    for (StringRef name : {reverse.getResult(), reverse.getOperand()})
      if (model.tensor(name).getPerSequence())
        return op->emitOpError(
            "has an operand or a result that is no sequence");
  // hot-types
  if (auto hot = dyn_cast<OneHotOp>(op)) {
    TensorOp result = model.tensor(hot.getResult());
    if (!isIndex(model.tensor(hot.getIndices())) || !result ||
        result.tensorType().getRank() != 1)
      return op->emitOpError("does not make vectors of indices");
  }
  // sum-types
  if (auto sum = dyn_cast<SumOp>(op))
    for (Attribute operand : sum.getOperands())
      if (!sameType(sum.getResult(),
                    cast<FlatSymbolRefAttr>(operand).getValue()))
        return op->emitOpError("has an operand of another type");
  return success();
}

/// draw-rate
LogicalResult DrawOp::verify() {
  double rate = getRate().convertToDouble();
  if (rate >= 0 && rate < 1)
    return success();
  return emitOpError("has the rate ") << rate << ", not 0 to below 1";
}

LogicalResult ModelOp::verifyRegions() {
  llvm::StringSet<> written;
  for (Operation &op : getBody().front()) {
    // model-body
    if (op.hasTrait<OpTrait::HasParent<CellOp>::Impl>() ||
        !isa<RnnDialect>(op.getDialect()))
      return op.emitOpError("stands in the body of a model");
    if (auto run = dyn_cast<RunOp>(op))
      if (failed(verifyRun(run, *this)))
        return failure();
    if (failed(verifyTypes(&op, *this)))
      return failure();
    // model-order
    ModelAccess access = accessOf(&op);
    for (StringRef name : access.reads)
      if (TensorOp declared = tensor(name); declared &&
                                            declared.getRole() == Role::value &&
                                            !written.contains(name))
        return op.emitOpError("reads '") << name << "' before it is written";
    for (StringRef name : access.writes)
      if (TensorOp declared = tensor(name); declared &&
                                            declared.getRole() == Role::value &&
                                            !written.insert(name).second)
        return op.emitOpError("writes '") << name << "' a second time";
  }
  return success();
}
