//===- Kernel.h - one kernel of a staged cell -------------------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What rnncc asks for, as read from its text (docs/halide.md), and the Halide
// pipelines that are made of it.
//
//===----------------------------------------------------------------------===//

#ifndef RNNCC_HALIDE_KERNEL_H
#define RNNCC_HALIDE_KERNEL_H

#include "Halide.h"
#include <cstdint>
#include <istream>
#include <string>
#include <vector>

namespace rnn {

/// What the text says that it cannot mean; `what()` begins with the line.
struct TextError : std::runtime_error {
  TextError(int line, const std::string &message)
      : std::runtime_error("line " + std::to_string(line) + ": " + message) {}
};

/// A CPU level that kernels are made for.
struct Level {
  std::string cpu;      ///< "avx512"
  Halide::Type element; ///< Float(32) or Float(64)
  int lanes = 0;        ///< elements in a vector
};

/// One line of an elementwise kernel, cut into words.
struct Line {
  int number = 0;
  std::vector<std::string> words;
};

/// One function to make.
struct Kernel {
  enum Kind {
    Product,
    ProductInputs,
    ProductWeights,
    StepProduct,
    StepTranspose,
    Elementwise
  };
  Kind kind;
  std::string name;
  int line = 0;
  Level level;
  int units = 0;            ///< of the result
  int width = 0;            ///< units in a panel of packed weights
  int rows = 0;             ///< of a register tile
  int unroll = 1;           ///< steps of k in a turn of a product's loop
  bool rowsOutside = false; ///< blocks of rows are the outer loop, not panels
  bool narrow = false;      ///< Elementwise: for fewer units than lanes
  std::vector<int> depths;  ///< what each term sums over

  /// Of a matrix of the step.
  struct Operand {
    bool isTransposed = false; ///< stored so
    bool isParam = false;      ///< the same in all rows
  };
  int inner = 0, columns = 0; ///< of a StepProduct; units are its rows
  Operand operands[2];
  int wanted = -1; ///< the operand whose gradient is computed, if any

  std::vector<Line> body;
};

/// Reads the whole text. Throws TextError.
std::vector<Kernel> readKernels(std::istream &text);

/// A pipeline and the arguments of its C function, in order; outputs follow.
struct Built {
  Halide::Pipeline pipeline;
  std::vector<Halide::Argument> arguments;
};

/// start + sum of products, for panels of units.
Built buildProduct(const Kernel &kernel);
/// What products give back to the vector that they multiply.
Built buildProductInputs(const Kernel &kernel);
/// What a product gives back to its weights, over all rows.
Built buildProductWeights(const Kernel &kernel);
/// A product or transpose of matrices of a step, or what it gives back to an
/// operand.
Built buildStepProduct(const Kernel &kernel);
/// Everything else: one unit at a time, with whole vectors at hand.
Built buildElementwise(const Kernel &kernel);

/// Turns functions such as exp and tanh into arithmetic, on scalars and on
/// vectors, and makes comparisons exact.
class ExpandMath : public Halide::Internal::IRMutator {
public:
  Halide::Expr mutate(const Halide::Expr &e) override;
  using IRMutator::mutate;

protected:
  Halide::Expr visit(const Halide::Internal::Call *op) override;
  using IRMutator::visit;
};

/// Keeps additions in their order; they may still be fused with products.
class KeepOrder : public Halide::Internal::IRMutator {
protected:
  Halide::Internal::Stmt visit(const Halide::Internal::Store *op) override;
  using IRMutator::visit;
};

/// A function that ExpandMath knows and propagate_adjoints can differentiate.
Halide::Expr callMath(const std::string &name, const Halide::Expr &x);

/// The error function, as arithmetic that can be differentiated as it stands.
Halide::Expr errorFunction(const Halide::Expr &x);

} // namespace rnn

#endif // RNNCC_HALIDE_KERNEL_H
