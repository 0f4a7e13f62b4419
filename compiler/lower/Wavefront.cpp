//===- Wavefront.cpp - several cells of a model at a time -----------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Neighbouring cells go to one thread, about as much work to each. Whether that
// is faster than layer by layer, with all threads on each, is decided when
// running, by a count of multiplications and additions.
//
//===----------------------------------------------------------------------===//

#include "compiler/lower/Wavefront.h"
#include "compiler/lower/Access.h"
#include "compiler/lower/Bodies.h"
#include "compiler/lower/Entries.h"
#include "llvm/ADT/StringSet.h"

using namespace mlir;
using namespace rnn;

/// A front has at least so many chunks where there are steps enough, and each
/// at least so many steps: threads wait for the first chunk and for the last.
static constexpr int64_t leastChunks = 16, leastSteps = 8;
/// What it takes threads to meet, in a step of a layer that they share or
/// after a chunk, as multiplications and additions.
static constexpr int64_t meetingWork = 25000;

//===----------------------------------------------------------------------===//
// What can go together
//===----------------------------------------------------------------------===//

namespace {
/// Runs that go together so far, and what they touch.
struct OpenFront {
  Front runs;
  llvm::StringSet<> written, gradients;

  bool takes(ModelOp model, Operation *op) const;
  void add(Operation *op);
  bool isApart(ModelOp model, Operation *op) const;
};
} // namespace

/// Work of a row in a step of a run.
static int64_t workOf(Operation *op) {
  auto run = cast<RunOp>(op);
  return workPerRow(run.callee().scan(run.getBackward()));
}

/// The parameters to whose gradients a run adds.
static SmallVector<StringRef> gradientsOf(RunOp run) {
  SmallVector<StringRef> params;
  if (run.getBackward())
    for (TensorOp param : interfaceOf(run.callee()).params)
      params.push_back(run.bound(param.getSymName()));
  return params;
}

/// True of a run over time that needs of the others no more than the steps it
/// is at, and adds to no gradient that another one adds to. One without
/// products comes first for itself, so that others need not wait for the front.
bool OpenFront::takes(ModelOp model, Operation *op) const {
  auto run = dyn_cast<RunOp>(op);
  if (!run || run.getOnce() || (runs.empty() && workOf(run) <= 1))
    return false;
  for (StringRef tensor : accessOf(op).reads)
    if (written.contains(tensor) && model.tensor(tensor).getPerSequence())
      return false;
  return llvm::none_of(gradientsOf(run), [&](StringRef param) {
    return gradients.contains(param);
  });
}

void OpenFront::add(Operation *op) {
  runs.push_back(op);
  for (StringRef tensor : accessOf(op).writes)
    written.insert(tensor);
  for (StringRef param : gradientsOf(cast<RunOp>(op)))
    gradients.insert(param);
}

/// True of an op that can as well come before the front: it makes a value, of
/// what is known by then.
bool OpenFront::isApart(ModelOp model, Operation *op) const {
  ModelAccess access = accessOf(op);
  return !isa<RunOp>(op) && !access.writes.empty() &&
         llvm::all_of(access.writes,
                      [&](StringRef tensor) {
                        return model.tensor(tensor).getRole() == Role::value;
                      }) &&
         llvm::none_of(access.reads, [&](StringRef tensor) {
           return written.contains(tensor);
         });
}

/// True if one run has nearly all of the work.
static bool isLopsided(const Front &front) {
  int64_t all = 0, most = 0;
  for (Operation *op : front) {
    all += workOf(op);
    most = std::max(most, workOf(op));
  }
  return (all - most) * 8 < all;
}

SmallVector<Front> rnn::frontsOf(ModelOp model, ArrayRef<Operation *> ops) {
  SmallVector<Front> fronts;
  OpenFront open;
  auto close = [&] {
    if (open.runs.size() > 1 && !isLopsided(open.runs))
      fronts.push_back(open.runs);
    else
      for (Operation *op : open.runs)
        fronts.push_back({op});
    open = OpenFront();
  };
  for (Operation *op : ops) {
    if (!open.takes(model, op)) {
      if (open.isApart(model, op)) {
        fronts.push_back({op});
        continue;
      }
      close();
    }
    if (open.takes(model, op))
      open.add(op);
    else
      fronts.push_back({op});
  }
  close();
  return fronts;
}

//===----------------------------------------------------------------------===//
// When it is faster
//===----------------------------------------------------------------------===//

Wavefront::Wavefront(Code &code, ModuleOp module, const Target &target,
                     const std::string &modelPrefix, StringRef suffix,
                     ArrayRef<PreparedRun> runs)
    : code(code), module(module), target(target), prefix(modelPrefix),
      suffix(suffix), runs(runs),
      backward(RunOp(runs.front().run).getBackward()) {
  for (const PreparedRun &prepared : runs) {
    RunOp run = prepared.run;
    work.push_back(workOf(run));
    allWork += work.back();
    limits.push_back(Schedule(run.callee(), target, /*kernels=*/false).threads);
  }
}

