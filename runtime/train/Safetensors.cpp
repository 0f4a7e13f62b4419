//===- Safetensors.cpp - files of named tensors ---------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/train/Safetensors.h"
#include "runtime/train/Failure.h"
#include "runtime/train/Files.h"
#include <algorithm>
#include <cstring>
#include <nlohmann/json.hpp>
#include <set>

using namespace rnn::train;
using Json = nlohmann::ordered_json;

const Tensor *TensorFile::find(std::string_view name) const {
  for (const Tensor &tensor : tensors)
    if (tensor.name == name)
      return &tensor;
  return nullptr;
}

const Tensor &TensorFile::get(std::string_view name, std::string_view type,
                              const std::vector<int64_t> &shape,
                              std::string_view what) const {
  const Tensor *tensor = find(name);
  auto describe = [](std::string_view type, const std::vector<int64_t> &shape) {
    return std::string(type) + " " +
           shapeText(shape.data(), int64_t(shape.size()));
  };
  if (!tensor)
    fail(RNNCC_TRAIN_ANOTHER_MODEL, "'", path, "' is not ", what,
         ": it has no tensor '", name, "'");
  if (tensor->type != type || tensor->shape != shape)
    fail(RNNCC_TRAIN_ANOTHER_MODEL, "'", path, "' is not ", what, ": '", name,
         "' is ", describe(tensor->type, tensor->shape), " there but ",
         describe(type, shape), " is needed");
  return *tensor;
}

std::string TensorFile::text(const std::string &key) const {
  auto found = metadata.find(key);
  return found == metadata.end() ? std::string() : found->second;
}

/// Bytes of an element, 0 for a type that the format does not have.
static uint64_t elementBytes(std::string_view type) {
  static const std::map<std::string_view, uint64_t> bytes = {
      {"F64", 8}, {"I64", 8}, {"U64", 8},  {"F32", 4}, {"I32", 4},
      {"U32", 4}, {"F16", 2}, {"BF16", 2}, {"I16", 2}, {"U16", 2},
      {"I8", 1},  {"U8", 1},  {"BOOL", 1}};
  auto found = bytes.find(type);
  return found == bytes.end() ? 0 : found->second;
}

/// A size: a whole number from 0 that an int64_t can hold.
static bool isSize(const Json &value) {
  return value.is_number_unsigned() &&
         value.get<uint64_t>() <= uint64_t(INT64_MAX);
}

static bool isSizes(const Json &value) {
  return value.is_array() && std::all_of(value.begin(), value.end(), isSize);
}

/// Reads one entry of the header; gives where its bytes begin.
static uint64_t readEntry(Tensor &tensor, const Json &entry,
                          std::string_view data) {
  auto wrong = [&](const auto &...parts) {
    fail(RNNCC_TRAIN_BAD_FILE, "tensor '", tensor.name, "': ", parts...);
  };
  if (!entry.is_object() || !entry.contains("dtype") ||
      !entry["dtype"].is_string())
    wrong("its entry has no 'dtype'");
  tensor.type = entry["dtype"].get<std::string>();
  uint64_t bytes = elementBytes(tensor.type);
  if (!bytes)
    wrong("no type '", tensor.type, "'");
  if (!entry.contains("shape") || !isSizes(entry["shape"]) ||
      !entry.contains("data_offsets") || !isSizes(entry["data_offsets"]) ||
      entry["data_offsets"].size() != 2)
    wrong("'shape' or 'data_offsets' is missing or no list of sizes");
  for (const Json &size : entry["shape"]) {
    auto number = size.get<int64_t>();
    if (number > 0 && bytes > uint64_t(INT64_MAX) / uint64_t(number))
      wrong("its shape has a size out of range");
    tensor.shape.push_back(number);
    bytes *= uint64_t(number);
  }
  auto first = entry["data_offsets"][0].get<uint64_t>();
  auto last = entry["data_offsets"][1].get<uint64_t>();
  if (last < first || last > data.size())
    wrong("its place lies outside of the file");
  if (last - first != bytes)
    wrong("its place has ", last - first, " bytes but its shape needs ", bytes);
  tensor.bytes = data.substr(first, bytes);
  return first;
}

