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
#include "dialect/LookupReaders.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace rnn;

Value rnn::roundUpToLines(Code &code, Value bytes) {
  return code.mul(code.ceilDiv(bytes, lineBytes), lineBytes);
}

/// True if all cells that read the vectors can take them once for each index.
static bool areDistinct(const LookupReaders &readers) {
  return readers.areAll && !readers.inputs.empty() &&
         llvm::all_of(readers.inputs, [](auto reader) {
           TensorOp input = reader.first.distinctInput();
           return input && input.getSymName() == reader.second;
         });
}

SharedLookups::SharedLookups(ModelOp model, Code &code, Sequences &sequences)
    : model(model), code(code), sequences(sequences) {
  for (auto lookup : model.getBody().getOps<LookupOp>()) {
    LookupReaders readers(model, lookup);
    if (!areDistinct(readers))
      continue;
    places.try_emplace(lookup);
    for (auto &[tensor, isReversed] : readers.vectors)
      tensors[tensor] = {lookup, isReversed};
    for (StringRef tensor : readers.gradients)
      tensors[tensor] = {lookup, false};
  }
}

/// True if a cell takes the rows in reverse.
bool SharedLookups::isReversed(LookupOp lookup) const {
  return llvm::any_of(tensors, [&](auto &entry) {
    return entry.second.lookup == lookup && entry.second.isReversed;
  });
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
  for (auto &[op, place] : places) {
    auto lookup = cast<LookupOp>(op);
    Value numbers =
        code.mul(numbersBytes(steps, batch), 1 + isReversed(lookup));
    bytes = code.add(bytes, code.add(numbers, listBytes(lookup, steps, batch)));
  }
  return bytes;
}

int64_t SharedLookups::keptBytesOfRow() const {
  return int64_t(places.size()) * (12 + 3 * lineBytes);
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
    if (isReversed(lookup)) {
      place.backward = place.list;
      place.list = code.atByte(place.list, numbersBytes(steps, batch));
    }
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

Value SharedLookups::isShared(LookupOp lookup) {
  return code.less(code.num(0), places[lookup].count);
}

void SharedLookups::find(LookupOp lookup, const Span &span, Value indices) {
  Place &place = places[lookup];
  int64_t elements =
      model.tensor(lookup.getResult()).tensorType().getNumElements();
  place.count = sequences.distinct(span, elements, indices, place.marks,
                                   place.list, place.numbers);
  if (place.backward)
    code.ifThen(isShared(lookup), [&] {
      code.storeNum(place.count, place.backward);
      sequences.reverse(span, 4, code.atByte(place.backward, 8),
                        code.atByte(place.numbers, 8));
    });
}

void SharedLookups::ifShared(LookupOp lookup,
                             function_ref<void(const Span &, Value)> shared,
                             function_ref<void()> each) {
  const Place &place = places[lookup];
  code.ifElse(
      isShared(lookup),
      [&] { shared({code.num(1), place.count, code.null()}, place.list); },
      each);
}

Value SharedLookups::rowsOf(StringRef tensor, Value allSteps) {
  LookupOp lookup = of(tensor);
  return lookup ? code.select(isShared(lookup), places[lookup].count, allSteps)
                : allSteps;
}

Value SharedLookups::numbersFor(StringRef tensor) {
  Rows rows = tensors.lookup(tensor);
  if (!rows.lookup)
    return code.null();
  const Place &place = places[rows.lookup];
  return code.select(isShared(rows.lookup),
                     rows.isReversed ? place.backward : place.numbers,
                     code.null());
}
