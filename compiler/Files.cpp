//===- Files.cpp - the files that are written -----------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "compiler/Files.h"
#include "compiler/emit/Emit.h"
#include "compiler/lower/Kernels.h"
#include "compiler/output/Output.h"
#include "compiler/run/Safetensors.h"
#include "dialect/Rnn.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/IR/LLVMContext.h"
#include "llvm/IR/Module.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/raw_ostream.h"

using namespace mlir;
using namespace rnn;

static StringRef extensionOf(Emit emit) {
  switch (emit) {
  case Emit::Object:
    return "o";
  case Emit::Shared:
    return "so";
  case Emit::Header:
    return "h";
  case Emit::Kernels:
    return "kernels";
  case Emit::Assembly:
    return "s";
  case Emit::LLVM:
    return "ll";
  }
  llvm_unreachable("all kinds are handled");
}

static std::string withExtension(StringRef path, StringRef extension) {
  SmallString<128> changed(path);
  llvm::sys::path::replace_extension(changed, extension);
  return std::string(changed);
}

SmallVector<std::string> rnn::outputNames(const Options &options) {
  std::string name = options.output;
  if (options.stopAfter || options.printSchedule || options.tuning)
    return {name.empty() ? "-" : name};
  if (name.empty())
    name = withExtension(llvm::sys::path::filename(options.input),
                         extensionOf(options.emit));
  SmallVector<std::string> names = {name};
  if (options.emit == Emit::Object && name != "-")
    names.push_back(withExtension(name, "h"));
  return names;
}

bool rnn::checkOutputs(const Options &options) {
  SmallVector<std::string> names = outputNames(options);
  for (const std::string &name : names)
    if (options.input != "-" && name != "-" &&
        llvm::sys::fs::equivalent(name, options.input)) {
      commandLineError("'" + name +
                       "' is the text that is compiled; give another name "
                       "with -o");
      return false;
    }
  if (names.size() == 1 || names[0] != names[1])
    return true;
  commandLineError("-o " + names[0] +
                   ": the header that is written beside the object has this "
                   "name; for the header alone give --emit=header");
  return false;
}

ExitCode rnn::fail(llvm::Error error) {
  commandLineError(llvm::toString(std::move(error)));
  return CommandLineError;
}

ExitCode rnn::write(StringRef path, function_ref<void(raw_ostream &)> content) {
  if (llvm::Error error = writeFile(path, content))
    return fail(std::move(error));
  return Success;
}

static std::string levelNames(const Options &options) {
  return llvm::join(
      llvm::map_range(options.targets,
                      [](const Target &target) { return target.name; }),
      ", ");
}

static ExitCode emitText(llvm::Module &module, const Options &options,
                         TimingScope &timing) {
  TimingScope step = timing.nest("Code of all levels");
  optimise(module);
  std::string output = outputNames(options).front();
  if (options.emit == Emit::LLVM)
    return write(output, [&](raw_ostream &os) { module.print(os, nullptr); });
  SmallString<0> text;
  llvm::raw_svector_ostream stream(text);
  if (llvm::Error error = writeAssembly(module, stream))
    return fail(std::move(error));
  return write(output, [&](raw_ostream &os) { os << text; });
}

/// Reads the values of the parameters of one cell or model.
static llvm::Error addWeights(std::vector<CellFacts> &cells,
                              const std::string &path) {
  if (cells.size() != 1)
    return llvm::createStringError(
        "--weights " + path + ": " + Twine(cells.size()) +
        " cells and models are compiled; choose one with --cell");
  auto file = readTensors(path);
  if (!file)
    return file.takeError();
  CellFacts &cell = cells.front();
  StringRef type = cell.isDouble ? "F64" : "F32";
  for (CellFacts::Param &param : cell.params) {
    const NamedTensor *tensor = file->find(param.name);
    if (!tensor)
      return llvm::createStringError("--weights " + path +
                                     ": there is no tensor '" + param.name +
                                     "', a parameter of '" + cell.name + "'");
    auto text = [](ArrayRef<int64_t> shape) {
      return "[" +
             llvm::join(
                 llvm::map_range(
                     shape, [](int64_t size) { return std::to_string(size); }),
                 ", ") +
             "]";
    };
    if (tensor->type != type ||
        ArrayRef<int64_t>(tensor->shape) != ArrayRef<int64_t>(param.shape))
      return llvm::createStringError(
          "--weights " + path + ": the tensor '" + param.name + "' is " +
          tensor->type + " " + text(tensor->shape) + " but '" + cell.name +
          "' is compiled for " + type + " " + text(param.shape));
    param.values = tensor->bytes.str();
  }
  cell.isTrained = true;
  return llvm::Error::success();
}

ExitCode rnn::emit(ModuleOp module, const Options &options,
                   TimingScope &timing) {
  SmallVector<std::string> outputs = outputNames(options);
  std::vector<CellFacts> cells;
  for (auto cell : module.getOps<CellOp>())
    if (!cell.getPart())
      cells.push_back(factsOf(cell));
  for (auto model : module.getOps<ModelOp>())
    cells.push_back(factsOf(model));
  if (!options.weights.empty())
    if (llvm::Error error = addWeights(cells, options.weights))
      return fail(std::move(error));
  auto header = [&](StringRef path) {
    return write(path, [&](raw_ostream &os) {
      os << headerText(cells, llvm::sys::path::filename(path),
                       levelNames(options), RNNCC_VERSION);
    });
  };
  if (options.emit == Emit::Header)
    return header(outputs.front());

  auto kernels = module->getAttrOfType<StringAttr>(kernelsAttribute);
  if (options.emit == Emit::Kernels)
    return write(outputs.front(),
                 [&](raw_ostream &os) { os << kernels.getValue(); });
  std::vector<SmallString<0>> objects;
  if (kernels) {
    TimingScope step = timing.nest("Kernels by rnncc-halide");
    auto made = kernelObjects(kernels.getValue());
    if (!made)
      return fail(made.takeError());
    objects = std::move(*made);
    module->removeAttr(kernelsAttribute);
  }

  eraseCells(module);
  llvm::LLVMContext context;
  TimingScope translation = timing.nest("Translate to LLVM IR");
  auto code = makeLLVM(module, cells, options.emit == Emit::Shared, context);
  translation.stop();
  if (!code)
    return fail(code.takeError());
  if (options.emit == Emit::LLVM || options.emit == Emit::Assembly)
    return emitText(**code, options, timing);
  bool shared = options.emit == Emit::Shared;
  // Parts are made side by side: their times are more than those of the whole.
  TimingScope making = timing.nest("Code");
  auto own = objectCode(**code, making);
  making.stop();
  if (!own)
    return fail(own.takeError());
  llvm::append_range(objects, *own);
  TimingScope linking = timing.nest("Link and write");
  auto linked = link(objects, shared ? LinkKind::Shared : LinkKind::Object);
  if (!linked)
    return fail(linked.takeError());
  ExitCode written =
      write(outputs.front(), [&](raw_ostream &os) { os << *linked; });
  if (written != Success || outputs.size() == 1)
    return written;
  return header(outputs.back());
}
