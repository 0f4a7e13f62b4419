//===- rnncc-run.cpp - run a compiled cell on files -----------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Works with any cell, through its descriptor: feeds it a file of named tensors
// and writes another, or times it on random data.
//
//===----------------------------------------------------------------------===//

#include "compiler/run/Call.h"
#include "compiler/run/Safetensors.h"
#include "compiler/run/Timing.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/CommandLine.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/InitLLVM.h"
#include "llvm/Support/WithColor.h"
#include <cstring>

using namespace llvm;
using namespace rnn;

namespace {
struct Options {
  std::string cell, name, in, out, time, against;
  bool grad = false;
  int threads = 1;
  int64_t steps = -1, batch = -1;
};

/// More threads than any machine of today has processors.
constexpr int mostThreads = 1024;

} // namespace

//===----------------------------------------------------------------------===//
// On files
//===----------------------------------------------------------------------===//

static std::string shapeText(ArrayRef<int64_t> shape) {
  std::string text = "[";
  for (int64_t size : shape)
    text += (text.size() > 1 ? ", " : "") + std::to_string(size);
  return text + "]";
}

/// An element type as files name it.
static StringRef typeName(uint32_t element) {
  return element == RNNCC_I32 ? "I32" : element == RNNCC_F64 ? "F64" : "F32";
}

/// Checks type and shape of a tensor of the file. Indices may be of 64 bits.
static Error checkTensor(const NamedTensor &tensor, uint32_t element,
                         ArrayRef<int64_t> expected) {
  StringRef type = typeName(element);
  bool isWide = element == RNNCC_I32 && tensor.type == "I64";
  if (tensor.type != type && !isWide)
    return createStringError(
        "tensor '" + tensor.name + "' is " + tensor.type + " but " +
        (element == RNNCC_I32 ? "indices are I32 or I64"
                              : "the cell was compiled for " + type.str()));
  if (ArrayRef<int64_t>(tensor.shape) != expected)
    return createStringError("tensor '" + tensor.name + "' is " +
                             shapeText(tensor.shape) + " but the cell needs " +
                             shapeText(expected));
  return Error::success();
}

static SmallVector<int64_t> shapeOf(const rnncc_array &array, int64_t steps,
                                    int64_t batch) {
  SmallVector<int64_t> shape;
  if (array.axes == RNNCC_STEPS_ROWS)
    shape.push_back(steps);
  if (array.axes != RNNCC_PLAIN)
    shape.push_back(batch);
  shape.append(array.shape, array.shape + array.rank);
  return shape;
}

/// Every tensor of the file must be one that the cell knows.
static Error checkNames(const TensorFile &file, const rnncc_descriptor &cell,
                        bool grad) {
  SmallVector<StringRef> names = {"lengths"};
  for (int64_t i = 0; i < cell.n_params; ++i)
    names.push_back(cell.params[i].name);
  for (int64_t i = 0; i < cell.n_arrays; ++i)
    if (isRead(cell.arrays[i], grad))
      names.push_back(cell.arrays[i].name);
  for (const NamedTensor &tensor : file.tensors) {
    if (is_contained(names, tensor.name))
      continue;
    if (!grad && StringRef(tensor.name).starts_with("grad."))
      return createStringError("tensor '" + tensor.name +
                               "' is only read with --grad");
    StringRef nearest;
    unsigned best = tensor.name.size() / 3 + 1;
    for (StringRef name : names)
      if (unsigned distance = name.edit_distance(tensor.name); distance <= best)
        best = distance, nearest = name;
    return createStringError(
        "the cell has no tensor '" + tensor.name + "' to read" +
        (nearest.empty() ? "" : "; did you mean '" + nearest.str() + "'?"));
  }
  return Error::success();
}

