//===- Code.cpp - short names for the ops that loops are made of ----------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "compiler/lower/Code.h"
#include "dialect/Rnn.h"

using namespace mlir;
using namespace rnn;

//===----------------------------------------------------------------------===//
// 64-bit integers
//===----------------------------------------------------------------------===//

/// The value of an integer constant, if it is one: addresses of static layouts
/// fold here, which keeps the IR short enough to read.
static std::optional<int64_t> known(Value value) {
  if (auto constant = value.getDefiningOp<arith::ConstantIntOp>())
    return constant.value();
  return std::nullopt;
}

Value Code::num(int64_t value) {
  return arith::ConstantIntOp::create(b, loc, i64, value);
}
Value Code::status(int32_t value) {
  return arith::ConstantIntOp::create(b, loc, i32, value);
}
Value Code::add(Value a, Value b_) {
  auto x = known(a), y = known(b_);
  if (x && y)
    return num(*x + *y);
  if (x && *x == 0)
    return b_;
  if (y && *y == 0)
    return a;
  return arith::AddIOp::create(b, loc, a, b_);
}
Value Code::sub(Value a, Value b_) {
  auto x = known(a), y = known(b_);
  if (x && y)
    return num(*x - *y);
  return arith::SubIOp::create(b, loc, a, b_);
}
Value Code::mul(Value a, Value b_) {
  auto x = known(a), y = known(b_);
  if (x && y)
    return num(*x * *y);
  if (x && *x == 1)
    return b_;
  if (y && *y == 1)
    return a;
  if ((x && *x == 0) || (y && *y == 0))
    return num(0);
  return arith::MulIOp::create(b, loc, a, b_);
}
Value Code::div(Value a, Value b_) {
  return arith::DivUIOp::create(b, loc, a, b_);
}
Value Code::rem(Value a, Value b_) {
  return arith::RemUIOp::create(b, loc, a, b_);
}
Value Code::min(Value a, Value b_) {
  return arith::MinSIOp::create(b, loc, a, b_);
}
Value Code::max(Value a, Value b_) {
  return arith::MaxSIOp::create(b, loc, a, b_);
}
Value Code::ceilDiv(Value a, int64_t b_) {
  return div(add(a, b_ - 1), num(b_));
}
Value Code::less(Value a, Value b_) {
  return arith::CmpIOp::create(b, loc, arith::CmpIPredicate::slt, a, b_);
}
Value Code::equal(Value a, Value b_) {
  return arith::CmpIOp::create(b, loc, arith::CmpIPredicate::eq, a, b_);
}
Value Code::both(Value a, Value b_) {
  return arith::AndIOp::create(b, loc, a, b_);
}
Value Code::either(Value a, Value b_) {
  return arith::OrIOp::create(b, loc, a, b_);
}
Value Code::select(Value c, Value a, Value b_) {
  return arith::SelectOp::create(b, loc, c, a, b_);
}

//===----------------------------------------------------------------------===//
// Pointers
//===----------------------------------------------------------------------===//

Value Code::at(Value base, Value offset) {
  if (auto x = known(offset); x && *x == 0)
    return base;
  return LLVM::GEPOp::create(b, loc, ptr, element, base, ValueRange{offset});
}
Value Code::atByte(Value base, Value bytes) {
  if (auto x = known(bytes); x && *x == 0)
    return base;
  return LLVM::GEPOp::create(b, loc, ptr, b.getI8Type(), base,
                             ValueRange{bytes});
}
Value Code::null() { return LLVM::ZeroOp::create(b, loc, ptr); }
Value Code::isNull(Value pointer) {
  return LLVM::ICmpOp::create(b, loc, LLVM::ICmpPredicate::eq, pointer, null());
}
Value Code::notNull(Value pointer) {
  return LLVM::ICmpOp::create(b, loc, LLVM::ICmpPredicate::ne, pointer, null());
}
Value Code::loadInt(Value base, Value index) {
  Value narrow = LLVM::LoadOp::create(b, loc, i32, atByte(base, mul(index, 4)));
  return arith::ExtSIOp::create(b, loc, i64, narrow);
}
void Code::storeInt(Value value, Value base, Value index) {
  Value narrow = arith::TruncIOp::create(b, loc, i32, value);
  LLVM::StoreOp::create(b, loc, narrow, atByte(base, mul(index, 4)));
}
Value Code::no() {
  return arith::ConstantIntOp::create(b, loc, b.getI1Type(), 0);
}
Value Code::address(Value pointer) {
  return LLVM::PtrToIntOp::create(b, loc, i64, pointer);
}
Value Code::loadPtr(Value from) {
  return LLVM::LoadOp::create(b, loc, ptr, from);
}
Value Code::loadNum(Value from) {
  return LLVM::LoadOp::create(b, loc, i64, from);
}
void Code::storeNum(Value value, Value to) {
  LLVM::StoreOp::create(b, loc, value, to);
}
Value Code::toSize(Value number) {
  if (size == i64)
    return number;
  if (auto x = known(number))
    return arith::ConstantIntOp::create(b, loc, size, *x);
  return arith::TruncIOp::create(b, loc, size, number);
}

