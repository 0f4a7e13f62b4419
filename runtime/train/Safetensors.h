//===- Safetensors.h - files of named tensors -------------------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The safetensors format: eight bytes of header length, a JSON header that
// names tensors with type, shape and place, and the bytes. Machines are
// little-endian, like the format.
//
//===----------------------------------------------------------------------===//

#ifndef RNNCC_RUNTIME_TRAIN_SAFETENSORS_H
#define RNNCC_RUNTIME_TRAIN_SAFETENSORS_H

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace rnn::train {

/// One tensor: a view of bytes that somebody else owns.
struct Tensor {
  std::string name;
  std::string type; ///< "F32", "F64", "I64"
  std::vector<int64_t> shape;
  std::string_view bytes;
};

/// Texts beside the tensors.
using Metadata = std::map<std::string, std::string>;

/// A file that was read.
struct TensorFile {
  std::string path;
  std::string contents;
  std::vector<Tensor> tensors;
  Metadata metadata;

  /// NULL if there is no such tensor.
  const Tensor *find(std::string_view name) const;

  /// The tensor, with this type and shape; throws Failure (`another model`) if
  /// there is none. `what` says what the file should be.
  const Tensor &get(std::string_view name, std::string_view type,
                    const std::vector<int64_t> &shape,
                    std::string_view what) const;

  /// "" if there is no such text.
  std::string text(const std::string &key) const;
};

/// Reads a file; believes nothing that its header says. Throws Failure.
TensorFile readTensors(const std::string &path);

/// Writes a file that is whole or as it was. Throws Failure.
void writeTensors(const std::string &path, const std::vector<Tensor> &tensors,
                  const Metadata &metadata);

} // namespace rnn::train

#endif // RNNCC_RUNTIME_TRAIN_SAFETENSORS_H
