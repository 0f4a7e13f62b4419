//===- KernelCalls.cpp - a stage as calls of kernels ----------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
//   int kernel(int32 rows, int32 first, int32 count, buffers..)
//
// `first` and `count` are this thread's panels; products use them. Operands are
// Halide's buffers: a pointer, and per dimension its first index, its extent
// and the distance between neighbours. Inputs count from 0 and are in bounds by
// construction; outputs say which part is wanted.
//
// Kernels compute in 32-bit integers, so they get some rows at a time.
//
//===----------------------------------------------------------------------===//

#include "compiler/lower/Kernels.h"
#include "compiler/lower/ScanLoops.h"

using namespace mlir;
using namespace rnn;

/// Rows of one call.
static constexpr int64_t rowsAtOnce = 4096;

//===----------------------------------------------------------------------===//
// Calling
//===----------------------------------------------------------------------===//

namespace {
/// Offsets in halide_buffer_t of Halide 14: 8 bytes of flags stand before the
/// second pointer that the code here sets.
struct BufferFields {
  explicit BufferFields(int64_t pointerBytes)
      : host(8 + pointerBytes), typeAndRank(16 + 2 * pointerBytes),
        dimensions(24 + 2 * pointerBytes), bytes(24 + 4 * pointerBytes) {}
  int64_t host, typeAndRank, dimensions, bytes;
};
constexpr int64_t dimensionBytes = 16; ///< of halide_dimension_t

struct Dimension {
  Value first, extent, stride;
};

/// One argument of a kernel; `pointer` is at the first index of each dimension.
struct Operand {
  Value pointer;
  SmallVector<Dimension> dimensions;
};

/// Emits calls of kernels into one function.
struct Caller {
  Caller(Code &code, Location loc) : code(code), loc(loc) {}

  void call(const std::string &name, Value rows, Value first, Value count,
            ArrayRef<Operand> operands);

private:
  Value narrow(Value number) {
    return arith::TruncIOp::create(code.b, loc, code.i32, number);
  }
  void store(Value value, Value to) {
    LLVM::StoreOp::create(code.b, loc, value, to);
  }
  void declare(const std::string &name, LLVM::LLVMFunctionType type);

  Code &code;
  Location loc;
};
} // namespace

/// The linker hides a kernel because its callers say so.
void Caller::declare(const std::string &name, LLVM::LLVMFunctionType type) {
  auto module =
      code.b.getInsertionBlock()->getParentOp()->getParentOfType<ModuleOp>();
  if (module.lookupSymbol(name))
    return;
  OpBuilder::InsertionGuard guard(code.b);
  code.b.setInsertionPointToStart(module.getBody());
  auto function = LLVM::LLVMFuncOp::create(code.b, loc, name, type);
  function.setVisibility_(LLVM::Visibility::Hidden);
}

void Caller::call(const std::string &name, Value rows, Value first, Value count,
                  ArrayRef<Operand> operands) {
  const BufferFields fields(code.pointerBytes);
  SmallVector<Value> arguments = {narrow(rows), narrow(first), narrow(count)};
  for (const Operand &operand : operands) {
    int64_t rank = operand.dimensions.size();
    Value buffer =
        code.onStack(code.b.getI8Type(), fields.bytes + rank * dimensionBytes,
                     /*alignment=*/8);
    Value dimensions = code.atByte(buffer, fields.bytes);
    for (int64_t byte = 0; byte < fields.bytes; byte += 8)
      code.storeNum(code.num(0), code.atByte(buffer, byte));
    store(operand.pointer, code.atByte(buffer, fields.host));
    int64_t real = 2, bits = code.elementBytes() * 8, lanes = 1;
    code.storeNum(code.num(real | bits << 8 | lanes << 16 | rank << 32),
                  code.atByte(buffer, fields.typeAndRank));
    store(dimensions, code.atByte(buffer, fields.dimensions));
    for (auto [index, dimension] : llvm::enumerate(operand.dimensions)) {
      Value at = code.atByte(dimensions, int64_t(index) * dimensionBytes);
      store(narrow(dimension.first), at);
      store(narrow(dimension.extent), code.atByte(at, 4));
      store(narrow(dimension.stride), code.atByte(at, 8));
      store(narrow(code.num(0)), code.atByte(at, 12));
    }
    arguments.push_back(buffer);
  }
  auto type = LLVM::LLVMFunctionType::get(
      code.i32, llvm::map_to_vector(arguments, [](Value argument) {
        return argument.getType();
      }));
  declare(name, type);
  LLVM::CallOp::create(code.b, loc, type, name, arguments);
}

//===----------------------------------------------------------------------===//
// Stages
//===----------------------------------------------------------------------===//

