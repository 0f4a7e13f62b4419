//===- Words.h - the words of the language ----------------------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Keywords, functions and initialisers, from the tables of syntax and sema.
//
//===----------------------------------------------------------------------===//

#ifndef RNNCC_COMPILER_LSP_WORDS_H
#define RNNCC_COMPILER_LSP_WORDS_H

#include "llvm/ADT/StringRef.h"
#include "llvm/Support/raw_ostream.h"
#include <string>
#include <vector>

namespace rnn::lsp {

/// A word with a meaning of its own. `about` says which, for a reader.
struct Word {
  enum Kind { Keyword, Function, Initialiser } kind;
  llvm::StringRef text;
  std::string about;
};

/// All words, by kind and name; each once.
const std::vector<Word> &words();

/// The word of that kind, or null.
const Word *findWord(Word::Kind kind, llvm::StringRef text);

/// One a line, the kind first: for whoever writes a syntax file.
void printWords(llvm::raw_ostream &os);

} // namespace rnn::lsp

#endif // RNNCC_COMPILER_LSP_WORDS_H
