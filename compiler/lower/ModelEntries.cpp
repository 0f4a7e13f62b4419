//===- ModelEntries.cpp - the functions a program calls of a model --------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
//   forward(call):  checks; then op by op: loops, or forward(call of a cell)
//   backward(call): the same behind rnn.backward
//
// Cells are called as any program calls them, with weights, tape and scratch
// cut out of the model's:
//
//   weights   header | addresses of tables | packed weights of each run
//   tape      header | values that runs pass on | what lookups share | the tape
//             of each run
//   scratch   that of the runs at hand | random numbers, gradients | without a
//             tape what would be on it
//
// Whatever the caller can do wrong is found before the first run.
//
//===----------------------------------------------------------------------===//

#include "compiler/lower/Access.h"
#include "compiler/lower/Entries.h"
#include "compiler/lower/Sequences.h"
#include "compiler/lower/SharedLookups.h"
#include "compiler/lower/Wavefront.h"
#include "llvm/ADT/TypeSwitch.h"
#include "llvm/Support/xxhash.h"

using namespace mlir;
using namespace rnn;

/// Room for the mark of a tape.
static constexpr int64_t tapeHeader = lineBytes;

namespace {
/// Emits the entry points of one model for one CPU level.
class ModelEntries {
public:
  ModelEntries(ModelOp model, const Target &target, ModuleOp module);
  void emit();

private:
  using Pointers = llvm::StringMap<Value>;

  std::string name(StringRef suffix) {
    return face.prefix + "_" + suffix.str() + "." + level;
  }
  std::string section(StringRef part) { return ".text." + name(part); }
  bool isBackward(Operation *op) {
    BackwardOp mark = model.backward();
    return mark && mark->isBeforeInBlock(op);
  }
  SmallVector<Operation *> opsOf(bool backward);
  const SmallVector<Front> &frontsIn(bool backward) {
    return backward ? backwardFronts : forwardFronts;
  }
  bool isOverTime(StringRef tensor) {
    return !model.tensor(tensor).getPerSequence();
  }
  int64_t elementsOf(StringRef tensor) {
    return model.tensor(tensor).tensorType().getNumElements();
  }
  Value roundUp(Value bytes) { return roundUpToLines(code, bytes); }
  Value callSize(RunOp run, StringRef what, ValueRange arguments);
  Value callSize(RunOp run, StringRef what, Value steps, Value batch);
  Value bytesOf(TensorOp tensor, Value steps, Value batch);
  bool isKept(TensorOp tensor);
  Value sizeOfKept(Value steps, Value batch);
  Value scratchOfRuns(bool backward, Value steps, Value batch,
                      llvm::function_ref<void(RunOp, Value at)> place);
  Value sizeOfScratch(bool backward, bool withKept, Value steps, Value batch);
  Value badSize(Value steps, Value batch);
  void emitBytes(StringRef suffix,
                 llvm::function_ref<Value(Value, Value)> bytes);
  void emitWeightsBytes();
  void emitPack();
  void emitCall(bool backward);

  Value arrayOf(Value call, ArrayRole role, StringRef tensor,
                int64_t delay = 0);
  Value pointerTo(StringRef tensor);
  void give(StringRef tensor, Value pointer) { pointers[tensor] = pointer; }
  PreparedRun prepare(RunOp op);
  Value runFront(const Front &front, StringRef suffix);
  Value reversed(ReverseOp op);
  void runLoops(Operation *op);
  Value wantedBy(Operation *reader);
  void skipUnwanted();
  Value outsideIndices();
  Value withRandom(Value id);

  ModelOp model;
  const Target &target;
  ModuleOp module;
  CellInterface face;
  std::string level;
  Code code;
  Sequences sequences;
  SharedLookups shared;
  SmallVector<RunOp> runs; ///< forward
  SmallVector<Front> forwardFronts, backwardFronts;
  SmallVector<StringRef> tables;
  int64_t id;

  // Of the function that is being emitted.
  Value call, weights, tape, team, random;
  Span span;
  Pointers pointers, buffers;
  llvm::DenseMap<Operation *, Value> weightsOf, scratchOf;
  llvm::DenseMap<int64_t, Value> tapeOf;
};
} // namespace

