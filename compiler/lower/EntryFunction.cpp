//===- EntryFunction.cpp - C functions, and what they check ---------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What the functions of cells and models have in common. Whatever a caller can
// do wrong is found before an array is touched.
//
//===----------------------------------------------------------------------===//

#include "compiler/lower/Entries.h"
#include "mlir/Dialect/ControlFlow/IR/ControlFlowOps.h"

using namespace mlir;
using namespace rnn;

EntryFunction::EntryFunction(Code &code, ModuleOp module,
                             const std::string &name, TypeRange inputs,
                             Type result)
    : code(code) {
  code.b.setInsertionPointToEnd(module.getBody());
  function = func::FuncOp::create(code.b, code.loc, name,
                                  code.b.getFunctionType(inputs, result));
  setForLLVM(function, "optsize"); // checks, not loops
  Block *entry = function.addEntryBlock();
  failure = function.addBlock();
  Value why = failure->addArgument(result, code.loc);
  code.b.setInsertionPointToStart(failure);
  func::ReturnOp::create(code.b, code.loc, why);
  code.b.setInsertionPointToStart(entry);
}

void EntryFunction::failIf(Value condition, int32_t status) {
  Type result = function.getResultTypes()[0];
  failWith(condition,
           arith::ConstantIntOp::create(code.b, code.loc, result, status));
}

void EntryFunction::failWith(Value condition, Value why) {
  Block *next = function.addBlock();
  cf::CondBranchOp::create(code.b, code.loc, condition, failure, why, next,
                           ValueRange());
  code.b.setInsertionPointToStart(next);
}

void EntryFunction::failUnlessOk(Value status) {
  failWith(arith::CmpIOp::create(code.b, code.loc, arith::CmpIPredicate::ne,
                                 status, code.status(status::Ok)),
           status);
}

llvm::StringMap<Value> EntryFunction::takeParams(const CellInterface &face,
                                                 Value params, Value weights) {
  // What has no parameters has no array of them.
  failIf(face.params.empty()
             ? code.isNull(weights)
             : code.either(code.isNull(params), code.isNull(weights)),
         status::NullPointer);
  failIf(isMisaligned(code, weights, 64), status::Misaligned);
  llvm::StringMap<Value> sources;
  for (auto [index, tensor] : llvm::enumerate(face.params)) {
    TensorOp param = tensor;
    Value source =
        code.loadPtr(code.atByte(params, code.pointerBytes * int64_t(index)));
    failIf(code.isNull(source), status::NullPointer);
    failIf(isMisaligned(code, source, code.elementBytes()), status::Misaligned);
    sources[param.getSymName()] = source;
  }
  return sources;
}

void EntryFunction::finish(Value result) {
  func::ReturnOp::create(code.b, code.loc, result);
}

Value rnn::isOk(Code &code, Value status) {
  return arith::CmpIOp::create(code.b, code.loc, arith::CmpIPredicate::eq,
                               status, code.status(status::Ok));
}

Value rnn::differs(Code &code, Value base, int64_t byte, Value expected) {
  Value found = code.loadNum(code.atByte(base, byte));
  return arith::CmpIOp::create(code.b, code.loc, arith::CmpIPredicate::ne,
                               found, expected);
}

Value rnn::isMisaligned(Code &code, ArrayRef<Value> pointers, int64_t bytes) {
  Value bits = code.num(0);
  for (Value pointer : pointers)
    bits = arith::OrIOp::create(code.b, code.loc, bits, code.address(pointer));
  bits = code.both(bits, code.num(bytes - 1));
  return arith::CmpIOp::create(code.b, code.loc, arith::CmpIPredicate::ne, bits,
                               code.num(0));
}

LengthsCheck rnn::checkLengths(Code &code, Value lengths, Value steps,
                               Value batch) {
  Value rows = code.select(code.isNull(lengths), code.num(0), batch);
  auto lengthOf = [&](Value row) {
    return code.loadNum(code.atByte(lengths, code.mul(row, 8)));
  };
  Value wrong =
      code.sum(code.num(0), rows, code.num(0), [&](Value row, Value sum) {
        Value length = lengthOf(row);
        Value bad = code.either(code.less(length, code.num(0)),
                                code.less(steps, length));
        return code.select(bad, code.num(1), sum);
      });
  Value id =
      code.sum(code.num(0), rows, code.num(0), [&](Value row, Value sum) {
        return code.add(code.add(code.mul(sum, mixingFactor), 1),
                        lengthOf(row));
      });
  return {code.equal(wrong, code.num(1)), id};
}

void EntryFunction::takeTape(Value tape, bool backward, const TapeMark &mark) {
  // In this order; the fourth number is 1 until a backward used the tape.
  Value words[] = {mark.id, mark.steps, mark.batch, code.num(1), mark.inputs};
  constexpr int64_t unused = 3 * 8;
  if (!backward) {
    code.ifThen(code.notNull(tape), [&] {
      for (auto [index, word] : llvm::enumerate(words))
        code.storeNum(word, code.atByte(tape, 8 * int64_t(index)));
    });
    return;
  }
  Value wrong;
  for (auto [index, word] : llvm::enumerate(words)) {
    Value differs_ = differs(code, tape, 8 * int64_t(index), word);
    wrong = wrong ? code.either(wrong, differs_) : differs_;
  }
  failIf(wrong, status::WrongTape);
  code.storeNum(code.num(0), code.atByte(tape, unused));
}
