//===- Roads.h - the roads from a text to numbers ---------------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The interpreter is one road; each backend that makes a shared object with the
// interface of rnncc/abi.h is another. A new one is a row in the table.
//
//===----------------------------------------------------------------------===//

#ifndef RNNCC_TEST_RUN_ROADS_H
#define RNNCC_TEST_RUN_ROADS_H

#include "compiler/Options.h"
#include "dialect/Rnn.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/OwningOpRef.h"
#include "rnncc/abi.h"

namespace rnn {

/// A backend.
struct Road {
  llvm::StringRef name;
  /// Writes a shared object as the options say. False, and a message on
  /// standard error, if it cannot.
  bool (*compile)(const Options &options);
};

llvm::ArrayRef<Road> roads();

/// The road of that name, or null.
const Road *roadOf(llvm::StringRef name);

/// The cells and models of one text, as the interpreter reads them and as a
/// road made them.
class Cells {
public:
  struct Cell {
    const rnncc_descriptor *compiled;
    /// The rnn.cell or rnn.model after sema, autodiff and schedule.
    mlir::Operation *text, *flat, *staged;
  };

  /// Takes of the options the input, sizes, element type and CPU levels. Null
  /// if something failed, which is said on standard error. Leaves no file.
  static std::unique_ptr<Cells> make(Options options, const Road &road);
  ~Cells();

  std::vector<Cell> list;

private:
  Cells();

  mlir::MLIRContext context;
  mlir::OwningOpRef<mlir::ModuleOp> text, flat, staged;
  void *library = nullptr;
};

} // namespace rnn

#endif // RNNCC_TEST_RUN_ROADS_H
