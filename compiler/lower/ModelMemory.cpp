//===- ModelMemory.cpp - how the memory of a model is cut up --------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "compiler/lower/ModelMemory.h"
#include "compiler/lower/Access.h"

using namespace mlir;
using namespace rnn;

/// Room for the mark of a tape.
static constexpr int64_t tapeHeader = lineBytes;

static bool isTaped(RunOp run) { return run.getTape().has_value(); }

//===----------------------------------------------------------------------===//
// Sizes
//===----------------------------------------------------------------------===//

/// What a cell's query of sizes answers.
Value ModelMemory::callSize(RunOp run, StringRef what, ValueRange arguments) {
  std::string function =
      interfaceOf(run.callee()).prefix + "_" + what.str() + "." + level;
  Value bytes = func::CallOp::create(code.b, code.loc, function,
                                     TypeRange{code.i64}, arguments)
                    .getResult(0);
  return roundUpToLines(code, bytes);
}

Value ModelMemory::callSize(RunOp run, StringRef what, Value steps,
                            Value batch) {
  return callSize(run, what, {run.getOnce() ? code.num(1) : steps, batch});
}

Value ModelMemory::bytesOf(TensorOp tensor, Value steps, Value batch) {
  Value rows = tensor.getPerSequence() ? batch : code.mul(steps, batch);
  return roundUpToLines(code,
                        code.mul(rows, tensor.tensorType().getNumElements() *
                                           code.elementBytes()));
}

Value ModelMemory::keptBytes(Value steps, Value batch) {
  Value bytes = code.num(tapeHeader);
  for (auto tensor : plan.tensors())
    if (plan.isKept(tensor))
      bytes = code.add(bytes, bytesOf(tensor, steps, batch));
  return code.add(bytes, shared.keptBytes(steps, batch));
}

/// Of scratch: what the runs of one front need at a time. Calls `place` with
/// where that of each run begins.
Value ModelMemory::scratchOfRuns(
    bool backward, Value steps, Value batch,
    llvm::function_ref<void(RunOp, Value at)> place) {
  StringRef what =
      backward ? "backward_scratch_bytes" : "forward_scratch_bytes";
  Value most = code.num(lineBytes);
  for (const Front &front : plan.fronts(backward)) {
    Value end = code.num(0);
    for (Operation *op : front)
      if (auto run = dyn_cast<RunOp>(op)) {
        place(run, end);
        end = code.add(end, callSize(run, what, steps, batch));
      }
    most = code.max(most, end);
  }
  return most;
}

int64_t ModelMemory::weightsHeader() const {
  return llvm::alignTo(8 + 8 * int64_t(plan.tables.size()), lineBytes);
}

Value ModelMemory::weightsBytes() {
  Value bytes = code.num(weightsHeader());
  for (RunOp run : plan.runs)
    bytes = code.add(bytes, callSize(run, "weights_bytes", ValueRange()));
  return bytes;
}

Value ModelMemory::tapeBytes(Value steps, Value batch) {
  Value bytes = keptBytes(steps, batch);
  for (RunOp run : plan.runs)
    if (isTaped(run))
      bytes = code.add(bytes, callSize(run, "tape_bytes", steps, batch));
  return bytes;
}

Value ModelMemory::scratchBytes(bool backward, Value steps, Value batch) {
  Value most = scratchOfRuns(backward, steps, batch, [](RunOp, Value) {});
  for (auto tensor : plan.tensors())
    if (plan.isTemporary(tensor, backward))
      most = code.add(most, bytesOf(tensor, steps, batch));
  if (backward)
    return most;
  most = code.add(most, shared.marksBytes());
  return code.add(most, keptBytes(steps, batch));
}

Value ModelMemory::isBadSize(Value steps, Value batch) {
  int64_t rowBytes = lineBytes + shared.keptBytesOfRow();
  for (auto tensor : plan.tensors())
    if (tensor.getRole() != Role::param)
      rowBytes += tensor.tensorType().getNumElements() * code.elementBytes() +
                  lineBytes;
  // Room for as much again in each run.
  int64_t most = mostBytes(code) / rowBytes / int64_t(8 + 4 * plan.runs.size());
  Value negative =
      code.either(code.less(steps, code.num(0)), code.less(batch, code.num(0)));
  Value huge = code.either(code.less(code.num(most), steps),
                           code.less(code.num(most), batch));
  Value rows = code.div(code.num(most), code.max(batch, code.num(1)));
  Value bad = code.either(code.either(negative, huge), code.less(rows, steps));
  for (RunOp run : plan.runs)
    for (StringRef what :
         {"tape_bytes", "forward_scratch_bytes", "backward_scratch_bytes"})
      bad = code.either(
          bad, code.equal(callSize(run, what, steps, batch), code.num(0)));
  return bad;
}

//===----------------------------------------------------------------------===//
// Places
//===----------------------------------------------------------------------===//

Value ModelMemory::tablePlace(Value weights, int64_t index) {
  return code.atByte(weights, 8 + 8 * index);
}

void ModelMemory::forWeights(Value weights,
                             llvm::function_ref<void(RunOp, Value at)> place) {
  Value at = code.num(weightsHeader());
  for (RunOp run : plan.runs) {
    place(run, code.atByte(weights, at));
    at = code.add(at, callSize(run, "weights_bytes", ValueRange()));
  }
}

ModelPlaces ModelMemory::cut(const ModelArenas &arenas, bool backward,
                             Value steps, Value batch) {
  ModelPlaces places;
  llvm::DenseMap<int64_t, Value> weightsOfTape;
  forWeights(arenas.weights, [&](RunOp run, Value at) {
    places.weights[run] = at;
    if (run.getTape())
      weightsOfTape[*run.getTape()] = at;
  });
  // Behind what the runs need: values that are not kept, and without a tape
  // those that are.
  Value own = scratchOfRuns(backward, steps, batch, [&](RunOp run, Value at) {
    places.scratch[run] = code.atByte(arenas.scratch, at);
    if (backward)
      places.weights[run] = weightsOfTape.lookup(*run.getTape());
  });
  for (auto tensor : plan.tensors())
    if (plan.isTemporary(tensor, backward)) {
      places.buffers[tensor.getSymName()] = code.atByte(arenas.scratch, own);
      own = code.add(own, bytesOf(tensor, steps, batch));
    }
  Value marks = code.atByte(arenas.scratch, own);
  if (!backward)
    own = code.add(own, shared.marksBytes());
  Value kept = code.select(code.isNull(arenas.tape),
                           code.atByte(arenas.scratch, own), arenas.tape);
  Value offset = code.num(tapeHeader);
  for (auto tensor : plan.tensors())
    if (plan.isKept(tensor)) {
      places.buffers[tensor.getSymName()] = code.atByte(kept, offset);
      offset = code.add(offset, bytesOf(tensor, steps, batch));
    }
  shared.place(code.atByte(kept, offset), marks, steps, batch, backward);
  offset = code.add(offset, shared.keptBytes(steps, batch));
  for (RunOp run : plan.runs)
    if (isTaped(run)) {
      places.tapes[*run.getTape()] =
          code.select(code.isNull(arenas.tape), code.null(),
                      code.atByte(arenas.tape, offset));
      offset = code.add(offset, callSize(run, "tape_bytes", steps, batch));
    }
  return places;
}
