//===- Kernels.cpp - stages as functions of another code generator --------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "compiler/lower/Kernels.h"
#include "compiler/lower/Layout.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "llvm/Support/Format.h"

using namespace mlir;
using namespace rnn;

void KernelSet::beginCell(StringRef prefix, int64_t lanes) {
  this->prefix = prefix.str();
  if (std::exchange(this->lanes, lanes) == lanes)
    return;
  names.clear();
  llvm::raw_string_ostream(kernels)
      << "level " << level << " " << element << " lanes " << lanes << "\n";
}

std::string KernelSet::name(StringRef kind, const Twine &facts,
                            StringRef body) {
  std::string text = (kind + " " + facts + "\n" + body).str();
  std::string &name = names[text];
  if (name.empty()) {
    name = prefix + "_kernel_" + std::to_string(names.size() - 1) + "." + level;
    kernels += "kernel " + name + " " + text;
  }
  return name;
}

//===----------------------------------------------------------------------===//
// Elementwise kernels
//===----------------------------------------------------------------------===//

namespace {
/// Prints the body of a stage.
class Printer {
public:
  explicit Printer(ElementwiseKernel &kernel)
      : kernel(kernel), os(kernel.body) {}

  void printInputs(Block &body);
  void print(Operation &op);
  StringRef nameOf(Value value) { return names[value]; }

private:
  StringRef define(Value value) {
    return names[value] = "%" + std::to_string(count++);
  }
  void printOperands(Operation &op) {
    for (Value operand : op.getOperands())
      os << " " << names[operand];
    os << "\n";
  }
  void printConstant(arith::ConstantOp op);
  void printPullback(PullbackOp op);

  ElementwiseKernel &kernel;
  llvm::raw_string_ostream os;
  llvm::DenseMap<Value, std::string> names;
  int count = 0;
};
} // namespace

static int64_t sizeOf(Value value) {
  return cast<RankedTensorType>(value.getType()).getNumElements();
}

/// Reads, and values of other stages. What is read twice is one input.
void Printer::printInputs(Block &body) {
  llvm::StringMap<Value> known;
  for (Operation &op : body)
    for (Value value : op.getOperands()) {
      Operation *def = value.getDefiningOp();
      if (names.count(value) || (def->getBlock() == &body && !isa<ReadOp>(def)))
        continue;
      if (auto constant = dyn_cast<arith::ConstantOp>(def)) {
        printConstant(constant);
        continue;
      }
      auto [entry, isNew] = known.try_emplace(operandKey(value), value);
      if (!isNew) {
        names[value] = names[entry->second];
        continue;
      }
      auto read = dyn_cast<ReadOp>(def);
      bool isParam = read && isParameter(read.declaration().getRole());
      os << "  " << (isParam ? "param " : "in ") << define(value) << " "
         << sizeOf(value) << "\n";
      kernel.inputs.push_back(value);
    }
}

void Printer::printConstant(arith::ConstantOp op) {
  auto dense = cast<DenseElementsAttr>(op.getValue());
  os << "  " << define(op.getResult()) << " = const " << sizeOf(op.getResult())
     << " ";
  if (dense.getElementType().isInteger(1)) {
    os << (dense.getSplatValue<bool>() ? "true" : "false") << "\n";
    return;
  }
  bool exact;
  APFloat value = dense.getSplatValue<APFloat>();
  value.convert(APFloat::IEEEdouble(), APFloat::rmNearestTiesToEven, &exact);
  os << llvm::format("%.17g", value.convertToDouble()) << "\n";
}

void Printer::printPullback(PullbackOp op) {
  Block &region = op.getBody().front();
  for (auto [argument, input] :
       llvm::zip(region.getArguments(), op.getInputs()))
    names[argument] = names[input];
  os << "  pullback";
  for (int64_t index : op.getWrt())
    os << " " << names[op.getInputs()[index]];
  os << "\n";
  for (Operation &inner : region)
    print(inner);
  for (auto [value, seed] :
       llvm::zip(region.getTerminator()->getOperands(), op.getSeeds()))
    os << "  seed " << names[value] << " " << names[seed] << "\n";
  os << "  pulled";
  for (Value result : op.getResults())
    os << " " << define(result);
  os << "\n";
}

void Printer::print(Operation &op) {
  if (isa<ReadOp, WriteOp, AccumulateOp, YieldOp>(op))
    return;
  if (auto constant = dyn_cast<arith::ConstantOp>(op))
    return printConstant(constant);
  if (auto pullback = dyn_cast<PullbackOp>(op))
    return printPullback(pullback);
  os << "  " << define(op.getResult(0)) << " = " << op.getName().stripDialect();
  if (auto cmp = dyn_cast<arith::CmpFOp>(op))
    os << " " << arith::stringifyCmpFPredicate(cmp.getPredicate());
  if (isa<SplatOp, SliceOp>(op))
    os << " " << sizeOf(op.getResult(0));
  if (auto slice = dyn_cast<SliceOp>(op))
    os << " " << slice.getOffsets()[0];
  printOperands(op);
}

ElementwiseKernel rnn::elementwiseKernel(StageOp stage,
                                         ArrayRef<OpOperand *> outputs) {
  ElementwiseKernel kernel;
  Printer printer(kernel);
  Block &body = stage.getBody().front();
  printer.printInputs(body);
  for (Operation &op : body)
    printer.print(op);
  llvm::raw_string_ostream os(kernel.body);
  for (OpOperand *output : outputs)
    os << (isa<AccumulateOp>(output->getOwner()) ? "  total " : "  out ")
       << printer.nameOf(output->get()) << "\n";
  os << "end\n";
  kernel.outputs.assign(outputs.begin(), outputs.end());
  return kernel;
}