ModelEntries::ModelEntries(ModelOp model, const Target &target, ModuleOp module)
    : model(model), target(target), module(module), face(interfaceOf(model)),
      level(target.name),
      code(OpBuilder(module.getContext()), model.getLoc(), model.elementType(),
           target.vectorBytes * 8 / model.elementType().getWidth(), target),
      sequences(code, module, face.prefix, target.name),
      shared(model, code, sequences) {
  std::string text;
  llvm::raw_string_ostream os(text);
  os << model << level;
  for (Operation *op : opsOf(false)) {
    if (auto run = dyn_cast<RunOp>(op)) {
      runs.push_back(run);
      os << run.callee();
    }
    if (auto lookup = dyn_cast<LookupOp>(op))
      if (!llvm::is_contained(tables, lookup.getTable()))
        tables.push_back(lookup.getTable());
  }
  id = llvm::xxh3_64bits(StringRef(text)) & INT64_MAX;
  forwardFronts = frontsOf(model, opsOf(false));
  backwardFronts = frontsOf(model, opsOf(true));
}

/// What the model does in one direction, in order.
SmallVector<Operation *> ModelEntries::opsOf(bool backward) {
  SmallVector<Operation *> ops;
  for (Operation &op : model.getBody().front())
    if (!isa<TensorOp, BackwardOp>(op) && isBackward(&op) == backward)
      ops.push_back(&op);
  return ops;
}

//===----------------------------------------------------------------------===//
// Sizes
//===----------------------------------------------------------------------===//

/// What a cell's query of sizes answers.
Value ModelEntries::callSize(RunOp run, StringRef what, ValueRange arguments) {
  std::string function =
      interfaceOf(run.callee()).prefix + "_" + what.str() + "." + level;
  Value bytes = func::CallOp::create(code.b, code.loc, function,
                                     TypeRange{code.i64}, arguments)
                    .getResult(0);
  return roundUp(bytes);
}

Value ModelEntries::callSize(RunOp run, StringRef what, Value steps,
                             Value batch) {
  return callSize(run, what, {run.getOnce() ? code.num(1) : steps, batch});
}

Value ModelEntries::bytesOf(TensorOp tensor, Value steps, Value batch) {
  Value rows = tensor.getPerSequence() ? batch : code.mul(steps, batch);
  return roundUp(code.mul(rows, tensor.tensorType().getNumElements() *
                                    code.elementBytes()));
}

/// True of what forward writes and backward reads: all but random numbers.
bool ModelEntries::isKept(TensorOp tensor) {
  for (Operation *op : opsOf(false))
    if (!isa<DrawOp>(op) &&
        llvm::is_contained(accessOf(op).writes, tensor.getSymName()))
      return true;
  return false;
}

static bool isTaped(RunOp run) { return run.getTape().has_value(); }

Value ModelEntries::sizeOfKept(Value steps, Value batch) {
  Value bytes = code.num(tapeHeader);
  for (auto tensor : model.getBody().getOps<TensorOp>())
    if (tensor.getRole() == Role::value && isKept(tensor))
      bytes = code.add(bytes, bytesOf(tensor, steps, batch));
  return code.add(bytes, shared.keptBytes(steps, batch));
}

