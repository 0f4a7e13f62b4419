//===- Entries.cpp - the functions a program calls ------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
//   forward(call):  checks; body(call, thread) on each thread of the team
//   body:           cuts up tape and scratch, then chunk by chunk the loops of
//                   the scan
//
// A chunk is as many steps as fill the rows of a product. So what the loop
// reads of stages before it, and those after it of the loop, is still in the
// cache, and scratch does not grow with T. What is kept on a tape holds all
// steps.
//
//===----------------------------------------------------------------------===//

#include "compiler/lower/Entries.h"
#include "compiler/lower/Bodies.h"
#include "compiler/lower/Denormals.h"
#include "compiler/lower/ScanLoops.h"
#include "compiler/lower/Setup.h"
#include "compiler/schedule/Decisions.h"
#include "llvm/Support/xxhash.h"

using namespace mlir;
using namespace rnn;

//===----------------------------------------------------------------------===//
// Sizes
//===----------------------------------------------------------------------===//

void rnn::writeIdentity(CellOp cell, const Target &target, bool kernels,
                        llvm::raw_ostream &os) {
  for (Operation &op : cell.getBody().front())
    if (!isa<ScheduleOp>(op))
      os << op;
  os << (kernels ? "kernels" : "") << (cell.getBf16Products() ? "bf16" : "");
  printSchedules(cell, target, kernels, os);
}

namespace {
/// Emits the entry points of one cell.
class Entries {
public:
  Entries(CellOp cell, const Target &target, Tiles &tiles, KernelSet *kernels,
          ModuleOp module)
      : layout(cell, target, kernels ? Form::Rows : Form::Panels), tiles(tiles),
        kernels(kernels), module(module),
        code(OpBuilder(module.getContext()), cell.getLoc(), cell.elementType(),
             layout.lanes, target),
        denormals(code, target.architecture), level(target.name),
        cacheBytes(target.l2Bytes * 3 / 4), line(64 / code.elementBytes()) {
    std::string text;
    llvm::raw_string_ostream os(text);
    writeIdentity(cell, target, kernels, os);
    // Positive, so that no constant prints as a negative number.
    id = llvm::xxh3_64bits(StringRef(text)) & INT64_MAX;
  }

  /// Fails, with an error, if the architecture cannot address the weights.
  LogicalResult emit();

private:
  LogicalResult checkWeights();
  std::string name(StringRef suffix) {
    return layout.face.prefix + "_" + suffix.str() + "." + level;
  }
  /// Programs that only run a cell leave out what only training calls.
  std::string section(StringRef part) { return ".text." + name(part); }
  Value badSize(Value steps, Value batch);
  /// Steps of a chunk of that scan.
  Value chunkOf(bool backward, Value steps, Value batch) {
    int64_t rows =
        rowsOfChunk(layout.cell.scan(backward), layout.schedule.target);
    return stepsOfChunk(code, rows, steps, batch);
  }
  int64_t unwantedElements() { return llvm::alignTo(layout.longestRow, line); }
  /// Where buffers begin in scratch: after a row for values nobody wants and
  /// the order of rows.
  Value scratchStart(Value steps, Value batch) {
    Value words = code.add(code.add(steps, 1), code.mul(batch, 2));
    Value lines = code.ceilDiv(words, 8);
    return code.add(code.mul(lines, line), unwantedElements());
  }
  Value regionEnd(Memory region, Value steps, Value all, Value batch,
                  Value start) {
    return offsetsOf(code, layout, region, steps, all, batch, start).total;
  }
  void emitBytes(StringRef suffix,
                 llvm::function_ref<Value(Value, Value)> elements);
  Frame chunkAt(const Frame &whole, Value index);
  void emitForwardBody();
  void emitBackwardBody();
  void emitBackwardSetup(const Frame &frame);
  void emitBegin(EntryFunction &entry, bool backward);
  void emitCall(StringRef suffix, bool backward);
  func::FuncOp beginBody(StringRef suffix);
  void endBody();
  Frame frameOf(func::FuncOp body);
  void runBody(bool backward, Value call);

  Layout layout;
  Tiles &tiles;
  KernelSet *kernels;
  ModuleOp module;
  Code code;
  Denormals denormals;
  std::string level;
  int64_t cacheBytes, line, id;
  Value chunkSteps, firstChunk, endChunk; ///< of the body at hand
};
} // namespace

