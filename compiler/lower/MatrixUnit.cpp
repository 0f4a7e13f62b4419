//===- MatrixUnit.cpp - tiles that a unit of the processor multiplies -----===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "compiler/lower/MatrixUnit.h"
#include "compiler/lower/Bf16.h"

using namespace mlir;
using namespace rnn;

void MatrixUnit::declareRows(Value count) {
  Value &known = shapes[count];
  if (!known)
    known = LLVM::TruncOp::create(code.b, code.loc, code.b.getI16Type(), count);
}

Value MatrixUnit::call(StringRef intrinsic, Type result, ValueRange arguments) {
  auto name = code.b.getStringAttr("llvm.x86." + intrinsic + ".internal");
  if (!result)
    LLVM::CallIntrinsicOp::create(code.b, code.loc, name, arguments);
  else
    return LLVM::CallIntrinsicOp::create(code.b, code.loc, result, name,
                                         arguments)
        .getResult(0);
  return {};
}

static Type tileType(Code &code) {
  return LLVM::LLVMX86AMXType::get(code.b.getContext());
}

/// Bytes of so many elements, as intrinsics take them.
static Value bytesOf(Code &code, int64_t elements) {
  return arith::ConstantIntOp::create(code.b, code.loc, code.b.getI16Type(),
                                      4 * elements);
}

//===----------------------------------------------------------------------===//
// The same in vectors: a tile is an array of 16 times 16 elements
//===----------------------------------------------------------------------===//

/// A function of that name, made once, whose arguments are pointers and, from
/// `pointers` on, numbers.
func::FuncOp
MatrixUnit::byHand(StringRef name, int64_t numbers,
                   llvm::function_ref<void(Code &, ValueRange)> body) {
  std::string full = (name + "." + Twine(code.lanes)).str();
  if (auto known = module.lookupSymbol<func::FuncOp>(full))
    return known;
  Code inner = code;
  inner.b.setInsertionPointToEnd(module.getBody());
  SmallVector<Type> types(numbers ? 2 : 3, code.ptr);
  types.append(numbers, code.i64);
  auto function = func::FuncOp::create(inner.b, code.loc, full,
                                       inner.b.getFunctionType(types, {}));
  makePrivate(function);
  setForLLVM(function, "noinline");
  inner.b.setInsertionPointToStart(function.addEntryBlock());
  body(inner, function.getArguments());
  func::ReturnOp::create(inner.b, code.loc);
  return function;
}

/// (to, from, rows, width, toStride, fromStride)
static void copyTile(Code &code, ValueRange p) {
  code.loop(code.num(0), p[2], 1, [&](Value row) {
    Value to = code.at(p[0], code.mul(row, p[4]));
    Value from = code.at(p[1], code.mul(row, p[5]));
    code.loop(code.num(0), p[3], 1, [&](Value column) {
      code.store(code.load(code.at(from, column)), code.at(to, column));
    });
  });
}

/// (sum, a, b)
static void addProductOf(Code &code, ValueRange p) {
  constexpr int64_t rows = MatrixUnit::rows, pairs = MatrixUnit::pairs;
  code.loop(0, rows, 1, [&](Value row) {
    code.loop(0, rows, code.lanes, [&](Value lane) {
      Value to = code.at(p[0], code.add(code.mul(row, rows), lane));
      auto sum = code.carry(
          0, pairs, 1, {code.loadVec(to)},
          [&](Value k, ValueRange sums) -> SmallVector<Value> {
            Value a =
                code.load(code.at(p[1], code.add(code.mul(row, pairs), k)));
            Value b =
                code.loadVec(code.at(p[2], code.add(code.mul(k, rows), lane)));
            auto [a0, a1] = splitPairs(code, code.broadcast(a));
            auto [b0, b1] = splitPairs(code, b);
            return {code.fma(a1, b1, code.fma(a0, b0, sums[0]))};
          });
      code.storeVec(sum[0], to);
    });
  });
}

//===----------------------------------------------------------------------===//
// Tiles
//===----------------------------------------------------------------------===//

Value MatrixUnit::load(Value count, int64_t width, Value from, Value stride) {
  if (code.hasMatrixUnit)
    return call("tileloadd64", tileType(code),
                {shape(count), bytesOf(code, width), from,
                 code.mul(stride, code.elementBytes())});
  Value tile = code.onStack(code.element, rows * pairs, /*alignment=*/64);
  code.zeroBytes(tile, code.num(rows * pairs * code.elementBytes()));
  func::CallOp::create(
      code.b, code.loc, byHand("rnn_tile_copy", 4, copyTile),
      ValueRange{tile, from, count, code.num(width), code.num(pairs), stride});
  return tile;
}

void MatrixUnit::store(Value tile, Value count, int64_t width, Value to,
                       Value stride) {
  if (code.hasMatrixUnit) {
    call("tilestored64", Type(),
         {shape(count), bytesOf(code, width), to,
          code.mul(stride, code.elementBytes()), tile});
    return;
  }
  func::CallOp::create(
      code.b, code.loc, byHand("rnn_tile_copy", 4, copyTile),
      ValueRange{to, tile, count, code.num(width), stride, code.num(pairs)});
}

Value MatrixUnit::addProduct(Value count, int64_t width, Value sum, Value a,
                             Value b) {
  if (code.hasMatrixUnit)
    return call(
        "tdpbf16ps", tileType(code),
        {shape(count), bytesOf(code, width), bytesOf(code, pairs), sum, a, b});
  func::CallOp::create(code.b, code.loc,
                       byHand("rnn_tile_product", 0, addProductOf),
                       ValueRange{sum, a, b});
  return sum;
}
