//===- Words.cpp - the words of the language ------------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "compiler/lsp/Words.h"
#include "compiler/sema/Builtins.h"
#include "compiler/sema/Initialisers.h"
#include "compiler/syntax/Lexer.h"

using namespace rnn;
using namespace rnn::lsp;
using llvm::StringRef;

static std::string numbered(unsigned count, StringRef what) {
  return std::to_string(count) + " " + what.str() + (count == 1 ? "" : "s");
}

static std::string about(const Builtin &function) {
  return function.kind == Builtin::Elementwise
             ? "elementwise, takes " + numbered(function.arity, "argument")
             : "takes " + numbered(function.arity, "vector");
}

static std::vector<Word> collect() {
  std::vector<Word> words;
  for (StringRef word : syntax::reservedWords())
    words.push_back({Word::Keyword, word, "word of the language"});
  for (const Builtin &function : builtins()) {
    // Of one name there may be several, one after the other.
    if (words.back().text == function.name)
      words.back().about += "; or " + about(function);
    else
      words.push_back({Word::Function, function.name,
                       "function of the language; " + about(function)});
  }
  for (StringRef name : initialiserNames())
    words.push_back({Word::Initialiser, name, "initialiser of parameters"});
  return words;
}

const std::vector<Word> &rnn::lsp::words() {
  static const std::vector<Word> all = collect();
  return all;
}

const Word *rnn::lsp::findWord(Word::Kind kind, StringRef text) {
  for (const Word &word : words())
    if (word.kind == kind && word.text == text)
      return &word;
  return nullptr;
}

void rnn::lsp::printWords(llvm::raw_ostream &os) {
  static constexpr StringRef kinds[] = {"keyword", "function", "initialiser"};
  for (const Word &word : words())
    os << kinds[word.kind] << ' ' << word.text << '\n';
}
