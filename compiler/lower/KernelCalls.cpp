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

/// Rows of one call, at most.
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

/// A product or transpose of matrices of a step, or null; it may stand in what
/// is pulled back.
static Operation *stepProductOf(StageOp stage) {
  Operation *product = nullptr;
  stage.walk([&](Operation *op) {
    if (isa<StepMatmulOp, StepTransposeOp>(op))
      product = op;
  });
  return product;
}

/// Rows of one call, so that no index of an element exceeds 32 bits.
static int64_t rowsOfCall(const Layout &layout) {
  return std::clamp<int64_t>(INT32_MAX / layout.longestRow, 1, rowsAtOnce);
}

void ScanLoops::emitCalls(StageOp stage, const Origin &origin) {
  if (Operation *product = stepProductOf(stage))
    return ifWanted(stage,
                    [&] { emitStepProductCall(stage, product, origin); });
  Units units = layout.units(stage.getUnits());
  Panels own = ownPanels(units);
  Value panels = code.sub(own.last, own.first);
  Value rows = origin.step ? accesses.rowsIn(origin.step) : frame.rows;
  code.ifThen(code.less(code.num(0), panels), [&] {
    const int64_t most = rowsOfCall(layout);
    code.loop(code.num(0), rows, most, [&](Value firstRow) {
      CallRows some{firstRow,
                    code.min(code.num(most), code.sub(rows, firstRow)),
                    own.first, panels};
      ifWanted(stage, [&] {
        for (const Site &site : layout.sites(stage))
          emitProductCalls(stage, site, origin, some);
      });
      for (auto op : stage.getBody().getOps<AccumulateOp>())
        if (op.getColumn())
          emitWeightsCall(op, units, origin, some);
      bool hasTotals =
          llvm::any_of(stage.getBody().getOps<AccumulateOp>(),
                       [](AccumulateOp op) { return !op.getColumn(); });
      auto elementwise = [&] {
        emitElementwiseCall(stage, units, origin, some);
      };
      if (!layout.sites(stage).empty())
        return;
      if (hasTotals)
        elementwise();
      else
        ifWanted(stage, elementwise);
    });
  });
}

