//===- ScanEnds.cpp - how a scan begins and ends -------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// States and carries come from the caller's arrays and go back to them; between
// two chunks of a sequence the last states move to the front.
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

void ScanLoops::emitStart() {
  const int64_t bytes = code.elementBytes();
  auto clear = [&](const Place &place, Value slots) {
    int64_t stride = layout.buffers[place.buffer].rowElements;
    code.zeroBytes(frame.buffers[place.buffer],
                   code.mul(code.mul(slots, frame.batch), stride * bytes));
  };
  /// The caller's rows to the slot that `slotOf` names; zeros if there are none
  /// is what `clear` has left.
  auto copyRows = [&](int64_t array, const Place &place,
                      llvm::function_ref<Value(Value)> slotOf) {
    int64_t stride = layout.buffers[place.buffer].rowElements;
    Value from = frame.arrays[array];
    code.ifThen(code.notNull(from), [&] {
      code.loop(code.num(0), frame.batch, 1, [&](Value row) {
        Value to = code.add(code.mul(slotOf(row), frame.batch), row);
        copyRow(code.at(frame.buffers[place.buffer], code.mul(to, stride)),
                code.at(from, code.mul(callersRow(row), place.units.count)),
                place.units.count);
      });
    });
  };
  code.ifThen(code.equal(frame.thread, code.num(0)), [&] {
    for (auto tensor : tensorsOf(layout)) {
      Place place = layout.place(tensor.getSymName());
      bool isCarry = tensor.getRole() == Role::carry;
      if (isCarry == scan.getBackward() &&
          (isCarry || tensor.getRole() == Role::state))
        clear(place, code.num(layout.buffers[place.buffer].extra));
    }
    for (size_t index = 0; index < layout.face.arrays.size(); ++index) {
      const CellArray &array = layout.face.arrays[index];
      TensorOp tensor = array.tensor;
      if (scan.getBackward() || array.role != ArrayRole::Initial)
        continue;
      Place place = layout.place(tensor.getSymName());
      int64_t slot = layout.buffers[place.buffer].extra - array.delay;
      copyRows(index, place, [&](Value) { return code.num(slot); });
    }
    if (!scan.getBackward())
      return;
    for (auto tensor : tensorsOf(layout))
      if (tensor.getRole() == Role::derived_gradient && tensor.getOf())
        code.zeroBytes(frame.buffers[layout.adjoint(tensor.getSymName())],
                       code.num(tensor.tensorType().getNumElements() * bytes));
    // The gradient of the state `delay` steps before a row's end enters as if a
    // step after its last had written it.
    for (auto carry : tensorsOf(layout)) {
      if (carry.getRole() != Role::carry)
        continue;
      Place place = layout.place(carry.getSymName());
      int64_t array = layout.face.find(ArrayRole::GradFinal, *carry.getOf(),
                                       carry.getDelay());
      copyRows(array, place, [&](Value row) {
        Value end = code.loadNum(code.atByte(frame.ends, code.mul(row, 8)));
        return accesses.ringSlot(end, 0, layout.buffers[place.buffer].extra);
      });
    }
  });
  emitBarrier();
}

void ScanLoops::emitNextChunk() {
  code.ifThen(code.equal(frame.thread, code.num(0)), [&] {
    for (auto state : tensorsOf(layout)) {
      if (state.getRole() != Role::state)
        continue;
      Place place = layout.place(state.getSymName());
      const Buffer &buffer = layout.buffers[place.buffer];
      Value base = frame.buffers[place.buffer];
      Value step = code.mul(frame.batch, buffer.rowElements);
      // From the oldest on: a short chunk overlaps itself. Rows that have
      // ended come along and are not looked at.
      for (int64_t slot = 0; slot < buffer.extra; ++slot) {
        Value from = accesses.stateRow(
            buffer, code.add(frame.steps, slot - buffer.extra));
        code.copyBytes(code.at(base, code.mul(step, slot)),
                       code.at(base, code.mul(from, buffer.rowElements)),
                       code.mul(step, code.elementBytes()));
      }
    }
  });
  emitBarrier();
}

/// What the carries hold for the steps before the first one.
void ScanLoops::emitGradInitial(const CellArray &array, Value to) {
  TensorOp state = array.tensor;
  int64_t count = state.tensorType().getNumElements();
  code.loop(code.num(0), frame.batch, 1, [&](Value row) {
    Value toRow = code.at(to, code.mul(callersRow(row), count));
    code.loop(0, count, 1, [&](Value unit) {
      Value sum = code.real(0);
      for (auto carry : tensorsOf(layout)) {
        if (carry.getRole() != Role::carry ||
            *carry.getOf() != state.getSymName() ||
            int64_t(carry.getDelay()) < array.delay)
          continue;
        Place place = layout.place(carry.getSymName());
        const Buffer &buffer = layout.buffers[place.buffer];
        Value slot = accesses.ringSlot(
            code.num(int64_t(carry.getDelay()) - array.delay), 0, buffer.extra);
        Value from = code.add(code.mul(slot, frame.batch), row);
        Value share =
            code.load(code.at(code.at(frame.buffers[place.buffer],
                                      code.mul(from, buffer.rowElements)),
                              unit));
        sum = arith::AddFOp::create(code.b, code.loc, sum, share);
      }
      code.store(sum, code.at(toRow, unit));
    });
  });
}

/// The state `delay` steps before its end, of each row that ends in this chunk.
void ScanLoops::emitFinal(const CellArray &array, Value to) {
  TensorOp tensor = array.tensor;
  Place place = layout.place(tensor.getSymName());
  const Buffer &buffer = layout.buffers[place.buffer];
  code.loop(code.num(0), frame.batch, 1, [&](Value row) {
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
          code.add(accesses.stateRow(buffer, code.add(end, -array.delay)), row);
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
  code.ifThen(code.equal(frame.thread, code.num(0)), [&] {
    for (size_t index = 0; index < layout.face.arrays.size(); ++index) {
      const CellArray &array = layout.face.arrays[index];
      if (array.role != role)
        continue;
      Value to = frame.arrays[index];
      code.ifThen(code.notNull(to), [&] {
        if (scan.getBackward())
          emitGradInitial(array, to);
        else
          emitFinal(array, to);
      });
    }
  });
  emitBarrier();
}
