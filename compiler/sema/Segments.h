//===- Segments.h - what a model computes in between of layers --*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What stands between the layers of a model, products and functions of what
// they give, goes into cells of its own: *segments*. A segment works on every
// step of its sequences, or once. It imports what ops of the model gave before
// it, and exports what later ones need, so it can grow as long as nothing new
// has to come before it.
//
//===----------------------------------------------------------------------===//

#ifndef RNNCC_COMPILER_SEMA_SEGMENTS_H
#define RNNCC_COMPILER_SEMA_SEGMENTS_H

#include "compiler/sema/Expressions.h"
#include <map>

namespace rnn {

class Segment;

/// What an expression of a model stands for.
struct ModelValue {
  enum Kind {
    Poison,  ///< wrong, and reported
    Number,  ///< known when compiling
    Indices, ///< of the rows of a table
    Values   ///< scalars, vectors or matrices
  } kind = Poison;
  double number = 0;
  bool overTime = false; ///< one for every step, not one for every sequence
  bool reversed = false; ///< what is stored for step t is that of the step as
                         ///< far from the end
  bool ofTarget = false; ///< it is missing where the caller gives no targets
  Segment *segment = nullptr; ///< it is computed in, as `operand`; or
  Operand operand;
  TensorOp tensor;                ///< what it is stored in,
  mlir::Operation *def = nullptr; ///< by this op; null: by the caller
  TensorOp state;                 ///< of the model, whose steps it has; or null

  explicit operator bool() const { return kind != Poison; }
  llvm::SmallVector<int64_t, 2> shape() const;
};

/// A cell that is being built, and the run of it.
class Segment {
public:
  bool overTime, reversed;
  bool isScore; ///< it computes what needs targets, and nothing else
  CellOp cell;
  RunOp run;
  std::optional<mlir::OpBuilder> declarations, body;
  std::optional<Expressions> expressions;
  /// Names of arrays and parameters of the cell, and the tensors that they are.
  std::map<std::string, std::string> bind;

  mlir::Value read(mlir::Location loc, llvm::StringRef name, Role role,
                   mlir::RankedTensorType type);

private:
  friend class Segments;
  llvm::StringMap<mlir::Value> imports;          ///< by the model's tensor
  llvm::DenseMap<mlir::Value, TensorOp> exports; ///< to the model's
  llvm::SmallVector<mlir::Attribute> outputs;
};

/// The ops of a model that is being built.
class Segments {
public:
  /// Builds `model`, whose block is empty; cells go in front of it.
  Segments(ModelOp model, Scope &scope);

  /// Computes expressions inside of segments.
  std::function<std::optional<Operand>(Segment &, const syntax::Expr &)> given;

  /// Declares a tensor of the model.
  TensorOp declare(mlir::Location loc, llvm::StringRef name, Role role,
                   mlir::RankedTensorType type, bool overTime);
  /// A builder behind the declarations, in front of all that runs.
  mlir::OpBuilder atDeclarations();
  /// A name that no tensor of the model has, made of `hint`.
  std::string freshName(llvm::StringRef hint);
  /// A name for a cell of the model that no other has.
  std::string freshCell(llvm::StringRef hint);

  /// The last segment that can compute something of these values; a new one if
  /// there is none. They are of one direction.
  Segment &segmentFor(llvm::ArrayRef<ModelValue> values, bool overTime,
                      bool isScore, mlir::Location loc);
  /// What a segment works with for a value of the model.
  Operand import(Segment &segment, const ModelValue &value, mlir::Location loc);
  /// A parameter of the model, and of the segment; its value there.
  mlir::Value addParam(Segment &segment, mlir::Location loc,
                       llvm::StringRef name, llvm::ArrayRef<int64_t> shape,
                       llvm::StringRef init);
  /// The tensor that has a value; made if there is none.
  TensorOp tensorOf(const ModelValue &value, llvm::StringRef hint,
                    mlir::Location loc);
  /// What a segment gives, as a value of the model.
  static ModelValue valueIn(Segment &segment, Operand operand);

  /// The value in steps' own order.
  ModelValue forwards(ModelValue value, mlir::Location loc);
  /// What a value is at the end of its row.
  ModelValue last(ModelValue value, mlir::Location loc);
  /// The mean of a value over its steps, or the largest of each element.
  ModelValue mean(ModelValue value, mlir::Location loc);
  ModelValue largest(ModelValue value, mlir::Location loc);
  /// Random factors (rnn.draw); the name of the tensor.
  std::string draw(mlir::Location loc, mlir::RankedTensorType type,
                   llvm::APFloat rate, bool overTime, int64_t stream);
  /// Indices below `size` as vectors with a 1.
  ModelValue oneHot(const ModelValue &indices, int64_t size,
                    mlir::Location loc);

  /// Makes the tensor `name`, of role `role`, of a value.
  TensorOp publish(const ModelValue &value, llvm::StringRef name, Role role,
                   mlir::Location loc);
  /// A builder at the end of what the model does, and one in front of all.
  mlir::OpBuilder &atEnd() { return steps; }
  mlir::OpBuilder &atCells() { return cells; }
  mlir::RankedTensorType typeOf(llvm::ArrayRef<int64_t> shape) const;

  /// Completes the cells, with the schedules that are theirs, and their runs.
  /// To be called once, at the end.
  void finish(llvm::ArrayRef<syntax::Schedule> schedules);

private:
  /// Adds a state to a segment, gives its value in the step before.
  mlir::Value addState(Segment &segment, llvm::StringRef name,
                       llvm::ArrayRef<int64_t> shape, mlir::Location loc);
  /// Ends the step of that state; its final value, as one of the model.
  ModelValue endState(Segment &segment, llvm::StringRef name, mlir::Value value,
                      mlir::Location loc);
  ModelValue finalOf(const ModelValue &value, mlir::Location loc);
  void dropUnread();
  TensorOp exportOf(Segment &segment, mlir::Value value, llvm::StringRef name,
                    Role role, mlir::Location loc);

  ModelOp model;
  Scope &scope;
  mlir::OpBuilder cells, steps;
  TensorOp lastDeclared;
  std::vector<std::unique_ptr<Segment>> segments;
  llvm::StringMap<ModelValue> finals; ///< of states
  /// Vectors of indices, by the indices and their size.
  std::map<std::pair<std::string, int64_t>, ModelValue> hots;
  llvm::StringMap<unsigned> used; ///< names, and how often they were wanted
};

} // namespace rnn

#endif // RNNCC_COMPILER_SEMA_SEGMENTS_H
