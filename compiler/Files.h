//===- Files.h - the files that are written ---------------------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef RNNCC_COMPILER_FILES_H
#define RNNCC_COMPILER_FILES_H

#include "compiler/Pipeline.h"
#include "mlir/Support/Timing.h"

namespace rnn {

/// What is written: the output, else the input's name with another extension;
/// and behind an object's name that of the header beside it.
llvm::SmallVector<std::string> outputNames(const Options &options);

/// Checks that no output takes the place of the text or of another output.
bool checkOutputs(const Options &options);

/// Reports an error that is not about the text.
ExitCode fail(llvm::Error error);

/// Writes a file, and reports it if that fails.
ExitCode write(llvm::StringRef path,
               llvm::function_ref<void(llvm::raw_ostream &)> content);

/// From the LLVM dialect to the files that were asked for.
ExitCode emit(mlir::ModuleOp module, const Options &options,
              mlir::TimingScope &timing);

} // namespace rnn

#endif // RNNCC_COMPILER_FILES_H
