//===- ModelRuns.cpp - the ops of a model in one call ---------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Cells are called as any program calls them, with weights, tape and scratch
// cut out of the model's.
//
//===----------------------------------------------------------------------===//

#include "compiler/lower/ModelRuns.h"
#include "compiler/lower/Access.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace rnn;

ModelParts::ModelParts(ModelOp model, const Target &target, ModuleOp module)
    : plan(model), face(interfaceOf(model)), target(target), module(module),
      code(OpBuilder(module.getContext()), model.getLoc(), model.elementType(),
           target.vectorBytes * 8 / model.elementType().getWidth(), target),
      sequences(code, module, face.prefix, target.name),
      shared(model, code, sequences), memory(plan, code, shared, target.name) {}

//===----------------------------------------------------------------------===//
// Arrays
//===----------------------------------------------------------------------===//

/// The caller's array of that role, null or not.
Value ModelRuns::arrayOf(ArrayRole role, StringRef tensor, int64_t delay) {
  int64_t index = face.find(role, tensor, delay);
  return code.loadPtr(callField(code, call.call, CallField::Arrays, index));
}

/// Where a tensor is, null if it is not given.
Value ModelRuns::pointerTo(StringRef tensor) {
  auto known = pointers.find(tensor);
  if (known != pointers.end())
    return known->second;
  TensorOp declared = plan.tensorOf(tensor);
  StringRef of = declared.getOf().value_or("");
  switch (declared.getRole()) {
  case Role::input:
    return arrayOf(ArrayRole::Input, tensor);
  case Role::target:
    return arrayOf(ArrayRole::Target, tensor);
  case Role::output:
    return arrayOf(ArrayRole::Output, tensor);
  case Role::loss:
    return arrayOf(ArrayRole::Loss, tensor);
  case Role::metric:
    return arrayOf(ArrayRole::Metric, tensor);
  case Role::output_gradient:
    return arrayOf(ArrayRole::GradOutput, of);
  case Role::input_gradient:
    return arrayOf(ArrayRole::GradInput, of);
  default:
    return places.buffers.lookup(tensor);
  }
}

/// True if one of the indices that are read is none of its table.
Value ModelRuns::hasOutsideIndices() {
  Value outside =
      arith::ConstantIntOp::create(code.b, code.loc, code.b.getI1Type(), 0);
  auto check = [&](StringRef indices, int64_t below) {
    Value pointer = pointerTo(indices);
    Value rows =
        code.select(code.isNull(pointer), code.num(0), call.span.batch);
    Span given{call.span.steps, rows, call.span.lengths};
    outside = code.either(
        outside,
        sequences.isOutside(given, plan.isOverTime(indices), pointer, below));
  };
  for (Operation *op : plan.ops(/*backward=*/false)) {
    if (auto lookup = dyn_cast<LookupOp>(op))
      check(lookup.getIndices(),
            plan.tensorOf(lookup.getTable()).tensorType().getDimSize(0));
    if (auto hot = dyn_cast<OneHotOp>(op))
      check(hot.getIndices(), plan.elementsOf(hot.getResult()));
  }
  return outside;
}

/// What forward was not given is not given to backward, and what it shared is
/// where it was.
void ModelRuns::giveWhatForwardHad() {
  for (Operation *op : plan.ops(/*backward=*/false))
    if (auto hot = dyn_cast<OneHotOp>(op))
      give(hot.getResult(),
           code.select(code.isNull(pointerTo(hot.getIndices())), code.null(),
                       pointerTo(hot.getResult())));
    else if (auto reverse = dyn_cast<ReverseOp>(op))
      if (shared.of(reverse.getOperand()))
        give(reverse.getResult(), reversed(reverse));
}

/// True at run time if an op of backward needs what it reads; null: always.
Value ModelRuns::wantedBy(Operation *reader) {
  if (auto scatter = dyn_cast<ScatterOp>(reader))
    return code.notNull(arrayOf(ArrayRole::GradParam, scatter.getTable()));
  if (!isa<SumOp, ReverseOp>(reader))
    return {};
  StringRef result = accessOf(reader).writes.front();
  Role role = plan.tensorOf(result).getRole();
  if (role != Role::value && role != Role::input_gradient)
    return {};
  return code.notNull(pointerTo(result));
}

