//===- Failure.h - errors with a status and a text --------------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Inside the library errors are exceptions; the C interface turns them into a
// status and a text.
//
//===----------------------------------------------------------------------===//

#ifndef RNNCC_RUNTIME_TRAIN_FAILURE_H
#define RNNCC_RUNTIME_TRAIN_FAILURE_H

#include "rnncc/train.h"
#include <sstream>
#include <stdexcept>
#include <string>

namespace rnn::train {

/// What a function of the C interface will return.
struct Failure : std::runtime_error {
  Failure(rnncc_train_status status, const std::string &text)
      : std::runtime_error(text), status(status) {}
  rnncc_train_status status;
};

/// The parts one after the other, as a stream writes them.
template <typename... Parts> std::string text(const Parts &...parts) {
  std::ostringstream stream;
  stream.precision(9);
  (stream << ... << parts);
  return stream.str();
}

template <typename... Parts>
[[noreturn]] void fail(rnncc_train_status status, const Parts &...parts) {
  throw Failure(status, text(parts...));
}

/// "[3, 4]".
inline std::string shapeText(const int64_t *shape, int64_t rank) {
  std::string list = "[";
  for (int64_t i = 0; i < rank; ++i)
    list += (i ? ", " : "") + std::to_string(shape[i]);
  return list + "]";
}

} // namespace rnn::train

#endif // RNNCC_RUNTIME_TRAIN_FAILURE_H
