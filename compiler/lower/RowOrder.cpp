//===- RowOrder.cpp - rows of different lengths --------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Rows are computed in the order of their lengths, the longest first. Each step
// then computes the first so many rows of that order, and the rows of all steps
// stand side by side, so that products over all steps compute nothing that is
// not wanted. Arrays over time are copied into that order and out of it; with
// no lengths the order is the caller's and nothing is copied.
//
//===----------------------------------------------------------------------===//

#include "compiler/lower/ScanLoops.h"

using namespace mlir;
using namespace rnn;

void ScanLoops::emitRowOrder() {
  auto cell = [&](Value base, Value index) {
    return code.atByte(base, code.mul(index, 8));
  };
  Value zero = code.num(0);
  Value stepsEnd = code.add(frame.steps, 1);
  auto fromLengths = [&] {
    Value lengths =
        code.loadPtr(callField(code, frame.call, CallField::Lengths));
    // starts[l] = rows of length l.
    code.loop(zero, stepsEnd, 1,
              [&](Value t) { code.storeNum(zero, cell(frame.starts, t)); });
    code.loop(zero, frame.batch, 1, [&](Value row) {
      Value count = cell(frame.starts, code.loadNum(cell(lengths, row)));
      code.storeNum(code.add(code.loadNum(count), 1), count);
    });
    // starts[l] = rows longer than l: the first place of those of length l.
    code.sum(zero, stepsEnd, frame.batch, [&](Value t, Value longer) {
      Value count = cell(frame.starts, t);
      longer = code.sub(longer, code.loadNum(count));
      code.storeNum(longer, count);
      return longer;
    });
    // Then starts[l] = rows of length l or longer, those computed at l - 1.
    code.loop(zero, frame.batch, 1, [&](Value row) {
      Value length = code.loadNum(cell(lengths, row));
      Value next = cell(frame.starts, length);
      Value at = code.loadNum(next);
      code.storeNum(code.add(at, 1), next);
      code.storeNum(row, cell(frame.order, at));
      code.storeNum(length, cell(frame.ends, at));
    });
    code.storeNum(zero, frame.starts);
    code.sum(code.num(1), stepsEnd, zero, [&](Value t, Value rows) {
      Value start = cell(frame.starts, t);
      rows = code.add(rows, code.loadNum(start));
      code.storeNum(rows, start);
      return rows;
    });
  };
  auto allAlike = [&] {
    code.loop(zero, stepsEnd, 1, [&](Value t) {
      code.storeNum(code.mul(t, frame.batch), cell(frame.starts, t));
    });
    code.loop(zero, frame.batch, 1, [&](Value row) {
      code.storeNum(row, cell(frame.order, row));
      code.storeNum(frame.steps, cell(frame.ends, row));
    });
  };
  code.ifThen(code.equal(frame.thread, zero),
              [&] { code.ifElse(frame.ragged, fromLengths, allAlike); });
  emitBarrier();
}

Value ScanLoops::callersRow(Value row) {
  return code.loadNum(code.atByte(frame.order, code.mul(row, 8)));
}

/// The steps of the chunk that this thread copies.
void ScanLoops::forOwnSteps(llvm::function_ref<void(Value)> body) {
  Panels own = ownShare(frame.steps);
  code.loop(own.first, own.last, 1, body);
}

