//===- Examples.cpp - the caller's examples, checked ----------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/train/Examples.h"
#include "runtime/train/Failure.h"
#include <algorithm>
#include <cmath>

using namespace rnn::train;

static const char *elementText(int32_t element) {
  return element == RNNCC_I32   ? "32-bit integers"
         : element == RNNCC_F64 ? "double"
                                : "float";
}

static const char *roleText(const rnncc_array &array) {
  return array.role == RNNCC_TARGET ? "target" : "input";
}

/// Elements of one step, one row or the whole batch, as the axes say.
static int64_t inner(const rnncc_array &array) {
  int64_t elements = 1;
  for (int32_t i = 0; i < array.rank; ++i)
    elements *= array.shape[i];
  return elements;
}

static int64_t bytesOf(const rnncc_array &array) {
  return array.element == RNNCC_F64 ? 8 : 4;
}

Examples::Examples(const Model &model, const rnncc_train_data &data,
                   bool withTargets)
    : model(model), data(data),
      values(size_t(model.descriptor.n_arrays), nullptr) {
  if (data.count < 1 || data.steps < 1)
    fail(RNNCC_TRAIN_BAD_DATA, "there are ", data.count, " examples of ",
         data.steps, " steps: both have to be 1 or more");
  if (data.lengths)
    for (int64_t i = 0; i < data.count; ++i)
      if (data.lengths[i] < 0 || data.lengths[i] > data.steps)
        fail(RNNCC_TRAIN_BAD_DATA, "example ", i, " has length ",
             data.lengths[i], ", but lengths are 0 to ", data.steps);
  checkResets();
  for (int64_t i = 0; i < data.n_arrays; ++i)
    checkArray(data.arrays[i], withTargets);
  for (int64_t i = 0; i < model.descriptor.n_arrays; ++i) {
    const rnncc_array &array = model.descriptor.arrays[i];
    bool needed = array.role == RNNCC_INPUT ||
                  (array.role == RNNCC_TARGET && withTargets);
    if (needed && !values[size_t(i)])
      fail(RNNCC_TRAIN_BAD_DATA, roleText(array), " '", array.name,
           "' is missing in the data");
    if (values[size_t(i)])
      checkValues(i);
  }
}

void Examples::checkArray(const rnncc_train_array &given, bool withTargets) {
  const rnncc_descriptor &descriptor = model.descriptor;
  int64_t index = given.name ? rnncc_find_array(&descriptor, given.name) : -1;
  const rnncc_array *array = index < 0 ? nullptr : &descriptor.arrays[index];
  if (!array || (array->role != RNNCC_INPUT && array->role != RNNCC_TARGET))
    fail(RNNCC_TRAIN_BAD_DATA, descriptor.name, " has no input or target '",
         given.name ? given.name : "", "'");
  if (array->role == RNNCC_TARGET && !withTargets)
    return;
  if (values[size_t(index)])
    fail(RNNCC_TRAIN_BAD_DATA, roleText(*array), " '", array->name,
         "' stands twice in the data");
  if (given.element != array->element)
    fail(RNNCC_TRAIN_BAD_DATA, roleText(*array), " '", array->name, "' takes ",
         elementText(array->element), ", but was given ",
         elementText(given.element));
  int64_t needed = rnncc_array_elements(array, data.steps, data.count);
  if (given.elements != needed || !given.values) {
    std::string axes =
        array->axes == RNNCC_PLAIN ? ""
        : array->axes == RNNCC_ROWS
            ? text(data.count, " examples of ")
            : text(data.count, " examples of ", data.steps, " steps of ");
    fail(RNNCC_TRAIN_BAD_DATA, roleText(*array), " '", array->name, "' has ",
         given.values ? given.elements : 0, " elements, but ", axes,
         shapeText(array->shape, array->rank), " are ", needed);
  }
  values[size_t(index)] = static_cast<const char *>(given.values);
}

/// A model that has something once for a whole row cannot be cut at resets.
void Examples::checkResets() const {
  const rnncc_array *whole = nullptr;
  for (int64_t i = 0; i < model.descriptor.n_arrays && !whole; ++i) {
    const rnncc_array &array = model.descriptor.arrays[i];
    bool isState = array.role == RNNCC_INITIAL || array.role == RNNCC_FINAL ||
                   array.role == RNNCC_GRAD_INITIAL ||
                   array.role == RNNCC_GRAD_FINAL;
    if (array.axes == RNNCC_ROWS && !isState)
      whole = &array;
  }
  for (int64_t n = 0; whole && n < data.count; ++n)
    for (int64_t t = 0; t < length(n); ++t)
      if (isReset(n, t))
        fail(RNNCC_TRAIN_BAD_MODEL, "example ", n, ", step ", t,
             ": states are reset, but ", model.descriptor.name, " has '",
             whole->name, "' once for a whole example");
}

