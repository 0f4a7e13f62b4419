//===- Access.cpp - where the operands of a scan are ---------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "compiler/lower/Access.h"

using namespace mlir;
using namespace rnn;

/// Two numbers, then pointers.
static int64_t offsetOf(const Code &code, CallField field) {
  int64_t index = int64_t(field), numbers = int64_t(CallField::Weights);
  return std::min(index, numbers) * 8 +
         std::max<int64_t>(index - numbers, 0) * code.pointerBytes;
}

Value rnn::callField(Code &code, Value call, CallField field, int64_t index) {
  return code.atByte(call, offsetOf(code, field) + index * code.pointerBytes);
}

int64_t rnn::callBytes(const Code &code, int64_t arrays) {
  return offsetOf(code, CallField::Arrays) + arrays * code.pointerBytes;
}

Value rnn::loadTeamFunction(Code &code, Value team, TeamFunction function) {
  return code.loadPtr(
      code.atByte(team, 8 + int64_t(function) * code.pointerBytes));
}

MemoryOffsets rnn::offsetsOf(Code &code, const Layout &layout, Memory region,
                             Value steps, Value all, Value batch, Value start) {
  const int64_t line = 64 / code.elementBytes();
  MemoryOffsets result;
  Value at = start;
  for (const Buffer &buffer : layout.buffers) {
    if (buffer.region != region) {
      result.offsets.push_back({});
      continue;
    }
    Value rows;
    switch (buffer.extent) {
    case Extent::Steps:
      rows = code.mul(steps, batch);
      break;
    case Extent::States:
      rows = code.mul(code.add(steps, buffer.extra), batch);
      break;
    case Extent::Step:
      rows = batch;
      break;
    case Extent::Ring:
      rows = code.mul(batch, buffer.extra);
      break;
    case Extent::Blocks:
      rows = code.mul(code.ceilDiv(code.mul(steps, batch), Layout::blockRows),
                      Layout::blockRows);
      break;
    case Extent::Distinct:
      rows = code.min(code.mul(all, batch), code.num(buffer.extra));
      rows = code.mul(code.ceilDiv(rows, Layout::blockRows), Layout::blockRows);
      break;
    case Extent::Once:
      rows = code.num(1);
      break;
    }
    result.offsets.push_back(at);
    Value elements = code.mul(rows, buffer.rowElements);
    at = code.add(at, code.mul(code.ceilDiv(elements, line), line));
  }
  result.total = at;
  return result;
}

int64_t rnn::positionOf(const Place &place) {
  return place.buffer * bufferDistance + place.slot * place.units.width;
}

Value rnn::rowsBefore(Code &code, const Frame &frame, Value step) {
  return code.loadNum(code.atByte(frame.starts, code.mul(step, 8)));
}

Value Accesses::lanePointer(const Access &access, Value panel, Value row,
                            Value lane) {
  Value at = code.at(access.base, code.mul(row, access.stride));
  at = code.at(at, access.panelStride ? code.mul(panel, access.panelStride)
                                      : code.mul(panel, access.units.width));
  return code.at(at, lane);
}

Value Accesses::rowOf(Value step) {
  Value rows = rowsBefore(code, frame, code.add(frame.before, step));
  return code.sub(rows, frame.firstRow);
}

Value Accesses::rowsIn(Value step) {
  return code.sub(rowOf(code.add(step, 1)), rowOf(step));
}

Value Accesses::stateRow(const Buffer &buffer, Value step) {
  // From the first step that the buffer holds.
  Value firstRow = frame.firstRow;
  if (frame.keepsOtherSteps()) {
    step = code.add(step, code.sub(frame.before, frame.keptFrom));
    firstRow = frame.keptRows;
  }
  Value isEarlier = code.less(step, code.num(0));
  Value later = code.add(frame.keptFrom, code.max(step, code.num(0)));
  Value rows = code.sub(rowsBefore(code, frame, later), firstRow);
  return code.select(isEarlier,
                     code.mul(code.add(step, buffer.extra), frame.batch),
                     code.add(code.mul(frame.batch, buffer.extra), rows));
}

Value Accesses::ringSlot(Value step, int64_t delay, int64_t slots) {
  Value done =
      code.sub(code.sub(frame.all, code.num(1)), code.add(frame.before, step));
  return code.rem(code.add(done, slots - delay), code.num(slots));
}