/// The owner of a run among so many threads: that of the middle of its work.
static int64_t ownerAmong(ArrayRef<int64_t> work, unsigned index,
                          int64_t threads, int64_t all) {
  int64_t middle = work[index];
  for (int64_t before : work.take_front(index))
    middle += 2 * before;
  return middle * threads / (2 * all);
}

/// Selects what `of` gives for the number of threads, at most one for each run.
static Value forThreads(Code &code, Value threads, int64_t most,
                        llvm::function_ref<int64_t(int64_t threads)> of) {
  Value found = code.num(of(1));
  for (int64_t count = 2; count <= most; ++count)
    found = code.select(code.equal(threads, code.num(count)),
                        code.num(of(count)), found);
  return found;
}

Value Wavefront::ownerOf(unsigned index, Value threads) {
  return forThreads(code, threads, runs.size(), [&](int64_t count) {
    return ownerAmong(work, index, count, allWork);
  });
}

/// The work of the busiest of so many threads.
Value Wavefront::mostOfThreads(Value threads) {
  return forThreads(code, threads, runs.size(), [&](int64_t count) {
    SmallVector<int64_t> own(count);
    for (unsigned index = 0; index < work.size(); ++index)
      own[ownerAmong(work, index, count, allWork)] += work[index];
    return *llvm::max_element(own);
  });
}

/// Compares the work of one thread, in a step and row, both ways.
Value Wavefront::isFaster(const Span &span, Value threads, Value layers,
                          Value chunks) {
  Value one = code.num(1), rows = code.max(span.batch, one);
  Value inOrder = code.num(0);
  for (auto [own, limit] : llvm::zip(work, limits)) {
    Value workers = workersOf(code, own, limit, threads, span.batch);
    Value meeting = code.div(code.num(meetingWork), rows);
    Value isShared = code.less(one, workers);
    Value share = code.add(code.div(code.num(own), workers),
                           code.select(isShared, meeting, code.num(0)));
    inOrder = code.add(inOrder, share);
  }
  Value turns = code.sub(code.add(chunks, layers), one);
  Value together = code.div(code.mul(mostOfThreads(layers), turns), chunks);
  // To start a team takes about as long as to meet twice.
  Value meetings = code.mul(code.add(turns, 2), meetingWork);
  Value all = code.max(code.mul(span.steps, rows), one);
  together = code.add(together, code.div(meetings, all));
  return code.less(together, inOrder);
}

//===----------------------------------------------------------------------===//
// Running
//===----------------------------------------------------------------------===//

std::string Wavefront::functionOf(RunOp run, StringRef of) const {
  return interfaceOf(run.callee()).prefix +
         (backward ? "_backward" : "_forward") + of.str() + "." + target.name;
}

/// The status of a function of the run's cell, unless there was a failure
/// before.
Value Wavefront::callUnlessMissing(const PreparedRun &prepared, StringRef of,
                                   Value status) {
  Value isOk = rnn::isOk(code, status);
  Value runs = code.select(prepared.missing, code.no(), isOk);
  auto result = [&]() -> Value {
    return func::CallOp::create(code.b, code.loc, functionOf(prepared.run, of),
                                TypeRange{code.i32}, ValueRange{prepared.call})
        .getResult(0);
  };
  return code.choose(runs, code.i32, result, [&] { return status; });
}

Value Wavefront::emitInOrder() {
  Value status = code.status(status::Ok);
  for (const PreparedRun &prepared : runs)
    status = callUnlessMissing(prepared, "", status);
  return status;
}

/// Words of what the threads of a front are given, before those of each run:
/// its call, NULL if it does not happen, and the thread that has it.
enum class FrontField { Team, ChunkSteps, Chunks, Layers, Runs };

static Value frontField(Code &code, Value front, FrontField field,
                        int64_t word = 0) {
  return code.atByte(front, 8 * (int64_t(field) + word));
}

Value Wavefront::emitTogether(Value team, Value layers, Value chunk,
                              Value chunks) {
  Value status = code.status(status::Ok);
  for (const PreparedRun &prepared : runs)
    status = callUnlessMissing(prepared, "_begin", status);
  std::string body = prefix + "_" + suffix + "_body." + target.name;
  {
    OpBuilder::InsertionGuard guard(code.b);
    emitBody(body);
  }
  Value front = code.onStack(
      code.i64, int64_t(FrontField::Runs) + 2 * int64_t(runs.size()), 8);
  LLVM::StoreOp::create(code.b, code.loc, team,
                        frontField(code, front, FrontField::Team));
  code.storeNum(chunk, frontField(code, front, FrontField::ChunkSteps));
  code.storeNum(chunks, frontField(code, front, FrontField::Chunks));
  code.storeNum(layers, frontField(code, front, FrontField::Layers));
  for (auto [index, prepared] : llvm::enumerate(runs)) {
    LLVM::StoreOp::create(
        code.b, code.loc,
        code.select(prepared.missing, code.null(), prepared.call),
        frontField(code, front, FrontField::Runs, 2 * index));
    code.storeNum(ownerOf(index, layers),
                  frontField(code, front, FrontField::Runs, 2 * index + 1));
  }
  Value isOk = rnn::isOk(code, status);
  code.ifThen(isOk, [&] { runOnTeam(code, team, body, front); });
  return status;
}