/// Of scratch: what the runs of one front need at a time. Calls `place` with
/// where that of each run begins.
Value ModelEntries::scratchOfRuns(
    bool backward, Value steps, Value batch,
    llvm::function_ref<void(RunOp, Value at)> place) {
  StringRef what =
      backward ? "backward_scratch_bytes" : "forward_scratch_bytes";
  Value most = code.num(lineBytes);
  for (const Front &front : frontsIn(backward)) {
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

/// Of scratch: that of the runs, and values that are not kept.
Value ModelEntries::sizeOfScratch(bool backward, bool withKept, Value steps,
                                  Value batch) {
  Value most = scratchOfRuns(backward, steps, batch, [](RunOp, Value) {});
  for (auto tensor : model.getBody().getOps<TensorOp>()) {
    if (tensor.getRole() != Role::value || isKept(tensor))
      continue;
    bool isHere = llvm::any_of(opsOf(backward), [&](Operation *op) {
      return llvm::is_contained(accessOf(op).writes, tensor.getSymName());
    });
    if (isHere)
      most = code.add(most, bytesOf(tensor, steps, batch));
  }
  if (!backward)
    most = code.add(most, shared.marksBytes());
  return withKept ? code.add(most, sizeOfKept(steps, batch)) : most;
}

/// Sizes whose memory would not fit an address, for the model or one of its
/// cells.
Value ModelEntries::badSize(Value steps, Value batch) {
  int64_t rowBytes = lineBytes + shared.keptBytesOfRow();
  for (auto tensor : model.getBody().getOps<TensorOp>())
    if (tensor.getRole() != Role::param)
      rowBytes += tensor.tensorType().getNumElements() * code.elementBytes() +
                  lineBytes;
  // Room for as much again in each run.
  int64_t most = mostBytes(code) / rowBytes / int64_t(8 + 4 * runs.size());
  Value negative =
      code.either(code.less(steps, code.num(0)), code.less(batch, code.num(0)));
  Value huge = code.either(code.less(code.num(most), steps),
                           code.less(code.num(most), batch));
  Value rows = code.div(code.num(most), code.max(batch, code.num(1)));
  Value bad = code.either(code.either(negative, huge), code.less(rows, steps));
  for (RunOp run : runs)
    for (StringRef what :
         {"tape_bytes", "forward_scratch_bytes", "backward_scratch_bytes"})
      bad = code.either(
          bad, code.equal(callSize(run, what, steps, batch), code.num(0)));
  return bad;
}

void ModelEntries::emitBytes(StringRef suffix,
                             llvm::function_ref<Value(Value, Value)> bytes) {
  EntryFunction entry(code, module, name(suffix), {code.i64, code.i64},
                      code.i64);
  makeInternal(entry.function);
  placeInSection(entry.function, section("sizes"));
  Value steps = entry.argument(0), batch = entry.argument(1);
  entry.failIf(badSize(steps, batch), 0);
  entry.finish(bytes(steps, batch));
}

void ModelEntries::emitWeightsBytes() {
  code.b.setInsertionPointToEnd(module.getBody());
  auto function = func::FuncOp::create(code.b, code.loc, name("weights_bytes"),
                                       code.b.getFunctionType({}, {code.i64}));
  makeInternal(function);
  placeInSection(function, section("sizes"));
  code.b.setInsertionPointToStart(function.addEntryBlock());
  Value bytes = code.num(
      int64_t(llvm::alignTo(8 + 8 * int64_t(tables.size()), lineBytes)));
  for (RunOp run : runs)
    bytes = code.add(bytes, callSize(run, "weights_bytes", ValueRange()));
  func::ReturnOp::create(code.b, code.loc, bytes);
}

//===----------------------------------------------------------------------===//
// Packing
//===----------------------------------------------------------------------===//

/// Packs the weights of each run as its cell does.
void ModelEntries::emitPack() {
  EntryFunction entry(code, module, name("pack"), {code.ptr, code.ptr},
                      code.i32);
  makeInternal(entry.function);
  placeInSection(entry.function, section("sizes"));
  Value params = entry.argument(0), to = entry.argument(1);
  entry.failIf(face.params.empty()
                   ? code.isNull(to)
                   : code.either(code.isNull(params), code.isNull(to)),
               status::NullPointer);
  entry.failIf(isMisaligned(code, to, lineBytes), status::Misaligned);
  llvm::StringMap<Value> sources;
  for (auto [index, param] : llvm::enumerate(face.params)) {
    Value source =
        code.loadPtr(code.atByte(params, code.pointerBytes * int64_t(index)));
    sources[param.getSymName()] = source;
    entry.failIf(code.isNull(source), status::NullPointer);
    entry.failIf(isMisaligned(code, source, code.elementBytes()),
                 status::Misaligned);
  }
  code.storeNum(code.num(0), to);
  for (auto [index, table] : llvm::enumerate(tables))
    LLVM::StoreOp::create(code.b, code.loc, sources[table],
                          code.atByte(to, 8 + 8 * int64_t(index)));
  Value at = code.num(
      int64_t(llvm::alignTo(8 + 8 * int64_t(tables.size()), lineBytes)));
  for (RunOp run : runs) {
    CellInterface cell = interfaceOf(run.callee());
    Value list = code.onStack(
        code.ptr, std::max<int64_t>(cell.params.size(), 1), code.pointerBytes);
    for (auto [index, param] : llvm::enumerate(cell.params))
      LLVM::StoreOp::create(
          code.b, code.loc, sources[run.bound(param.getSymName())],
          code.atByte(list, code.pointerBytes * int64_t(index)));
    func::CallOp::create(code.b, code.loc, cell.prefix + "_pack." + level,
                         TypeRange{code.i32},
                         ValueRange{list, code.atByte(to, at)});
    at = code.add(at, callSize(run, "weights_bytes", ValueRange()));
  }
  code.storeNum(code.num(id), to);
  entry.finish(code.status(status::Ok));
}

//===----------------------------------------------------------------------===//
// Arrays
//===----------------------------------------------------------------------===//

/// The caller's array of that role, null or not.
Value ModelEntries::arrayOf(Value from, ArrayRole role, StringRef tensor,
                            int64_t delay) {
  int64_t index = face.find(role, tensor, delay);
  return code.loadPtr(callField(code, from, CallField::Arrays, index));
}

/// Where a tensor is, null if it is not given.
Value ModelEntries::pointerTo(StringRef tensor) {
  auto known = pointers.find(tensor);
  if (known != pointers.end())
    return known->second;
  TensorOp declared = model.tensor(tensor);
  StringRef of = declared.getOf().value_or("");
  switch (declared.getRole()) {
  case Role::input:
    return arrayOf(call, ArrayRole::Input, tensor);
  case Role::target:
    return arrayOf(call, ArrayRole::Target, tensor);
  case Role::output:
    return arrayOf(call, ArrayRole::Output, tensor);
  case Role::loss:
    return arrayOf(call, ArrayRole::Loss, tensor);
  case Role::metric:
    return arrayOf(call, ArrayRole::Metric, tensor);
  case Role::output_gradient:
    return arrayOf(call, ArrayRole::GradOutput, of);
  case Role::input_gradient:
    return arrayOf(call, ArrayRole::GradInput, of);
  default:
    return buffers.lookup(tensor);
  }
}

//===----------------------------------------------------------------------===//
// Running
//===----------------------------------------------------------------------===//

/// Makes up the call of a run's cell.
PreparedRun ModelEntries::prepare(RunOp op) {
  CellInterface cell = interfaceOf(op.callee());
  const bool backward = op.getBackward();
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
      pointer =
          arrayOf(call, ArrayRole::GradParam, op.bound(param.getSymName()));
    } else if (!bound.empty()) {
      // The caller's arrays of a state are told by the role of the cell's.
      bool isState = model.tensor(bound).getRole() == Role::state;
      pointer = isState ? arrayOf(call, array.role, bound, array.delay)
                        : pointerTo(bound);
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
  code.storeNum(op.getOnce() ? code.num(1) : span.steps,
                callField(code, inner, CallField::Steps));
  code.storeNum(span.batch, callField(code, inner, CallField::Batch));
  set(CallField::Weights, weightsOf.lookup(op));
  set(CallField::Tape,
      op.getTape() ? tapeOf.lookup(*op.getTape()) : code.null());
  set(CallField::Scratch, scratchOf.lookup(op));
  set(CallField::Team, team);
  set(CallField::Lengths, op.getOnce() ? code.null() : span.lengths);
  set(CallField::Random, random);

  for (StringRef tensor : written)
    give(tensor, code.select(missing, code.null(), pointerTo(tensor)));
  return {op, inner, missing};
}

/// Calls the cells of a front. Gives the status.
Value ModelEntries::runFront(const Front &front, StringRef suffix) {
  SmallVector<PreparedRun> prepared;
  for (Operation *op : front)
    prepared.push_back(prepare(cast<RunOp>(op)));
  Wavefront wavefront(code, module, target, face.prefix, suffix, prepared);
  return wavefront.emit(span, team);
}

/// Where what is reversed is: the distinct rows of a shared lookup stay where
/// they are.
Value ModelEntries::reversed(ReverseOp op) {
  Value to = pointerTo(op.getResult());
  LookupOp lookup = shared.of(op.getOperand());
  if (!lookup)
    return to;
  Value isMoved = code.either(code.isNull(to),
                              code.equal(shared.isShared(lookup), code.no()));
  return code.select(isMoved, to, pointerTo(op.getOperand()));
}

/// The loops of an op that runs no cell.
void ModelEntries::runLoops(Operation *op) {
  llvm::TypeSwitch<Operation *>(op)
      .Case([&](LookupOp lookup) {
        int64_t index = llvm::find(tables, lookup.getTable()) - tables.begin();
        Value table = code.loadPtr(code.atByte(weights, 8 + 8 * index));
        int64_t elements = elementsOf(lookup.getResult());
        Value result = pointerTo(lookup.getResult());
        Value indices = pointerTo(lookup.getIndices());
        auto each = [&] {
          sequences.lookup(span, isOverTime(lookup.getResult()), elements,
                           result, table, indices);
        };
        if (!shared.of(lookup.getResult()))
          return each();
        shared.find(lookup, span, indices);
        auto once = [&](const Span &rows, Value list) {
          sequences.lookup(rows, /*overTime=*/false, elements, result, table,
                           list);
        };
        shared.ifShared(lookup, once, each);
      })
      .Case([&](ScatterOp scatter) {
        Value gradient =
            arrayOf(call, ArrayRole::GradParam, scatter.getTable());
        Value rows = pointerTo(scatter.getRows());
        int64_t elements = elementsOf(scatter.getRows());
        auto each = [&] {
          sequences.scatter(span, isOverTime(scatter.getRows()), elements,
                            gradient, pointerTo(scatter.getIndices()), rows);
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
          sequences.reverse(
              span, elementsOf(reverse.getOperand()) * code.elementBytes(), to,
              from);
        });
        give(reverse.getResult(),
             code.select(code.isNull(from), code.null(), reversed(reverse)));
      })
      .Case([&](OneHotOp hot) {
        Value from = pointerTo(hot.getIndices());
        code.ifThen(code.notNull(from), [&] {
          sequences.oneHot(span, isOverTime(hot.getResult()),
                           elementsOf(hot.getResult()),
                           pointerTo(hot.getResult()), from);
        });
        give(hot.getResult(), code.select(code.isNull(from), code.null(),
                                          pointerTo(hot.getResult())));
      })
      .Case([&](DrawOp draw) {
        sequences.draw(span, isOverTime(draw.getResult()),
                       elementsOf(draw.getResult()),
                       pointerTo(draw.getResult()), random,
                       draw.getRate().convertToDouble(), draw.getStream());
      })
      .Case([&](SumOp sum) {
        StringRef result = sum.getResult();
        // A state that is written is the final one; one that is read, the
        // gradient of that.
        auto pointerIn = [&](StringRef tensor, ArrayRole ofState) {
          return model.tensor(tensor).getRole() == Role::state
                     ? arrayOf(call, ofState, tensor, 1)
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
        Value rows =
            isOverTime(result) && model.tensor(result).getRole() != Role::state
                ? shared.rowsOf(result, code.mul(span.steps, span.batch))
                : span.batch;
        code.ifThen(code.notNull(to), [&] {
          sequences.sum(code.mul(rows, elementsOf(result)), to, operands);
        });
        if (model.tensor(result).getRole() == Role::value)
          give(result, code.select(none, code.null(), to));
      });
}

/// True at run time if an op of backward needs what it reads; null: always.
Value ModelEntries::wantedBy(Operation *reader) {
  if (auto scatter = dyn_cast<ScatterOp>(reader))
    return code.notNull(
        arrayOf(call, ArrayRole::GradParam, scatter.getTable()));
  if (!isa<SumOp, ReverseOp>(reader))
    return {};
  StringRef result = accessOf(reader).writes.front();
  Role role = model.tensor(result).getRole();
  if (role != Role::value && role != Role::input_gradient)
    return {};
  return code.notNull(pointerTo(result));
}

/// Takes away the places of gradients that in the end nobody wants, so that
/// cells are called without them.
void ModelEntries::skipUnwanted() {
  llvm::StringMap<SmallVector<Operation *>> readers;
  SmallVector<Operation *> ops = opsOf(/*backward=*/true);
  for (Operation *op : ops)
    for (StringRef tensor : accessOf(op).reads)
      readers[tensor].push_back(op);
  for (Operation *op : llvm::reverse(ops))
    for (StringRef tensor : accessOf(op).writes) {
      if (model.tensor(tensor).getRole() != Role::value ||
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
// Checks
//===----------------------------------------------------------------------===//

/// A number that hardly belongs to others, mixed with the random numbers of the
/// call.
Value ModelEntries::withRandom(Value id) {
  auto mixed = [&] {
    Value seed = code.add(code.mul(code.loadNum(random), mixingFactor), 1);
    Value iteration = code.loadNum(code.atByte(random, 8));
    return code.add(id, code.add(code.mul(seed, mixingFactor), iteration));
  };
  return code.choose(code.notNull(random), code.i64, mixed, [&] { return id; });
}

/// True if one of the indices that are read is none of its table.
Value ModelEntries::outsideIndices() {
  Value outside =
      arith::ConstantIntOp::create(code.b, code.loc, code.b.getI1Type(), 0);
  auto check = [&](StringRef indices, int64_t below) {
    Value pointer = pointerTo(indices);
    Value rows = code.select(code.isNull(pointer), code.num(0), span.batch);
    Span given{span.steps, rows, span.lengths};
    outside =
        code.either(outside, sequences.isOutside(given, isOverTime(indices),
                                                 pointer, below));
  };
  for (Operation *op : opsOf(false)) {
    if (auto lookup = dyn_cast<LookupOp>(op))
      check(lookup.getIndices(),
            model.tensor(lookup.getTable()).tensorType().getDimSize(0));
    if (auto hot = dyn_cast<OneHotOp>(op))
      check(hot.getIndices(), elementsOf(hot.getResult()));
  }
  return outside;
}

//===----------------------------------------------------------------------===//
// Forward and backward
//===----------------------------------------------------------------------===//

void ModelEntries::emitCall(bool backward) {
  StringRef suffix = backward ? "backward" : "forward";
  EntryFunction entry(code, module, name(suffix), {code.ptr}, code.i32);
  makeInternal(entry.function);
  placeInSection(entry.function, section(suffix));
  pointers.clear();
  buffers.clear();
  weightsOf.clear();
  scratchOf.clear();
  tapeOf.clear();
  call = entry.argument(0);
  auto pointerAt = [&](CallField field, int64_t index = 0) {
    return code.loadPtr(callField(code, call, field, index));
  };
  entry.failIf(code.isNull(call), status::NullPointer);
  Value steps = code.loadNum(callField(code, call, CallField::Steps));
  Value batch = code.loadNum(callField(code, call, CallField::Batch));
  entry.failIf(badSize(steps, batch), status::BadSize);
  weights = pointerAt(CallField::Weights);
  tape = pointerAt(CallField::Tape);
  Value scratch = pointerAt(CallField::Scratch);
  team = pointerAt(CallField::Team);
  random = pointerAt(CallField::Random);
  span = {steps, batch, pointerAt(CallField::Lengths)};
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
  entry.failIf(isMisaligned(code, span.lengths, 8), status::Misaligned);
  LengthsCheck known = checkLengths(code, span.lengths, steps, batch);
  entry.failIf(known.isWrong, status::BadLengths);
  entry.failIf(differs(code, weights, 0, code.num(id)), status::WrongWeights);
  entry.failIf(outsideIndices(), status::BadIndex);
  entry.takeTape(tape, backward,
                 {code.num(id), steps, batch, withRandom(known.id)});
  entry.failIf(code.equal(batch, code.num(0)), status::Ok);

  // Cut up the memory.
  Value at = code.num(
      int64_t(llvm::alignTo(8 + 8 * int64_t(tables.size()), lineBytes)));
  llvm::DenseMap<int64_t, Value> weightsOfTape;
  for (RunOp run : runs) {
    weightsOf[run] = code.atByte(weights, at);
    if (run.getTape())
      weightsOfTape[*run.getTape()] = weightsOf[run];
    at = code.add(at, callSize(run, "weights_bytes", ValueRange()));
  }
  // Behind what the runs need: values that are not kept, and without a tape
  // those that are.
  Value own = scratchOfRuns(backward, steps, batch, [&](RunOp run, Value at) {
    scratchOf[run] = code.atByte(scratch, at);
    if (backward)
      weightsOf[run] = weightsOfTape.lookup(*run.getTape());
  });
  for (auto tensor : model.getBody().getOps<TensorOp>()) {
    bool isHere =
        tensor.getRole() == Role::value && !isKept(tensor) &&
        llvm::any_of(opsOf(backward), [&](Operation *op) {
          return llvm::is_contained(accessOf(op).writes, tensor.getSymName());
        });
    if (!isHere)
      continue;
    buffers[tensor.getSymName()] = code.atByte(scratch, own);
    own = code.add(own, bytesOf(tensor, steps, batch));
  }
  Value marks = code.atByte(scratch, own);
  if (!backward)
    own = code.add(own, shared.marksBytes());
  Value kept = code.select(code.isNull(tape), code.atByte(scratch, own), tape);
  Value offset = code.num(tapeHeader);
  for (auto tensor : model.getBody().getOps<TensorOp>())
    if (tensor.getRole() == Role::value && isKept(tensor)) {
      buffers[tensor.getSymName()] = code.atByte(kept, offset);
      offset = code.add(offset, bytesOf(tensor, steps, batch));
    }
  shared.place(code.atByte(kept, offset), marks, steps, batch, backward);
  offset = code.add(offset, shared.keptBytes(steps, batch));
  for (RunOp run : runs)
    if (isTaped(run)) {
      tapeOf[*run.getTape()] = code.select(code.isNull(tape), code.null(),
                                           code.atByte(tape, offset));
      offset = code.add(offset, callSize(run, "tape_bytes", steps, batch));
    }
  // What forward was not given is not given to backward.
  if (backward)
    for (Operation *op : opsOf(false))
      if (auto hot = dyn_cast<OneHotOp>(op))
        give(hot.getResult(),
             code.select(code.isNull(pointerTo(hot.getIndices())), code.null(),
                         pointerTo(hot.getResult())));

  if (backward)
    for (Operation *op : opsOf(false))
      if (auto reverse = dyn_cast<ReverseOp>(op))
        if (shared.of(reverse.getOperand()))
          give(reverse.getResult(), reversed(reverse));

  if (backward)
    skipUnwanted();
  for (auto [index, front] : llvm::enumerate(frontsIn(backward))) {
    if (!isa<RunOp>(front.front())) {
      runLoops(front.front());
      continue;
    }
    Value status = runFront(front, (suffix + "_front" + Twine(index)).str());
    entry.failUnlessOk(status);
  }
  entry.finish(code.status(status::Ok));
}

void ModelEntries::emit() {
  emitWeightsBytes();
  emitPack();
  emitBytes("tape_bytes", [&](Value steps, Value batch) {
    Value bytes = sizeOfKept(steps, batch);
    for (RunOp run : runs)
      if (isTaped(run))
        bytes = code.add(bytes, callSize(run, "tape_bytes", steps, batch));
    return bytes;
  });
  emitBytes("forward_scratch_bytes", [&](Value steps, Value batch) {
    return sizeOfScratch(false, /*withKept=*/true, steps, batch);
  });
  emitBytes("backward_scratch_bytes", [&](Value steps, Value batch) {
    return sizeOfScratch(true, /*withKept=*/false, steps, batch);
  });
  emitCall(false);
  emitCall(true);
}

void rnn::emitModelEntries(ModelOp model, const Target &target,
                           ModuleOp module) {
  ModelEntries(model, target, module).emit();
}