/// The first number that is not finite, or -1.
template <typename T> static int64_t findBad(const T *numbers, int64_t count) {
  for (int64_t i = 0; i < count; ++i)
    if (!std::isfinite(numbers[i]))
      return i;
  return -1;
}

/// What the indices of an array stand for: "the rows of 'E'".
static std::string indexedText(const Model &model, int64_t index) {
  const rnncc_array &array = model.descriptor.arrays[index];
  for (const Param &param : model.params)
    if (param.info->indices == index && param.rows == array.indices)
      return text("the rows of '", param.info->name, "'");
  return array.role == RNNCC_TARGET ? "classes" : "the rows of its table";
}

void Examples::checkValues(int64_t index) const {
  const rnncc_array &array = model.descriptor.arrays[index];
  const char *begin = values[size_t(index)];
  bool isIndex = array.element == RNNCC_I32;
  bool overTime = array.axes == RNNCC_STEPS_ROWS;
  int64_t count = inner(array);
  int64_t examples = array.axes == RNNCC_PLAIN ? 1 : data.count;
  for (int64_t n = 0; n < examples; ++n)
    for (int64_t t = 0, end = overTime ? length(n) : 1; t < end; ++t) {
      if (overTime && !happens(n, t))
        continue;
      int64_t entry = overTime ? n * data.steps + t : n;
      const char *numbers = begin + entry * count * bytesOf(array);
      auto place = [&] {
        std::string place = text(roleText(array), " '", array.name, "': ");
        if (array.axes != RNNCC_PLAIN)
          place +=
              text("example ", n, overTime ? text(", step ", t) : "", ": ");
        return place;
      };
      if (isIndex) {
        auto *indices = reinterpret_cast<const int32_t *>(numbers);
        for (int64_t i = 0; i < count; ++i)
          if (indices[i] < 0 || indices[i] >= array.indices)
            fail(RNNCC_TRAIN_BAD_DATA, place(), "index ", indices[i], ", but ",
                 indexedText(model, index), " are 0 to ", array.indices - 1);
        continue;
      }
      int64_t bad =
          array.element == RNNCC_F64
              ? findBad(reinterpret_cast<const double *>(numbers), count)
              : findBad(reinterpret_cast<const float *>(numbers), count);
      if (bad >= 0)
        fail(RNNCC_TRAIN_BAD_DATA, place(), "element ", bad,
             " is NaN or infinite");
    }
}

int64_t Examples::longest(const int64_t *examples, int64_t rows) const {
  int64_t longest = 1;
  for (int64_t i = 0; i < rows; ++i)
    longest = std::max(longest, length(examples[i]));
  return longest;
}

int64_t Examples::lastStep(int64_t example) const {
  int64_t last = length(example) - 1;
  while (last >= 0 && !happens(example, last))
    --last;
  return last;
}

bool Examples::isCut(const Selection &selection) const {
  for (int64_t i = 0; (data.mask || data.resets) && i < selection.rows; ++i) {
    int64_t example = selection.examples[i];
    int64_t end = std::min(length(example), selection.start + selection.steps);
    for (int64_t t = selection.start; t < end; ++t)
      if (!happens(example, t) || isReset(example, t))
        return true;
  }
  return false;
}

void Examples::gather(int64_t index, const Selection &selection,
                      void *target) const {
  const rnncc_array &array = model.descriptor.arrays[index];
  const char *begin = values[size_t(index)];
  char *out = static_cast<char *>(target);
  size_t bytes = size_t(inner(array) * bytesOf(array));
  if (array.axes == RNNCC_PLAIN) {
    std::memcpy(out, begin, bytes);
    return;
  }
  if (array.axes == RNNCC_ROWS) {
    for (int64_t i = 0; i < selection.rows; ++i)
      std::memcpy(out + size_t(i) * bytes,
                  begin + size_t(selection.examples[i]) * bytes, bytes);
    return;
  }
  for (int64_t i = 0; i < selection.rows; ++i) {
    int64_t example = selection.examples[i];
    const char *row = begin + size_t(example * data.steps) * bytes;
    for (int64_t t = 0; t < selection.steps; ++t) {
      char *place = out + size_t(t * selection.rows + i) * bytes;
      if (happens(example, selection.start + t))
        std::memcpy(place, row + size_t(selection.start + t) * bytes, bytes);
      else
        std::memset(place, 0, bytes);
    }
  }
}