/// Takes away the places of gradients that in the end nobody wants, so that
/// cells are called without them.
void ModelRuns::skipUnwanted() {
  llvm::StringMap<SmallVector<Operation *>> readers;
  ArrayRef<Operation *> ops = plan.ops(/*backward=*/true);
  for (Operation *op : ops)
    for (StringRef tensor : accessOf(op).reads)
      readers[tensor].push_back(op);
  for (Operation *op : llvm::reverse(ops))
    for (StringRef tensor : accessOf(op).writes) {
      if (plan.tensorOf(tensor).getRole() != Role::value ||
          readers[tensor].empty())
        continue;
      SmallVector<Value> wanted = llvm::map_to_vector(
          readers[tensor], [&](Operation *reader) { return wantedBy(reader); });
      if (llvm::is_contained(wanted, Value()))
        continue;
      Value any = wanted.front();
      for (Value other : ArrayRef(wanted).drop_front())
        any = code.either(any, other);
      give(tensor, code.select(any, pointerTo(tensor), code.null()));
    }
}

//===----------------------------------------------------------------------===//
// Ops
//===----------------------------------------------------------------------===//

/// Makes up the call of a run's cell.
PreparedRun ModelRuns::prepare(RunOp op) {
  CellInterface cell = interfaceOf(op.callee());
  StringRef vectors;
  if (TensorOp input = op.callee().distinctInput())
    vectors = op.bound(input.getSymName());
  int64_t pointers = cell.arrays.size() + !vectors.empty();
  Value inner = code.onStack(
      code.i64, int64_t(llvm::divideCeil(callBytes(code, pointers), 8)), 8);
  auto set = [&](CallField field, Value pointer, int64_t index = 0) {
    LLVM::StoreOp::create(code.b, code.loc, pointer,
                          callField(code, inner, field, index));
  };
  Value missing =
      arith::ConstantIntOp::create(code.b, code.loc, code.b.getI1Type(), 0);
  SmallVector<StringRef> written;
  for (auto [index, array] : llvm::enumerate(cell.arrays)) {
    Value pointer = code.null();
    StringRef bound = op.bound(array.name);
    if (array.role == ArrayRole::GradParam && backward) {
      TensorOp param = array.tensor;
      pointer = arrayOf(ArrayRole::GradParam, op.bound(param.getSymName()));
    } else if (!bound.empty()) {
      // The caller's arrays of a state are told by the role of the cell's.
      bool isState = plan.tensorOf(bound).getRole() == Role::state;
      pointer =
          isState ? arrayOf(array.role, bound, array.delay) : pointerTo(bound);
      if (array.role == ArrayRole::Input)
        missing = code.either(missing, code.isNull(pointer));
      ModelAccess access = accessOf(op);
      if (!isState && llvm::is_contained(access.writes, bound))
        written.push_back(bound);
    }
    set(CallField::Arrays, pointer, int64_t(index));
  }
  if (!vectors.empty())
    set(CallField::Arrays, shared.numbersFor(vectors), cell.arrays.size());
  code.storeNum(op.getOnce() ? code.num(1) : call.span.steps,
                callField(code, inner, CallField::Steps));
  code.storeNum(call.span.batch, callField(code, inner, CallField::Batch));
  set(CallField::Weights, places.weights.lookup(op));
  set(CallField::Tape,
      op.getTape() ? places.tapes.lookup(*op.getTape()) : code.null());
  set(CallField::Scratch, places.scratch.lookup(op));
  set(CallField::Team, call.team);
  set(CallField::Lengths, op.getOnce() ? code.null() : call.span.lengths);
  set(CallField::Random, call.random);

  for (StringRef tensor : written)
    give(tensor, code.select(missing, code.null(), pointerTo(tensor)));
  return {op, inner, missing};
}

/// Calls the cells of a front. Gives the status.
Value ModelRuns::runFront(const Front &front, StringRef suffix) {
  SmallVector<PreparedRun> prepared;
  for (Operation *op : front)
    prepared.push_back(prepare(cast<RunOp>(op)));
  Wavefront wavefront(code, module, target, face.prefix, suffix, prepared);
  return wavefront.emit(call.span, call.team);
}

/// Where what is reversed is: the distinct rows of a shared lookup stay where
/// they are.
Value ModelRuns::reversed(ReverseOp op) {
  Value to = pointerTo(op.getResult());
  LookupOp lookup = shared.of(op.getOperand());
  if (!lookup)
    return to;
  Value isMoved = code.either(code.isNull(to),
                              code.equal(shared.isShared(lookup), code.no()));
  return code.select(isMoved, to, pointerTo(op.getOperand()));
}