/// T and N: from the inputs, else from the command line.
static Error inferSizes(const TensorFile &file, const rnncc_descriptor &cell,
                        const Options &options, int64_t &steps,
                        int64_t &batch) {
  steps = options.steps;
  batch = options.batch;
  for (int64_t i = 0; i < cell.n_arrays; ++i) {
    if (cell.arrays[i].role != RNNCC_INPUT)
      continue;
    const NamedTensor *tensor = file.find(cell.arrays[i].name);
    if (!tensor)
      return createStringError("the input '" + Twine(cell.arrays[i].name) +
                               "' is missing");
    bool isSeries = cell.arrays[i].axes == RNNCC_STEPS_ROWS;
    if (tensor->shape.size() < 1 + isSeries)
      return createStringError(
          "tensor '" + tensor->name + "' is " + shapeText(tensor->shape) +
          " but must begin with " + (isSeries ? "[T, N, ..]" : "[N, ..]"));
    batch = tensor->shape[isSeries];
    if (!isSeries)
      continue;
    steps = tensor->shape[0];
    return Error::success();
  }
  if (steps < 0 || batch < 0)
    return usageError("the cell has no input to tell T and N; give --steps "
                      "and --batch");
  return Error::success();
}

/// The steps of each row, where the file has them.
static Error readLengths(const TensorFile &file, Call &call) {
  const NamedTensor *tensor = file.find("lengths");
  if (!tensor)
    return Error::success();
  int64_t batch = call.call->batch;
  if (tensor->type != "I64")
    return createStringError("tensor 'lengths' is " + tensor->type +
                             " but must be I64");
  if (ArrayRef<int64_t>(tensor->shape) != ArrayRef<int64_t>(batch))
    return createStringError("tensor 'lengths' is " + shapeText(tensor->shape) +
                             " but must be " + shapeText(batch) +
                             ", one for each row");
  call.lengths.resize(batch);
  std::memcpy(call.lengths.data(), tensor->bytes.data(), tensor->bytes.size());
  for (auto [row, length] : enumerate(call.lengths))
    if (length < 0 || length > call.call->steps)
      return createStringError("lengths[" + Twine(row) + "] is " +
                               Twine(length) + ", not 0 to " +
                               Twine(call.call->steps));
  call.call->lengths = call.lengths.data();
  return Error::success();
}

/// Copies a tensor of the file to an array of a call.
static Error copyTensor(const NamedTensor &tensor, const rnncc_array &array,
                        void *to) {
  if (array.element != RNNCC_I32 || tensor.type == "I32") {
    std::memcpy(to, tensor.bytes.data(), tensor.bytes.size());
    return Error::success();
  }
  for (size_t i = 0; i < tensor.bytes.size() / 8; ++i) {
    int64_t index;
    std::memcpy(&index, tensor.bytes.data() + 8 * i, 8);
    if (index != int32_t(index))
      return createStringError("tensor '" + tensor.name + "' has the index " +
                               Twine(index) + ", which no table has");
    static_cast<int32_t *>(to)[i] = int32_t(index);
  }
  return Error::success();
}

static Error runFile(const rnncc_descriptor &cell, const Options &options) {
  auto file = readTensors(options.in);
  if (!file)
    return file.takeError();
  if (Error error = checkNames(*file, cell, options.grad))
    return error;
  int64_t steps, batch;
  if (Error error = inferSizes(*file, cell, options, steps, batch))
    return error;
  Call call(cell, {steps, batch, options.grad, options.threads});
  if (Error error = call.prepare())
    return error;

  if (Error error = readLengths(*file, call))
    return error;
  std::vector<Memory> copies; // the file's bytes lie anywhere
  SmallVector<const void *> params;
  for (int64_t i = 0; i < cell.n_params; ++i) {
    const rnncc_param &param = cell.params[i];
    const NamedTensor *tensor = file->find(param.name);
    if (!tensor && cell.trained) {
      params.push_back(cell.trained[i]);
      continue;
    }
    if (!tensor)
      return createStringError("the parameter '" + Twine(param.name) +
                               "' is missing");
    if (Error error = checkTensor(*tensor, cell.element,
                                  {param.shape, size_t(param.rank)}))
      return error;
    copies.emplace_back(rnncc_alloc(tensor->bytes.size()));
    std::memcpy(copies.back().get(), tensor->bytes.data(),
                tensor->bytes.size());
    params.push_back(copies.back().get());
  }
  bool hasTargets = true;
  for (int64_t i = 0; i < cell.n_arrays; ++i) {
    const rnncc_array &array = cell.arrays[i];
    const NamedTensor *tensor =
        isRead(array, options.grad) ? file->find(array.name) : nullptr;
    if (!tensor) {
      if (array.role == RNNCC_INPUT)
        return createStringError("the input '" + Twine(array.name) +
                                 "' is missing");
      hasTargets &= array.role != RNNCC_TARGET;
      continue;
    }
    if (Error error =
            checkTensor(*tensor, array.element, shapeOf(array, steps, batch)))
      return error;
    if (Error error = call.make(i))
      return error;
    if (Error error = copyTensor(*tensor, array, call.arrays[i].get()))
      return error;
  }
  if (Error error = call.pack(params))
    return error;
  if (Error error = call.forward())
    return error;
  if (options.grad)
    if (Error error = call.backward())
      return error;

  std::vector<NamedTensor> results;
  for (int64_t i = 0; i < cell.n_arrays; ++i) {
    const rnncc_array &array = cell.arrays[i];
    bool isKnown = hasTargets || !isScore(array);
    if (!isKnown || !isWritten(array, options.grad))
      continue;
    auto bytes = call.bytesOf(array);
    if (!bytes)
      return bytes.takeError();
    NamedTensor tensor;
    tensor.name = array.name;
    tensor.type = typeName(array.element).str();
    tensor.shape.assign(shapeOf(array, steps, batch));
    tensor.bytes = StringRef(static_cast<char *>(call.arrays[i].get()), *bytes);
    results.push_back(tensor);
  }
  return writeTensors(options.out, results);
}