/// Sizes whose buffers would not fit an address.
Value Entries::badSize(Value steps, Value batch) {
  int64_t rowBytes = layout.longestRow * code.elementBytes() + 64;
  int64_t extra = 0;
  for (const Buffer &buffer : layout.buffers) {
    rowBytes += buffer.rowElements * code.elementBytes();
    if (buffer.extent != Extent::Distinct) // a number of rows, not of steps
      extra = std::max(extra, buffer.extra);
  }
  int64_t most = mostBytes(code) / rowBytes;
  Value negative =
      code.either(code.less(steps, code.num(0)), code.less(batch, code.num(0)));
  Value huge = code.either(code.less(code.num(most), steps),
                           code.less(code.num(most), batch));
  Value rows = code.div(code.num(most), code.max(batch, code.num(1)));
  Value many = code.less(rows, code.add(steps, extra + 1));
  return code.either(code.either(negative, huge), many);
}

void Entries::emitBytes(StringRef suffix,
                        llvm::function_ref<Value(Value, Value)> elements) {
  EntryFunction entry(code, module, name(suffix), {code.i64, code.i64},
                      code.i64);
  makeInternal(entry.function);
  placeInSection(entry.function, section("sizes"));
  Value steps = entry.argument(0), batch = entry.argument(1);
  entry.failIf(badSize(steps, batch), 0);
  entry.finish(code.mul(elements(steps, batch), code.elementBytes()));
}

//===----------------------------------------------------------------------===//
// What each thread runs
//===----------------------------------------------------------------------===//

/// body(context, thread); see Bodies.h.
func::FuncOp Entries::beginBody(StringRef suffix) {
  code.b.setInsertionPointToEnd(module.getBody());
  auto body =
      func::FuncOp::create(code.b, code.loc, name((suffix + "_body").str()),
                           code.b.getFunctionType({code.ptr, code.i64}, {}));
  makeInternal(body);
  placeInSection(body, section(suffix));
  code.b.setInsertionPointToStart(body.addEntryBlock());
  denormals.flush();
  return body;
}

void Entries::endBody() {
  denormals.restore();
  func::ReturnOp::create(code.b, code.loc);
}

Frame Entries::frameOf(func::FuncOp body) {
  Frame frame;
  Value context = body.getArgument(0);
  frame.call = code.loadPtr(contextField(code, context, ContextField::Call));
  frame.thread = body.getArgument(1);
  auto number = [&](ContextField field) {
    return code.loadNum(contextField(code, context, field));
  };
  frame.threads = number(ContextField::Threads);
  frame.workers = number(ContextField::Workers);
  chunkSteps = number(ContextField::ChunkSteps);
  firstChunk = number(ContextField::FirstChunk);
  endChunk = number(ContextField::EndChunk);
  frame.steps = code.loadNum(callField(code, frame.call, CallField::Steps));
  frame.batch = code.loadNum(callField(code, frame.call, CallField::Batch));
  frame.all = frame.steps;
  frame.kept = frame.all;
  frame.before = frame.keptFrom = code.num(0);
  frame.weights = code.loadPtr(callField(code, frame.call, CallField::Weights));
  frame.unwanted =
      code.loadPtr(callField(code, frame.call, CallField::Scratch));
  for (unsigned i = 0; i < layout.face.arrays.size(); ++i)
    frame.arrays.push_back(
        code.loadPtr(callField(code, frame.call, CallField::Arrays, i)));
  frame.buffers.resize(layout.buffers.size());
  frame.ragged = code.notNull(
      code.loadPtr(callField(code, frame.call, CallField::Lengths)));
  frame.starts = code.at(frame.unwanted, unwantedElements());
  frame.order =
      code.atByte(frame.starts, code.mul(code.add(frame.steps, 1), 8));
  frame.ends = code.atByte(frame.order, code.mul(frame.batch, 8));
  frame.firstRow = frame.keptRows = code.num(0);
  if (layout.cell.distinctInput()) {
    // Behind the arrays: how many there are, then the number of each row's.
    Value given = code.loadPtr(callField(code, frame.call, CallField::Arrays,
                                         layout.face.arrays.size()));
    frame.isShared = code.notNull(given);
    given = code.select(frame.isShared, given, frame.call);
    frame.distinct = code.loadNum(given);
    frame.numbers = code.atByte(given, 8);
  }
  return frame;
}