//===----------------------------------------------------------------------===//
// Elements and vectors
//===----------------------------------------------------------------------===//

Value Code::real(double value) {
  return arith::ConstantOp::create(b, loc, b.getFloatAttr(element, value));
}
Value Code::splat(double value) {
  return arith::ConstantOp::create(
      b, loc,
      DenseElementsAttr::get(vec, b.getFloatAttr(element, value).getValue()));
}
Value Code::load(Value from) {
  return LLVM::LoadOp::create(b, loc, element, from, elementBytes());
}
void Code::store(Value value, Value to) {
  LLVM::StoreOp::create(b, loc, value, to, elementBytes());
}
Value Code::loadVec(Value from) {
  return LLVM::LoadOp::create(b, loc, vec, from, elementBytes());
}
void Code::storeVec(Value value, Value to) {
  LLVM::StoreOp::create(b, loc, value, to, elementBytes());
}
void Code::storeLine(Value value, Value to) {
  LLVM::StoreOp::create(b, loc, value, to, /*alignment=*/64,
                        /*isVolatile=*/false, /*isNonTemporal=*/true);
}
void Code::fenceLines() {
  // Lines of 64 bytes are vectors of x86-64 alone, where ordinary stores that
  // follow do not wait for such as these.
  LLVM::CallIntrinsicOp::create(b, loc, b.getStringAttr("llvm.x86.sse.sfence"),
                                ValueRange());
}
Value Code::loadVec(Value from, Value mask_) {
  if (!mask_)
    return loadVec(from);
  auto masked = [&]() -> Value {
    return LLVM::MaskedLoadOp::create(b, loc, vec, from, mask_, splat(0),
                                      b.getI32IntegerAttr(elementBytes()));
  };
  Value whole = isWhole(mask_);
  if (!whole)
    return masked();
  auto branch = scf::IfOp::create(b, loc, TypeRange{vec}, whole,
                                  /*withElseRegion=*/true);
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(branch.thenBlock());
  scf::YieldOp::create(b, loc, loadVec(from));
  b.setInsertionPointToStart(branch.elseBlock());
  scf::YieldOp::create(b, loc, masked());
  return branch.getResult(0);
}
void Code::storeVec(Value value, Value to, Value mask_) {
  if (!mask_)
    return storeVec(value, to);
  auto masked = [&] {
    LLVM::MaskedStoreOp::create(b, loc, value, to, mask_,
                                b.getI32IntegerAttr(elementBytes()));
  };
  if (Value whole = isWhole(mask_))
    ifElse(whole, [&] { storeVec(value, to); }, masked);
  else
    masked();
}
Value Code::laneOf(Value mask_, int64_t lane) {
  // Masks are made of those of firstLanes.
  Operation *op = mask_.getDefiningOp();
  if (auto constant = dyn_cast<arith::ConstantOp>(op))
    return arith::ConstantIntOp::create(
        b, loc, b.getI1Type(),
        cast<DenseElementsAttr>(constant.getValue()).getValues<bool>()[lane]);
  if (isa<arith::CmpIOp>(op))
    return less(
        num(lane),
        op->getOperand(1).getDefiningOp<vector::BroadcastOp>().getSource());
  Value left = laneOf(op->getOperand(0), lane);
  Value right = laneOf(op->getOperand(1), lane);
  if (isa<arith::XOrIOp>(op))
    return arith::XOrIOp::create(b, loc, left, right);
  assert(isa<arith::AndIOp>(op) && "masks have no other operations");
  return both(left, right);
}
Value Code::isWhole(Value mask_) {
  // Machines without masks go lane by lane. A constant mask is known not to be
  // whole.
  if (hasMasks || mask_.getDefiningOp<arith::ConstantOp>())
    return Value();
  return both(laneOf(mask_, 0), laneOf(mask_, lanes - 1));
}
Value Code::broadcast(Value scalar) {
  return vector::BroadcastOp::create(b, loc, vec, scalar);
}
Value Code::fma(Value a, Value b_, Value c) {
  return LLVM::FMAOp::create(b, loc, a, b_, c);
}
Value Code::firstLanes(Value count) {
  auto indices = llvm::to_vector(llvm::seq<int64_t>(0, lanes));
  auto type = VectorType::get({lanes}, i64);
  Value lane = arith::ConstantOp::create(
      b, loc, DenseElementsAttr::get(type, ArrayRef<int64_t>(indices)));
  Value counts = vector::BroadcastOp::create(b, loc, type, count);
  return arith::CmpIOp::create(b, loc, arith::CmpIPredicate::slt, lane, counts);
}
Value Code::firstLanes(int64_t count) {
  SmallVector<bool> bits;
  for (int64_t lane = 0; lane < lanes; ++lane)
    bits.push_back(lane < count);
  return arith::ConstantOp::create(
      b, loc, DenseElementsAttr::get(mask, ArrayRef<bool>(bits)));
}
Value Code::onStack(Type type, int64_t count, int64_t alignment) {
  OpBuilder::InsertionGuard guard(b);
  Operation *parent = b.getInsertionBlock()->getParentOp();
  auto function = dyn_cast<func::FuncOp>(parent);
  if (!function)
    function = parent->getParentOfType<func::FuncOp>();
  b.setInsertionPointToStart(&function.front());
  return LLVM::AllocaOp::create(b, loc, ptr, type, num(count), alignment);
}
void Code::prefetch(Value address) {
  // Read, into the nearest level, data.
  LLVM::Prefetch::create(b, loc, address, 0, 3, 1);
}