//===----------------------------------------------------------------------===//
// On the clock
//===----------------------------------------------------------------------===//

/// Reads T=STEPS,N=ROWS.
static Expected<CallSizes> readSizes(const Options &options) {
  CallSizes sizes = {-1, -1, options.grad, options.threads};
  SmallVector<StringRef> parts;
  StringRef(options.time).split(parts, ',');
  auto wrong = [&] {
    return usageError("--time " + options.time + ": expected T=STEPS,N=ROWS");
  };
  for (StringRef part : parts) {
    auto [name, value] = part.split('=');
    int64_t *size = name == "T"   ? &sizes.steps
                    : name == "N" ? &sizes.batch
                                  : nullptr;
    if (!size || value.getAsInteger(10, *size) || *size < 0)
      return wrong();
  }
  if (sizes.steps < 0 || sizes.batch < 0)
    return wrong();
  return sizes;
}

/// What is timed, as key=value.
static std::string subject(const rnncc_descriptor &cell,
                           const CallSizes &sizes) {
  return "cell=" + std::string(cell.name) +
         " T=" + std::to_string(sizes.steps) +
         " N=" + std::to_string(sizes.batch) +
         " threads=" + std::to_string(sizes.threads) +
         " pass=" + (sizes.grad ? "training" : "forward");
}

/// Times the cell and that of another object by turns.
static Error runAgainst(const rnncc_descriptor &cell, const Options &options,
                        const CallSizes &sizes) {
  auto other = findCell(options.against, options.name);
  if (!other)
    return other.takeError();
  RandomCall first(cell, sizes), second(**other, sizes);
  for (RandomCall *call : {&first, &second})
    if (Error error = call->prepare())
      return error;
  auto found =
      compareRuns([&] { return first.run(); }, [&] { return second.run(); });
  if (!found)
    return found.takeError();
  outs() << subject(cell, sizes)
         << format(" median_ms=%.5f min_ms=%.5f", median(found->first),
                   found->first.front())
         << format(" against_median_ms=%.5f against_min_ms=%.5f",
                   median(found->second), found->second.front())
         << format(" ratio=%.4f spread=%.4f", found->ratio, found->spread)
         << " rounds=" << found->first.size() << "\n";
  return Error::success();
}

static Error runClock(const rnncc_descriptor &cell, const Options &options) {
  auto sizes = readSizes(options);
  if (!sizes)
    return sizes.takeError();
  if (!options.against.empty())
    return runAgainst(cell, options, *sizes);
  RandomCall call(cell, *sizes);
  if (Error error = call.prepare())
    return error;
  auto packing = timeRuns([&] { return call.pack(); });
  if (!packing)
    return packing.takeError();
  auto times = timeRuns([&] { return call.run(); });
  if (!times)
    return times.takeError();
  double work = cell.forward_flops * double(sizes->steps) *
                double(sizes->batch) * (sizes->grad ? 3 : 1);
  outs() << subject(cell, *sizes)
         << format(" median_ms=%.4f min_ms=%.4f gflops=%.1f", median(*times),
                   times->front(), work / median(*times) * 1e-6)
         << " runs=" << times->size()
         << format(" pack_ms=%.4f\n", median(*packing));
  return Error::success();
}

