//===- Writing.h - text written by a model ----------------------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TEXTGEN_WRITING_H
#define TEXTGEN_WRITING_H

#include "Model.h"
#include "Text.h"
#include <string>

namespace textgen {

/// Lets `model` read `prompt` and go on for `length` characters, each drawn
/// from its prediction. A low `temperature` keeps to the likely ones, a high
/// one is bolder. Bytes of the prompt that the text never had are left out.
std::string write(Model &model, const Text &text, const std::string &prompt,
                  int64_t length, double temperature, Random &random);

} // namespace textgen

#endif // TEXTGEN_WRITING_H
