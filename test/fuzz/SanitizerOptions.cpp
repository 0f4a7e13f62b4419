//===- SanitizerOptions.cpp - sanitizers beside libraries without them ----===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "llvm/Support/Compiler.h"

/// LLVM's headers poison the arenas they allocate from when they are compiled
/// for AddressSanitizer. Debian's libLLVM and libMLIR are not, so they hand out
/// memory that our instances of the same templates have poisoned, and never
/// take the poison back: heed none of it. Memory from malloc is watched as
/// ever, since both sides get it from the sanitizer.
extern "C" LLVM_ATTRIBUTE_USED const char *__asan_default_options() {
  return "allow_user_poisoning=0";
}
