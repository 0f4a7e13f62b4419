//===- Safetensors.h - files of named tensors -------------------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The safetensors format: eight bytes of header length, a JSON header that
// names tensors with type, shape and place, and the bytes.
//
//===----------------------------------------------------------------------===//

#ifndef RNNCC_COMPILER_RUN_SAFETENSORS_H
#define RNNCC_COMPILER_RUN_SAFETENSORS_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/Support/Error.h"
#include "llvm/Support/MemoryBuffer.h"
#include <memory>
#include <string>
#include <vector>

namespace rnn {

/// One tensor: a view of bytes that somebody else owns.
struct NamedTensor {
  std::string name;
  std::string type; ///< as the format names it: "F32", "F64", "I64"
  llvm::SmallVector<int64_t, 4> shape;
  llvm::StringRef bytes;
};

/// A file that was read, and its tensors in the order of their places.
struct TensorFile {
  std::unique_ptr<llvm::MemoryBuffer> buffer;
  std::vector<NamedTensor> tensors;

  const NamedTensor *find(llvm::StringRef name) const;
};

/// Reads a file. Believes nothing that the header says: places outside of the
/// file, overlaps, wrong sizes and names given twice are errors.
llvm::Expected<TensorFile> readTensors(llvm::StringRef path);
llvm::Expected<TensorFile>
readTensors(std::unique_ptr<llvm::MemoryBuffer> buffer);

/// Writes the bytes of a file.
void writeTensors(llvm::raw_ostream &os, llvm::ArrayRef<NamedTensor> tensors);

/// Writes a file aside and renames it.
llvm::Error writeTensors(llvm::StringRef path,
                         llvm::ArrayRef<NamedTensor> tensors);

} // namespace rnn

#endif // RNNCC_COMPILER_RUN_SAFETENSORS_H
