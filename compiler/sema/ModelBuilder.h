//===- ModelBuilder.h - one model's tree to rnn ops -------------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Walks the statements of one model in order and builds the rnn.model and the
// cells that it runs: one for each cell that it applies to sequences, and
// segments for what is in between.
//
//===----------------------------------------------------------------------===//

#ifndef RNNCC_COMPILER_SEMA_MODELBUILDER_H
#define RNNCC_COMPILER_SEMA_MODELBUILDER_H

#include "compiler/sema/Segments.h"
#include "compiler/sema/Symbols.h"

namespace rnn {

struct ScoreInputs;

class ModelBuilder {
public:
  ModelBuilder(const syntax::Cell &model, const syntax::File &file,
               const Functions &functions, const Request &request,
               Reporter &reporter)
      : model(model), file(file), functions(functions), request(request),
        scope(model, functions, request, reporter) {}

  /// Appends the model and its cells to what `builder` is building, or reports
  /// errors and leaves something that must be thrown away.
  void build(mlir::OpBuilder &builder);
  /// What its names turned out to be, once it is built.
  CellSymbols symbols();

private:
  using Expr = syntax::Expr;
  using Values = llvm::SmallVector<ModelValue, 2>;

  void declare(const syntax::Declaration &declaration);
  void define(const syntax::Equation &equation);
  void addScore(const syntax::Score &score);
  void finish();

  ModelValue evaluate(const Expr &expr, bool isScore = false);
  ModelValue evaluateInSegment(const Expr &expr, bool isScore);
  std::optional<ModelValue> evaluateLayer(const Expr &expr);
  std::optional<ModelValue> evaluateName(const Expr &expr);
  std::optional<ModelValue> evaluateOverTime(const Expr &expr);
  ModelValue embed(const Expr &expr);
  ModelValue evaluateApply(const Expr &expr);
  ModelValue apply(const Expr &layer, Values inputs, const std::string &name);
  ModelValue applyBidirectional(const Expr &layer, const Values &inputs,
                                const std::string &name);
  ModelValue applyStack(const Expr &layer, Values inputs,
                        const std::string &name);
  ModelValue applyDropout(const Expr &layer, const Values &inputs);
  ModelValue applyCell(const Expr &layer, const syntax::Cell &cell,
                       const Values &inputs, const std::string &name);
  CellOp cellOf(const Expr &layer, const syntax::Cell &cell,
                const Values &inputs);
  std::optional<llvm::SmallVector<Setting>>
  settingsOf(const Expr &layer, const syntax::Cell &cell, const Values &inputs);
  bool checkInputs(const Expr &layer, CellOp cell, const Values &inputs);
  bool checkArity(const Expr &layer, size_t least, size_t most,
                  llvm::StringRef form);
  bool checkOverTime(const Expr &layer, const Values &inputs);

  void collect(const Expr &expr);
  std::optional<Operand> given(Segment &segment, const Expr &expr);
  std::optional<Operand> dense(Segment &segment, const Expr &expr);
  std::optional<Operand> score(Segment &segment, const Expr &expr);
  std::optional<Operand> squash(Segment &segment, const Expr &expr);
  mlir::Value logitsOf(Segment &segment, const Expr &expr);
  std::optional<double> scoreNumber(Segment &segment, const Expr &call);
  bool readPrediction(Segment &segment, const Expr &call, ScoreInputs &in);
  mlir::Value indexTarget(Segment &segment, const Expr &call,
                          llvm::ArrayRef<int64_t> shape);
  mlir::Value valueTarget(Segment &segment, const Expr &call,
                          llvm::ArrayRef<int64_t> shape);

  const syntax::Cell *findCell(llvm::StringRef name) const;
  std::string layerName();
  std::string scoreName(llvm::StringRef hint);
  bool addLayer(mlir::Location loc);
  void reportIndices(const Expr &expr);
  void checkMembers();

  const syntax::Cell &model;
  const syntax::File &file;
  const Functions &functions;
  const Request &request;
  Scope scope;
  ModelOp op;
  std::optional<Segments> segments;
  llvm::StringMap<ModelValue> values; ///< by name
  llvm::DenseMap<const Expr *, ModelValue> evaluated;
  llvm::DenseMap<mlir::Value, Operand> logits; ///< of sigmoids and softmaxes
  std::map<std::string, CellOp> parts;         ///< by cell and settings
  llvm::SmallVector<syntax::Identifier> outputs;
  std::string statement;        ///< what its layers are named after
  unsigned layers = 0;          ///< of this statement so far
  unsigned allLayers = 0;       ///< of the model so far
  llvm::StringSet<> layerNames; ///< of layers that have parameters or states
  int64_t stackLevel = 0;       ///< of the layer that is applied
  int64_t draws = 0;            ///< of random numbers
};

} // namespace rnn

#endif // RNNCC_COMPILER_SEMA_MODELBUILDER_H
