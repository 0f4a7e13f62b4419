//===- rnn-lsp.cpp - editors read .rnn files ------------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The language server of .rnn files, on standard input and output. The one for
// .mlir files is rnncc-lsp.
//
//===----------------------------------------------------------------------===//

#include "compiler/lsp/Server.h"
#include "compiler/lsp/Words.h"
#include "llvm/Support/CommandLine.h"
#include "llvm/Support/Program.h"
#include "llvm/Support/WithColor.h"

namespace cl = llvm::cl;

int main(int argc, char **argv) {
  cl::ResetCommandLineParser();
  cl::OptionCategory category("rnn-lsp options");
  cl::list<std::string> sets(
      "set", cl::CommaSeparated, cl::value_desc("NAME=VALUE,.."),
      cl::desc("Sizes and functions of cells, as for rnncc; those that nobody "
               "gives are told by name"),
      cl::cat(category));
  cl::opt<bool> words("words",
                      cl::desc("Print the words of the language and stop"),
                      cl::cat(category));
  cl::SetVersionPrinter(
      [](llvm::raw_ostream &os) { os << "rnn-lsp " << RNNCC_VERSION << '\n'; });
  cl::HideUnrelatedOptions(category);
  cl::ParseCommandLineOptions(argc, argv,
                              "rnn-lsp, a language server for .rnn files\n");
  if (words) {
    rnn::lsp::printWords(llvm::outs());
    return 0;
  }
  std::vector<rnn::Setting> settings;
  for (const std::string &text : sets) {
    std::optional<rnn::Setting> setting = rnn::parseSetting(text);
    if (!setting) {
      llvm::WithColor::error(llvm::errs(), "rnn-lsp")
          << "--set " << text << ": expected NAME=VALUE or CELL.NAME=VALUE\n";
      return 2;
    }
    settings.push_back(*setting);
  }
  llvm::sys::ChangeStdinToBinary();
  return rnn::lsp::serve(stdin, llvm::outs(), settings, RNNCC_VERSION) ? 0 : 1;
}
