//===- Nearest.cpp - what a wrong word was meant to be --------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "compiler/syntax/Nearest.h"
#include "llvm/ADT/STLExtras.h"
#include <string>

using llvm::StringRef;

static std::string sorted(StringRef word) {
  std::string letters = word.str();
  llvm::sort(letters);
  return letters;
}

std::optional<StringRef> rnn::nearest(StringRef wrong,
                                      llvm::ArrayRef<StringRef> names) {
  constexpr size_t longest = 100; // what nobody mistypes by a letter or two
  if (wrong.size() > longest)
    return std::nullopt;
  for (StringRef name : names)
    if (wrong.equals_insensitive(name))
      return name;
  // The same letters in another order: `W_hx`, `W_xh`.
  for (StringRef name : names)
    if (wrong.size() > 2 && name.size() == wrong.size() &&
        sorted(wrong) == sorted(name))
      return name;
  // A third of the letters may differ; a name of one letter has no neighbours.
  unsigned best = wrong.size() / 3 + (wrong.size() == 2);
  std::optional<StringRef> found;
  for (StringRef name : names) {
    unsigned distance = wrong.edit_distance(name, true, best);
    if (distance < best || (distance == best && !found && best > 0)) {
      best = distance;
      found = name;
    }
  }
  return found;
}
