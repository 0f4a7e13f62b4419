//===- Denormals.cpp - denormal numbers count as zeros --------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
//   x86      FTZ and DAZ of MXCSR
//   AArch64  FZ of FPCR, which is both
//   wasm     has no such mode: denormals are computed as they are
//
//===----------------------------------------------------------------------===//

#include "compiler/lower/Denormals.h"

using namespace mlir;
using namespace rnn;

Value Denormals::callIntrinsic(StringRef name, Type result,
                               ValueRange operands) {
  StringAttr attribute = code.b.getStringAttr(name);
  if (!result) {
    LLVM::CallIntrinsicOp::create(code.b, code.loc, attribute, operands);
    return Value();
  }
  return LLVM::CallIntrinsicOp::create(code.b, code.loc, result, attribute,
                                       operands)
      .getResults();
}

void Denormals::flushX86() {
  constexpr int64_t flushToZero = 1 << 15, denormalsAreZeros = 1 << 6;
  Type i32 = code.i32;
  saved = LLVM::AllocaOp::create(code.b, code.loc, code.ptr, i32, code.num(2));
  callIntrinsic("llvm.x86.sse.stmxcsr", Type(), saved);
  Value mode = LLVM::LoadOp::create(code.b, code.loc, i32, saved);
  Value changed = arith::OrIOp::create(
      code.b, code.loc, mode,
      arith::ConstantIntOp::create(code.b, code.loc, i32,
                                   flushToZero | denormalsAreZeros));
  Value control = code.atByte(saved, 4);
  LLVM::StoreOp::create(code.b, code.loc, changed, control);
  callIntrinsic("llvm.x86.sse.ldmxcsr", Type(), control);
}

void Denormals::flushAArch64() {
  constexpr int64_t flushToZero = 1 << 24;
  saved = callIntrinsic("llvm.aarch64.get.fpcr", code.i64, ValueRange());
  Value changed =
      arith::OrIOp::create(code.b, code.loc, saved, code.num(flushToZero));
  callIntrinsic("llvm.aarch64.set.fpcr", Type(), changed);
}

void Denormals::flush() {
  switch (architecture) {
  case Architecture::X86_64:
    return flushX86();
  case Architecture::AArch64:
    return flushAArch64();
  case Architecture::Wasm32:
    return;
  }
}

void Denormals::restore() {
  switch (architecture) {
  case Architecture::X86_64:
    callIntrinsic("llvm.x86.sse.ldmxcsr", Type(), saved);
    return;
  case Architecture::AArch64:
    callIntrinsic("llvm.aarch64.set.fpcr", Type(), saved);
    return;
  case Architecture::Wasm32:
    return;
  }
}
