//===- DrawnCells.cpp - cells that draw random numbers --------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
//   rnn.cell @Cell {             rnn.cell part @Cell.step { .. }
//     @x input                   rnn.model of_cell @Cell {
//     @draw.0 input rate 0.5       rnn.draw @draw.0 rate 0.5
//     ..                    ==>    rnn.run @Cell.step {x = @x, draw.0 = @draw.0
//     ..}
//   }                            }
//
// A cell takes random factors as it takes any input. For its callers somebody
// has to draw them: a model that runs nothing but the cell.
//
//===----------------------------------------------------------------------===//

#include "compiler/sema/CellBuilder.h"
#include "dialect/CellInterface.h"

using namespace mlir;
using namespace rnn;

std::string rnn::drawnPart(StringRef cell) { return (cell + ".step").str(); }

void rnn::drawForCallers(CellOp cell, OpBuilder &b) {
  SmallVector<TensorOp> tensors(cell.getBody().getOps<TensorOp>());
  bool draws = llvm::any_of(
      tensors, [](TensorOp tensor) { return tensor.getRate().has_value(); });
  if (!draws)
    return;
  std::string name = cell.getSymName().str();
  cell.setSymName(drawnPart(name));
  cell.setPart(true);
  auto model = ModelOp::create(b, cell.getLoc(), name, cell.getOutputs(),
                               cell.getSizes(), /*of_cell=*/true);
  OpBuilder inside = OpBuilder::atBlockEnd(&model.getBody().emplaceBlock());
  SmallVector<TensorOp> drawn;
  for (TensorOp tensor : tensors) {
    auto copy = cast<TensorOp>(inside.clone(*tensor));
    if (!tensor.getRate())
      continue;
    copy.setPerSequence(tensor.getRole() == Role::state);
    copy.setRole(Role::value);
    copy.removeRateAttr();
    drawn.push_back(tensor);
  }
  for (auto [stream, tensor] : llvm::enumerate(drawn))
    DrawOp::create(inside, tensor.getLoc(), tensor.getSymName(),
                   *tensor.getRate(), uint64_t(stream));
  NamedAttrList bind;
  auto set = [&](StringRef array, StringRef tensor) {
    bind.set(array, FlatSymbolRefAttr::get(b.getContext(), tensor));
  };
  CellInterface face = interfaceOf(cell);
  for (const CellArray &array : face.arrays) {
    TensorOp tensor = array.tensor;
    // Random factors come in and do not go out.
    bool isSeen = array.role == ArrayRole::Input ||
                  array.role == ArrayRole::Initial ||
                  (array.role <= ArrayRole::Output && !tensor.getRate());
    if (isSeen)
      set(array.name, tensor.getSymName());
  }
  for (TensorOp param : face.params)
    set(param.getSymName(), param.getSymName());
  RunOp::create(inside, cell.getLoc(), cell.getSymName(), /*backward=*/false,
                /*once=*/false, bind.getDictionary(b.getContext()));
}
