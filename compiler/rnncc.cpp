//===- rnncc.cpp - the compiler -------------------------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "compiler/Options.h"
#include "compiler/Pipeline.h"
#include "compiler/Tune.h"
#include "llvm/Support/InitLLVM.h"

int main(int argc, char **argv) {
  llvm::InitLLVM init(argc, argv);
  std::optional<rnn::Options> options = rnn::parseOptions(argc, argv);
  if (!options)
    return rnn::CommandLineError;
  return options->tuning ? rnn::tune(*options) : rnn::compile(*options);
}