/// Adds so many elements to others.
void ScanLoops::addTo(Value to, Value from, Value count) {
  code.loop(code.num(0), count, 1, [&](Value unit) {
    Value sum =
        arith::AddFOp::create(code.b, code.loc, code.load(code.at(to, unit)),
                              code.load(code.at(from, unit)));
    code.store(sum, code.at(to, unit));
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

/// Where the result of a product goes: one that is not yielded straight to the
/// carry that it is.
Access ScanLoops::placeOf(StageOp stage, Value value, const Origin &origin) {
  auto yield = cast<YieldOp>(stage.getBody().front().getTerminator());
  for (auto [yielded, result] :
       llvm::zip(yield.getOperands(), stage.getResults()))
    if (yielded == value)
      return accesses.bufferAccess(layout.place(result), origin, 0);
  for (auto write : stage.getBody().getOps<WriteOp>())
    if (write.getValue() == value)
      return accesses.writeAccess(write.declaration(), origin);
  llvm_unreachable("a product is for something");
}

/// Each affine is a kernel of its own: they share neither weights nor sums.
void ScanLoops::emitProductCalls(StageOp stage, const Site &site,
                                 const Origin &origin, const CallRows &some) {
  const int64_t affines = site.affines.size(), width = site.units.width;
  Caller caller(code, code.loc);
  Value zero = code.num(0);
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
    Access to = placeOf(stage, affine.getResult(), origin);
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
  // The gradient is what the stage counts in units: a stage's, in rows that are
  // whole vectors. What it is multiplied by may be the caller's.
  Value seed = op.getRow(), other = op.getColumn();
  int64_t seedStride = op.declaration().tensorType().getDimSize(1);
  int64_t otherStride = 1;
  auto unitsOf = [](Value value) {
    return cast<RankedTensorType>(value.getType()).getNumElements();
  };
  if (!isa<StageOp>(seed.getDefiningOp()) || unitsOf(seed) != units.count) {
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

//===----------------------------------------------------------------------===//
// Products of matrices of a step
//===----------------------------------------------------------------------===//

namespace {
/// A matrix in a product as it is stored.
struct Stored {
  Value value; ///< a vector of rows, or a weight
  int64_t rows, columns;
  bool isTransposed;

  bool isWeight() const {
    return cast<RankedTensorType>(value.getType()).getRank() == 2;
  }
  bool isParam() const {
    auto read = value.getDefiningOp<ReadOp>();
    return isWeight() || (read && isParameter(read.declaration().getRole()));
  }
  /// Elements from row to row, and the first one in the parameter.
  int64_t pitch() const {
    return isWeight() ? weightView(value).param.tensorType().getDimSize(1)
                      : columns;
  }
  int64_t offset() const {
    return isWeight()
               ? weightView(value).row * pitch() + weightView(value).column
               : 0;
  }
};
} // namespace

static SmallVector<Stored> operandsOf(Operation *op) {
  auto stored = [](Value value, int64_t rows, int64_t columns,
                   bool isTransposed) -> Stored {
    if (isTransposed)
      std::swap(rows, columns);
    return {outsideOfPullback(value), rows, columns, isTransposed};
  };
  if (auto swap = dyn_cast<StepTransposeOp>(op))
    return {stored(swap.getOperand(), swap.getRows(), swap.columns(), false)};
  auto product = cast<StepMatmulOp>(op);
  int64_t inner = product.getInner();
  return {stored(product.getLeft(), product.rows(), inner,
                 product.getTransposedLeft()),
          stored(product.getRight(), inner, product.columns(),
                 product.getTransposedRight())};
}

/// A kernel computes whole rows of the result or, where they are few, columns
/// of all of them. The gradient of a parameter is summed up apart and added.
void ScanLoops::emitStepProductCall(StageOp stage, Operation *product,
                                    const Origin &origin) {
  const SmallVector<Stored> operands = operandsOf(product);
  Stored given{product->getResult(0), 0, 0, false};
  std::string kind, facts;
  llvm::raw_string_ostream os(facts);
  if (auto swap = dyn_cast<StepTransposeOp>(product)) {
    kind = "step-transpose";
    given.rows = swap.columns();
    given.columns = swap.getRows();
    os << "rows " << given.rows << " columns " << given.columns << " operand";
    if (operands.front().isParam())
      os << " param";
  } else {
    auto matmul = cast<StepMatmulOp>(product);
    kind = "step-product";
    given.rows = matmul.rows();
    given.columns = matmul.columns();
    os << "rows " << given.rows << " inner " << matmul.getInner() << " columns "
       << given.columns;
    for (auto [index, operand] : llvm::enumerate(operands))
      os << (index ? " right" : " left")
         << (operand.isTransposed ? " transposed" : "")
         << (operand.isParam() ? " param" : "");
  }

  // What is read, and what is computed.
  SmallVector<Stored> inputs = operands;
  Stored result = given;
  AccumulateOp total;
  if (auto pull = dyn_cast<PullbackOp>(product->getParentOp())) {
    int64_t wanted = pull.getWrt().front();
    kind += isa<StepTransposeOp>(product) ? "-operand"
            : wanted                      ? "-right"
                                          : "-left";
    inputs.erase(inputs.begin() + wanted);
    result = operands[wanted];
    given.value = pull.getSeeds().front();
    inputs.insert(inputs.begin(), given);
    for (auto op : stage.getBody().getOps<AccumulateOp>())
      total = op;
    if (!total)
      result.value = pull.getResult(0);
  }

  const int64_t parts = std::max<int64_t>(1, result.columns / code.lanes);
  const bool byRows = result.rows >= parts;
  Panels own = ownShare(code.num(byRows ? result.rows : parts));
  Value zero = code.num(0);
  Dimension columns = {zero, code.num(result.columns), code.num(1)};
  Dimension rowsOfResult = {zero, code.num(result.rows),
                            code.num(result.columns)};
  if (byRows) {
    rowsOfResult.first = own.first;
    rowsOfResult.extent = code.sub(own.last, own.first);
  } else {
    columns.first = code.mul(own.first, code.lanes);
    // The last part is longer.
    Value end =
        code.select(code.equal(own.last, code.num(parts)),
                    code.num(result.columns), code.mul(own.last, code.lanes));
    columns.extent = code.sub(end, columns.first);
  }
  Value firstUnit =
      code.add(code.mul(rowsOfResult.first, result.columns), columns.first);

  auto emit = [&](Value firstRow, Value rows) {
    SmallVector<Operand> buffers;
    for (const Stored &input : inputs) {
      Operand operand;
      operand.dimensions = {
          {zero, code.num(input.columns), code.num(1)},
          {zero, code.num(input.rows), code.num(input.pitch())}};
      if (input.isWeight()) {
        operand.pointer = code.at(
            frame.weights,
            layout.vectors.lookup(weightView(input.value).param.getSymName()) +
                input.offset());
      } else {
        Access access = accesses.valueAccess(input.value, origin, false);
        operand.pointer =
            code.at(access.base, code.mul(firstRow, access.stride));
        if (!input.isParam())
          operand.dimensions.push_back({zero, rows, access.stride});
      }
      buffers.push_back(operand);
    }
    Operand out;
    out.dimensions = {columns, rowsOfResult};
    if (total) {
      out.pointer = frame.buffers[layout.partials];
    } else {
      Access to = placeOf(stage, result.value, origin);
      out.pointer = code.at(to.base, code.mul(firstRow, to.stride));
      out.dimensions.push_back({zero, rows, to.stride});
    }
    out.pointer = code.at(out.pointer, firstUnit);
    buffers.push_back(out);
    Caller(code, code.loc)
        .call(kernels->name(kind, facts), rows, own.first,
              code.sub(own.last, own.first), buffers);
    if (!total)
      return;
    Value gradient = code.at(gradientOf(total), result.offset());
    code.loop(zero, rowsOfResult.extent, 1, [&](Value row) {
      Value from = code.at(out.pointer, code.mul(row, result.columns));
      Value to =
          code.at(code.at(gradient, code.mul(code.add(rowsOfResult.first, row),
                                             result.pitch())),
                  columns.first);
      addTo(to, from, columns.extent);
    });
  };
  auto emitAll = [&] {
    Value rows = origin.step ? accesses.rowsIn(origin.step) : frame.rows;
    const int64_t most = rowsOfCall(layout);
    code.loop(zero, rows, most, [&](Value firstRow) {
      emit(firstRow, code.min(code.num(most), code.sub(rows, firstRow)));
    });
  };
  code.ifThen(code.less(own.first, own.last), [&] {
    if (total)
      code.ifThen(code.notNull(gradientOf(total)), emitAll);
    else
      emitAll();
  });
}

//===----------------------------------------------------------------------===//
// Everything else
//===----------------------------------------------------------------------===//

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
    addTo(to, from, count);
  });
}
