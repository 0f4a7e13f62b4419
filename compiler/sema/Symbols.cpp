//===- Symbols.cpp - what the names of a file turned out to be ------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "compiler/sema/Symbols.h"

using namespace mlir;
using namespace rnn;

static Symbol symbolOf(StringRef name, const NamedThing &thing) {
  Symbol symbol{name.str(), thing.kind,           thing.loc,
                {},         thing.function.str(), {}};
  if (thing.poisoned)
    return symbol;
  if (thing.kind == NamedThing::Size)
    symbol.size = thing.size;
  else if (thing.kind == NamedThing::Local && thing.now)
    symbol.shape = thing.now->shape();
  else if (thing.tensor)
    symbol.shape.emplace(TensorOp(thing.tensor).tensorType().getShape());
  return symbol;
}

CellSymbols rnn::symbolsOf(Scope &scope) {
  CellSymbols symbols{&scope.cell, {}};
  for (auto &[name, thing] : scope)
    symbols.names.push_back(symbolOf(name, thing));
  llvm::sort(symbols.names, [](const Symbol &left, const Symbol &right) {
    auto placeOf = [](const Symbol &symbol) {
      auto loc = cast<FileLineColLoc>(symbol.loc);
      return std::pair(loc.getLine(), loc.getColumn());
    };
    return placeOf(left) < placeOf(right);
  });
  return symbols;
}
