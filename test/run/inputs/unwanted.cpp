// Runs each cell of a shared object backward with and without the gradients of
// inputs and of the parameter that the last argument names. Tells whether the
// others are the same bits, and how much less of the scratch is written: a
// model keeps gradients there before it adds them up, and what nobody wants
// goes to a row of it.
#include "rnncc/runtime.h"
#include <cstdio>
#include <cstring>
#include <dlfcn.h>
#include <random>
#include <string>
#include <vector>

static const int64_t steps = 9, batch = 6;

struct Memory {
  void *bytes;
  explicit Memory(size_t size) : bytes(rnncc_alloc(size)) {
    std::memset(bytes, 0, size);
  }
};

// Gradients of all that is not left out, after forward and backward.
static std::vector<std::string> gradients(const rnncc_descriptor &cell,
                                          const int64_t *lengths,
                                          const std::string &param,
                                          bool leaveOut, int64_t &written) {
  std::mt19937 random(5);
  auto fill = [&](void *to, int64_t elements) {
    for (int64_t i = 0; i < elements; ++i)
      static_cast<float *>(to)[i] = float(random() % 1000) / 500 - 1;
  };
  std::vector<const void *> params;
  for (int64_t p = 0; p < cell.n_params; ++p) {
    int64_t elements = rnncc_param_elements(&cell.params[p]);
    void *values = Memory(size_t(elements) * 4).bytes;
    fill(values, elements);
    params.push_back(values);
  }
  void *weights = Memory(cell.weights_bytes()).bytes;
  cell.pack(params.data(), weights);
  rnncc_call *call = rnncc_call_create(&cell);
  call->steps = steps;
  call->batch = batch;
  call->lengths = lengths;
  call->weights = weights;
  call->tape = Memory(cell.tape_bytes(steps, batch)).bytes;
  std::vector<int64_t> left;
  for (int64_t i = 0; i < cell.n_arrays; ++i) {
    const rnncc_array &array = cell.arrays[i];
    int64_t elements = rnncc_array_elements(&array, steps, batch);
    call->arrays[i] = Memory(size_t(elements) * 4).bytes;
    bool isRead = array.role <= RNNCC_INITIAL ||
                  array.role == RNNCC_GRAD_OUTPUT ||
                  array.role == RNNCC_GRAD_FINAL;
    if (isRead && array.element != RNNCC_I32)
      fill(call->arrays[i], elements);
    if (array.role == RNNCC_GRAD_INPUT || array.name == "grad." + param) {
      if (leaveOut)
        call->arrays[i] = nullptr;
    } else if (array.role > RNNCC_GRAD_FINAL) {
      left.push_back(i);
    }
  }
  call->scratch = Memory(cell.forward_scratch_bytes(steps, batch)).bytes;
  if (rnncc_status status = cell.forward(call))
    std::puts(rnncc_status_text(status));
  size_t bytes = cell.backward_scratch_bytes(steps, batch);
  call->scratch = Memory(bytes).bytes;
  std::memset(call->scratch, 0xa5, bytes);
  if (rnncc_status status = cell.backward(call))
    std::puts(rnncc_status_text(status));
  written = 0;
  for (size_t i = 0; i < bytes / 4; ++i)
    written += static_cast<const uint32_t *>(call->scratch)[i] != 0xa5a5a5a5;
  std::vector<std::string> values;
  for (int64_t i : left)
    values.emplace_back(
        static_cast<const char *>(call->arrays[i]),
        size_t(rnncc_array_bytes(&cell.arrays[i], steps, batch)));
  return values;
}

int main(int, char **arguments) {
  void *object = dlopen(arguments[1], RTLD_NOW);
  if (!object)
    return std::puts(dlerror()), 1;
  auto *list = static_cast<const rnncc_descriptor *const *>(
      dlsym(object, "rnncc_cells"));
  const int64_t lengths[batch] = {9, 3, 0, 7, 9, 1};
  for (; *list; ++list)
    for (const int64_t *given : {(const int64_t *)nullptr, lengths}) {
      int64_t withAll, withSome;
      auto all = gradients(**list, given, arguments[2], false, withAll);
      auto some = gradients(**list, given, arguments[2], true, withSome);
      std::printf("%s%s: %zu gradients are %s, %lld words are not written\n",
                  (*list)->name, given ? " with lengths" : "", all.size(),
                  all == some ? "the same" : "others",
                  (long long)(withAll - withSome));
    }
  return 0;
}
