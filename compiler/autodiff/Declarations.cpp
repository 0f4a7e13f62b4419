//===- Declarations.cpp - what a backward scan reads and writes -----------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "compiler/autodiff/Declarations.h"

using namespace mlir;
using namespace rnn;

Carries rnn::declareGradients(CellOp cell) {
  OpBuilder b(cell.scan(/*backward=*/false));
  auto declare = [&](const Twine &name, Role role, TensorOp of, int64_t delay) {
    return TensorOp::create(b, of.getLoc(), name.str(), role, of.getType(),
                            of.getSymNameAttr(), delay);
  };
  auto tensors = llvm::to_vector(cell.getBody().getOps<TensorOp>());
  for (Attribute output : cell.getOutputs()) {
    TensorOp tensor = cell.tensor(cast<FlatSymbolRefAttr>(output).getValue());
    if (!tensor.getNoGradient())
      declare("grad." + tensor.getSymName(), Role::output_gradient, tensor, 1);
  }
  for (TensorOp tensor : tensors)
    if (tensor.getRole() == Role::input && !tensor.getNoGradient())
      declare("grad." + tensor.getSymName(), Role::input_gradient, tensor, 1);
  Carries carries;
  for (TensorOp tensor : tensors)
    if (tensor.getRole() == Role::state)
      for (int64_t delay = 1; delay <= int64_t(tensor.getDelay()); ++delay) {
        std::string name = tensor.getSymName().str();
        carries[{name, delay}] = declare("carry." + name + "." + Twine(delay),
                                         Role::carry, tensor, delay);
      }
  return carries;
}

TensorOp rnn::declareTape(OpBuilder &b, Value value, StringRef name) {
  return TensorOp::create(b, value.getLoc(), name, Role::tape, value.getType());
}
