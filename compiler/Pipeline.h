//===- Pipeline.h - the stages from text to object --------------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef RNNCC_COMPILER_PIPELINE_H
#define RNNCC_COMPILER_PIPELINE_H

#include "compiler/Options.h"
#include "mlir/Pass/PassManager.h"

namespace rnn {

/// One stage of the road. The first two make the tree and the module; the
/// others are the passes they add.
struct Stage {
  llvm::StringRef name;
  llvm::StringRef help;
  void (*addPasses)(mlir::PassManager &, const Options &);
};

/// All stages, in the order in which they run.
llvm::ArrayRef<Stage> stages();

/// Exit codes of rnncc.
enum ExitCode {
  Success = 0,
  InputError = 1,
  CommandLineError = 2,
  Interrupted = 130 ///< as shells say of a program that Ctrl-C ends
};

/// Compiles one file as the options say. With `useStages` only until cells have
/// stages, which it gets.
ExitCode compile(const Options &options,
                 llvm::function_ref<void(mlir::ModuleOp)> useStages = nullptr);

} // namespace rnn

#endif // RNNCC_COMPILER_PIPELINE_H
