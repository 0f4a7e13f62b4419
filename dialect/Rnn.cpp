//===- Rnn.cpp - registration of the dialect ------------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "dialect/Rnn.h"
#include "mlir/Dialect/Arith/IR/Arith.h"

using namespace mlir;
using namespace rnn;

#include "dialect/DifferentiableOpInterface.cpp.inc"
#include "dialect/RnnDialect.cpp.inc"
#include "dialect/RnnEnums.cpp.inc"

void RnnDialect::initialize() {
  addOperations<
#define GET_OP_LIST
#include "dialect/RnnOps.cpp.inc"
      >();
}

Operation *RnnDialect::materializeConstant(OpBuilder &builder, Attribute value,
                                           Type type, Location loc) {
  return arith::ConstantOp::materialize(builder, value, type, loc);
}

void rnn::registerRnnDialect(DialectRegistry &registry) {
  registry.insert<RnnDialect>();
  registerDerivatives(registry);
}
