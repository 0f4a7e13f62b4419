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

void ScanLoops::forEachRowCopy(Value rows, Value to, Value toStride, Value from,
                               Value fromStride, int64_t count) {
  code.loop(code.num(0), rows, 1, [&](Value row) {
    code.copyBytes(code.at(to, code.mul(row, toStride)),
                   code.at(from, code.mul(row, fromStride)),
                   code.num(count * code.elementBytes()));
  });
}

void ScanLoops::emitStart() {
  const int64_t bytes = code.elementBytes();
  auto rowsOf = [&](const Place &place, Value slot) {
    Value row = code.mul(slot, frame.batch);
    return code.at(frame.buffers[place.buffer],
                   code.mul(row, layout.buffers[place.buffer].rowElements));
  };
  auto copyOrZero = [&](int64_t array, const Place &place, Value slot) {
    int64_t stride = layout.buffers[place.buffer].rowElements;
    Value from = frame.arrays[array], to = rowsOf(place, slot);
    code.ifElse(
        code.isNull(from),
        [&] { code.zeroBytes(to, code.mul(frame.batch, stride * bytes)); },
        [&] {
          forEachRowCopy(frame.batch, to, code.num(stride), from,
                         code.num(place.units.count), place.units.count);
        });
  };
  code.ifThen(code.equal(frame.thread, code.num(0)), [&] {
    for (size_t index = 0; index < layout.face.arrays.size(); ++index) {
      const CellArray &array = layout.face.arrays[index];
      TensorOp tensor = array.tensor;
      StringRef name = tensor.getSymName();
      if (!scan.getBackward() && array.role == ArrayRole::Initial) {
        Place place = layout.place(name);
        copyOrZero(index, place,
                   code.num(layout.buffers[place.buffer].extra - array.delay));
      }
      // Zeros, or the caller's gradient, where products read it in rows.
      if (scan.getBackward() && array.role == ArrayRole::GradOutput)
        if (Place place = layout.standIn(name)) {
          int64_t stride = layout.buffers[place.buffer].rowElements;
          Value rows = code.mul(frame.steps, frame.batch);
          Value from = frame.arrays[index], to = rowsOf(place, code.num(0));
          code.ifElse(
              code.isNull(from),
              [&] { code.zeroBytes(to, code.mul(rows, stride * bytes)); },
              [&] {
                forEachRowCopy(rows, to, code.num(stride), from,
                               code.num(place.units.count), place.units.count);
              });
        }
    }
    if (!scan.getBackward())
      return;
    for (auto carry : tensorsOf(layout)) {
      if (carry.getRole() != Role::carry)
        continue;
      Place place = layout.place(carry.getSymName());
      const Buffer &buffer = layout.buffers[place.buffer];
      code.zeroBytes(
          rowsOf(place, code.num(0)),
          code.mul(frame.batch, buffer.extra * buffer.rowElements * bytes));
      // The gradient of the state `delay` steps before the end enters as if a
      // step after the last had written it.
      int64_t delay = carry.getDelay();
      int64_t array =
          layout.face.find(ArrayRole::GradFinal, *carry.getOf(), delay);
      copyOrZero(array, place, code.num(buffer.extra - 1));
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
      Value step = code.mul(frame.batch, buffer.rowElements);
      // From the oldest on: a short chunk overlaps itself.
      for (int64_t slot = 0; slot < buffer.extra; ++slot)
        code.copyBytes(
            code.at(frame.buffers[place.buffer], code.mul(step, slot)),
            code.at(frame.buffers[place.buffer],
                    code.mul(step, code.add(frame.steps, slot))),
            code.mul(step, code.elementBytes()));
    }
  });
  emitBarrier();
}

/// What the carries hold for the steps before the first one.
void ScanLoops::emitGradInitial(const CellArray &array, Value to) {
  TensorOp state = array.tensor;
  int64_t count = state.tensorType().getNumElements();
  code.loop(code.num(0), frame.batch, 1, [&](Value row) {
    code.loop(0, count, 1, [&](Value unit) {
      Value sum = code.real(0);
      for (auto carry : tensorsOf(layout)) {
        if (carry.getRole() != Role::carry ||
            *carry.getOf() != state.getSymName() ||
            int64_t(carry.getDelay()) < array.delay)
          continue;
        Place place = layout.place(carry.getSymName());
        const Buffer &buffer = layout.buffers[place.buffer];
        Value slot = code.rem(code.add(frame.steps, array.delay),
                              code.num(buffer.extra));
        Value from = code.add(code.mul(slot, frame.batch), row);
        Value share =
            code.load(code.at(code.at(frame.buffers[place.buffer],
                                      code.mul(from, buffer.rowElements)),
                              unit));
        sum = arith::AddFOp::create(code.b, code.loc, sum, share);
      }
      code.store(sum, code.at(code.at(to, code.mul(row, count)), unit));
    });
  });
}

void ScanLoops::emitEnd() {
  code.ifThen(code.equal(frame.thread, code.num(0)), [&] {
    for (size_t index = 0; index < layout.face.arrays.size(); ++index) {
      const CellArray &array = layout.face.arrays[index];
      TensorOp tensor = array.tensor;
      if (!scan.getBackward() && array.role == ArrayRole::Final) {
        Place place = layout.place(tensor.getSymName());
        const Buffer &buffer = layout.buffers[place.buffer];
        Value to = frame.arrays[index];
        Value row = code.mul(code.add(frame.steps, buffer.extra - array.delay),
                             frame.batch);
        Value from = code.at(frame.buffers[place.buffer],
                             code.mul(row, buffer.rowElements));
        code.ifThen(code.notNull(to), [&] {
          forEachRowCopy(frame.batch, to, code.num(place.units.count), from,
                         code.num(buffer.rowElements), place.units.count);
        });
      }
      if (scan.getBackward() && array.role == ArrayRole::GradInitial)
        code.ifThen(code.notNull(frame.arrays[index]),
                    [&] { emitGradInitial(array, frame.arrays[index]); });
    }
  });
  emitBarrier();
}
