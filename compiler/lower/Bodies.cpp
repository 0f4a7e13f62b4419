//===- Bodies.cpp - what each thread of a call runs -----------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "compiler/lower/Bodies.h"
#include "compiler/lower/Access.h"

using namespace mlir;
using namespace rnn;

/// Multiplications and additions of a step for one thread, about. Half as many
/// are done before threads have met and fetched what others computed.
static constexpr int64_t leastThreadWork = 110000;

Value rnn::makeContext(Code &code) {
  return code.onStack(code.i64, int64_t(ContextField::Count), 8);
}

Value rnn::contextField(Code &code, Value context, ContextField field) {
  return code.atByte(context, 8 * int64_t(field));
}

Value rnn::evenSteps(Code &code, Value steps, Value chunks) {
  Value one = code.num(1);
  Value up = code.add(steps, code.sub(chunks, one));
  return code.max(code.div(up, chunks), one);
}

Value rnn::stepsOfChunk(Code &code, int64_t rows, Value steps, Value batch) {
  Value one = code.num(1), all = code.mul(steps, batch);
  Value chunks = code.div(code.add(all, rows / 2), code.num(rows));
  chunks = code.max(code.min(chunks, steps), one);
  return evenSteps(code, steps, chunks);
}

Value rnn::chunksOf(Code &code, Value steps, Value chunkSteps) {
  Value one = code.num(1);
  Value up = code.sub(code.add(steps, chunkSteps), one);
  return code.max(code.div(up, chunkSteps), one);
}

int64_t rnn::workPerRow(ScanOp scan) {
  double work = 0;
  scan.walk([&](Operation *op) {
    if (auto affine = dyn_cast<AffineOp>(op))
      for (Value weight : affine.getWeights())
        work += 2.0 * cast<RankedTensorType>(weight.getType()).getNumElements();
    else if (auto product = dyn_cast<StepMatmulOp>(op))
      work += 2.0 * product.terms();
  });
  return std::max<int64_t>(work, 1);
}

Value rnn::workersOf(Code &code, int64_t perRow, std::optional<int64_t> asked,
                     Value threads, Value batch) {
  if (asked)
    return *asked ? code.min(threads, code.num(*asked)) : threads;
  // Rows beyond these would be work for more threads than there can be.
  Value rows =
      code.min(batch, code.num((INT64_MAX - leastThreadWork) / perRow));
  Value workers =
      code.div(code.add(code.mul(rows, perRow), leastThreadWork / 2),
               code.num(leastThreadWork));
  return code.min(threads, code.max(workers, code.num(1)));
}

void rnn::runOnTeam(Code &code, Value team, StringRef body, Value context) {
  Value function = func::ConstantOp::create(
      code.b, code.loc, code.b.getFunctionType({code.ptr, code.i64}, {}),
      FlatSymbolRefAttr::get(code.b.getContext(), body));
  Value pointer =
      UnrealizedConversionCastOp::create(code.b, code.loc, TypeRange{code.ptr},
                                         ValueRange{function})
          .getResult(0);
  Value run = loadTeamFunction(code, team, TeamFunction::Run);
  auto type =
      LLVM::LLVMFunctionType::get(LLVM::LLVMVoidType::get(code.b.getContext()),
                                  {code.ptr, code.ptr, code.ptr});
  LLVM::CallOp::create(code.b, code.loc, type,
                       ValueRange{run, team, pointer, context});
}

void rnn::waitForTeam(Code &code, Value team) {
  Value barrier = loadTeamFunction(code, team, TeamFunction::Barrier);
  auto type = LLVM::LLVMFunctionType::get(
      LLVM::LLVMVoidType::get(code.b.getContext()), {code.ptr});
  LLVM::CallOp::create(code.b, code.loc, type, ValueRange{barrier, team});
}
