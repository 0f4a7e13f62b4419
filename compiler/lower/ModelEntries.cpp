//===- ModelEntries.cpp - the functions a program calls of a model --------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
//   forward(call):  checks; then op by op: loops, or forward(call of a cell)
//   backward(call): the same behind rnn.backward
//
// Whatever the caller can do wrong is found before the first run.
//
//===----------------------------------------------------------------------===//

#include "compiler/lower/Access.h"
#include "compiler/lower/ModelRuns.h"
#include "llvm/Support/xxhash.h"

using namespace mlir;
using namespace rnn;

namespace {
/// Emits the entry points of one model for one CPU level.
class ModelEntries {
public:
  ModelEntries(ModelOp model, const Target &target, bool kernels,
               ModuleOp module);
  void emit();

private:
  std::string name(StringRef suffix) {
    return face.prefix + "_" + suffix.str() + "." + level;
  }
  std::string section(StringRef part) { return ".text." + name(part); }
  void emitBytes(StringRef suffix,
                 llvm::function_ref<Value(Value, Value)> bytes);
  void emitWeightsBytes();
  void emitPack();
  void emitCall(bool backward);
  Value withRandom(Value id, Value random);

  ModelParts parts;
  const ModelPlan &plan;
  CellInterface &face;
  std::string level;
  ModuleOp module;
  Code &code;
  ModelMemory &memory;
  int64_t id;
};
} // namespace

ModelEntries::ModelEntries(ModelOp model, const Target &target, bool kernels,
                           ModuleOp module)
    : parts(model, target, module), plan(parts.plan), face(parts.face),
      level(target.name), module(module), code(parts.code),
      memory(parts.memory) {
  std::string text;
  llvm::raw_string_ostream os(text);
  os << model << level;
  for (RunOp run : plan.runs)
    writeIdentity(run.callee(), target, kernels, os);
  id = llvm::xxh3_64bits(StringRef(text)) & INT64_MAX;
}

//===----------------------------------------------------------------------===//
// Sizes
//===----------------------------------------------------------------------===//

void ModelEntries::emitBytes(StringRef suffix,
                             llvm::function_ref<Value(Value, Value)> bytes) {
  EntryFunction entry(code, module, name(suffix), {code.i64, code.i64},
                      code.i64);
  makeInternal(entry.function);
  placeInSection(entry.function, section("sizes"));
  Value steps = entry.argument(0), batch = entry.argument(1);
  entry.failIf(memory.isBadSize(steps, batch), 0);
  entry.finish(bytes(steps, batch));
}

void ModelEntries::emitWeightsBytes() {
  code.b.setInsertionPointToEnd(module.getBody());
  auto function = func::FuncOp::create(code.b, code.loc, name("weights_bytes"),
                                       code.b.getFunctionType({}, {code.i64}));
  makeInternal(function);
  placeInSection(function, section("sizes"));
  code.b.setInsertionPointToStart(function.addEntryBlock());
  func::ReturnOp::create(code.b, code.loc, memory.weightsBytes());
}

//===----------------------------------------------------------------------===//
// Packing
//===----------------------------------------------------------------------===//

/// Packs the weights of each run as its cell does.
void ModelEntries::emitPack() {
  EntryFunction entry(code, module, name("pack_on_team"),
                      {code.ptr, code.ptr, code.ptr}, code.i32);
  makeInternal(entry.function);
  placeInSection(entry.function, section("sizes"));
  Value params = entry.argument(0), to = entry.argument(1);
  Value team = entry.argument(2);
  llvm::StringMap<Value> sources = entry.takeParams(face, params, to);
  code.zeroBytes(to, code.num(memory.weightsHeader()));
  for (auto [index, table] : llvm::enumerate(plan.tables))
    LLVM::StoreOp::create(code.b, code.loc, sources[table],
                          memory.tablePlace(to, index));
  memory.forWeights(to, [&](RunOp run, Value at) {
    CellInterface cell = interfaceOf(run.callee());
    Value list = code.onStack(
        code.ptr, std::max<int64_t>(cell.params.size(), 1), code.pointerBytes);
    for (auto [index, param] : llvm::enumerate(cell.params))
      LLVM::StoreOp::create(
          code.b, code.loc, sources[run.bound(param.getSymName())],
          code.atByte(list, code.pointerBytes * int64_t(index)));
    func::CallOp::create(code.b, code.loc,
                         cell.prefix + "_pack_on_team." + level,
                         TypeRange{code.i32}, ValueRange{list, at, team});
  });
  code.storeNum(code.num(id), to);
  entry.finish(code.status(status::Ok));
}

