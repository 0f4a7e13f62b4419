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

#include "compiler/run/Draw.h"
#include "compiler/run/Safetensors.h"
#include "rnncc/runtime.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/CommandLine.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/InitLLVM.h"
#include "llvm/Support/WithColor.h"
#include <chrono>
#include <cstring>
#include <dlfcn.h>

using namespace llvm;
using namespace rnn;

namespace {
struct Options {
  std::string cell, name, in, out, time;
  bool grad = false;
  int threads = 1;
  int64_t steps = -1, batch = -1;
};

/// A wrong command line.
struct UsageError : ErrorInfo<UsageError, StringError> {
  static char ID;
  explicit UsageError(const Twine &message)
      : ErrorInfo(message, inconvertibleErrorCode()) {}
};
char UsageError::ID;

/// More threads than any machine of today has processors.
constexpr int mostThreads = 1024;

/// Memory from the runtime.
struct Free {
  void operator()(void *memory) const { rnncc_free(memory); }
};
using Memory = std::unique_ptr<void, Free>;

/// A call of a cell with all the memory it needs.
class Call {
public:
  Call(const rnncc_descriptor &cell, const Options &options, int64_t steps,
       int64_t batch)
      : cell(cell), options(options) {
    storage.resize((sizeof(rnncc_call) + cell.n_arrays * sizeof(void *)) / 8 +
                   1);
    call = reinterpret_cast<rnncc_call *>(storage.data());
    call->steps = steps;
    call->batch = batch;
    arrays.resize(cell.n_arrays);
  }
  ~Call() { rnncc_team_destroy(team); }

  Error prepare();
  Error pack(ArrayRef<const void *> params);
  /// Bytes of an array, for this number of steps and rows.
  Expected<size_t> bytesOf(const rnncc_array &array) const;
  Error make(int64_t index);
  Error forward();
  Error backward();

  const rnncc_descriptor &cell;
  const Options &options;
  rnncc_call *call;
  std::vector<Memory> arrays;
  std::vector<int64_t> lengths;

private:
  Expected<Memory> allocate(size_t bytes) const;
  std::vector<uint64_t> storage;
  rnncc_team *team = nullptr;
  Memory weights, tape, forwardScratch, backwardScratch;
};
} // namespace

static Error usageError(const Twine &message) {
  return make_error<UsageError>(message);
}

static Error statusError(const Twine &what, rnncc_status status) {
  return createStringError(what + ": " + rnncc_status_text(status));
}

static bool isScore(const rnncc_array &array) {
  return array.role == RNNCC_LOSS || array.role == RNNCC_METRIC;
}

/// True if a call may write the array. Scores need targets besides.
static bool isWritten(const rnncc_array &array, bool grad) {
  return array.role == RNNCC_FINAL || array.role == RNNCC_OUTPUT ||
         isScore(array) || (grad && array.role >= RNNCC_GRAD_INPUT);
}

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

