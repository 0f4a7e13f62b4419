//===- Emit.h - from lowered module to files --------------------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// LLVM IR, object code, shared objects, the C header and the descriptor.
//
//===----------------------------------------------------------------------===//

#ifndef RNNCC_COMPILER_EMIT_EMIT_H
#define RNNCC_COMPILER_EMIT_EMIT_H

#include "dialect/CellInterface.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Support/Timing.h"
#include "llvm/ADT/SmallString.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/Support/Error.h"
#include <memory>

namespace llvm {
class LLVMContext;
class Module;
class TargetMachine;
} // namespace llvm

namespace rnn {

/// Registers what translation to LLVM IR needs.
void registerToLLVM(mlir::DialectRegistry &registry);

/// Adds the conversion of loops, vectors and functions to the LLVM dialect.
void addToLLVMPasses(mlir::OpPassManager &passes);

/// What the descriptor and the header say of a cell or model. Copied out of it,
/// since it is gone when LLVM IR is made.
struct CellFacts {
  struct Array {
    std::string name, member;
    ArrayRole role;
    Axes axes;
    ElementType element;
    Finish finish;
    llvm::SmallVector<int64_t> shape;
    int64_t param;
    int64_t indices; ///< rnncc_array.indices
    int64_t line;    ///< of its declaration in the text, 0 if unknown
  };
  struct Param {
    std::string name, member;
    llvm::SmallVector<int64_t> shape;
    std::string init;
    llvm::SmallVector<double> initArguments;
    int64_t indices;    ///< rnncc_param.indices
    std::string values; ///< bytes, if they are compiled in
    int64_t line;
  };
  std::string name, prefix, file;
  int64_t line = 0;
  bool isDouble = false, isModel = false;
  bool bf16Products = false;
  bool isTrained = false; ///< values of the parameters are compiled in
  llvm::SmallVector<std::pair<std::string, int64_t>> sizes;
  std::vector<Param> params;
  llvm::SmallVector<Array> arrays;
  double forwardFlops = 0;

  /// The C name of the descriptor.
  std::string descriptor() const {
    return prefix + (isModel ? "_model" : "_cell");
  }
  /// The C name of the values that are compiled in.
  std::string trained() const { return prefix + "_trained"; }
  /// "lstm.rnn:2".
  std::string source() const { return file + ":" + std::to_string(line); }
};
CellFacts factsOf(CellOp cell);
CellFacts factsOf(ModelOp model);

/// Removes cells and models from a lowered module.
void eraseCells(mlir::ModuleOp module);

/// Translates a module in the LLVM dialect, which names its triple, and adds
/// the descriptors. `shared` adds the table of cells that tools look for.
llvm::Expected<std::unique_ptr<llvm::Module>>
makeLLVM(mlir::ModuleOp module, llvm::ArrayRef<CellFacts> cells, bool shared,
         llvm::LLVMContext &context);

void optimise(llvm::Module &module);

/// Assembly of an optimised module.
llvm::Error writeAssembly(llvm::Module &module, llvm::raw_pwrite_stream &os);

/// Optimises a module in parts; the object code of each. The module is of no
/// use afterwards.
llvm::Expected<std::vector<llvm::SmallString<0>>>
objectCode(llvm::Module &module, mlir::TimingScope &timing);

/// Object code of kernels, which another program makes of their text.
llvm::Expected<std::vector<llvm::SmallString<0>>>
kernelObjects(llvm::StringRef text);

/// What a search of that program chooses for products (docs/halide.md).
llvm::Expected<std::string> searchAnswer(llvm::StringRef name,
                                         llvm::StringRef question);

enum class LinkKind { Object, Shared };

/// Links objects into one, or into a shared object.
llvm::Expected<llvm::SmallString<0>>
link(llvm::ArrayRef<llvm::SmallString<0>> objects, LinkKind kind);

/// Adds the descriptor of each cell to a module.
void addDescriptors(llvm::Module &module, llvm::ArrayRef<CellFacts> cells,
                    bool shared);

/// The C header of the cells, as `file` ("lstm.h").
std::string headerText(llvm::ArrayRef<CellFacts> cells, llvm::StringRef file,
                       llvm::StringRef cpu, llvm::StringRef version);

} // namespace rnn

#endif // RNNCC_COMPILER_EMIT_EMIT_H
