//===- Setup.cpp - a setup as loops ---------------------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
//   write @derived.0, exp (read @W)      for each vector of elements: load,
//                                        compute, store
//   write @derived.1, matmul ..          a loop of its own
//
// A tensor is its elements from first to last: what works element by element
// does not care for rows.
//
//===----------------------------------------------------------------------===//

#include "compiler/lower/Setup.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace rnn;

static RankedTensorType typeOf(Value value) {
  return cast<RankedTensorType>(value.getType());
}

namespace {
class SetupLoops {
public:
  SetupLoops(Code &code, SetupOp setup, PlaceOf place, PlaceOf gradient)
      : code(code), setup(setup), place(place), gradient(gradient) {}
  void emit();

private:
  Value whole(Value read) {
    return place(read.getDefiningOp<ReadOp>().declaration());
  }
  bool emitWhole(Operation *op, Value to);
  void emitMatmul(MatmulOp op, Value to);
  void emitTranspose(TransposeOp op, Value to);
  void emitSlice(SliceOp op, Value to);
  void emitConcat(ConcatOp op, Value to);
  void emitElements(Value value, Value to, bool add);
  Value emitVector(Value value, Value at, Value tail, IRMapping &lanes);
  void overVectors(int64_t count,
                   llvm::function_ref<void(Value at, Value tail)> body);

  Code &code;
  SetupOp setup;
  PlaceOf place, gradient;
};
} // namespace

/// Goes over `count` elements, a vector at a time; `tail` is null for vectors
/// that lie inside.
void SetupLoops::overVectors(int64_t count,
                             llvm::function_ref<void(Value, Value)> body) {
  int64_t inside = count / code.lanes * code.lanes;
  code.loop(0, inside, code.lanes, [&](Value at) { body(at, Value()); });
  if (inside != count)
    body(code.num(inside), code.firstLanes(count - inside));
}

//===----------------------------------------------------------------------===//
// Ops that read whole tensors
//===----------------------------------------------------------------------===//

void SetupLoops::emitMatmul(MatmulOp op, Value to) {
  int64_t inner = op.getLeft().getType().getDimSize(1);
  int64_t columns = op.getType().getDimSize(1);
  Value left = whole(op.getLeft()), right = whole(op.getRight());
  code.loop(0, op.getType().getDimSize(0), 1, [&](Value row) {
    Value factors = code.at(left, code.mul(row, inner));
    overVectors(columns, [&](Value at, Value tail) {
      Value sum = code.sum(
          code.num(0), code.num(inner), code.splat(0), [&](Value k, Value sum) {
            Value from = code.at(code.at(right, code.mul(k, columns)), at);
            return code.fma(code.broadcast(code.load(code.at(factors, k))),
                            code.loadVec(from, tail), sum);
          });
      code.storeVec(sum, code.at(code.at(to, code.mul(row, columns)), at),
                    tail);
    });
  });
}

void SetupLoops::emitTranspose(TransposeOp op, Value to) {
  int64_t rows = op.getType().getDimSize(0);
  int64_t columns = op.getType().getDimSize(1);
  Value from = whole(op.getOperand());
  code.loop(0, rows, 1, [&](Value row) {
    code.loop(0, columns, 1, [&](Value column) {
      code.store(code.load(code.at(code.at(from, code.mul(column, rows)), row)),
                 code.at(code.at(to, code.mul(row, columns)), column));
    });
  });
}

/// Elements of a vector, or whole rows of a matrix.
void SetupLoops::emitSlice(SliceOp op, Value to) {
  int64_t count = op.getType().getNumElements();
  int64_t row = count / op.getType().getDimSize(0);
  code.copyBytes(to, code.at(whole(op.getOperand()), op.getOffsets()[0] * row),
                 code.num(count * code.elementBytes()));
}

void SetupLoops::emitConcat(ConcatOp op, Value to) {
  int64_t offset = 0;
  for (Value part : op.getOperands()) {
    int64_t count = typeOf(part).getNumElements();
    code.copyBytes(code.at(to, offset), whole(part),
                   code.num(count * code.elementBytes()));
    offset += count;
  }
}

/// Emits an op of this kind; false if it is of the other.
bool SetupLoops::emitWhole(Operation *op, Value to) {
  return llvm::TypeSwitch<Operation *, bool>(op)
      .Case([&](MatmulOp matmul) { return emitMatmul(matmul, to), true; })
      .Case([&](TransposeOp swap) { return emitTranspose(swap, to), true; })
      .Case([&](SliceOp slice) { return emitSlice(slice, to), true; })
      .Case([&](ConcatOp concat) { return emitConcat(concat, to), true; })
      .Case<ReduceSumOp, ReduceMaxOp>([&](auto reduce) {
        Value result = code.reduce(whole(reduce.getOperand()),
                                   typeOf(reduce.getOperand()).getNumElements(),
                                   isa<ReduceSumOp>(op));
        code.storeVec(result, to, code.firstLanes(1));
        return true;
      })
      .Default(false);
}

//===----------------------------------------------------------------------===//
// Element by element
//===----------------------------------------------------------------------===//

/// The vector of elements of a value that begins at `at`.
Value SetupLoops::emitVector(Value value, Value at, Value tail,
                             IRMapping &lanes) {
  if (Value known = lanes.lookupOrNull(value))
    return known;
  Operation *op = value.getDefiningOp();
  Value result;
  if (isa<ReadOp>(op)) {
    result = code.loadVec(code.at(whole(value), at), tail);
  } else if (auto splat = dyn_cast<SplatOp>(op)) {
    result = code.broadcast(code.load(whole(splat.getOperand())));
  } else {
    for (Value operand : op->getOperands())
      emitVector(operand, at, tail, lanes);
    result = code.onLanes(op, lanes);
  }
  lanes.map(value, result);
  return result;
}

void SetupLoops::emitElements(Value value, Value to, bool add) {
  overVectors(typeOf(value).getNumElements(), [&](Value at, Value tail) {
    IRMapping lanes;
    Value result = emitVector(value, at, tail, lanes);
    Value place = code.at(to, at);
    if (add)
      result = arith::AddFOp::create(code.b, code.loc,
                                     code.loadVec(place, tail), result);
    code.storeVec(result, place, tail);
  });
}

void SetupLoops::emit() {
  for (Operation &op : setup.getBody().front())
    if (auto write = dyn_cast<WriteOp>(op)) {
      Value to = place(write.declaration());
      if (!emitWhole(write.getValue().getDefiningOp(), to))
        emitElements(write.getValue(), to, /*add=*/false);
    } else if (auto accumulate = dyn_cast<AccumulateOp>(op)) {
      Value to = gradient(accumulate.declaration());
      code.ifThen(code.notNull(to),
                  [&] { emitElements(accumulate.getRow(), to, /*add=*/true); });
    }
}

void rnn::emitSetup(Code &code, SetupOp setup, PlaceOf place,
                    PlaceOf gradient) {
  SetupLoops(code, setup, place, gradient).emit();
}