Value Code::reduce(Value from, int64_t count, bool isSum) {
  int64_t whole = count / lanes * lanes;
  Value neutral = splat(isSum ? 0 : -std::numeric_limits<double>::infinity());
  auto combine = [&](Value left, Value right) -> Value {
    if (isSum)
      return arith::AddFOp::create(b, loc, left, right);
    return arith::MaximumFOp::create(b, loc, left, right);
  };
  auto loop = scf::ForOp::create(b, loc, num(0), num(whole), num(lanes),
                                 ValueRange{neutral});
  {
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(loop.getBody());
    Value next = combine(loop.getRegionIterArg(0),
                         loadVec(at(from, loop.getInductionVar())));
    scf::YieldOp::create(b, loc, next);
  }
  Value result = loop.getResult(0);
  if (whole != count) {
    Value inside = firstLanes(count - whole);
    Value rest = loadVec(at(from, whole), inside);
    result = combine(result, select(inside, rest, neutral));
  }
  auto kind =
      isSum ? vector::CombiningKind::ADD : vector::CombiningKind::MAXIMUMF;
  return broadcast(vector::ReductionOp::create(
      b, loc, kind, result,
      isSum ? arith::FastMathFlags::reassoc : arith::FastMathFlags::none));
}

Value Code::onLanes(Operation *op, IRMapping &lanes_) {
  auto type = VectorType::get(
      {lanes},
      cast<RankedTensorType>(op->getResult(0).getType()).getElementType());
  if (auto constant = dyn_cast<arith::ConstantOp>(op))
    return arith::ConstantOp::create(
        b, loc,
        DenseElementsAttr::get(type,
                               cast<DenseElementsAttr>(constant.getValue())
                                   .getSplatValue<Attribute>()));
  if (isa<StopGradientOp>(op))
    return lanes_.lookup(op->getOperand(0));
  Operation *clone = b.clone(*op, lanes_);
  clone->getResult(0).setType(type);
  return clone->getResult(0);
}

//===----------------------------------------------------------------------===//
// Control
//===----------------------------------------------------------------------===//