/// How a kernel computes its tiles.
static std::string tileFacts(const Schedule &schedule, const Units &units) {
  RegisterTile tile = schedule.tile(units.count);
  std::string text;
  llvm::raw_string_ostream os(text);
  os << "units " << units.count << " width " << units.width << " rows "
     << tile.rows;
  if (schedule.unroll)
    os << " unroll " << *schedule.unroll;
  if (schedule.rowsOutside)
    os << " rows-outside";
  return text;
}

void ScanLoops::emitCalls(StageOp stage, const Origin &origin) {
  Units units = layout.units(stage.getUnits());
  Panels own = ownPanels(units);
  Value panels = code.sub(own.last, own.first);
  Value rows = origin.step ? accesses.rowsIn(origin.step) : frame.rows;
  code.ifThen(code.less(code.num(0), panels), [&] {
    code.loop(code.num(0), rows, rowsAtOnce, [&](Value firstRow) {
      CallRows some{firstRow,
                    code.min(code.num(rowsAtOnce), code.sub(rows, firstRow)),
                    own.first, panels};
      for (const Site &site : layout.sites(stage))
        emitProductCalls(stage, site, origin, some);
      for (auto op : stage.getBody().getOps<AccumulateOp>())
        if (op.getColumn())
          emitWeightsCall(op, units, origin, some);
      if (layout.sites(stage).empty())
        emitElementwiseCall(stage, units, origin, some);
    });
  });
}

/// Rows of an operand that a kernel reads from unit 0 on.
static Operand inputRows(Code &code, const Access &access,
                         const ScanLoops::CallRows &some) {
  Value zero = code.num(0);
  return {code.at(access.base, code.mul(some.firstRow, access.stride)),
          {{zero, code.num(access.units.count), code.num(1)},
           {zero, some.rows, access.stride}}};
}

/// Each affine is a kernel of its own: they share neither weights nor sums.
void ScanLoops::emitProductCalls(StageOp stage, const Site &site,
                                 const Origin &origin, const CallRows &some) {
  const int64_t affines = site.affines.size(), width = site.units.width;
  Caller caller(code, code.loc);
  Value zero = code.num(0);
  auto yield = cast<YieldOp>(stage.getBody().front().getTerminator());
  for (int64_t index = 0; index < affines; ++index) {
    AffineOp affine = site.affines[index];
    std::string facts;
    llvm::raw_string_ostream os(facts);
    os << tileFacts(layout.schedule, site.units) << " terms";
    SmallVector<Operand> operands;
    Access start;
    start.base = code.at(frame.weights, layout.zeros);
    start.stride = zero;
    start.units = site.units;
    if (affine.getStart())
      start = accesses.valueAccess(affine.getStart(), origin, false);
    operands.push_back(inputRows(code, start, some));
    for (const Term &term : site.terms) {
      int64_t depth = term.depth();
      os << " " << depth;
      Value input = affine.getInputs()[term.operand[index].front()];
      operands.push_back(
          inputRows(code, accesses.valueAccess(input, origin, false), some));
      operands.push_back(
          {code.at(frame.weights, term.weights + index * depth * width),
           {{zero, code.num(width), code.num(1)},
            {zero, code.num(depth), code.num(width)},
            {zero, code.num(site.units.panels),
             code.num(affines * depth * width)}}});
    }
    // A sum that is not yielded goes straight to the carry that it is.
    Access to;
    for (auto write : stage.getBody().getOps<WriteOp>())
      if (write.getValue() == affine.getResult())
        to = accesses.writeAccess(write.declaration(), origin);
    for (auto [yielded, result] :
         llvm::zip(yield.getOperands(), stage.getResults()))
      if (yielded == affine.getResult())
        to = accesses.bufferAccess(layout.place(result), origin, 0);
    Value out = code.at(code.at(to.base, code.mul(some.firstRow, to.stride)),
                        code.mul(some.firstPanel, width));
    operands.push_back({out,
                        {{zero, code.num(width), code.num(1)},
                         {zero, some.rows, to.stride},
                         {some.firstPanel, some.panels, code.num(width)}}});
    caller.call(kernels->name(
                    affine.getAdjoint() ? "product-inputs" : "product", facts),
                some.rows, some.firstPanel, some.panels, operands);
  }
}

