//===- rnncc-halide.cpp - kernels of staged cells, made by Halide ---------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A program of its own, because Halide brings an LLVM that must not share a
// process with rnncc's. It reads kernels as text (docs/halide.md) and writes
// object files; rnncc links them with what calls them.
//
//===----------------------------------------------------------------------===//

#include "halide/Kernel.h"
#include <cstring>
#include <fstream>
#include <iostream>
#include <map>
#include <sys/wait.h>
#include <unistd.h>

using namespace Halide;
using namespace rnn;

static const char usage[] =
    "usage: rnncc-halide FILE -o FOLDER\n"
    "Makes kernels of recurrent cells from the text that 'rnncc "
    "--backend=halide --emit=kernels' writes;\n"
    "object files go to FOLDER.\n";

/// What Halide calls a CPU level.
static Target targetOf(const Level &level, bool strict) {
  static const std::map<std::string, std::string> names = {
      {"x86-64", "x86-64-linux"},
      {"avx2", "x86-64-linux-avx-avx2-f16c-fma"},
      {"avx512", "x86-64-linux-avx-avx2-f16c-fma-avx512-avx512_skylake"},
      {"aarch64", "arm-64-linux"},
      {"wasm32", "wasm-32-wasmrt-wasm_simd128-wasm_signext-"
                 "wasm_sat_float_to_int-wasm_bulk_memory"},
  };
  auto name = names.find(level.cpu);
  if (name == names.end())
    throw std::runtime_error("no kernels for the CPU level '" + level.cpu +
                             "'");
  Target target(name->second);
  // LLVM would unroll short sums in some tiles and fuse their ends otherwise
  // than in others.
  for (Target::Feature feature :
       {Target::NoRuntime, Target::NoAsserts, Target::NoBoundsQuery,
        Target::DisableLLVMLoopOpt})
    target.set_feature(feature);
  if (strict)
    target.set_feature(Target::StrictFloat);
  return target;
}

static Built build(const Kernel &kernel) {
  switch (kernel.kind) {
  case Kernel::Product:
    return buildProduct(kernel);
  case Kernel::ProductInputs:
    return buildProductInputs(kernel);
  case Kernel::ProductWeights:
    return buildProductWeights(kernel);
  case Kernel::Elementwise:
    return buildElementwise(kernel);
  }
  throw std::logic_error("all kinds are above");
}

/// Products may fuse additions; everything else means what it says.
static bool isStrict(const Kernel &kernel) {
  return kernel.kind == Kernel::Elementwise;
}

/// Makes one object file: the kernels of one level with one idea of exactness.
static void compileAll(const std::vector<Kernel> &kernels,
                       const std::string &folder) {
  bool strict = isStrict(kernels.front());
  const Level &level = kernels.front().level;
  Target target = targetOf(level, strict);
  std::vector<Module> modules;
  for (const Kernel &kernel : kernels) {
    Built built = build(kernel);
    if (strict)
      built.pipeline.add_custom_lowering_pass(new ExpandMath);
    else
      built.pipeline.add_custom_lowering_pass(new KeepOrder);
    modules.push_back(built.pipeline.compile_to_module(
        built.arguments, kernel.name, target, LinkageType::External));
  }
  std::string name = level.cpu + (strict ? ".exact" : ".fused");
  Module linked = link_modules(name, modules);
  // Linking forgets it.
  linked.set_any_strict_float(strict);
  linked.compile({{OutputFileType::object, folder + "/" + name + ".o"}});
}

static int fail(const std::string &message) {
  std::cerr << "rnncc-halide: error: " << message << "\n";
  return 1;
}

int main(int argc, char **argv) {
  if (argc == 2 && !std::strcmp(argv[1], "--help")) {
    std::cout << usage;
    return 0;
  }
  if (argc != 4 || std::strcmp(argv[2], "-o")) {
    std::cerr << usage;
    return 2;
  }
  std::ifstream text(argv[1]);
  if (!text)
    return fail("cannot read '" + std::string(argv[1]) + "'");
  std::map<std::pair<std::string, bool>, std::vector<Kernel>> objects;
  try {
    for (Kernel &kernel : readKernels(text))
      objects[{kernel.level.cpu, isStrict(kernel)}].push_back(kernel);
  } catch (const std::exception &error) {
    return fail(std::string(argv[1]) + ": " + error.what());
  }
  // Side by side in processes, because Halide counts its names in one.
  for (auto &[key, kernels] : objects)
    if (fork() == 0) {
      try {
        compileAll(kernels, argv[3]);
      } catch (const std::exception &error) {
        std::_Exit(fail(std::string(argv[1]) + ": " + error.what()));
      }
      std::_Exit(0);
    }
  bool failed = false;
  for (int status; wait(&status) > 0;)
    failed |= status != 0;
  return failed;
}
