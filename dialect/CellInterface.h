//===- CellInterface.h - cells and models as callers see them ---*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The order of parameters and of the arrays of a call, and their names. The
// header, the descriptor, the entry points and the interpreter all follow it.
//
//===----------------------------------------------------------------------===//

#ifndef RNNCC_DIALECT_CELLINTERFACE_H
#define RNNCC_DIALECT_CELLINTERFACE_H

#include "dialect/Rnn.h"
#include <string>

namespace rnn {

/// What an array of a call is; numbered as rnncc_array_role in rnncc/abi.h.
enum class ArrayRole {
  Input,
  Target,
  Initial,
  Final,
  Output,
  Loss,
  Metric,
  GradOutput,
  GradFinal,
  GradInput,
  GradInitial,
  GradParam
};

/// The element type of an array; numbered as rnncc_element.
enum class ElementType { F32, F64, I32 };

/// Which axes stand before an array's own shape; numbered as rnncc_axes.
enum class Axes { StepsRows, Rows, Plain };

/// One array of a call.
struct CellArray {
  std::string name;   ///< as rnncc-run names it: "x", "h.0", "grad.W_xi"
  std::string member; ///< as a C struct member: "x", "h_m1", "W_xi"
  ArrayRole role;
  Axes axes;
  TensorOp tensor;    ///< the input, state, output .. it belongs to
  int64_t delay = 0;  ///< states: how far before the first (or last) step, from
                      ///< 1; 1 is the state right before the first step
  int64_t param = -1; ///< GradParam: index into CellInterface::params
  Finish finish = Finish::mean; ///< Metric

  ElementType element() const;

  llvm::ArrayRef<int64_t> shape() const {
    return llvm::cast<mlir::RankedTensorType>(
               const_cast<TensorOp &>(tensor).getType())
        .getShape();
  }
};

/// A cell or model as its callers see it.
struct CellInterface {
  std::string name;   ///< as in the text: "CharGRU"
  std::string prefix; ///< of C names: "char_gru"
  mlir::FloatType element;
  llvm::SmallVector<TensorOp> params;
  llvm::SmallVector<CellArray> arrays;

  /// The index of the array of that role that belongs to the tensor `name`
  /// (with that delay, for states), or -1.
  int64_t find(ArrayRole role, llvm::StringRef name, int64_t delay = 0) const;
};

/// Reads the interface off a cell, before or after autodiff.
CellInterface interfaceOf(CellOp cell);
/// The same of a model.
CellInterface interfaceOf(ModelOp model);

/// `CharGRU` -> `char_gru`, `LSTM` -> `lstm`.
std::string snakeCase(llvm::StringRef name);

/// The name of a tensor as a member of a C struct: a model's `h.W` is `h_W`.
std::string memberOf(llvm::StringRef tensor);

} // namespace rnn

#endif // RNNCC_DIALECT_CELLINTERFACE_H
