//===- Bf16.cpp - factors of products in bf16 -----------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "compiler/lower/Bf16.h"

using namespace mlir;
using namespace rnn;

/// i32, or a vector of as many.
static Type bitsType(Code &code, Value value) {
  if (auto vector = dyn_cast<VectorType>(value.getType()))
    return vector.clone(code.i32);
  return code.i32;
}

static Value bitsConstant(Code &code, Type type, int64_t bits) {
  TypedAttr attribute = code.b.getI32IntegerAttr(int32_t(bits));
  if (auto vector = dyn_cast<VectorType>(type))
    attribute = DenseElementsAttr::get(vector, Attribute(attribute));
  return arith::ConstantOp::create(code.b, code.loc, attribute);
}

static Value as(Code &code, Type type, Value value) {
  return LLVM::BitcastOp::create(code.b, code.loc, type, value);
}

/// What LLVM calls an instruction on vectors of the code's length.
static StringAttr intrinsic(Code &code, StringRef name) {
  return code.b.getStringAttr("llvm.x86.avx512bf16." + name + "." +
                              Twine(code.lanes * 32));
}

static VectorType halves(Code &code) {
  return VectorType::get({2 * code.lanes}, code.b.getBF16Type());
}

Value rnn::roundedBits(Code &code, Value value) {
  Type type = bitsType(code, value);
  auto num = [&](int64_t bits) { return bitsConstant(code, type, bits); };
  Value bits = as(code, type, value);
  // Half a unit in the last place, less one where a tie goes down.
  Value odd = arith::AndIOp::create(
      code.b, code.loc, arith::ShRUIOp::create(code.b, code.loc, bits, num(16)),
      num(1));
  Value up = arith::AddIOp::create(
      code.b, code.loc, bits,
      arith::AddIOp::create(code.b, code.loc, odd, num(0x7fff)));
  Value quiet = arith::OrIOp::create(code.b, code.loc, bits, num(0x400000));
  Value isNaN = arith::CmpFOp::create(code.b, code.loc,
                                      arith::CmpFPredicate::UNO, value, value);
  Value all = arith::SelectOp::create(code.b, code.loc, isNaN, quiet, up);
  return arith::AndIOp::create(code.b, code.loc, all, num(0xffff0000));
}

Value rnn::rounded(Code &code, Value value) {
  return as(code, value.getType(), roundedBits(code, value));
}

Value rnn::restOf(Code &code, Value value) {
  return arith::SubFOp::create(code.b, code.loc, value, rounded(code, value));
}

Value rnn::partOf(Code &code, Value value, int64_t part) {
  for (; part; --part)
    value = restOf(code, value);
  return value;
}

Value rnn::pairUp(Code &code, Value first, Value second) {
  Value low = roundedBits(code, first), high = roundedBits(code, second);
  low = arith::ShRUIOp::create(code.b, code.loc, low,
                               bitsConstant(code, low.getType(), 16));
  Value both = arith::OrIOp::create(code.b, code.loc, low, high);
  return as(code, first.getType(), both);
}

Value rnn::pairsOf(Code &code, Value low, Value high) {
  if (code.hasBf16) {
    Value all = LLVM::CallIntrinsicOp::create(code.b, code.loc, halves(code),
                                              intrinsic(code, "cvtne2ps2bf16"),
                                              ValueRange{high, low})
                    .getResult(0);
    return as(code, code.vec, all);
  }
  SmallVector<int64_t> even, odd;
  for (int64_t lane = 0; lane < code.lanes; ++lane) {
    even.push_back(2 * lane);
    odd.push_back(2 * lane + 1);
  }
  return pairUp(code,
                vector::ShuffleOp::create(code.b, code.loc, low, high, even),
                vector::ShuffleOp::create(code.b, code.loc, low, high, odd));
}

std::pair<Value, Value> rnn::splitPairs(Code &code, Value pairs) {
  Type type = bitsType(code, pairs);
  Value bits = as(code, type, pairs);
  Value first = arith::ShLIOp::create(code.b, code.loc, bits,
                                      bitsConstant(code, type, 16));
  Value second = arith::AndIOp::create(code.b, code.loc, bits,
                                       bitsConstant(code, type, 0xffff0000));
  return {as(code, pairs.getType(), first), as(code, pairs.getType(), second)};
}

Value rnn::addDot(Code &code, Value sum, Value a, Value b) {
  assert(code.hasBf16 && "the level has no such instruction");
  return LLVM::CallIntrinsicOp::create(
             code.b, code.loc, code.vec, intrinsic(code, "dpbf16ps"),
             ValueRange{sum, as(code, halves(code), a),
                        as(code, halves(code), b)})
      .getResult(0);
}

void rnn::forEachPart(Code &code, int64_t parts, Value first, Value second,
                      llvm::function_ref<void(int64_t, Value, Value)> body) {
  for (int64_t part = 0; part < parts; ++part) {
    body(part, first, second);
    if (part + 1 == parts)
      break;
    first = restOf(code, first);
    second = restOf(code, second);
  }
}

func::FuncOp rnn::makeRounding(const Code &outer, const std::string &name,
                               bool pairs, int64_t parts, ModuleOp module) {
  Code code = outer;
  if (auto known = module.lookupSymbol<func::FuncOp>(name))
    return known;
  auto function = beginShared(
      code, module, name,
      {code.ptr, code.i64, code.ptr, code.i64, code.i64, code.i64, code.i64});
  auto p = function.getArguments();
  Value rows = p[4], count = p[5];
  const int64_t step = 2 * code.lanes;

  /// Two vectors, of the numbers of which the first `left` are there.
  auto round = [&](Value from, Value to, Value left) {
    Value firsts = left ? code.firstLanes(left) : Value();
    Value seconds =
        left ? code.firstLanes(code.sub(left, code.num(code.lanes))) : Value();
    Value low = code.loadVec(from, firsts);
    Value high = code.loadVec(code.at(from, code.lanes), seconds);
    forEachPart(code, parts, low, high, [&](int64_t part, Value a, Value b) {
      Value at = part ? code.at(to, code.mul(p[6], part)) : to;
      if (pairs) {
        code.storeVec(pairsOf(code, a, b), at);
        return;
      }
      code.storeVec(rounded(code, a), at);
      code.storeVec(rounded(code, b), code.at(at, code.lanes));
    });
  };
  Value whole = code.sub(count, code.rem(count, code.num(step)));
  code.loop(code.num(0), rows, 1, [&](Value row) {
    Value from = code.at(p[0], code.mul(row, p[1]));
    Value to = code.at(p[2], code.mul(row, p[3]));
    auto target = [&](Value k) {
      return code.at(to, pairs ? code.div(k, code.num(2)) : k);
    };
    code.loop(code.num(0), whole, step,
              [&](Value k) { round(code.at(from, k), target(k), Value()); });
    code.ifThen(code.less(whole, count), [&] {
      round(code.at(from, whole), target(whole), code.sub(count, whole));
    });
  });
  func::ReturnOp::create(code.b, code.loc);
  return function;
}
