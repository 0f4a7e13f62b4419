//===- Code.h - short names for the ops that loops are made of --*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A builder with one location and the handful of ops that lowered code
// consists of: 64-bit integers, pointers, vectors, loops. Addresses are
// pointers plus element offsets; there are no memrefs, because every array here
// is one allocation of the caller's, cut up by offsets known only at run time.
//
//===----------------------------------------------------------------------===//

#ifndef RNNCC_COMPILER_LOWER_CODE_H
#define RNNCC_COMPILER_LOWER_CODE_H

#include "compiler/schedule/Target.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/IRMapping.h"

namespace rnn {

/// Builds lowered code for one element type, vector length and CPU level.
struct Code {
  Code(mlir::OpBuilder builder, mlir::Location loc, mlir::FloatType element,
       int64_t lanes, const Target &target)
      : b(builder), loc(loc), element(element), lanes(lanes),
        pointerBytes(pointerBytesOf(target.architecture)),
        hasMasks(target.hasMasks), hasBf16(target.hasBf16),
        hasMatrixUnit(target.hasMatrixUnit && !target.isPlayed),
        i64(builder.getI64Type()), i32(builder.getI32Type()),
        size(pointerBytes == 8 ? i64 : i32),
        ptr(mlir::LLVM::LLVMPointerType::get(builder.getContext())),
        vec(mlir::VectorType::get({lanes}, element)),
        mask(mlir::VectorType::get({lanes}, builder.getI1Type())) {}

  using Value = mlir::Value;
  using Body = llvm::function_ref<void(Value)>;

  // 64-bit integers.
  Value num(int64_t value);
  Value status(int32_t value);
  /// The condition that never holds.
  Value no();
  Value add(Value a, Value b_);
  Value sub(Value a, Value b_);
  Value mul(Value a, Value b_);
  Value add(Value a, int64_t b_) { return b_ ? add(a, num(b_)) : a; }
  Value mul(Value a, int64_t b_) { return b_ == 1 ? a : mul(a, num(b_)); }
  Value div(Value a, Value b_);
  Value rem(Value a, Value b_);
  Value min(Value a, Value b_);
  Value max(Value a, Value b_);
  Value ceilDiv(Value a, int64_t b_);
  Value less(Value a, Value b_);
  Value equal(Value a, Value b_);
  Value both(Value a, Value b_);
  Value either(Value a, Value b_);
  Value select(Value c, Value a, Value b_);

  // Pointers. Offsets count elements, or bytes where the name says so.
  Value at(Value base, Value offset);
  Value at(Value base, int64_t offset) {
    return offset ? at(base, num(offset)) : base;
  }
  Value atByte(Value base, Value bytes);
  Value atByte(Value base, int64_t bytes) {
    return bytes ? atByte(base, num(bytes)) : base;
  }
  Value null();
  Value isNull(Value pointer);
  Value notNull(Value pointer);
  Value address(Value pointer);
  Value loadPtr(Value from);
  Value loadNum(Value from);
  void storeNum(Value value, Value to);
  /// A number of 32 bits, as wide as the others once it is loaded.
  Value loadInt(Value base, Value index);
  void storeInt(Value value, Value base, Value index);
  /// A number that fits as a size_t.
  Value toSize(Value number);

