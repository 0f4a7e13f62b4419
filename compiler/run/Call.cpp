//===- Call.cpp - a compiled cell, and what it needs to run ---------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "compiler/run/Call.h"
#include <cstring>
#include <dlfcn.h>

using namespace llvm;
using namespace rnn;

char UsageError::ID;

Error rnn::usageError(const Twine &message) {
  return make_error<UsageError>(message);
}

static Error statusError(const Twine &what, rnncc_status status) {
  return createStringError(what + ": " + rnncc_status_text(status));
}

bool rnn::isScore(const rnncc_array &array) {
  return array.role == RNNCC_LOSS || array.role == RNNCC_METRIC;
}

bool rnn::isWritten(const rnncc_array &array, bool grad) {
  return array.role == RNNCC_FINAL || array.role == RNNCC_OUTPUT ||
         isScore(array) || (grad && array.role >= RNNCC_GRAD_INPUT);
}

bool rnn::isRead(const rnncc_array &array, bool grad) {
  return array.role == RNNCC_INPUT || array.role == RNNCC_TARGET ||
         array.role == RNNCC_INITIAL ||
         (grad &&
          (array.role == RNNCC_GRAD_OUTPUT || array.role == RNNCC_GRAD_FINAL));
}

Call::Call(const rnncc_descriptor &cell, const CallSizes &sizes)
    : cell(cell), sizes(sizes) {
  storage.resize((sizeof(rnncc_call) + cell.n_arrays * sizeof(void *)) / 8 + 1);
  call = reinterpret_cast<rnncc_call *>(storage.data());
  call->steps = sizes.steps;
  call->batch = sizes.batch;
  arrays.resize(cell.n_arrays);
}

Call::~Call() { rnncc_team_destroy(team); }

Expected<Memory> Call::allocate(size_t bytes) const {
  Memory memory(rnncc_alloc(bytes));
  if (!memory)
    return createStringError("cannot get " + Twine(bytes) + " bytes of memory");
  return memory;
}

Expected<size_t> Call::bytesOf(const rnncc_array &array) const {
  int64_t bytes = rnncc_array_bytes(&array, call->steps, call->batch);
  if (bytes < 0)
    return createStringError("T = " + Twine(call->steps) + ", N = " +
                             Twine(call->batch) + ": too large to address");
  return bytes;
}

Error Call::make(int64_t index) {
  auto bytes = bytesOf(cell.arrays[index]);
  if (!bytes)
    return bytes.takeError();
  auto memory = allocate(*bytes);
  if (!memory)
    return memory.takeError();
  std::memset(memory->get(), 0, *bytes);
  arrays[index] = std::move(*memory);
  call->arrays[index] = arrays[index].get();
  return Error::success();
}

Error Call::prepare() {
  int64_t steps = call->steps, batch = call->batch;
  struct Need {
    Memory &memory;
    size_t bytes;
  };
  SmallVector<Need> needs = {
      {forwardScratch, cell.forward_scratch_bytes(steps, batch)}};
  if (sizes.grad) {
    needs.push_back({tape, cell.tape_bytes(steps, batch)});
    needs.push_back(
        {backwardScratch, cell.backward_scratch_bytes(steps, batch)});
  }
  for (Need &need : needs) {
    if (need.bytes == 0)
      return statusError("T = " + Twine(steps) + ", N = " + Twine(batch),
                         RNNCC_BAD_SIZE);
    auto memory = allocate(need.bytes);
    if (!memory)
      return memory.takeError();
    need.memory = std::move(*memory);
  }
  if (sizes.threads > 1)
    if (rnncc_status status = rnncc_team_create(sizes.threads, &team))
      return statusError("--threads " + Twine(sizes.threads), status);
  call->team = team;
  call->tape = tape.get();
  for (int64_t i = 0; i < cell.n_arrays; ++i) {
    if (isWritten(cell.arrays[i], sizes.grad))
      if (Error error = make(i))
        return error;
  }
  return Error::success();
}

Error Call::pack(ArrayRef<const void *> params) {
  if (!weights) {
    auto memory = allocate(cell.weights_bytes());
    if (!memory)
      return memory.takeError();
    weights = std::move(*memory);
    call->weights = weights.get();
  }
  if (rnncc_status status =
          cell.pack_on_team(params.data(), weights.get(), call->team))
    return statusError("pack", status);
  return Error::success();
}

Error Call::forward() {
  call->scratch = forwardScratch.get();
  if (rnncc_status status = cell.forward(call))
    return statusError("forward", status);
  return Error::success();
}

Error Call::backward() {
  call->scratch = backwardScratch.get();
  if (rnncc_status status = cell.backward(call))
    return statusError("backward", status);
  return Error::success();
}

//===----------------------------------------------------------------------===//
// Shared objects
//===----------------------------------------------------------------------===//

Expected<const rnncc_descriptor *> rnn::findCell(StringRef file,
                                                 StringRef name) {
  std::string path = file.str();
  if (path.find('/') == std::string::npos)
    path = "./" + path;
  void *library = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (!library)
    return createStringError("cannot load '" + file + "': " + dlerror());
  auto cells = static_cast<const rnncc_descriptor *const *>(
      dlsym(library, "rnncc_cells"));
  if (!cells || !cells[0])
    return createStringError("'" + file +
                             "' holds no compiled cell; make it with "
                             "rnncc --emit=shared");
  std::string names;
  for (auto cell = cells; *cell; ++cell) {
    char message[256];
    if (rnncc_check_abi(*cell, message, sizeof message))
      return createStringError("'" + file + "': " + message);
    names += (names.empty() ? "" : ", ") + std::string((*cell)->name);
  }
  if (name.empty() && cells[1])
    return usageError("'" + file + "' holds several cells (" + names +
                      "); choose one with --cell");
  if (name.empty())
    return cells[0];
  if (const rnncc_descriptor *cell = rnncc_find_cell(cells, name.str().c_str()))
    return cell;
  return usageError("'" + file + "' holds no cell '" + name + "', but " +
                    names);
}