Access Accesses::bufferAccess(const Place &place, const Origin &origin,
                              int64_t delay) {
  const Buffer &buffer = layout.buffers[place.buffer];
  Access access;
  access.units = place.units;
  access.position = positionOf(place);
  access.knownStride = place.panel ? buffer.rowElements / place.units.panels
                                   : buffer.rowElements;
  access.stride = code.num(access.knownStride);
  // The rows of the chunk follow those of earlier ones, which are kept, too.
  bool isAmongOthers = buffer.region == Memory::Keep && frame.keepsOtherSteps();
  Value row = code.num(0);
  switch (buffer.extent) {
  case Extent::Steps:
    if (origin.step)
      row = rowOf(origin.step);
    if (isAmongOthers)
      row = code.add(row, code.sub(frame.firstRow, frame.keptRows));
    break;
  case Extent::States:
    row = origin.step     ? stateRow(buffer, code.add(origin.step, -delay))
          : isAmongOthers ? stateRow(buffer, code.num(-delay))
                          : code.mul(frame.batch, buffer.extra - delay);
    break;
  case Extent::Step:
  case Extent::Blocks:
  case Extent::Distinct:
  case Extent::Once:
    break;
  case Extent::Ring:
    row = code.mul(ringSlot(origin.step, delay, buffer.extra), frame.batch);
    break;
  }
  access.base =
      code.at(frame.buffers[place.buffer], code.mul(row, access.stride));
  // Rows of different lengths: the step before has its rows elsewhere.
  if (buffer.extent == Extent::States && !origin.step && delay)
    access.base = code.select(
        frame.ragged,
        frame.buffers[layout.shifted(place.buffer, delay, backward)],
        access.base);
  if (place.panel) {
    access.base = code.at(access.base, place.slot * place.units.width);
    access.panelStride = code.mul(
        code.mul(isAmongOthers ? frame.kept : frame.steps, frame.batch),
        access.knownStride);
  }
  return access;
}

Access Accesses::arrayAccess(ArrayRole role, StringRef name,
                             const Origin &origin, bool whole) {
  int64_t index = layout.face.find(role, name);
  const CellArray &array = layout.face.arrays[index];
  Access access;
  access.exact = true;
  access.units = layout.units(
      const_cast<TensorOp &>(array.tensor).tensorType().getNumElements());
  Value row = origin.step ? rowOf(origin.step) : code.num(0);
  Value given = frame.arrays[index];
  access.knownStride = access.units.count;
  access.stride = code.num(access.knownStride);
  access.base =
      code.select(frame.ragged, frame.buffers[layout.packed(index, backward)],
                  code.at(given, code.mul(code.mul(frame.before, frame.batch),
                                          access.stride)));
  if (role == ArrayRole::GradOutput && whole) {
    // emitGather filled the stand-in with zeros if it is needed.
    Place place = layout.standIn(name);
    access.exact = false;
    access.knownStride = layout.buffers[place.buffer].rowElements;
    access.stride = code.num(access.knownStride);
    access.base = frame.buffers[place.buffer];
  } else if (role != ArrayRole::Input) {
    Value missing = code.isNull(given);
    Value other = role == ArrayRole::GradOutput
                      ? code.at(frame.weights, layout.zeros)
                      : frame.unwanted;
    access.base = code.select(missing, other, access.base);
    access.stride = code.select(missing, code.num(0), access.stride);
    access.knownStride = -1;
  }
  access.base = code.at(access.base, code.mul(row, access.stride));
  return access;
}

Access Accesses::readAccess(ReadOp read, const Origin &origin, bool whole) {
  TensorOp tensor = read.declaration();
  StringRef name = tensor.getSymName();
  switch (tensor.getRole()) {
  case Role::input:
    return arrayAccess(ArrayRole::Input, name, origin, whole);
  case Role::output_gradient:
    return arrayAccess(ArrayRole::GradOutput, *tensor.getOf(), origin, whole);
  case Role::param:
  case Role::derived: {
    Access access;
    access.units = layout.units(tensor.tensorType().getNumElements());
    access.base = code.at(frame.weights, layout.vectors.lookup(name));
    access.stride = code.num(0);
    access.knownStride = 0;
    return access;
  }
  default:
    return bufferAccess(layout.place(name), origin, read.getDelay());
  }
}

Access Accesses::valueAccess(Value value, const Origin &origin, bool whole) {
  if (auto read = value.getDefiningOp<ReadOp>())
    return readAccess(read, origin, whole);
  return bufferAccess(layout.place(value), origin, 0);
}

Access Accesses::writeAccess(TensorOp tensor, const Origin &origin) {
  switch (tensor.getRole()) {
  case Role::output:
    return arrayAccess(ArrayRole::Output, tensor.getSymName(), origin, false);
  case Role::input_gradient:
    return arrayAccess(ArrayRole::GradInput, *tensor.getOf(), origin, false);
  default:
    return bufferAccess(layout.place(tensor.getSymName()), origin, 0);
  }
}
