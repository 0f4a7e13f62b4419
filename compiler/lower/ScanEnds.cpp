//===- ScanEnds.cpp - how a scan begins and ends -------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// States and carries come from the caller's arrays and go back to them; between
// two chunks of a sequence the last states move to the front. Each thread moves
// its rows, the same ones everywhere here, so that there is nothing to wait for
// in between.
//
//===----------------------------------------------------------------------===//

#include "compiler/lower/ScanLoops.h"

using namespace mlir;
using namespace rnn;

/// The declarations of the cell.
static auto tensorsOf(const Layout &layout) {
  CellOp cell = layout.cell;
  return cell.getBody().getOps<TensorOp>();
}

void ScanLoops::copyRow(Value to, Value from, int64_t count) {
  code.copyBytes(to, from, code.num(count * code.elementBytes()));
}

/// Calls the body for each state's arrays of a role, from the one nearest to
/// the end of the sequence in question on. They stand side by side in the call,
/// so that long delays are a loop, not code.
void ScanLoops::overStates(
    ArrayRole role,
    llvm::function_ref<void(TensorOp state, Value delay, Value array)> body) {
  for (auto state : tensorsOf(layout)) {
    if (state.getRole() != Role::state)
      continue;
    int64_t first = layout.face.find(role, state.getSymName(), 1);
    int64_t delays = state.getDelay();
    if (first < 0)
      continue;
    if (delays == 1) {
      body(state, code.num(1), frame.arrays[first]);
      continue;
    }
    Value arrays = callField(code, frame.call, CallField::Arrays, first);
    code.loop(0, delays, 1, [&](Value late) {
      Value array = code.atByte(arrays, code.mul(late, code.pointerBytes));
      body(state, code.add(late, 1), code.loadPtr(array));
    });
  }
}

void ScanLoops::emitStart() {
  const int64_t bytes = code.elementBytes();
  Panels own = ownShare(frame.batch);
  Value ownRows = code.sub(own.last, own.first);
  auto clear = [&](const Place &place, int64_t slots) {
    int64_t stride = layout.buffers[place.buffer].rowElements;
    code.loop(0, slots, 1, [&](Value slot) {
      Value row = code.add(code.mul(slot, frame.batch), own.first);
      code.zeroBytes(
          code.at(frame.buffers[place.buffer], code.mul(row, stride)),
          code.mul(ownRows, stride * bytes));
    });
  };
  /// The caller's rows to the slot that `slotOf` names; zeros if there are none
  /// is what `clear` has left.
  auto copyRows = [&](Value from, const Place &place,
                      llvm::function_ref<Value(Value)> slotOf) {
    int64_t stride = layout.buffers[place.buffer].rowElements;
    code.ifThen(code.notNull(from), [&] {
      code.loop(own.first, own.last, 1, [&](Value row) {
        Value to = code.add(code.mul(slotOf(row), frame.batch), row);
        copyRow(code.at(frame.buffers[place.buffer], code.mul(to, stride)),
                code.at(from, code.mul(callersRow(row), place.units.count)),
                place.units.count);
      });
    });
  };
  for (auto tensor : tensorsOf(layout)) {
    Place place = layout.place(tensor.getSymName());
    bool isCarry = tensor.getRole() == Role::carry;
    if (isCarry == scan.getBackward() &&
        (isCarry || tensor.getRole() == Role::state))
      clear(place, layout.buffers[place.buffer].extra);
  }
  if (!scan.getBackward()) {
    overStates(
        ArrayRole::Initial, [&](TensorOp state, Value delay, Value array) {
          Place place = layout.place(state.getSymName());
          Value slot =
              code.sub(code.num(layout.buffers[place.buffer].extra), delay);
          copyRows(array, place, [&](Value) { return slot; });
        });
  } else {
    code.ifThen(code.equal(frame.thread, code.num(0)), [&] {
      for (auto tensor : tensorsOf(layout))
        if (tensor.getRole() == Role::derived_gradient && tensor.getOf())
          code.zeroBytes(
              frame.buffers[layout.adjoint(tensor.getSymName())],
              code.num(tensor.tensorType().getNumElements() * bytes));
    });
    // The gradient of the state `delay` steps before a row's end enters as if a
    // step after its last had written it.
    for (auto carry : tensorsOf(layout)) {
      if (carry.getRole() != Role::carry)
        continue;
      Place place = layout.place(carry.getSymName());
      int64_t array = layout.face.find(ArrayRole::GradFinal, *carry.getOf(),
                                       carry.getDelay());
      copyRows(frame.arrays[array], place, [&](Value row) {
        Value end = code.loadNum(code.atByte(frame.ends, code.mul(row, 8)));
        return accesses.ringSlot(end, 0, layout.buffers[place.buffer].extra);
      });
    }
  }
  emitBarrier();
}

