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

namespace {
/// What llvm::json::parse does not tell of a text.
struct JsonOutline {
  size_t depth = 0;    ///< levels of { } and [ ]
  size_t topNames = 0; ///< members of the outermost object
  bool isWhole = true; ///< no number has a fraction or an exponent
};
} // namespace

/// Looks over a JSON text; what it gives of anything else means nothing.
static JsonOutline outlineOf(StringRef text) {
  JsonOutline outline;
  size_t depth = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    char c = text[i];
    if (c == '"')
      for (++i; i < text.size() && text[i] != '"'; ++i)
        i += text[i] == '\\';
    else if (c == '{' || c == '[')
      outline.depth = std::max(outline.depth, ++depth);
    else if (c == '}' || c == ']')
      depth -= depth > 0;
    else if (c == ':' && depth == 1)
      ++outline.topNames;
    else if (c == '.' || (i > 0 && isDigit(text[i - 1]) && toLower(c) == 'e'))
      outline.isWhole = false;
  }
  return outline;
}

/// A number from 0 that fits. LLVM's getAsInteger converts 2^63 to an integer
/// that has no such value.
static std::optional<int64_t> sizeOf(const json::Value &value) {
  auto number = value.getAsNumber();
  if (!number || *number < 0 || *number >= 0x1p63)
    return std::nullopt;
  return value.getAsInteger();
}

static bool isTexts(const json::Value &value) {
  const json::Object *object = value.getAsObject();
  return object && all_of(*object, [](const auto &member) {
           return member.second.getAsString().has_value();
         });
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
    auto number = sizeOf(size);
    if (!number ||
        (*number > 0 && bytes > uint64_t(INT64_MAX) / uint64_t(*number)))
      return wrong("its shape has a size out of range");
    tensor.shape.push_back(*number);
    bytes *= *number;
  }
  auto first = sizeOf((*place)[0]), last = sizeOf((*place)[1]);
  if (!first || !last || *last < *first || uint64_t(*last) > data.size())
    return wrong("its place lies outside of the file");
  if (uint64_t(*last - *first) != bytes)
    return wrong("its place has " + Twine(*last - *first) +
                 " bytes but its shape needs " + Twine(bytes));
  begin = *first;
  tensor.bytes = data.slice(*first, *last);
  return Error::success();
}

Expected<TensorFile> rnn::readTensors(StringRef path) {
  auto buffer = MemoryBuffer::getFile(path, /*IsText=*/false,
                                      /*RequiresNullTerminator=*/false);
  if (!buffer)
    return createStringError("cannot read '" + path +
                             "': " + buffer.getError().message());
  return readTensors(std::move(*buffer));
}

Expected<TensorFile> rnn::readTensors(std::unique_ptr<MemoryBuffer> buffer) {
  auto wrong = [&](const Twine &what) {
    return createStringError("'" + buffer->getBufferIdentifier() +
                             "': " + what);
  };
  StringRef whole = buffer->getBuffer();
  if (whole.size() < 8)
    return wrong("too short for a safetensors file");
  uint64_t length = support::endian::read64le(whole.data());
  if (length > whole.size() - 8)
    return wrong("its header says to be " + Twine(length) +
                 " bytes long, but the file has " + Twine(whole.size() - 8));
  StringRef header = whole.substr(8, length),
            data = whole.drop_front(8 + length);
  // LLVM's parser calls itself for each level.
  JsonOutline outline = outlineOf(header);
  if (outline.depth > 64)
    return wrong("its header is nested " + Twine(outline.depth) +
                 " levels deep");
  auto parsed = json::parse(header);
  if (!parsed)
    return wrong("its header is no JSON: " + toString(parsed.takeError()));
  const json::Object *entries = parsed->getAsObject();
  if (!entries)
    return wrong("its header is no JSON object");
  // A JSON object keeps one of two members of the same name.
  if (outline.topNames > entries->size())
    return wrong("its header names a tensor twice");
  if (!outline.isWhole)
    return wrong("its header has a number that is not whole");

  TensorFile file;
  std::vector<std::pair<uint64_t, NamedTensor>> placed;
  for (const auto &[name, value] : *entries) {
    if (StringRef(name) == "__metadata__") {
      if (!isTexts(value))
        return wrong("its '__metadata__' is no JSON object of texts");
      continue;
    }
    placed.emplace_back();
    placed.back().second.name = StringRef(name).str();
    if (Error error =
            readEntry(placed.back().second, value, data, placed.back().first))
      return wrong(toString(std::move(error)));
  }
  stable_sort(placed, [](auto &a, auto &b) {
    return std::make_pair(a.first, a.second.bytes.size()) <
           std::make_pair(b.first, b.second.bytes.size());
  });
  uint64_t end = 0;
  for (auto &[begin, tensor] : placed) {
    if (begin < end)
      return wrong("tensor '" + tensor.name + "' overlaps another");
    if (begin > end)
      return wrong(Twine(begin - end) + " bytes before tensor '" + tensor.name +
                   "' belong to no tensor");
    end = begin + tensor.bytes.size();
    file.tensors.push_back(std::move(tensor));
  }
  if (end < data.size())
    return wrong("its last " + Twine(data.size() - end) +
                 " bytes belong to no tensor");
  file.buffer = std::move(buffer);
  return file;
}

void rnn::writeTensors(raw_ostream &os, ArrayRef<NamedTensor> tensors) {
  std::string header;
  raw_string_ostream stream(header);
  json::OStream json(stream);
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
  char length[8];
  support::endian::write64le(length, header.size());
  os << StringRef(length, 8) << header;
  for (const NamedTensor &tensor : tensors)
    os << tensor.bytes;
}

Error rnn::writeTensors(StringRef path, ArrayRef<NamedTensor> tensors) {
  return writeFile(path, [&](raw_ostream &os) { writeTensors(os, tensors); });
}
