//===- Texts.h - two folders of texts as a task -----------------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef CHOOSE_TEXTS_H
#define CHOOSE_TEXTS_H

#include "Task.h"

namespace choose {

/// What texts are made of.
enum class Tokens { Words, Bytes };

/// To say which of two folders a run of up to `steps` tokens is from. A fifth
/// of the files of each validates, another one tests; at most `most` runs are
/// learnt from, as many of each folder. Throws std::runtime_error.
Task textTask(const std::string &first, const std::string &second,
              Tokens tokens, int64_t steps, int64_t most);

} // namespace choose

#endif // CHOOSE_TEXTS_H