/// body(front, thread): turn by turn the next chunk of this thread's runs.
void Wavefront::emitBody(const std::string &name) {
  code.b.setInsertionPointToEnd(module.getBody());
  auto body = func::FuncOp::create(
      code.b, code.loc, name, code.b.getFunctionType({code.ptr, code.i64}, {}));
  makeInternal(body);
  placeInSection(body, ".text." + prefix + "_" +
                           (backward ? "backward" : "forward") + "." +
                           target.name);
  setForLLVM(body, "optsize"); // calls, not loops
  code.b.setInsertionPointToStart(body.addEntryBlock());
  Value front = body.getArgument(0), thread = body.getArgument(1);
  Value team = code.loadPtr(frontField(code, front, FrontField::Team));
  auto number = [&](FrontField field) {
    return code.loadNum(frontField(code, front, field));
  };
  Value steps = number(FrontField::ChunkSteps);
  Value chunks = number(FrontField::Chunks);
  Value layers = number(FrontField::Layers);
  Value context = makeContext(code), one = code.num(1);
  auto set = [&](ContextField field, Value value) {
    code.storeNum(value, contextField(code, context, field));
  };
  set(ContextField::Threads, one);
  set(ContextField::Workers, one);
  set(ContextField::ChunkSteps, steps);
  Value turns = code.sub(code.add(chunks, layers), one);
  code.loop(code.num(0), turns, 1, [&](Value turn) {
    Value chunk = code.sub(turn, thread);
    Value hasChunk =
        code.both(code.less(code.num(-1), chunk), code.less(chunk, chunks));
    set(ContextField::FirstChunk, chunk);
    set(ContextField::EndChunk, code.add(chunk, one));
    for (auto [index, prepared] : llvm::enumerate(runs)) {
      Value call =
          code.loadPtr(frontField(code, front, FrontField::Runs, 2 * index));
      Value owner = code.loadNum(
          frontField(code, front, FrontField::Runs, 2 * index + 1));
      Value isOwn = code.both(code.equal(owner, thread), code.notNull(call));
      code.ifThen(code.both(hasChunk, isOwn), [&, &prepared = prepared] {
        LLVM::StoreOp::create(code.b, code.loc, call,
                              contextField(code, context, ContextField::Call));
        func::CallOp::create(code.b, code.loc,
                             functionOf(prepared.run, "_body"), TypeRange(),
                             ValueRange{context, code.num(0)});
      });
    }
    waitForTeam(code, team);
  });
  func::ReturnOp::create(code.b, code.loc);
}

Value Wavefront::emit(const Span &span, Value team) {
  int64_t most = runs.size();
  for (std::optional<int64_t> limit : limits)
    if (limit && *limit)
      most = std::min(most, *limit);
  if (most == 1)
    return emitInOrder();
  // Scratch is for the chunks of each run by itself. Smaller ones are as good
  // forward; backward, where all runs have the same, sums over a chunk are sums
  // by themselves, so that other chunks would give other bits.
  int64_t rows = INT64_MAX;
  for (const PreparedRun &prepared : runs) {
    RunOp run = prepared.run;
    const int64_t own = rowsOfChunk(run.callee().scan(backward), target);
    assert((!backward || rows == INT64_MAX || rows == own) &&
           "sums over other chunks");
    rows = std::min(rows, own);
  }
  Value chunk = stepsOfChunk(code, rows, span.steps, span.batch);
  if (!backward) {
    Value few =
        code.max(code.ceilDiv(span.steps, leastChunks), code.num(leastSteps));
    chunk = evenSteps(code, span.steps,
                      chunksOf(code, span.steps, code.min(chunk, few)));
  }
  Value chunks = chunksOf(code, span.steps, chunk);
  Value threads = code.choose(
      code.notNull(team), code.i64, [&] { return code.loadNum(team); },
      [&] { return code.num(1); });
  Value layers = code.min(threads, code.num(most));
  Value isTogether = code.both(code.less(code.num(1), threads),
                               isFaster(span, threads, layers, chunks));
  return code.choose(
      isTogether, code.i32,
      [&] { return emitTogether(team, layers, chunk, chunks); },
      [&] { return emitInOrder(); });
}