void ScanLoops::emitGather() {
  // Calls body(row of the chunk, the caller's row) for all rows of the chunk.
  auto forOwnRows = [&](llvm::function_ref<void(Value, Value)> body) {
    forOwnSteps([&](Value step) {
      Value first = accesses.rowOf(step);
      Value callers = code.mul(code.add(frame.before, step), frame.batch);
      code.loop(code.num(0), accesses.rowsIn(step), 1, [&](Value row) {
        body(code.add(first, row), code.add(callers, callersRow(row)));
      });
    });
  };
  auto gather = [&](int64_t array, int64_t buffer, int64_t count) {
    int64_t stride = layout.buffers[buffer].rowElements;
    Value from = frame.arrays[array], to = frame.buffers[buffer];
    code.ifThen(code.notNull(from), [&] {
      forOwnRows([&](Value row, Value callers) {
        copyRow(code.at(to, code.mul(row, stride)),
                code.at(from, code.mul(callers, count)), count);
      });
    });
  };
  auto gatherNumbers = [&] {
    Value to = frame.buffers[layout.packedNumbers(scan.getBackward())];
    forOwnRows([&](Value row, Value callers) {
      code.copyBytes(code.atByte(to, code.mul(row, 4)),
                     code.atByte(frame.numbers, code.mul(callers, 4)),
                     code.num(4));
    });
  };
  bool hasStandIns = false;
  code.ifThen(frame.ragged, [&] {
    for (auto [key, buffer] : layout.packedArrays) {
      auto [array, backward] = key;
      ArrayRole role = layout.face.arrays[array].role;
      if (backward != scan.getBackward() ||
          (role != ArrayRole::Input && role != ArrayRole::GradOutput))
        continue;
      auto whole = [&, array = array, buffer = buffer] {
        gather(array, buffer, layout.buffers[buffer].rowElements);
      };
      if (layout.isDistinct(array))
        code.ifElse(frame.isShared, gatherNumbers, whole);
      else
        whole();
    }
  });
  // Zeros, or the caller's gradient, where products read it in rows.
  for (auto [index, array] : llvm::enumerate(layout.face.arrays)) {
    TensorOp tensor = array.tensor;
    Place place = scan.getBackward() && array.role == ArrayRole::GradOutput
                      ? layout.standIn(tensor.getSymName())
                      : Place();
    if (!place)
      continue;
    hasStandIns = true;
    int64_t stride = layout.buffers[place.buffer].rowElements;
    code.ifThen(code.isNull(frame.arrays[index]), [&] {
      forOwnRows([&](Value row, Value) {
        code.zeroBytes(
            code.at(frame.buffers[place.buffer], code.mul(row, stride)),
            code.num(stride * code.elementBytes()));
      });
    });
    gather(index, place.buffer, place.units.count);
  }
  if (scan.getBackward())
    emitShift();
  if (hasStandIns)
    emitBarrier();
  else
    code.ifThen(frame.ragged, [&] { emitBarrier(); });
}

bool ScanLoops::hasShifted() {
  return llvm::any_of(layout.shiftedStates, [&](auto &entry) {
    return std::get<2>(entry.first) == scan.getBackward();
  });
}

/// States `delay` steps late, where a stage reads those of all steps at once.
void ScanLoops::emitShift() {
  code.ifThen(frame.ragged, [&] {
    for (auto [key, buffer] : layout.shiftedStates) {
      auto [states, delay, backward] = key;
      if (backward != scan.getBackward())
        continue;
      int64_t stride = layout.buffers[buffer].rowElements;
      Value from = frame.buffers[states], to = frame.buffers[buffer];
      forOwnSteps([&](Value step) {
        Value row =
            accesses.stateRow(layout.buffers[states], code.add(step, -delay));
        code.copyBytes(
            code.at(to, code.mul(accesses.rowOf(step), stride)),
            code.at(from, code.mul(row, stride)),
            code.mul(accesses.rowsIn(step), stride * code.elementBytes()));
      });
    }
  });
}

void ScanLoops::emitScatter() {
  code.ifThen(frame.ragged, [&] {
    for (auto [key, buffer] : layout.packedArrays) {
      auto [array, backward] = key;
      ArrayRole role = layout.face.arrays[array].role;
      if (backward != scan.getBackward() ||
          (role != ArrayRole::Output && role != ArrayRole::GradInput))
        continue;
      int64_t count = layout.buffers[buffer].rowElements;
      Value to = frame.arrays[array], from = frame.buffers[buffer];
      Value inOrder = code.notNull(to);
      if (layout.isDistinct(array))
        inOrder = code.both(inOrder, code.equal(frame.isShared, code.no()));
      code.ifThen(inOrder, [&] {
        forOwnSteps([&](Value step) {
          Value first = accesses.rowOf(step), rows = accesses.rowsIn(step);
          Value callers = code.mul(code.add(frame.before, step), frame.batch);
          auto target = [&](Value row) {
            return code.at(to,
                           code.mul(code.add(callers, callersRow(row)), count));
          };
          code.loop(code.num(0), rows, 1, [&](Value row) {
            copyRow(target(row),
                    code.at(from, code.mul(code.add(first, row), count)),
                    count);
          });
          code.loop(rows, frame.batch, 1, [&](Value row) {
            code.zeroBytes(target(row), code.num(count * code.elementBytes()));
          });
        });
      });
    }
  });
}
