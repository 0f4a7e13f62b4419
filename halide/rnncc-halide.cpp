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
  };
  auto name = names.find(level.cpu);
  if (name == names.end())
    throw std::runtime_error("no kernels for the CPU level '" + level.cpu +
                             "'");
  Target target(name->second);
  for (Target::Feature feature :
       {Target::NoRuntime, Target::NoAsserts, Target::NoBoundsQuery})
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

/// Kernels that one compilation makes: of one level, with one idea of
/// exactness.
using Part = std::pair<std::string, bool>;

static void compileAll(const std::vector<Kernel> &kernels,
                       const std::string &folder) {
  std::map<Part, std::vector<Module>> parts;
  std::map<Part, Target> targets;
  for (const Kernel &kernel : kernels) {
    Built built = build(kernel);
    Part part{kernel.level.cpu, built.strict};
    Target target = targetOf(kernel.level, built.strict);
    if (built.strict)
      built.pipeline.add_custom_lowering_pass(new ExpandMath);
    else
      built.pipeline.add_custom_lowering_pass(new KeepOrder);
    parts[part].push_back(built.pipeline.compile_to_module(
        built.arguments, kernel.name, target, LinkageType::External));
    targets[part] = target;
  }
  for (auto &[part, modules] : parts) {
    std::string name = part.first + (part.second ? ".exact" : ".fused");
    Module linked = link_modules(name, modules);
    // Linking forgets it.
    linked.set_any_strict_float(part.second);
    linked.compile({{OutputFileType::object, folder + "/" + name + ".o"}});
  }
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
  try {
    compileAll(readKernels(text), argv[3]);
  } catch (const std::exception &error) {
    return fail(std::string(argv[1]) + ": " + error.what());
  }
  return 0;
}
