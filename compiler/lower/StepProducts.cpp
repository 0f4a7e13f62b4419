//===- StepProducts.cpp - products of matrices of a step ------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A vector of the result lies in one row, or in several where rows end inside
// of it. As operands stand, memory is read along its rows:
//
//   right as it is     lanes along a row of right:
//                        sum over k of left[o, k] * right[k, i .. i+lanes)
//   right transposed   lanes along k, a sum for each lane of the result:
//                        lane l: sum over k of left[o, k ..] * right[i+l, k ..]
//
// Sums go into several registers, so that none waits for the one before.
//
//===----------------------------------------------------------------------===//

#include "compiler/lower/StepProducts.h"

using namespace mlir;
using namespace rnn;

/// Sums at once where lanes lie along a row.
static constexpr int64_t sumsAtOnce = 4;

namespace {
/// Emits one vector of a product.
class StepProduct {
public:
  StepProduct(Code &code, StepMatmulOp op, StoredMatrix left,
              StoredMatrix right, Value unit)
      : code(code), left(left), right(right), unit(unit), rows(op.rows()),
        columns(op.columns()), inner(op.getInner()),
        leftRow(op.getTransposedLeft() ? 1 : left.pitch),
        leftStep(op.getTransposedLeft() ? left.pitch : 1) {}
  Value alongRows();
  Value alongInner();

private:
  /// Where a unit of the result is.
  struct Spot {
    Value row, column;
  };
  Spot spotOf(Value at);
  Value lastRowOr(Value row) {
    return rows == 1 ? code.num(0) : code.min(row, code.num(rows - 1));
  }
  Value sumOfRow(Value row, Value column, Value inside, int64_t registers);
  Value sumsOfLanes(ArrayRef<Value> lanes);

  Code &code;
  StoredMatrix left, right;
  Value unit;
  int64_t rows, columns, inner;
  int64_t leftRow, leftStep; ///< from left[o, k] to left[o+1, k], left[o, k+1]
};
} // namespace

StepProduct::Spot StepProduct::spotOf(Value at) {
  if (rows == 1)
    return {code.num(0), at};
  if (columns == 1)
    return {at, code.num(0)};
  return {code.div(at, code.num(columns)), code.rem(at, code.num(columns))};
}

/// sum over k of left[row, k] * right[k, column ..], at the lanes `inside`.
Value StepProduct::sumOfRow(Value row, Value column, Value inside,
                            int64_t registers) {
  Value factors = code.at(left.base, code.mul(row, leftRow));
  Value from = code.at(right.base, column);
  auto factor = [&](Value k) {
    return code.broadcast(code.load(code.at(factors, code.mul(k, leftStep))));
  };
  auto lanes = [&](Value k) {
    return code.loadVec(code.at(from, code.mul(k, right.pitch)), inside);
  };
  if (inner == 1)
    return arith::MulFOp::create(code.b, code.loc, factor(code.num(0)),
                                 lanes(code.num(0)));
  auto addAll = [&](Value k, int64_t count, ArrayRef<Value> sums) {
    SmallVector<Value> next(sums);
    for (int64_t i = 0; i < count; ++i)
      next[i] =
          code.fma(factor(code.add(k, i)), lanes(code.add(k, i)), sums[i]);
    return next;
  };
  registers = std::min(registers, inner);
  const int64_t whole = inner / registers * registers;
  SmallVector<Value> sums(registers, code.splat(0));
  sums = code.carry(0, whole, registers, sums, [&](Value k, ValueRange sums) {
    return addAll(k, registers, llvm::to_vector(sums));
  });
  sums = addAll(code.num(whole), inner - whole, sums);
  Value sum = sums.front();
  for (Value other : ArrayRef(sums).drop_front())
    sum = arith::AddFOp::create(code.b, code.loc, sum, other);
  return sum;
}