//===----------------------------------------------------------------------===//
// Command line
//===----------------------------------------------------------------------===//

int main(int argc, char **argv) {
  InitLLVM init(argc, argv);
  // Only these options; LLVM's libraries bring others.
  cl::ResetCommandLineParser();
  cl::OptionCategory category("rnncc-run options");
  Options o;
  cl::opt<std::string, true> cell(cl::Positional, cl::location(o.cell),
                                  cl::Required, cl::desc("CELL.so"),
                                  cl::cat(category));
  cl::opt<std::string, true> in(
      "in", cl::location(o.in), cl::value_desc("FILE"),
      cl::desc("Read parameters and inputs, by name"), cl::cat(category));
  cl::opt<std::string, true> out(
      "out", cl::location(o.out), cl::value_desc("FILE"),
      cl::desc("Write outputs and final states, by name"), cl::cat(category));
  cl::opt<bool, true> grad("grad", cl::location(o.grad),
                           cl::desc("Run the backward pass, too"),
                           cl::cat(category));
  cl::opt<int, true> threads(
      "threads", cl::location(o.threads), cl::value_desc("N"), cl::init(1),
      cl::desc("Number of threads (1)"), cl::cat(category));
  cl::opt<std::string, true> name(
      "cell", cl::location(o.name), cl::value_desc("NAME"),
      cl::desc("Which cell, if the object holds several"), cl::cat(category));
  cl::opt<std::string, true> time(
      "time", cl::location(o.time), cl::value_desc("T=STEPS,N=ROWS"),
      cl::desc("Time the cell on random data instead, and print one line: "
               "median and least milliseconds, GFLOP/s, number of runs, and "
               "milliseconds to pack the weights"),
      cl::cat(category));
  cl::opt<std::string, true> against(
      "against", cl::location(o.against), cl::value_desc("CELL.so"),
      cl::desc("With --time: time the cell of this object, too, by turns, and "
               "print how many times as long it takes (ratio), with half the "
               "distance between the quartiles (spread)"),
      cl::cat(category));
  cl::opt<int64_t, true> steps("steps", cl::location(o.steps), cl::init(-1),
                               cl::desc("T, for a cell without inputs"),
                               cl::cat(category));
  cl::opt<int64_t, true> batch("batch", cl::location(o.batch), cl::init(-1),
                               cl::desc("N, for a cell without inputs"),
                               cl::cat(category));
  cl::HideUnrelatedOptions(category);
  if (!cl::ParseCommandLineOptions(argc, argv,
                                   "rnncc-run, runs compiled cells\n", &errs()))
    return 2;
  auto report = [](const Twine &message) {
    WithColor::error(errs(), "rnncc-run") << message << '\n';
  };
  if (o.time.empty() && (o.in.empty() || o.out.empty())) {
    report("give --in and --out, or --time");
    return 2;
  }
  bool usesFiles = !o.in.empty() || !o.out.empty() ||
                   steps.getNumOccurrences() || batch.getNumOccurrences();
  if (!o.time.empty() && usesFiles) {
    report("--time makes its own data; give it without --in, --out, --steps "
           "and --batch");
    return 2;
  }
  if (!o.against.empty() && o.time.empty()) {
    report("--against is for --time T=STEPS,N=ROWS");
    return 2;
  }
  if (o.threads < 1 || o.threads > mostThreads) {
    report("--threads " + Twine(o.threads) + ": expected 1 to " +
           Twine(mostThreads));
    return 2;
  }
  auto found = findCell(o.cell, o.name);
  Error error = !found           ? found.takeError()
                : o.time.empty() ? runFile(**found, o)
                                 : runClock(**found, o);
  if (!error)
    return 0;
  int code = error.isA<UsageError>() ? 2 : 1;
  report(toString(std::move(error)));
  return code;
}
