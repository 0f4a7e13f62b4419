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
#include "halide/Search.h"
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
    "object files go to FOLDER.\n"
    "       rnncc-halide --autoschedule=NAME PRODUCTS -o FILE\n"
    "Writes what a search of Halide (mullapudi2016, li2018, adams2019) chooses "
    "for products of matrices.\n";

/// The exit code where something is to be installed.
static constexpr int missing = 3;

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
  case Kernel::StepProduct:
  case Kernel::StepTranspose:
    return buildStepProduct(kernel);
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

static int compile(const char *input, const std::string &folder) {
  std::ifstream text(input);
  if (!text)
    return fail("cannot read '" + std::string(input) + "'");
  std::map<std::pair<std::string, bool>, std::vector<Kernel>> objects;
  try {
    for (Kernel &kernel : readKernels(text))
      objects[{kernel.level.cpu, isStrict(kernel)}].push_back(kernel);
  } catch (const std::exception &error) {
    return fail(std::string(input) + ": " + error.what());
  }
  // Side by side in processes, because Halide counts its names in one.
  for (auto &[key, kernels] : objects)
    if (fork() == 0) {
      try {
        compileAll(kernels, folder);
      } catch (const std::exception &error) {
        std::_Exit(fail(std::string(input) + ": " + error.what()));
      }
      std::_Exit(0);
    }
  bool failed = false;
  for (int status; wait(&status) > 0;)
    failed |= status != 0;
  return failed;
}

/// One line for each product, in their order.
static int choose(const std::string &name, const char *input,
                  const char *output) {
  std::ifstream text(input);
  if (!text)
    return fail("cannot read '" + std::string(input) + "'");
  try {
    std::vector<Product> products = readProducts(text);
    Search search(name);
    std::ofstream answer(output);
    for (const Product &product : products)
      answer << search.choose(product, targetOf(product.level, false)) << "\n";
    answer.close();
    if (!answer)
      return fail("cannot write '" + std::string(output) + "'");
  } catch (const MissingSearch &error) {
    fail(error.what());
    return missing;
  } catch (const std::exception &error) {
    return fail(std::string(input) + ": " + error.what());
  }
  return 0;
}

int main(int argc, char **argv) {
  if (argc == 2 && !std::strcmp(argv[1], "--help")) {
    std::cout << usage;
    return 0;
  }
  static const std::string option = "--autoschedule=";
  if (argc == 5 && !std::strcmp(argv[3], "-o") &&
      std::string(argv[1]).rfind(option, 0) == 0)
    return choose(argv[1] + option.size(), argv[2], argv[4]);
  if (argc == 4 && !std::strcmp(argv[2], "-o"))
    return compile(argv[1], argv[3]);
  std::cerr << usage;
  return 2;
}