/// Tape, scratch, threads, and the arrays that are written.
Error Call::prepare() {
  int64_t steps = call->steps, batch = call->batch;
  struct Need {
    Memory &memory;
    size_t bytes;
  };
  SmallVector<Need> needs = {
      {forwardScratch, cell.forward_scratch_bytes(steps, batch)}};
  if (options.grad) {
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
  if (options.threads > 1)
    if (rnncc_status status = rnncc_team_create(options.threads, &team))
      return statusError("--threads " + Twine(options.threads), status);
  call->team = team;
  call->tape = tape.get();
  for (int64_t i = 0; i < cell.n_arrays; ++i) {
    if (isWritten(cell.arrays[i], options.grad))
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
  if (rnncc_status status = cell.pack(params.data(), weights.get()))
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

/// True if a file may give the array.
static bool isRead(const rnncc_array &array, bool grad) {
  return array.role == RNNCC_INPUT || array.role == RNNCC_TARGET ||
         array.role == RNNCC_INITIAL ||
         (grad &&
          (array.role == RNNCC_GRAD_OUTPUT || array.role == RNNCC_GRAD_FINAL));
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
  Call call(cell, options, steps, batch);
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

/// Milliseconds of each of several runs, after one to warm up.
static Expected<std::vector<double>> timeRuns(function_ref<Error()> run) {
  using Clock = std::chrono::steady_clock;
  std::vector<double> times;
  double total = 0;
  for (int i = 0; i < 1000 && (i < 6 || total < 500); ++i) {
    auto start = Clock::now();
    if (Error error = run())
      return error;
    double time =
        std::chrono::duration<double, std::milli>(Clock::now() - start).count();
    if (i == 0)
      continue;
    times.push_back(time);
    total += time;
  }
  llvm::sort(times);
  return times;
}

/// Indices of rows of a table or of classes.
static void drawIndices(const rnncc_array &array, size_t count, void *to,
                        std::mt19937_64 &random) {
  for (size_t i = 0; i < count; ++i)
    static_cast<int32_t *>(to)[i] = int32_t(random() % uint64_t(array.indices));
}

static Error runClock(const rnncc_descriptor &cell, const Options &options) {
  int64_t steps = -1, batch = -1;
  SmallVector<StringRef> parts;
  StringRef(options.time).split(parts, ',');
  for (StringRef part : parts) {
    auto [name, value] = part.split('=');
    int64_t *size = name == "T" ? &steps : name == "N" ? &batch : nullptr;
    if (!size || value.getAsInteger(10, *size) || *size < 0)
      return usageError("--time " + options.time + ": expected T=STEPS,N=ROWS");
  }
  if (steps < 0 || batch < 0)
    return usageError("--time " + options.time + ": expected T=STEPS,N=ROWS");
  Call call(cell, options, steps, batch);
  if (Error error = call.prepare())
    return error;
  std::mt19937_64 random(1);
  auto fill = [&](void *to, ArrayRef<double> values) {
    for (auto [i, value] : enumerate(values))
      if (cell.element == RNNCC_F64)
        static_cast<double *>(to)[i] = value;
      else
        static_cast<float *>(to)[i] = float(value);
  };
  std::vector<Memory> copies;
  SmallVector<const void *> params;
  for (int64_t i = 0; i < cell.n_params; ++i) {
    std::vector<double> values = drawParam(cell.params[i], random);
    copies.emplace_back(rnncc_alloc(values.size() * 8));
    fill(copies.back().get(), values);
    params.push_back(copies.back().get());
  }
  for (int64_t i = 0; i < cell.n_arrays; ++i) {
    if (!isRead(cell.arrays[i], options.grad))
      continue;
    if (Error error = call.make(i))
      return error;
    std::vector<double> values(
        rnncc_array_elements(&cell.arrays[i], steps, batch));
    if (cell.arrays[i].element == RNNCC_I32) {
      drawIndices(cell.arrays[i], values.size(), call.arrays[i].get(), random);
      continue;
    }
    for (double &value : values)
      value = std::uniform_real_distribution<double>(-1, 1)(random);
    fill(call.arrays[i].get(), values);
  }
  auto packing = timeRuns([&] { return call.pack(params); });
  if (!packing)
    return packing.takeError();
  auto times = timeRuns([&]() -> Error {
    if (Error error = call.forward())
      return error;
    return options.grad ? call.backward() : Error::success();
  });
  if (!times)
    return times.takeError();
  auto median = [](ArrayRef<double> sorted) {
    return sorted[sorted.size() / 2];
  };
  double work = cell.forward_flops * double(steps) * double(batch) *
                (options.grad ? 3 : 1);
  outs() << "cell=" << cell.name << " T=" << steps << " N=" << batch
         << " threads=" << options.threads
         << " pass=" << (options.grad ? "training" : "forward")
         << format(" median_ms=%.4f min_ms=%.4f gflops=%.1f", median(*times),
                   times->front(), work / median(*times) * 1e-6)
         << " runs=" << times->size()
         << format(" pack_ms=%.4f\n", median(*packing));
  return Error::success();
}

//===----------------------------------------------------------------------===//
// Command line
//===----------------------------------------------------------------------===//

/// The cell of a shared object that was asked for, or its only one.
static Expected<const rnncc_descriptor *> findCell(const Options &options) {
  std::string path = options.cell;
  if (path.find('/') == std::string::npos)
    path = "./" + path;
  void *library = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (!library)
    return createStringError("cannot load '" + options.cell +
                             "': " + dlerror());
  auto cells = static_cast<const rnncc_descriptor *const *>(
      dlsym(library, "rnncc_cells"));
  if (!cells || !cells[0])
    return createStringError("'" + options.cell +
                             "' holds no compiled cell; make it with "
                             "rnncc --emit=shared");
  std::string names;
  for (auto cell = cells; *cell; ++cell) {
    char message[256];
    if (rnncc_check_abi(*cell, message, sizeof message))
      return createStringError("'" + options.cell + "': " + message);
    names += (names.empty() ? "" : ", ") + std::string((*cell)->name);
  }
  if (options.name.empty() && cells[1])
    return usageError("'" + options.cell + "' holds several cells (" + names +
                      "); choose one with --cell");
  if (options.name.empty())
    return cells[0];
  if (const rnncc_descriptor *cell =
          rnncc_find_cell(cells, options.name.c_str()))
    return cell;
  return usageError("'" + options.cell + "' holds no cell '" + options.name +
                    "', but " + names);
}

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
  if (o.threads < 1 || o.threads > mostThreads) {
    report("--threads " + Twine(o.threads) + ": expected 1 to " +
           Twine(mostThreads));
    return 2;
  }
  auto found = findCell(o);
  Error error = !found           ? found.takeError()
                : o.time.empty() ? runFile(**found, o)
                                 : runClock(**found, o);
  if (!error)
    return 0;
  int code = error.isA<UsageError>() ? 2 : 1;
  report(toString(std::move(error)));
  return code;
}