//===----------------------------------------------------------------------===//
// Forward and backward
//===----------------------------------------------------------------------===//

/// A number that hardly belongs to others, mixed with the random numbers of the
/// call.
Value ModelEntries::withRandom(Value id, Value random) {
  auto mixed = [&] {
    Value seed = code.add(code.mul(code.loadNum(random), mixingFactor), 1);
    Value iteration = code.loadNum(code.atByte(random, 8));
    return code.add(id, code.add(code.mul(seed, mixingFactor), iteration));
  };
  return code.choose(code.notNull(random), code.i64, mixed, [&] { return id; });
}

void ModelEntries::emitCall(bool backward) {
  StringRef suffix = backward ? "backward" : "forward";
  EntryFunction entry(code, module, name(suffix), {code.ptr}, code.i32);
  makeInternal(entry.function);
  placeInSection(entry.function, section(suffix));
  ModelCall given;
  Value call = given.call = entry.argument(0);
  auto pointerAt = [&](CallField field, int64_t index = 0) {
    return code.loadPtr(callField(code, call, field, index));
  };
  entry.failIf(code.isNull(call), status::NullPointer);
  Value steps = code.loadNum(callField(code, call, CallField::Steps));
  Value batch = code.loadNum(callField(code, call, CallField::Batch));
  entry.failIf(memory.isBadSize(steps, batch), status::BadSize);
  Value weights = pointerAt(CallField::Weights);
  Value tape = pointerAt(CallField::Tape);
  Value scratch = pointerAt(CallField::Scratch);
  given.arenas = {weights, tape, scratch};
  given.team = pointerAt(CallField::Team);
  given.random = pointerAt(CallField::Random);
  given.span = {steps, batch, pointerAt(CallField::Lengths)};
  Value missing = code.either(code.isNull(weights), code.isNull(scratch));
  if (backward)
    missing = code.either(missing, code.isNull(tape));
  SmallVector<Value> arrays, indices;
  Value no =
      arith::ConstantIntOp::create(code.b, code.loc, code.b.getI1Type(), 0);
  for (auto [index, array] : llvm::enumerate(face.arrays)) {
    Value pointer = pointerAt(CallField::Arrays, index);
    if (array.role < ArrayRole::GradOutput || backward)
      (array.element() == ElementType::I32 ? indices : arrays)
          .push_back(pointer);
    Value rows = array.axes == Axes::Rows ? batch : code.mul(steps, batch);
    if (array.role == ArrayRole::Input)
      missing = code.either(
          missing, code.both(code.isNull(pointer),
                             code.equal(code.equal(rows, code.num(0)), no)));
  }
  entry.failIf(missing, status::NullPointer);
  entry.failIf(isMisaligned(code, {weights, tape, scratch}, lineBytes),
               status::Misaligned);
  entry.failIf(isMisaligned(code, arrays, code.elementBytes()),
               status::Misaligned);
  entry.failIf(isMisaligned(code, indices, 4), status::Misaligned);
  entry.failIf(isMisaligned(code, given.span.lengths, 8), status::Misaligned);
  LengthsCheck known = checkLengths(code, given.span.lengths, steps, batch);
  entry.failIf(known.isWrong, status::BadLengths);
  entry.failIf(differs(code, weights, 0, code.num(id)), status::WrongWeights);
  ModelRuns runs(parts, given, backward);
  entry.failIf(runs.hasOutsideIndices(), status::BadIndex);
  entry.takeTape(
      tape, backward,
      {code.num(id), steps, batch, withRandom(known.id, given.random)});
  entry.failIf(code.equal(batch, code.num(0)), status::Ok);

  runs.emit(entry);
  entry.finish(code.status(status::Ok));
}

void ModelEntries::emit() {
  emitWeightsBytes();
  emitPack();
  emitBytes("tape_bytes", [&](Value steps, Value batch) {
    return memory.tapeBytes(steps, batch);
  });
  emitBytes("forward_scratch_bytes", [&](Value steps, Value batch) {
    return memory.scratchBytes(/*backward=*/false, steps, batch);
  });
  emitBytes("backward_scratch_bytes", [&](Value steps, Value batch) {
    return memory.scratchBytes(/*backward=*/true, steps, batch);
  });
  emitCall(false);
  emitCall(true);
}

void rnn::emitModelEntries(ModelOp model, const Target &target, bool kernels,
                           ModuleOp module) {
  ModelEntries(model, target, kernels, module).emit();
}
