//===- ToLLVM.cpp - loops, vectors and functions to the LLVM dialect ------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "compiler/emit/Emit.h"
#include "mlir/Conversion/ArithToLLVM/ArithToLLVM.h"
#include "mlir/Conversion/ControlFlowToLLVM/ControlFlowToLLVM.h"
#include "mlir/Conversion/FuncToLLVM/ConvertFuncToLLVMPass.h"
#include "mlir/Conversion/MathToLLVM/MathToLLVM.h"
#include "mlir/Conversion/ReconcileUnrealizedCasts/ReconcileUnrealizedCasts.h"
#include "mlir/Conversion/SCFToControlFlow/SCFToControlFlow.h"
#include "mlir/Conversion/VectorToLLVM/ConvertVectorToLLVMPass.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Target/LLVMIR/Dialect/Builtin/BuiltinToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Dialect/LLVMIR/LLVMToLLVMIRTranslation.h"
#include "mlir/Transforms/Passes.h"

using namespace mlir;
using namespace rnn;

void rnn::registerToLLVM(DialectRegistry &registry) {
  registerBuiltinDialectTranslation(registry);
  registerLLVMDialectTranslation(registry);
}

void rnn::addToLLVMPasses(OpPassManager &passes) {
  // One function at a time, so that threads share the work.
  OpPassManager &functions = passes.nest<func::FuncOp>();
  functions.addPass(createSCFToControlFlowPass());
  functions.addPass(createConvertVectorToLLVMPass());
  functions.addPass(createConvertMathToLLVMPass());
  functions.addPass(createArithToLLVMConversionPass());
  passes.addPass(createConvertControlFlowToLLVMPass());
  passes.addPass(createConvertFuncToLLVMPass());
  passes.addPass(createReconcileUnrealizedCastsPass());
}

void rnn::eraseCells(ModuleOp module) {
  for (Operation &op : llvm::make_early_inc_range(*module.getBody()))
    if (isa<CellOp, ModelOp>(op))
      op.erase();
}

/// The place of a declaration in the text.
static std::pair<std::string, int64_t> placeOf(Location loc) {
  if (auto place = loc->findInstanceOf<FileLineColLoc>())
    return {place.getFilename().str(), place.getLine()};
  return {"unknown", 0};
}

/// What cells and models have in common.
template <typename Op> static CellFacts describe(Op op) {
  CellInterface face = interfaceOf(op);
  CellFacts facts;
  facts.name = face.name;
  facts.prefix = face.prefix;
  facts.isDouble = face.element.isF64();
  auto [file, line] = placeOf(op.getLoc());
  facts.file = llvm::StringRef(file).rsplit('/').second.empty()
                   ? file
                   : llvm::StringRef(file).rsplit('/').second.str();
  facts.line = line;
  for (NamedAttribute size : op.getSizes())
    facts.sizes.push_back(
        {size.getName().str(), cast<IntegerAttr>(size.getValue()).getInt()});
  for (TensorOp param : face.params) {
    CellFacts::Param p;
    p.name = param.getSymName().str();
    llvm::append_range(p.shape, param.tensorType().getShape());
    p.init = param.getInit()       ? param.getInit()->str()
             : p.shape.size() == 2 ? "glorot_uniform"
                                   : "zeros";
    if (param.getInitArguments())
      llvm::append_range(p.initArguments, *param.getInitArguments());
    p.indices = -1;
    p.line = placeOf(param.getLoc()).second;
    facts.params.push_back(p);
  }
  for (CellArray &array : face.arrays) {
    facts.arrays.push_back(
        {array.name, array.member, array.role, array.axes, array.element(),
         array.finish, llvm::SmallVector<int64_t>(array.shape()), array.param,
         /*indices=*/0, placeOf(array.tensor.getLoc()).second});
    if (array.role == ArrayRole::GradParam)
      facts.params[array.param].member = array.member;
  }
  return facts;
}

/// Additions, multiplications and functions of one row in one step.
static double flopsOf(CellOp cell) {
  double flops = 0;
  cell.scan(false).walk([&](Operation *op) {
    if (auto affine = dyn_cast<AffineOp>(op))
      for (Value weight : affine.getWeights())
        flops +=
            2.0 * cast<RankedTensorType>(weight.getType()).getNumElements();
    else if (auto product = dyn_cast<StepMatmulOp>(op))
      flops += 2.0 * product.terms();
    else if (op->getNumResults() == 1 && !isa<ReadOp, StageOp>(op) &&
             !op->hasTrait<OpTrait::ConstantLike>())
      if (auto type = dyn_cast<RankedTensorType>(op->getResult(0).getType());
          type && type.getRank() < 2)
        flops += type.getNumElements();
  });
  return flops;
}

CellFacts rnn::factsOf(CellOp cell) {
  CellFacts facts = describe(cell);
  facts.bf16Products = cell.getBf16Products();
  facts.forwardFlops = flopsOf(cell);
  return facts;
}

/// Which array has the indices of all rows of a table that a model reads; -1 if
/// there is no such array.
static int64_t indicesOf(ModelOp model, const CellInterface &face,
                         StringRef table) {
  int64_t found = -1;
  for (Operation &op : model.getBody().front()) {
    if (auto run = dyn_cast<RunOp>(op))
      for (NamedAttribute entry : run.getBind())
        if (cast<FlatSymbolRefAttr>(entry.getValue()).getValue() == table)
          return -1;
    auto lookup = dyn_cast<LookupOp>(op);
    if (!lookup || lookup.getTable() != table)
      continue;
    int64_t array = face.find(ArrayRole::Input, lookup.getIndices());
    if (found >= 0 && found != array)
      return -1;
    found = array;
  }
  return found;
}

/// How many indices there are for the array of indices `name`: rows of the
/// smallest table that is read by them, or classes.
static int64_t indexCount(ModelOp model, StringRef name) {
  int64_t count = int64_t(1) << 31;
  auto tighten = [&](StringRef indices, int64_t size) {
    if (indices == name)
      count = std::min(count, size);
  };
  for (Operation &op : model.getBody().front()) {
    if (auto lookup = dyn_cast<LookupOp>(op))
      tighten(lookup.getIndices(),
              model.tensor(lookup.getTable()).tensorType().getDimSize(0));
    else if (auto hot = dyn_cast<OneHotOp>(op))
      tighten(hot.getIndices(),
              model.tensor(hot.getResult()).tensorType().getNumElements());
  }
  return count;
}

CellFacts rnn::factsOf(ModelOp model) {
  CellFacts facts = describe(model);
  facts.isModel = !model.getOfCell();
  CellInterface face = interfaceOf(model);
  for (CellFacts::Param &param : facts.params)
    param.indices = indicesOf(model, face, param.name);
  for (CellFacts::Array &array : facts.arrays)
    if (array.element == ElementType::I32)
      array.indices = indexCount(model, array.name);
  for (auto run : model.getBody().getOps<RunOp>())
    if (!run.getBackward() && !run.getOnce()) {
      facts.bf16Products |= run.callee().getBf16Products();
      facts.forwardFlops += flopsOf(run.callee());
    }
  return facts;
}
