//===- Kernels.h - stages as functions of another code generator *- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Entry points, memory, order of rows and the loop over time stay here; what a
// stage computes can be left to kernels that another program makes. This is the
// text that it gets (docs/halide.md).
//
//===----------------------------------------------------------------------===//

#ifndef RNNCC_COMPILER_LOWER_KERNELS_H
#define RNNCC_COMPILER_LOWER_KERNELS_H

#include "compiler/schedule/Target.h"
#include "dialect/Rnn.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/ADT/StringSet.h"

namespace rnn {

/// The attribute of a module that holds the kernels it calls.
inline constexpr llvm::StringLiteral kernelsAttribute = "rnn.kernels";

/// What an elementwise kernel reads and writes, in the order of its arguments.
struct ElementwiseKernel {
  std::string body;
  llvm::SmallVector<mlir::Value> inputs;
  /// Writes, yielded results and totals, each with what it writes in the stage.
  llvm::SmallVector<mlir::OpOperand *> outputs;
};

/// The body of a stage without products as text; `outputs` are what is to be
/// stored of it.
ElementwiseKernel elementwiseKernel(StageOp stage,
                                    llvm::ArrayRef<mlir::OpOperand *> outputs);

/// The kernels of one CPU level. Equal ones are one function.
class KernelSet {
public:
  KernelSet(const Target &target, mlir::FloatType element)
      : level(target.name), element(element) {}

  /// Names of kernels made from now on begin with this, and their vectors have
  /// so many elements.
  void beginCell(llvm::StringRef prefix, int64_t lanes);
  /// The function of that kind; `facts` and `body` are all that it depends on.
  std::string name(llvm::StringRef kind, const llvm::Twine &facts,
                   llvm::StringRef body = "");
  std::string text() const { return kernels; }

private:
  std::string level, kernels, prefix;
  mlir::FloatType element;
  int64_t lanes = 0;
  llvm::StringMap<std::string> names;
};

} // namespace rnn

#endif // RNNCC_COMPILER_LOWER_KERNELS_H
