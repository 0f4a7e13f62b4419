//===- Roads.cpp - the roads from a text to numbers -----------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "test/run/Roads.h"
#include "compiler/Pipeline.h"
#include "mlir/Parser/Parser.h"
#include "llvm/ADT/ScopeExit.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"
#include <dlfcn.h>

using namespace mlir;
using namespace rnn;

static bool viaMlir(const Options &options) {
  return compile(options) == Success;
}

static bool viaHalide(const Options &options) {
  Options other = options;
  other.backend = Backend::Halide;
  return compile(other) == Success;
}

/// A road with a fault, to see that it is found: sigmoid in place of tanh.
static bool viaMutant(const Options &options) {
  auto buffer = llvm::MemoryBuffer::getFile(options.input);
  if (!buffer)
    return false;
  std::string text((*buffer)->getBuffer());
  for (size_t at; (at = text.find("tanh")) != std::string::npos;)
    text.replace(at, 4, "sigmoid");
  Options mutant = options;
  mutant.input = options.output + ".rnn";
  std::error_code error;
  llvm::raw_fd_ostream(mutant.input, error) << text;
  return !error && compile(mutant) == Success;
}

ArrayRef<Road> rnn::roads() {
  static const Road table[] = {
      {"mlir", viaMlir}, {"halide", viaHalide}, {"mutant", viaMutant}};
  return table;
}

const Road *rnn::roadOf(StringRef name) {
  auto road = llvm::find_if(
      roads(), [&](const Road &road) { return road.name == name; });
  return road == roads().end() ? nullptr : road;
}

static DialectRegistry dialects() {
  DialectRegistry registry;
  registerRnnDialect(registry);
  return registry;
}

Cells::Cells() : context(dialects(), MLIRContext::Threading::DISABLED) {}

Cells::~Cells() {
  if (library)
    dlclose(library);
}

std::unique_ptr<Cells> Cells::make(Options options, const Road &road) {
  SmallString<128> folder;
  if (std::error_code error =
          llvm::sys::fs::createUniqueDirectory("rnncc-check", folder)) {
    llvm::errs() << "cannot make a temporary folder: " << error.message()
                 << "\n";
    return nullptr;
  }
  llvm::scope_exit remove([&] { llvm::sys::fs::remove_directories(folder); });
  std::unique_ptr<Cells> cells(new Cells);

  auto moduleAfter = [&](StringRef stage) -> OwningOpRef<ModuleOp> {
    options.stopAfter = llvm::find_if(
        stages(), [&](const Stage &other) { return other.name == stage; });
    options.output = (folder + "/" + stage + ".mlir").str();
    if (compile(options) != Success)
      return nullptr;
    return parseSourceFile<ModuleOp>(options.output, &cells->context);
  };
  cells->text = moduleAfter("sema");
  if (!cells->text)
    return nullptr;
  cells->flat = moduleAfter("autodiff");
  if (!cells->flat)
    return nullptr;
  cells->staged = moduleAfter("schedule");
  options.stopAfter = nullptr;
  options.emit = Emit::Shared;
  options.output = (folder + "/cell.so").str();
  if (!cells->staged || !road.compile(options))
    return nullptr;

  cells->library = dlopen(options.output.c_str(), RTLD_NOW | RTLD_LOCAL);
  auto compiled = cells->library ? static_cast<const rnncc_descriptor **>(
                                       dlsym(cells->library, "rnncc_cells"))
                                 : nullptr;
  if (!compiled) {
    llvm::errs() << "cannot load what rnncc wrote: " << dlerror() << "\n";
    return nullptr;
  }
  auto opsOf = [](ModuleOp module) {
    SmallVector<Operation *> ops;
    for (auto cell : module.getOps<CellOp>())
      if (!cell.getPart())
        ops.push_back(cell);
    llvm::append_range(ops, module.getOps<ModelOp>());
    return ops;
  };
  for (auto [text, flat, staged] : llvm::zip(
           opsOf(*cells->text), opsOf(*cells->flat), opsOf(*cells->staged)))
    cells->list.push_back({*compiled++, text, flat, staged});
  return cells;
}
