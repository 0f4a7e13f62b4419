//===- SafetensorsFuzz.cpp - any bytes as a file of tensors ---------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Whatever the bytes are: they are refused, or every tensor lies inside of them
// and has the size that its shape says, and writing them gives the same
// tensors when they are read again.
//
//===----------------------------------------------------------------------===//

#include "compiler/run/Safetensors.h"
#include "llvm/Support/ErrorHandling.h"
#include "llvm/Support/raw_ostream.h"

using namespace llvm;
using namespace rnn;

static Expected<TensorFile> read(StringRef bytes) {
  // A copy of just this size: the sanitizer sees a byte too far.
  return readTensors(MemoryBuffer::getMemBufferCopy(bytes, "fuzz.safetensors"));
}

static void require(bool holds, const char *what) {
  if (!holds)
    report_fatal_error(what);
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  auto file = read(StringRef(reinterpret_cast<const char *>(data), size));
  if (!file) {
    consumeError(file.takeError());
    return 0;
  }
  const char *end = file->buffer->getBufferStart();
  uint64_t total = 0;
  for (const NamedTensor &tensor : file->tensors) {
    require(tensor.bytes.begin() >= end, "tensors overlap");
    end = tensor.bytes.end();
    require(end <= file->buffer->getBufferEnd(),
            "a tensor outside of the file");
    for (char c : tensor.bytes)
      total += c;
  }

  SmallString<0> written;
  raw_svector_ostream stream(written);
  writeTensors(stream, file->tensors);
  auto again = read(written);
  if (!again)
    report_fatal_error(again.takeError());
  require(again->tensors.size() == file->tensors.size(), "a tensor is lost");
  for (const NamedTensor &tensor : file->tensors) {
    const NamedTensor *copy = again->find(tensor.name);
    require(copy && copy->type == tensor.type && copy->shape == tensor.shape &&
                copy->bytes == tensor.bytes,
            "a tensor is changed");
  }
  return total == 1; // keeps the loop that reads; 1 says nothing
}