/// Adds the buffers of a region to a frame.
static void addBuffers(Code &code, Frame &frame, const MemoryOffsets &region,
                       Value base) {
  for (auto [index, offset] : llvm::enumerate(region.offsets))
    if (offset)
      frame.buffers[index] = code.at(base, offset);
}

/// The chunk of that number.
Frame Entries::chunkAt(const Frame &whole, Value index) {
  Frame part = whole;
  part.before = code.mul(index, chunkSteps);
  part.steps = code.min(chunkSteps, code.sub(part.all, part.before));
  part.firstRow = rowsBefore(code, part, part.before);
  Value end = rowsBefore(code, part, code.add(part.before, part.steps));
  part.rows = code.sub(end, part.firstRow);
  return part;
}

void Entries::emitForwardBody() {
  ScanOp scan = layout.cell.scan(false);
  func::FuncOp body = beginBody("forward");
  Frame frame = frameOf(body);
  Value all = code.max(frame.all, code.num(1));
  Value tape = code.loadPtr(callField(code, frame.call, CallField::Tape));
  Value noTape = code.isNull(tape);
  Value kept = code.select(noTape, chunkSteps, all);
  Value scratch = frame.unwanted;
  MemoryOffsets temporary =
      offsetsOf(code, layout, Memory::Forward, chunkSteps, frame.all,
                frame.batch, scratchStart(frame.all, frame.batch));
  addBuffers(code, frame, temporary, scratch);
  Value keep = code.select(noTape, code.at(scratch, temporary.total),
                           code.at(tape, line));
  addBuffers(code, frame,
             offsetsOf(code, layout, Memory::Keep, kept, frame.all, frame.batch,
                       code.num(0)),
             keep);

  ScanLoops whole(code, layout, tiles, kernels, scan, frame, cacheBytes);
  Value chunks = chunksOf(code, frame.all, chunkSteps);
  code.ifThen(code.equal(firstChunk, code.num(0)), [&] {
    whole.emitRowOrder();
    whole.emitStart();
    whole.emitDistinct();
  });
  code.loop(firstChunk, endChunk, 1, [&](Value index) {
    Frame part = chunkAt(frame, index);
    part.keptFrom = code.select(noTape, part.before, code.num(0));
    part.keptRows = code.select(noTape, part.firstRow, code.num(0));
    part.kept = kept;
    ScanLoops loops(code, layout, tiles, kernels, scan, part, cacheBytes);
    loops.emitGather();
    loops.emitStages();
    loops.emitScatter();
    loops.emitEnd();
    code.ifThen(code.less(code.add(index, 1), chunks), [&] {
      code.ifThen(noTape, [&] { loops.emitNextChunk(); });
      loops.emitBarrier();
    });
  });
  endBody();
}

void Entries::emitBackwardBody() {
  ScanOp scan = layout.cell.scan(true);
  func::FuncOp body = beginBody("backward");
  Frame frame = frameOf(body);
  Value tape = code.loadPtr(callField(code, frame.call, CallField::Tape));
  // Forward laid the tape out for at least one step.
  addBuffers(code, frame,
             offsetsOf(code, layout, Memory::Keep,
                       code.max(frame.all, code.num(1)), frame.all, frame.batch,
                       code.num(0)),
             code.at(tape, line));
  addBuffers(code, frame,
             offsetsOf(code, layout, Memory::Backward, chunkSteps, frame.all,
                       frame.batch, scratchStart(frame.all, frame.batch)),
             frame.unwanted);
  ScanLoops whole(code, layout, tiles, kernels, scan, frame, cacheBytes);
  Value chunks = chunksOf(code, frame.all, chunkSteps);
  code.ifThen(code.equal(firstChunk, code.num(0)), [&] {
    whole.emitRowOrder();
    whole.emitStart();
  });
  // From the last chunk to the first; carries stay where they are.
  code.loop(firstChunk, endChunk, 1, [&](Value done) {
    Value index = code.sub(code.sub(chunks, code.num(1)), done);
    Frame part = chunkAt(frame, index);
    ScanLoops loops(code, layout, tiles, kernels, scan, part, cacheBytes);
    loops.emitGather();
    loops.emitStages();
    loops.emitScatter();
  });
  code.ifThen(code.equal(endChunk, chunks), [&] {
    whole.emitDistinct();
    whole.emitEnd();
    emitBackwardSetup(frame);
  });
  endBody();
}