/// The loops of an op that runs no cell.
void ModelRuns::runLoops(Operation *op) {
  llvm::TypeSwitch<Operation *>(op)
      .Case([&](LookupOp lookup) {
        int64_t index = plan.indexOf(lookup.getTable());
        Value table =
            code.loadPtr(memory.tablePlace(call.arenas.weights, index));
        int64_t elements = plan.elementsOf(lookup.getResult());
        Value result = pointerTo(lookup.getResult());
        Value indices = pointerTo(lookup.getIndices());
        auto each = [&] {
          sequences.lookup(call.span, plan.isOverTime(lookup.getResult()),
                           elements, result, table, indices);
        };
        if (!shared.of(lookup.getResult()))
          return each();
        shared.find(lookup, call.span, indices);
        auto once = [&](const Span &rows, Value list) {
          sequences.lookup(rows, /*overTime=*/false, elements, result, table,
                           list);
        };
        shared.ifShared(lookup, once, each);
      })
      .Case([&](ScatterOp scatter) {
        Value gradient = arrayOf(ArrayRole::GradParam, scatter.getTable());
        Value rows = pointerTo(scatter.getRows());
        int64_t elements = plan.elementsOf(scatter.getRows());
        auto each = [&] {
          sequences.scatter(call.span, plan.isOverTime(scatter.getRows()),
                            elements, gradient, pointerTo(scatter.getIndices()),
                            rows);
        };
        auto once = [&](const Span &distinct, Value list) {
          sequences.scatter(distinct, /*overTime=*/false, elements, gradient,
                            list, rows);
        };
        LookupOp lookup = shared.of(scatter.getRows());
        code.ifThen(code.both(code.notNull(gradient), code.notNull(rows)), [&] {
          lookup ? shared.ifShared(lookup, once, each) : each();
        });
      })
      .Case([&](ReverseOp reverse) {
        Value from = pointerTo(reverse.getOperand());
        Value to = pointerTo(reverse.getResult());
        Value isMoved = code.both(code.notNull(from), code.notNull(to));
        if (LookupOp lookup = shared.of(reverse.getOperand()))
          isMoved = code.both(isMoved,
                              code.equal(shared.isShared(lookup), code.no()));
        code.ifThen(isMoved, [&] {
          sequences.reverse(call.span,
                            plan.elementsOf(reverse.getOperand()) *
                                code.elementBytes(),
                            to, from);
        });
        give(reverse.getResult(),
             code.select(code.isNull(from), code.null(), reversed(reverse)));
      })
      .Case([&](OneHotOp hot) {
        Value from = pointerTo(hot.getIndices());
        code.ifThen(code.notNull(from), [&] {
          sequences.oneHot(call.span, plan.isOverTime(hot.getResult()),
                           plan.elementsOf(hot.getResult()),
                           pointerTo(hot.getResult()), from);
        });
        give(hot.getResult(), code.select(code.isNull(from), code.null(),
                                          pointerTo(hot.getResult())));
      })
      .Case([&](DrawOp draw) {
        sequences.draw(call.span, plan.isOverTime(draw.getResult()),
                       plan.elementsOf(draw.getResult()),
                       pointerTo(draw.getResult()), call.random,
                       draw.getRate().convertToDouble(), draw.getStream());
      })
      .Case([&](SumOp sum) {
        StringRef result = sum.getResult();
        // A state that is written is the final one; one that is read, the
        // gradient of that.
        auto pointerIn = [&](StringRef tensor, ArrayRole ofState) {
          return plan.tensorOf(tensor).getRole() == Role::state
                     ? arrayOf(ofState, tensor, 1)
                     : pointerTo(tensor);
        };
        Value to = pointerIn(result, ArrayRole::Final);
        SmallVector<Value> operands;
        Value none = code.isNull(code.null());
        for (Attribute operand : sum.getOperands()) {
          operands.push_back(
              pointerIn(cast<FlatSymbolRefAttr>(operand).getValue(),
                        ArrayRole::GradFinal));
          none = code.both(none, code.isNull(operands.back()));
        }
        Value rows = plan.isOverTime(result) &&
                             plan.tensorOf(result).getRole() != Role::state
                         ? shared.rowsOf(result, code.mul(call.span.steps,
                                                          call.span.batch))
                         : call.span.batch;
        code.ifThen(code.notNull(to), [&] {
          sequences.sum(code.mul(rows, plan.elementsOf(result)), to, operands);
        });
        if (plan.tensorOf(result).getRole() == Role::value)
          give(result, code.select(none, code.null(), to));
      });
}

void ModelRuns::emit(EntryFunction &entry) {
  places = memory.cut(call.arenas, backward, call.span.steps, call.span.batch);
  if (backward) {
    giveWhatForwardHad();
    skipUnwanted();
  }
  StringRef suffix = backward ? "backward" : "forward";
  for (auto [index, front] : llvm::enumerate(plan.fronts(backward)))
    if (isa<RunOp>(front.front()))
      entry.failUnlessOk(
          runFront(front, (suffix + "_front" + Twine(index)).str()));
    else
      runLoops(front.front());
}