/// The gradient of a weight, added to the caller's array.
void ScanLoops::emitWeightsCall(AccumulateOp op, const Units &units,
                                const Origin &origin, const CallRows &some) {
  // The gradient is a stage's, in rows that are whole vectors; what it is
  // multiplied by may be the caller's.
  Value seed = op.getRow(), other = op.getColumn();
  int64_t seedStride = op.declaration().tensorType().getDimSize(1);
  int64_t otherStride = 1;
  if (!isa<StageOp>(seed.getDefiningOp())) {
    std::swap(seed, other);
    std::swap(seedStride, otherStride);
  }
  int64_t pitch = op.declaration().tensorType().getDimSize(1);
  int64_t depth = cast<RankedTensorType>(other.getType()).getDimSize(0);
  Value gradient = gradientOf(op);
  std::string facts;
  llvm::raw_string_ostream os(facts);
  os << tileFacts(layout.schedule, units) << " terms " << depth;
  code.ifThen(code.notNull(gradient), [&] {
    Value unit = code.mul(some.firstPanel, units.width);
    Value to = code.at(code.at(gradient, op.offset(0) * pitch + op.offset(1)),
                       code.mul(unit, seedStride));
    Operand out = {
        to,
        {{code.num(0), code.num(depth), code.num(otherStride)},
         {unit, code.sub(code.num(units.count), unit), code.num(seedStride)}}};
    auto rowsOf = [&](Value value) {
      return inputRows(code, accesses.valueAccess(value, origin, false), some);
    };
    Caller(code, code.loc)
        .call(kernels->name("product-weights", facts), some.rows,
              some.firstPanel, some.panels, {rowsOf(seed), rowsOf(other), out});
  });
}

void ScanLoops::emitElementwiseCall(StageOp stage, const Units &units,
                                    const Origin &origin,
                                    const CallRows &some) {
  Block &body = stage.getBody().front();
  // Where each result goes. A value can be a state, an output and a result.
  SmallVector<OpOperand *> outputs;
  SmallVector<Access> places;
  SmallVector<AccumulateOp> totals;
  llvm::DenseSet<int64_t> stored;
  for (auto write : body.getOps<WriteOp>()) {
    TensorOp tensor = write.declaration();
    outputs.push_back(&write.getValueMutable());
    places.push_back(accesses.writeAccess(tensor, origin));
    if (Place place = layout.place(tensor.getSymName()))
      stored.insert(positionOf(place));
    if (tensor.getRole() == Role::state &&
        layout.face.find(ArrayRole::Output, tensor.getSymName()) >= 0) {
      outputs.push_back(&write.getValueMutable());
      places.push_back(accesses.arrayAccess(
          ArrayRole::Output, tensor.getSymName(), origin, false));
    }
  }
  for (auto [yielded, result] :
       llvm::zip(body.getTerminator()->getOpOperands(), stage.getResults()))
    if (stored.insert(positionOf(layout.place(result))).second) {
      outputs.push_back(&yielded);
      places.push_back(accesses.bufferAccess(layout.place(result), origin, 0));
    }
  for (auto op : body.getOps<AccumulateOp>())
    if (!op.getColumn()) {
      outputs.push_back(&op.getRowMutable());
      totals.push_back(op);
    }
  if (outputs.empty())
    return;

  ElementwiseKernel kernel = elementwiseKernel(stage, outputs);
  Value first = code.mul(some.firstPanel, units.width);
  Value end =
      code.min(code.num(units.count),
               code.mul(code.add(some.firstPanel, some.panels), units.width));
  Value count = code.sub(end, first);
  auto emit = [&](bool isNarrow) {
    SmallVector<Operand> operands;
    for (Value input : kernel.inputs) {
      Access access = accesses.valueAccess(input, origin, false);
      Operand operand = inputRows(code, access, some);
      auto read = input.getDefiningOp<ReadOp>();
      if (read && isParameter(read.declaration().getRole()))
        operand.dimensions.pop_back();
      operands.push_back(operand);
    }
    for (const Access &place : places)
      operands.push_back(
          {code.at(code.at(place.base, code.mul(some.firstRow, place.stride)),
                   first),
           {{first, count, code.num(1)},
            {code.num(0), some.rows, place.stride}}});
    Value partial;
    if (!totals.empty()) {
      partial = code.at(frame.buffers[layout.partials], first);
      operands.push_back({partial, {{first, count, code.num(1)}}});
    }
    std::string name = kernels->name("elementwise",
                                     "units " + Twine(units.count) +
                                         (isNarrow ? " narrow" : ""),
                                     kernel.body);
    Caller(code, code.loc)
        .call(name, some.rows, some.firstPanel, some.panels, operands);
  };
  auto emitEither = [&] {
    if (units.count < code.lanes)
      emit(true);
    else if (!units.hasTail())
      emit(false);
    else
      code.ifElse(
          code.less(count, code.num(code.lanes)), [&] { emit(true); },
          [&] { emit(false); });
  };
  if (totals.empty())
    return emitEither();
  AccumulateOp total = totals.front();
  Value gradient = gradientOf(total);
  code.ifThen(code.notNull(gradient), [&] {
    emitEither();
    Value to = code.at(code.at(gradient, total.offset(0)), first);
    Value from = code.at(frame.buffers[layout.partials], first);
    code.loop(code.num(0), count, 1, [&](Value unit) {
      Value sum =
          arith::AddFOp::create(code.b, code.loc, code.load(code.at(to, unit)),
                                code.load(code.at(from, unit)));
      code.store(sum, code.at(to, unit));
    });
  });
}