/// What the sums of derived gradients are worth to the parameters, on the first
/// thread.
void Entries::emitBackwardSetup(const Frame &frame) {
  SetupOp setup = layout.cell.setup(true);
  if (!setup)
    return;
  auto place = [&](TensorOp tensor) {
    StringRef name = tensor.getSymName();
    return tensor.getRole() == Role::derived_gradient
               ? frame.buffers[layout.adjoint(name)]
               : code.at(frame.weights, layout.vectors.lookup(name));
  };
  code.ifThen(code.equal(frame.thread, code.num(0)), [&] {
    emitSetup(code, setup, place, [&](TensorOp param) {
      return frame
          .arrays[layout.face.find(ArrayRole::GradParam, param.getSymName())];
    });
  });
}

//===----------------------------------------------------------------------===//
// What the program calls
//===----------------------------------------------------------------------===//

/// Calls the body for all chunks, on the team's threads or on this one alone.
void Entries::runBody(bool backward, Value call) {
  Value one = code.num(1), context = makeContext(code);
  auto set = [&](ContextField field, Value number) {
    code.storeNum(number, contextField(code, context, field));
  };
  LLVM::StoreOp::create(code.b, code.loc, call,
                        contextField(code, context, ContextField::Call));
  Value team = code.loadPtr(callField(code, call, CallField::Team));
  Value steps = code.loadNum(callField(code, call, CallField::Steps));
  Value batch = code.loadNum(callField(code, call, CallField::Batch));
  set(ContextField::Threads, one);
  set(ContextField::Workers, one);
  Value chunk = chunkOf(backward, steps, batch);
  set(ContextField::ChunkSteps, chunk);
  set(ContextField::FirstChunk, code.num(0));
  set(ContextField::EndChunk, chunksOf(code, steps, chunk));
  code.ifThen(code.notNull(team), [&] {
    Value threads = code.loadNum(team);
    set(ContextField::Threads, threads);
    set(ContextField::Workers,
        workersOf(code, workPerRow(layout.cell.scan(backward)),
                  layout.schedule.threads, threads, batch));
  });
  Value workers =
      code.loadNum(contextField(code, context, ContextField::Workers));
  std::string body = name(backward ? "backward_body" : "forward_body");
  code.ifElse(
      code.less(one, workers), [&] { runOnTeam(code, team, body, context); },
      [&] {
        set(ContextField::Threads, one);
        func::CallOp::create(code.b, code.loc, body, TypeRange(),
                             ValueRange{context, code.num(0)});
      });
}

/// Emits what a call does before its body runs: it checks what it is given, and
/// marks the tape. Fails if something is wrong.
void Entries::emitBegin(EntryFunction &entry, bool backward) {
  Value call = entry.argument(0);
  auto pointerAt = [&](CallField field, int64_t index = 0) {
    return code.loadPtr(callField(code, call, field, index));
  };
  entry.failIf(code.isNull(call), status::NullPointer);
  Value steps = code.loadNum(callField(code, call, CallField::Steps));
  Value batch = code.loadNum(callField(code, call, CallField::Batch));
  entry.failIf(badSize(steps, batch), status::BadSize);
  Value weights = pointerAt(CallField::Weights);
  Value tape = pointerAt(CallField::Tape);
  Value scratch = pointerAt(CallField::Scratch);
  Value missing = code.either(code.isNull(weights), code.isNull(scratch));
  if (backward)
    missing = code.either(missing, code.isNull(tape));
  SmallVector<Value> arrays;
  Value empty = code.equal(code.mul(steps, batch), code.num(0));
  for (auto [index, array] : llvm::enumerate(layout.face.arrays)) {
    Value pointer = pointerAt(CallField::Arrays, index);
    bool forBackward = array.role >= ArrayRole::GradOutput;
    if (!forBackward || backward)
      arrays.push_back(pointer);
    if (array.role == ArrayRole::Input)
      missing = code.either(
          missing, code.both(code.isNull(pointer),
                             code.equal(empty, arith::ConstantIntOp::create(
                                                   code.b, code.loc,
                                                   code.b.getI1Type(), 0))));
  }
  entry.failIf(missing, status::NullPointer);
  entry.failIf(isMisaligned(code, {weights, tape, scratch}, 64),
               status::Misaligned);
  Value lengths = pointerAt(CallField::Lengths);
  entry.failIf(isMisaligned(code, lengths, 8), status::Misaligned);
  if (!arrays.empty())
    entry.failIf(isMisaligned(code, arrays, code.elementBytes()),
                 status::Misaligned);
  LengthsCheck known = checkLengths(code, lengths, steps, batch);
  entry.failIf(known.isWrong, status::BadLengths);
  entry.failIf(differs(code, weights, 0, code.num(id)), status::WrongWeights);
  entry.takeTape(tape, backward, {code.num(id), steps, batch, known.id});
}

