//===- SharedLookups.cpp - rows of a table, once for each index -----------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Of each lookup the tape has
//
//   count D | the number of each place's row, 0 .. D-1 | the D indices
//
// and the buffer of its result has D rows. D = 0 says that it is not shared.
//
//===----------------------------------------------------------------------===//

#include "compiler/lower/SharedLookups.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace rnn;

Value rnn::roundUpToLines(Code &code, Value bytes) {
  return code.mul(code.ceilDiv(bytes, lineBytes), lineBytes);
}

SharedLookups::SharedLookups(ModelOp model, Code &code, Sequences &sequences)
    : model(model), code(code), sequences(sequences) {
  for (auto run : model.getBody().getOps<RunOp>())
    if (LookupOp lookup = of(run))
      places.try_emplace(lookup);
}

LookupOp SharedLookups::of(RunOp run) {
  TensorOp input = run.callee().distinctInput();
  if (input)
    for (auto lookup : model.getBody().getOps<LookupOp>())
      if (lookup.getResult() == run.bound(input.getSymName()))
        return lookup;
  return {};
}

LookupOp SharedLookups::of(ScatterOp scatter) {
  for (auto run : model.getBody().getOps<RunOp>())
    if (LookupOp lookup = of(run)) {
      StringRef input = run.callee().distinctInput().getSymName();
      if (run.bound(("grad." + input).str()) == scatter.getRows())
        return lookup;
    }
  return {};
}

//===----------------------------------------------------------------------===//
// Memory
//===----------------------------------------------------------------------===//

int64_t SharedLookups::tableRows(LookupOp lookup) const {
  ModelOp in = model;
  return in.tensor(lookup.getTable()).tensorType().getDimSize(0);
}

Value SharedLookups::numbersBytes(Value steps, Value batch) {
  return roundUpToLines(code, code.add(code.mul(code.mul(steps, batch), 4), 8));
}

Value SharedLookups::listBytes(LookupOp lookup, Value steps, Value batch) {
  Value most = code.min(code.num(tableRows(lookup)), code.mul(steps, batch));
  return roundUpToLines(code, code.mul(most, 4));
}

Value SharedLookups::keptBytes(Value steps, Value batch) {
  Value bytes = code.num(0);
  for (auto &[lookup, place] : places)
    bytes = code.add(bytes,
                     code.add(numbersBytes(steps, batch),
                              listBytes(cast<LookupOp>(lookup), steps, batch)));
  return bytes;
}

int64_t SharedLookups::keptBytesOfRow() const {
  return int64_t(places.size()) * (8 + 2 * lineBytes);
}

int64_t SharedLookups::marksBytes() const {
  int64_t bytes = 0;
  for (auto &[lookup, place] : places)
    bytes += llvm::alignTo(4 * tableRows(cast<LookupOp>(lookup)), lineBytes);
  return bytes;
}

void SharedLookups::place(Value kept, Value marks, Value steps, Value batch,
                          bool backward) {
  for (auto &[op, place] : places) {
    auto lookup = cast<LookupOp>(op);
    place = Place();
    place.numbers = kept;
    place.list = code.atByte(kept, numbersBytes(steps, batch));
    kept = code.atByte(place.list, listBytes(lookup, steps, batch));
    if (backward) {
      place.count = code.loadNum(place.numbers);
      continue;
    }
    place.marks = marks;
    int64_t bytes = llvm::alignTo(4 * tableRows(lookup), lineBytes);
    marks = code.atByte(marks, bytes);
  }
}

//===----------------------------------------------------------------------===//
// Running
//===----------------------------------------------------------------------===//

void SharedLookups::find(LookupOp lookup, const Span &span, Value indices) {
  Place &place = places[lookup];
  int64_t elements =
      model.tensor(lookup.getResult()).tensorType().getNumElements();
  place.count = sequences.distinct(span, elements, indices, place.marks,
                                   place.list, place.numbers);
}

void SharedLookups::ifShared(LookupOp lookup,
                             function_ref<void(const Span &, Value)> shared,
                             function_ref<void()> each) {
  const Place &place = places[lookup];
  code.ifElse(
      code.less(code.num(0), place.count),
      [&] { shared({code.num(1), place.count, code.null()}, place.list); },
      each);
}

Value SharedLookups::numbersFor(LookupOp lookup) {
  const Place &place = places[lookup];
  return code.select(code.less(code.num(0), place.count), place.numbers,
                     code.null());
}