/// Parses a header; a name that stands in it twice is an error.
static Json parseHeader(std::string_view header) {
  std::set<std::string> names;
  auto check = [&](int depth, Json::parse_event_t event, Json &parsed) {
    if (depth > 8)
      fail(RNNCC_TRAIN_BAD_FILE, "its header is nested too deeply");
    if (event == Json::parse_event_t::key && depth == 1 &&
        !names.insert(parsed.get<std::string>()).second)
      fail(RNNCC_TRAIN_BAD_FILE, "its header names a tensor twice");
    return true;
  };
  try {
    Json json = Json::parse(header.begin(), header.end(), check);
    if (!json.is_object())
      fail(RNNCC_TRAIN_BAD_FILE, "its header is no JSON object");
    return json;
  } catch (const Json::exception &error) {
    fail(RNNCC_TRAIN_BAD_FILE, "its header is no JSON: ", error.what());
  }
}

/// Fills in what `file.contents` holds.
static void readContents(TensorFile &file) {
  std::string_view whole = file.contents;
  uint64_t length;
  if (whole.size() < sizeof length)
    fail(RNNCC_TRAIN_BAD_FILE, "too short for a safetensors file");
  std::memcpy(&length, whole.data(), sizeof length);
  whole.remove_prefix(sizeof length);
  if (length > whole.size())
    fail(RNNCC_TRAIN_BAD_FILE, "its header says to be ", length,
         " bytes long, but the file has ", whole.size());
  std::string_view data = whole.substr(length);
  Json header = parseHeader(whole.substr(0, length));

  std::vector<std::pair<uint64_t, uint64_t>> places;
  for (const auto &[name, entry] : header.items()) {
    if (name == "__metadata__") {
      if (!entry.is_object())
        fail(RNNCC_TRAIN_BAD_FILE, "its '__metadata__' is no JSON object");
      for (const auto &[key, value] : entry.items()) {
        if (!value.is_string())
          fail(RNNCC_TRAIN_BAD_FILE, "its metadata '", key, "' is no text");
        file.metadata[key] = value.get<std::string>();
      }
      continue;
    }
    Tensor tensor;
    tensor.name = name;
    uint64_t first = readEntry(tensor, entry, data);
    places.emplace_back(first, first + tensor.bytes.size());
    file.tensors.push_back(std::move(tensor));
  }
  std::sort(places.begin(), places.end());
  uint64_t end = 0;
  for (auto [first, last] : places) {
    if (first != end)
      fail(RNNCC_TRAIN_BAD_FILE,
           "its tensors overlap or leave bytes that belong to none");
    end = last;
  }
  if (end != data.size())
    fail(RNNCC_TRAIN_BAD_FILE, "its last ", data.size() - end,
         " bytes belong to no tensor");
}

TensorFile rnn::train::readTensors(const std::string &path) {
  TensorFile file;
  file.path = path;
  file.contents = readFile(path);
  try {
    readContents(file);
  } catch (const Failure &failure) {
    fail(failure.status, "'", path, "': ", failure.what());
  }
  return file;
}

void rnn::train::writeTensors(const std::string &path,
                              const std::vector<Tensor> &tensors,
                              const Metadata &metadata) {
  Json header = Json::object();
  if (!metadata.empty())
    header["__metadata__"] = metadata;
  uint64_t at = 0;
  for (const Tensor &tensor : tensors) {
    uint64_t end = at + tensor.bytes.size();
    header[tensor.name] = {{"dtype", tensor.type},
                           {"shape", tensor.shape},
                           {"data_offsets", {at, end}}};
    at = end;
  }
  std::string text = header.dump();
  // Data begins at a multiple of eight.
  text.resize((text.size() + 7) / 8 * 8, ' ');
  uint64_t length = text.size();
  std::vector<std::string_view> parts = {
      {reinterpret_cast<const char *>(&length), sizeof length}, text};
  for (const Tensor &tensor : tensors)
    parts.push_back(tensor.bytes);
  writeFile(path, parts);
}