void Entries::emitCall(StringRef suffix, bool backward) {
  auto makeEntry = [&](const std::string &name) {
    EntryFunction entry(code, module, name, {code.ptr}, code.i32);
    makeInternal(entry.function);
    placeInSection(entry.function, section(suffix));
    return entry;
  };
  // Models run the bodies of several parts at a time, each begun by itself.
  const std::string beginName = name((suffix + "_begin").str());
  const bool isPart = layout.cell.getPart();
  if (isPart) {
    EntryFunction begin = makeEntry(beginName);
    emitBegin(begin, backward);
    begin.finish(code.status(status::Ok));
  }
  EntryFunction entry = makeEntry(name(suffix));
  Value call = entry.argument(0);
  if (isPart) {
    Value status = func::CallOp::create(code.b, code.loc, beginName,
                                        TypeRange{code.i32}, ValueRange{call})
                       .getResult(0);
    entry.failUnlessOk(status);
  } else {
    emitBegin(entry, backward);
  }
  Value batch = code.loadNum(callField(code, call, CallField::Batch));
  entry.failIf(code.equal(batch, code.num(0)), status::Ok);
  runBody(backward, call);
  entry.finish(code.status(status::Ok));
}

LogicalResult Entries::checkWeights() {
  int64_t most = mostBytes(code) / code.elementBytes();
  if (layout.weightElements <= most)
    return success();
  InFlightDiagnostic error = emitError(code.loc)
                             << "the packed weights of '" << layout.face.name
                             << "' take "
                             << layout.weightElements * code.elementBytes()
                             << " bytes, but an array of " << level
                             << " has at most " << mostBytes(code)
                             << " [weights-size]";
  error.attachNote() << "choose smaller sizes, or a CPU level with pointers of "
                        "64 bits";
  return error;
}

LogicalResult Entries::emit() {
  if (failed(checkWeights()))
    return failure();
  {
    code.b.setInsertionPointToEnd(module.getBody());
    auto function =
        func::FuncOp::create(code.b, code.loc, name("weights_bytes"),
                             code.b.getFunctionType({}, {code.i64}));
    makeInternal(function);
    placeInSection(function, section("sizes"));
    code.b.setInsertionPointToStart(function.addEntryBlock());
    func::ReturnOp::create(
        code.b, code.loc,
        code.num(layout.weightElements * code.elementBytes()));
  }
  emitPack(code, layout, layout.face.prefix, level, id, module);
  emitBytes("tape_bytes", [&](Value steps, Value batch) {
    return regionEnd(Memory::Keep, code.max(steps, code.num(1)), steps, batch,
                     code.num(line));
  });
  emitBytes("forward_scratch_bytes", [&](Value steps, Value batch) {
    Value chunk = chunkOf(false, steps, batch);
    Value start = scratchStart(steps, batch);
    Value alone =
        regionEnd(Memory::Keep, chunk, steps, batch,
                  regionEnd(Memory::Forward, chunk, steps, batch, start));
    Value withTape = regionEnd(Memory::Forward, chunk, steps, batch, start);
    return code.max(alone, withTape);
  });
  emitBytes("backward_scratch_bytes", [&](Value steps, Value batch) {
    Value chunk = chunkOf(true, steps, batch);
    return regionEnd(Memory::Backward, chunk, steps, batch,
                     scratchStart(steps, batch));
  });
  emitForwardBody();
  emitCall("forward", false);
  emitBackwardBody();
  emitCall("backward", true);
  return success();
}

LogicalResult rnn::emitEntries(CellOp cell, const Target &target, Tiles &tiles,
                               KernelSet *kernels, ModuleOp module) {
  return Entries(cell, target, tiles, kernels, module).emit();
}
