//===- Safetensors.cpp - files of named tensors ---------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "compiler/run/Safetensors.h"
#include "compiler/output/Output.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/ADT/StringSwitch.h"
#include "llvm/Support/Endian.h"
#include "llvm/Support/JSON.h"
#include "llvm/Support/raw_ostream.h"

using namespace llvm;
using namespace rnn;

const NamedTensor *TensorFile::find(StringRef name) const {
  auto found = find_if(
      tensors, [&](const NamedTensor &tensor) { return tensor.name == name; });
  return found == tensors.end() ? nullptr : &*found;
}

/// Bytes of an element, 0 for a type that the format does not have.
static uint64_t elementBytes(StringRef type) {
  return StringSwitch<uint64_t>(type)
      .Cases({"F64", "I64", "U64"}, 8)
      .Cases({"F32", "I32", "U32"}, 4)
      .Cases({"F16", "BF16", "I16", "U16"}, 2)
      .Cases({"I8", "U8", "BOOL"}, 1)
      .Default(0);
}

/// Places the tensor that one entry of the header describes.
static Error readEntry(NamedTensor &tensor, const json::Value &value,
                       StringRef data, uint64_t &begin) {
  auto wrong = [&](const Twine &what) {
    return createStringError("tensor '" + tensor.name + "': " + what);
  };
  const json::Object *entry = value.getAsObject();
  if (!entry)
    return wrong("its entry is no JSON object");
  auto type = entry->getString("dtype");
  uint64_t bytes = type ? elementBytes(*type) : 0;
  if (!bytes)
    return wrong(type ? "no type '" + *type + "'"
                      : Twine("'dtype' is missing"));
  tensor.type = type->str();
  const json::Array *shape = entry->getArray("shape");
  const json::Array *place = entry->getArray("data_offsets");
  if (!shape || !place || place->size() != 2)
    return wrong("'shape' or 'data_offsets' is missing or no list of sizes");
  for (const json::Value &size : *shape) {
    auto number = size.getAsInteger();
    if (!number || *number < 0 ||
        (*number > 0 && bytes > uint64_t(INT64_MAX) / uint64_t(*number)))
      return wrong("its shape has a size out of range");
    tensor.shape.push_back(*number);
    bytes *= *number;
  }
  auto first = (*place)[0].getAsInteger(), last = (*place)[1].getAsInteger();
  if (!first || !last || *first < 0 || *last < *first ||
      uint64_t(*last) > data.size())
    return wrong("its place lies outside of the file");
  if (uint64_t(*last - *first) != bytes)
    return wrong("its place has " + Twine(*last - *first) +
                 " bytes but its shape needs " + Twine(bytes));
  begin = *first;
  tensor.bytes = data.slice(*first, *last);
  return Error::success();
}

Expected<TensorFile> rnn::readTensors(StringRef path) {
  auto wrong = [&](const Twine &what) {
    return createStringError("'" + path + "': " + what);
  };
  auto buffer = MemoryBuffer::getFile(path, /*IsText=*/false,
                                      /*RequiresNullTerminator=*/false);
  if (!buffer)
    return createStringError("cannot read '" + path +
                             "': " + buffer.getError().message());
  StringRef whole = (*buffer)->getBuffer();
  if (whole.size() < 8)
    return wrong("too short for a safetensors file");
  uint64_t length = support::endian::read64le(whole.data());
  if (length > whole.size() - 8)
    return wrong("its header says to be " + Twine(length) +
                 " bytes long, but the file has " + Twine(whole.size() - 8));
  StringRef header = whole.substr(8, length),
            data = whole.drop_front(8 + length);
  auto parsed = json::parse(header);
  if (!parsed)
    return wrong("its header is no JSON: " + toString(parsed.takeError()));
  const json::Object *entries = parsed->getAsObject();
  if (!entries)
    return wrong("its header is no JSON object");

  TensorFile file;
  std::vector<std::pair<uint64_t, NamedTensor>> placed;
  for (const auto &[name, value] : *entries) {
    if (StringRef(name) == "__metadata__")
      continue;
    placed.emplace_back();
    placed.back().second.name = StringRef(name).str();
    if (Error error =
            readEntry(placed.back().second, value, data, placed.back().first))
      return wrong(toString(std::move(error)));
  }
  // A JSON object keeps one of two entries of the same name: count them.
  size_t types = header.count("\"dtype\"");
  if (types > placed.size())
    return wrong("its header names a tensor twice");
  stable_sort(placed, [](auto &a, auto &b) {
    return std::make_pair(a.first, a.second.bytes.size()) <
           std::make_pair(b.first, b.second.bytes.size());
  });
  uint64_t end = 0;
  for (auto &[begin, tensor] : placed) {
    if (begin < end)
      return wrong("tensor '" + tensor.name + "' overlaps another");
    end = begin + tensor.bytes.size();
    file.tensors.push_back(std::move(tensor));
  }
  file.buffer = std::move(*buffer);
  return file;
}

Error rnn::writeTensors(StringRef path, ArrayRef<NamedTensor> tensors) {
  std::string header;
  raw_string_ostream os(header);
  json::OStream json(os);
  json.object([&] {
    uint64_t at = 0;
    for (const NamedTensor &tensor : tensors)
      json.attributeObject(tensor.name, [&] {
        json.attribute("dtype", tensor.type);
        json.attributeArray("shape", [&] {
          for (int64_t size : tensor.shape)
            json.value(size);
        });
        json.attributeArray("data_offsets", [&] {
          json.value(int64_t(at));
          at += tensor.bytes.size();
          json.value(int64_t(at));
        });
      });
  });
  // Data begins at a multiple of eight.
  header.resize((header.size() + 7) / 8 * 8, ' ');
  return writeFile(path, [&](raw_ostream &out) {
    char length[8];
    support::endian::write64le(length, header.size());
    out << StringRef(length, 8) << header;
    for (const NamedTensor &tensor : tensors)
      out << tensor.bytes;
  });
}