void ScanLoops::emitNextChunk() {
  Panels own = ownShare(frame.batch);
  Value ownRows = code.sub(own.last, own.first);
  for (auto state : tensorsOf(layout)) {
    if (state.getRole() != Role::state)
      continue;
    Place place = layout.place(state.getSymName());
    const Buffer &buffer = layout.buffers[place.buffer];
    auto rowAt = [&](Value row) {
      return code.at(frame.buffers[place.buffer],
                     code.mul(code.add(row, own.first), buffer.rowElements));
    };
    // From the oldest on: a short chunk overlaps itself. Rows that have ended
    // come along and are not looked at.
    code.loop(0, buffer.extra, 1, [&](Value slot) {
      Value from = accesses.stateRow(
          buffer, code.add(code.add(frame.steps, slot), -buffer.extra));
      code.copyBytes(
          rowAt(code.mul(slot, frame.batch)), rowAt(from),
          code.mul(ownRows, buffer.rowElements * code.elementBytes()));
    });
  }
}

/// What the carries hold for the step `delay` before the second one.
void ScanLoops::emitGradInitial(TensorOp state, Value delay, Value to) {
  int64_t count = state.tensorType().getNumElements();
  Panels own = ownShare(frame.batch);
  code.loop(own.first, own.last, 1, [&](Value row) {
    Value toRow = code.at(to, code.mul(callersRow(row), count));
    code.loop(0, count, 1, [&](Value unit) {
      Value sum = code.real(0);
      for (auto carry : tensorsOf(layout)) {
        if (carry.getRole() != Role::carry ||
            *carry.getOf() != state.getSymName())
          continue;
        // A carry reaches back so far or does not.
        int64_t reach = carry.getDelay();
        Value beyond = code.sub(code.num(reach), delay);
        Place place = layout.place(carry.getSymName());
        const Buffer &buffer = layout.buffers[place.buffer];
        Value slot =
            accesses.ringSlot(code.max(beyond, code.num(0)), 0, buffer.extra);
        Value from = code.add(code.mul(slot, frame.batch), row);
        Value share =
            code.load(code.at(code.at(frame.buffers[place.buffer],
                                      code.mul(from, buffer.rowElements)),
                              unit));
        if (int64_t(state.getDelay()) > 1)
          share =
              code.select(code.less(beyond, code.num(0)), code.real(0), share);
        sum = arith::AddFOp::create(code.b, code.loc, sum, share);
      }
      code.store(sum, code.at(toRow, unit));
    });
  });
}

/// The state `delay` steps before its end, of each row that ends in this chunk.
void ScanLoops::emitFinal(TensorOp state, Value delay, Value to) {
  Place place = layout.place(state.getSymName());
  const Buffer &buffer = layout.buffers[place.buffer];
  Panels own = ownShare(frame.batch);
  code.loop(own.first, own.last, 1, [&](Value row) {
    Value end = code.sub(
        code.loadNum(code.atByte(frame.ends, code.mul(row, 8))), frame.before);
    // A row of length 0 ends before the first chunk.
    Value isFirst = code.equal(frame.before, code.num(0));
    Value ended =
        code.less(end, code.select(isFirst, code.num(0), code.num(1)));
    Value endsLater = code.less(frame.steps, end);
    Value endsHere = code.equal(
        code.select(code.either(ended, endsLater), code.num(1), code.num(0)),
        code.num(0));
    code.ifThen(endsHere, [&] {
      Value from =
          code.add(accesses.stateRow(buffer, code.sub(end, delay)), row);
      copyRow(code.at(to, code.mul(callersRow(row), place.units.count)),
              code.at(frame.buffers[place.buffer],
                      code.mul(from, buffer.rowElements)),
              place.units.count);
    });
  });
}

void ScanLoops::emitEnd() {
  ArrayRole role =
      scan.getBackward() ? ArrayRole::GradInitial : ArrayRole::Final;
  overStates(role, [&](TensorOp state, Value delay, Value to) {
    code.ifThen(code.notNull(to), [&] {
      if (scan.getBackward())
        emitGradInitial(state, delay, to);
      else
        emitFinal(state, delay, to);
    });
  });
}