void Code::loop(Value lo, Value hi, Value step, Body body) {
  auto loop = scf::ForOp::create(b, loc, lo, hi, step);
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(loop.getBody());
  body(loop.getInductionVar());
}
Value Code::sum(Value lo, Value hi, Value start,
                llvm::function_ref<Value(Value, Value)> body) {
  auto loop = scf::ForOp::create(b, loc, lo, hi, num(1), ValueRange{start});
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(loop.getBody());
  Value next = body(loop.getInductionVar(), loop.getRegionIterArg(0));
  scf::YieldOp::create(b, loc, next);
  return loop.getResult(0);
}
SmallVector<Value>
Code::carry(int64_t lo, int64_t hi, int64_t step, ValueRange starts,
            llvm::function_ref<SmallVector<Value>(Value, ValueRange)> body) {
  auto loop = scf::ForOp::create(b, loc, num(lo), num(hi), num(step), starts);
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(loop.getBody());
  SmallVector<Value> next =
      body(loop.getInductionVar(), loop.getRegionIterArgs());
  scf::YieldOp::create(b, loc, next);
  return llvm::to_vector_of<Value>(loop.getResults());
}
void Code::ifThen(Value condition, llvm::function_ref<void()> then) {
  auto branch = scf::IfOp::create(b, loc, condition, /*withElseRegion=*/false);
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(branch.thenBlock());
  then();
}
void Code::ifElse(Value condition, llvm::function_ref<void()> then,
                  llvm::function_ref<void()> otherwise) {
  auto branch = scf::IfOp::create(b, loc, condition, /*withElseRegion=*/true);
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(branch.thenBlock());
  then();
  b.setInsertionPointToStart(branch.elseBlock());
  otherwise();
}
Value Code::choose(Value condition, Type type, llvm::function_ref<Value()> then,
                   llvm::function_ref<Value()> otherwise) {
  auto branch = scf::IfOp::create(b, loc, TypeRange{type}, condition,
                                  /*withElseRegion=*/true);
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(branch.thenBlock());
  Value result = then();
  scf::YieldOp::create(b, loc, result);
  b.setInsertionPointToStart(branch.elseBlock());
  result = otherwise();
  scf::YieldOp::create(b, loc, result);
  return branch.getResult(0);
}
void Code::copyBytes(Value to, Value from, Value bytes) {
  LLVM::MemcpyOp::create(b, loc, to, from, toSize(bytes), /*isVolatile=*/false);
}
void Code::zeroBytes(Value to, Value bytes) {
  Value zero = arith::ConstantIntOp::create(b, loc, b.getI8Type(), 0);
  LLVM::MemsetOp::create(b, loc, to, zero, toSize(bytes), /*isVolatile=*/false);
}

int64_t rnn::mostBytes(const Code &code) {
  return int64_t(1) << (code.pointerBytes == 8 ? 60 : 31);
}

static void setLinkage(func::FuncOp function, LLVM::Linkage linkage) {
  function.setPrivate();
  function->setAttr("llvm.linkage",
                    LLVM::LinkageAttr::get(function.getContext(), linkage));
}
void rnn::makeInternal(func::FuncOp function) {
  setLinkage(function, LLVM::Linkage::Internal);
}
void rnn::makePrivate(func::FuncOp function) {
  setLinkage(function, LLVM::Linkage::Private);
}

static constexpr StringRef forLLVM = "passthrough";

void rnn::setForLLVM(func::FuncOp function, StringRef attribute,
                     StringRef value) {
  Builder b(function.getContext());
  SmallVector<Attribute> all;
  if (auto given = function->getAttrOfType<ArrayAttr>(forLLVM))
    llvm::append_range(all, given);
  if (value.empty())
    all.push_back(b.getStringAttr(attribute));
  else
    all.push_back(b.getStrArrayAttr({attribute, value}));
  function->setAttr(forLLVM, b.getArrayAttr(all));
}

std::optional<StringRef> rnn::getForLLVM(func::FuncOp function,
                                         StringRef attribute) {
  if (auto all = function->getAttrOfType<ArrayAttr>(forLLVM))
    for (Attribute one : all)
      if (auto pair = dyn_cast<ArrayAttr>(one);
          pair && cast<StringAttr>(pair[0]) == attribute)
        return cast<StringAttr>(pair[1]).getValue();
  return std::nullopt;
}

void rnn::placeInSection(func::FuncOp function, const Twine &section) {
  setForLLVM(function, "rnn-section", section.str());
}

SmallVector<Value> rnn::transpose(Code &code, SmallVector<Value> rows) {
  // In each turn, pairs of vectors `distance` apart change places of that many
  // lanes.
  const int64_t lanes = code.lanes;
  for (int64_t distance = lanes / 2; distance; distance /= 2) {
    SmallVector<int64_t> low, high;
    for (int64_t lane = 0; lane < lanes; ++lane) {
      bool isHigh = lane & distance;
      low.push_back(isHigh ? lanes + lane - distance : lane);
      high.push_back(isHigh ? lanes + lane : lane + distance);
    }
    SmallVector<Value> next(lanes);
    for (int64_t row = 0; row < lanes; ++row) {
      if (row & distance)
        continue;
      Value a = rows[row], b = rows[row + distance];
      next[row] = vector::ShuffleOp::create(code.b, code.loc, a, b, low);
      next[row + distance] =
          vector::ShuffleOp::create(code.b, code.loc, a, b, high);
    }
    rows = next;
  }
  return rows;
}

func::FuncOp rnn::beginShared(Code &code, ModuleOp module,
                              const std::string &name, TypeRange inputs) {
  code.b.setInsertionPointToEnd(module.getBody());
  auto function = func::FuncOp::create(code.b, code.loc, name,
                                       code.b.getFunctionType(inputs, {}));
  makePrivate(function);
  setForLLVM(function, "noinline");
  placeInSection(function, ".text." + name);
  code.b.setInsertionPointToStart(function.addEntryBlock());
  return function;
}