  // Elements and vectors.
  Value real(double value);
  Value splat(double value);
  Value load(Value from);
  void store(Value value, Value to);
  Value loadVec(Value from);
  void storeVec(Value value, Value to);
  /// Past the caches, a whole line of 64 bytes at a multiple of that. Other
  /// threads see it after fenceLines.
  void storeLine(Value value, Value to);
  void fenceLines();
  /// Some lanes, which lie side by side; others load zeros.
  Value loadVec(Value from, Value mask_);
  void storeVec(Value value, Value to, Value mask_);
  Value broadcast(Value scalar);
  /// The sum or the largest of `count` elements, in every lane.
  Value reduce(Value from, int64_t count, bool isSum);
  /// An op on tensors that works element by element, or a constant, on a vector
  /// of elements; `lanes` has its operands.
  Value onLanes(mlir::Operation *op, mlir::IRMapping &lanes);
  Value fma(Value a, Value b_, Value c);
  /// A mask of the first `count` lanes; count may be below 0 or above lanes.
  Value firstLanes(Value count);
  Value firstLanes(int64_t count);
  /// One lane of a mask.
  Value laneOf(Value mask_, int64_t lane);
  /// True if all lanes of a mask are set; those that are lie side by side. Null
  /// where that is not worth asking.
  Value isWhole(Value mask_);
  void prefetch(Value address);
  /// Memory on the stack, taken once per function and not per step.
  Value onStack(mlir::Type type, int64_t count, int64_t alignment);

  // Control.
  void loop(Value lo, Value hi, Value step, Body body);
  void loop(Value lo, Value hi, int64_t step, Body body) {
    loop(lo, hi, num(step), body);
  }
  void loop(int64_t lo, int64_t hi, int64_t step, Body body) {
    loop(num(lo), num(hi), step, body);
  }
  /// A loop that carries a number from turn to turn: `body` takes the index and
  /// the number and gives the next one. Gives the last.
  Value sum(Value lo, Value hi, Value start,
            llvm::function_ref<Value(Value, Value)> body);
  /// The same with several values.
  llvm::SmallVector<Value>
  carry(int64_t lo, int64_t hi, int64_t step, mlir::ValueRange starts,
        llvm::function_ref<llvm::SmallVector<Value>(Value, mlir::ValueRange)>
            body);
  void ifThen(Value condition, llvm::function_ref<void()> then);
  /// What one of the two gives, of which only that one runs.
  Value choose(Value condition, mlir::Type type,
               llvm::function_ref<Value()> then,
               llvm::function_ref<Value()> otherwise);
  void ifElse(Value condition, llvm::function_ref<void()> then,
              llvm::function_ref<void()> otherwise);
  void copyBytes(Value to, Value from, Value bytes);
  void zeroBytes(Value to, Value bytes);

  int64_t elementBytes() const {
    return mlir::FloatType(element).getWidth() / 8;
  }

  mlir::OpBuilder b;
  mlir::Location loc;
  mlir::FloatType element;
  int64_t lanes;
  int64_t pointerBytes; ///< of the machine that runs the code
  bool hasMasks;        ///< the machine does
  bool hasBf16;         ///< the machine does: see Target
  bool hasMatrixUnit;   ///< the machine does
  mlir::Type i64, i32;
  mlir::Type size; ///< size_t of C
  mlir::Type ptr;
  mlir::VectorType vec, mask;
};

/// Begins a function that is not inlined, in a section of its own; `code` is
/// moved into it.
mlir::func::FuncOp beginShared(Code &code, mlir::ModuleOp module,
                               const std::string &name, mlir::TypeRange inputs);

/// As many vectors as each has lanes, rows to columns.
llvm::SmallVector<mlir::Value> transpose(Code &code,
                                         llvm::SmallVector<mlir::Value> rows);

/// No array may have more bytes: offsets have room to spare.
int64_t mostBytes(const Code &code);

/// Hides a function from other objects.
void makeInternal(mlir::func::FuncOp function);

/// Hides a function from other objects and from the table of symbols: for small
/// functions, which names would double in size.
void makePrivate(mlir::func::FuncOp function);

/// An attribute of a function for LLVM, such as `noinline`.
void setForLLVM(mlir::func::FuncOp function, llvm::StringRef attribute,
                llvm::StringRef value = "");
std::optional<llvm::StringRef> getForLLVM(mlir::func::FuncOp function,
                                          llvm::StringRef attribute);

/// Puts a function into a section with others, which stay or go together when a
/// program is linked.
void placeInSection(mlir::func::FuncOp function, const llvm::Twine &section);

} // namespace rnn

#endif // RNNCC_COMPILER_LOWER_CODE_H
