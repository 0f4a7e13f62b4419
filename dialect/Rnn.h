//===- Rnn.h - the rnn dialect in C++ ---------------------------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Ops, enums and the derivative interface of the dialect.
//
//===----------------------------------------------------------------------===//

#ifndef RNNCC_DIALECT_RNN_H
#define RNNCC_DIALECT_RNN_H

#include "mlir/Bytecode/BytecodeOpInterface.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/Dialect.h"
#include "mlir/IR/OpDefinition.h"
#include "mlir/IR/OpImplementation.h"
#include "mlir/IR/SymbolTable.h"
#include "mlir/Interfaces/ControlFlowInterfaces.h"
#include "mlir/Interfaces/InferTypeOpInterface.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"

namespace rnn {
class CellOp;
class TensorOp;
class ScanOp;
class SetupOp;

/// What a derivative rule may ask for and where its shares go.
struct Pullback {
  /// The value of the backward scan that equals a value of the forward scan.
  llvm::function_ref<mlir::Value(mlir::Value)> primal;
  /// Takes an operand's share of the gradient.
  llvm::function_ref<void(mlir::OpOperand &, mlir::Value)> give;
};
} // namespace rnn

#include "dialect/DifferentiableOpInterface.h.inc"
#include "dialect/RnnDialect.h.inc"
#include "dialect/RnnEnums.h.inc"

#define GET_OP_CLASSES
#include "dialect/RnnOps.h.inc"

namespace rnn {
/// True of what is the same in all steps and examples, and packed.
inline bool isParameter(Role role) {
  return role == Role::param || role == Role::derived;
}
/// True in the backward scan and the backward setup.
bool isBackward(mlir::Operation *op);
/// What stands for an argument of a pullback's region outside of it; any other
/// value as it is.
mlir::Value outsideOfPullback(mlir::Value value);
/// True if a stage may be `distinct`, where that input is.
bool canBeDistinct(StageOp stage, llvm::StringRef input);
/// True if another stage before the loop reads what a distinct one gives.
bool isReadTooSoon(StageOp stage);
/// Checks the rules of inputs and stages that are `distinct`.
mlir::LogicalResult verifyDistinct(CellOp cell);
/// What a tensor of that type is where matrices are the vectors of their rows.
inline mlir::RankedTensorType vectorOfRows(mlir::RankedTensorType type) {
  return type.getRank() == 2 ? type.clone({type.getNumElements()}) : type;
}
} // namespace rnn

namespace rnn {
/// Registers the dialect together with the derivative rules of arith and math.
void registerRnnDialect(mlir::DialectRegistry &registry);

/// Adds the derivative rules of arith and math to a registry.
void registerDerivatives(mlir::DialectRegistry &registry);
} // namespace rnn

#endif // RNNCC_DIALECT_RNN_H