Value StepProduct::alongRows() {
  auto [row, column] = spotOf(unit);
  Value toEnd = code.sub(code.num(columns), column);
  const bool fits = columns % code.lanes == 0;
  if (fits || rows == 1)
    return sumOfRow(lastRowOr(row), column,
                    fits ? Value() : code.firstLanes(toEnd), sumsAtOnce);
  // The first part ends with its row, the others begin with theirs.
  const int64_t parts =
      std::min(rows, 1 + (columns - 1 + code.lanes - 1) / columns);
  Value result;
  Value before = code.firstLanes(int64_t(0));
  for (int64_t part = 0; part < parts; ++part) {
    Value upTo = code.firstLanes(code.add(toEnd, part * columns));
    Value inside = arith::XOrIOp::create(code.b, code.loc, upTo, before);
    Value sum = sumOfRow(lastRowOr(code.add(row, part)),
                         code.sub(column, code.num(part * columns)), inside,
                         parts == 2 ? sumsAtOnce / 2 : 1);
    result = result ? code.select(inside, sum, result) : sum;
    before = upTo;
  }
  return result;
}

/// The sums of the lanes of each vector, as lanes of one: as many vectors as
/// lanes, two by two.
Value StepProduct::sumsOfLanes(ArrayRef<Value> vectors) {
  SmallVector<Value> sums(vectors);
  SmallVector<int64_t> even, odd;
  for (int64_t lane = 0; lane < code.lanes; ++lane) {
    even.push_back(2 * lane);
    odd.push_back(2 * lane + 1);
  }
  auto shuffle = [&](Value a, Value b, ArrayRef<int64_t> lanes) -> Value {
    return vector::ShuffleOp::create(code.b, code.loc, a, b, lanes);
  };
  while (sums.size() > 1) {
    SmallVector<Value> pairs;
    for (size_t i = 0; i < sums.size(); i += 2)
      pairs.push_back(arith::AddFOp::create(
          code.b, code.loc, shuffle(sums[i], sums[i + 1], even),
          shuffle(sums[i], sums[i + 1], odd)));
    sums = pairs;
  }
  return sums.front();
}

Value StepProduct::alongInner() {
  // Lanes that share a row share its elements.
  const bool shared = rows == 1 || columns % code.lanes == 0;
  SmallVector<Value> leftRows, rightRows;
  Spot first = spotOf(unit);
  for (int64_t lane = 0; lane < code.lanes; ++lane) {
    Spot spot = shared ? Spot{first.row, code.add(first.column, lane)}
                       : spotOf(code.add(unit, lane));
    if (rows == 1)
      spot.column = code.min(spot.column, code.num(columns - 1));
    if (!shared || lane == 0)
      leftRows.push_back(
          code.at(left.base, code.mul(lastRowOr(spot.row), leftRow)));
    rightRows.push_back(
        code.at(right.base, code.mul(spot.column, right.pitch)));
  }
  auto addAll = [&](Value k, Value inside, ValueRange sums) {
    SmallVector<Value> ofLeft, next;
    for (Value row : leftRows)
      ofLeft.push_back(code.loadVec(code.at(row, k), inside));
    for (int64_t lane = 0; lane < code.lanes; ++lane)
      next.push_back(code.fma(ofLeft[shared ? 0 : lane],
                              code.loadVec(code.at(rightRows[lane], k), inside),
                              sums[lane]));
    return next;
  };
  const int64_t whole = inner / code.lanes * code.lanes;
  SmallVector<Value> sums(code.lanes, code.splat(0));
  if (whole)
    sums =
        code.carry(0, whole, code.lanes, sums, [&](Value k, ValueRange sums) {
          return addAll(k, Value(), sums);
        });
  if (whole != inner)
    sums = addAll(code.num(whole), code.firstLanes(inner - whole), sums);
  return sumsOfLanes(sums);
}

Value rnn::emitStepMatmul(Code &code, StepMatmulOp op, StoredMatrix left,
                          StoredMatrix right, Value unit) {
  StepProduct product(code, op, left, right, unit);
  return op.getTransposedRight() ? product.alongInner() : product.alongRows();
}

Value rnn::emitStepTranspose(Code &code, StepTransposeOp op, Value operand,
                             Value unit) {
  const int64_t rows = op.getRows(), columns = op.columns();
  Value last = code.num(rows * columns - 1);
  SmallVector<Value> elements;
  for (int64_t lane = 0; lane < code.lanes; ++lane) {
    Value at = code.min(code.add(unit, lane), last);
    Value row = code.rem(at, code.num(rows));
    Value column = code.div(at, code.num(rows));
    elements.push_back(
        code.load(code.at(operand, code.add(code.mul(row, columns), column))));
  }
  return vector::FromElementsOp::create(code.b, code.loc, code.vec, elements);
}
