//===- Object.cpp - LLVM IR and object code -------------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
//   module --> part of avx512 --> optimised --> object --.
//          --> part of avx2   --> optimised --> object ---> linked: one object
//          --> the rest       --> optimised --> object --'
//
// Parts are worked on side by side. Functions of one CPU level are one part:
// they call each other and nothing else. How many threads there are changes no
// byte.
//
//===----------------------------------------------------------------------===//

#include "compiler/emit/Emit.h"
#include "mlir/Target/LLVMIR/Export.h"
#include "llvm/Bitcode/BitcodeReader.h"
#include "llvm/Bitcode/BitcodeWriter.h"
#include "llvm/IR/LegacyPassManager.h"
#include "llvm/IR/Module.h"
#include "llvm/MC/TargetRegistry.h"
#include "llvm/Passes/PassBuilder.h"
#include "llvm/Support/TargetSelect.h"
#include "llvm/Support/ThreadPool.h"
#include "llvm/Target/TargetMachine.h"
#include "llvm/Transforms/Utils/Cloning.h"

using namespace llvm;
using namespace rnn;

#define INITIALIZE(ARCHITECTURE)                                               \
  LLVMInitialize##ARCHITECTURE##TargetInfo();                                  \
  LLVMInitialize##ARCHITECTURE##Target();                                      \
  LLVMInitialize##ARCHITECTURE##TargetMC();                                    \
  LLVMInitialize##ARCHITECTURE##AsmPrinter()

static std::unique_ptr<TargetMachine> makeMachine(const Triple &triple) {
  INITIALIZE(X86);
  INITIALIZE(AArch64);
  INITIALIZE(WebAssembly);
  LLVMInitializeX86AsmParser(); // of the instructions that ask the processor
  std::string error;
  const llvm::Target *found = TargetRegistry::lookupTarget(triple, error);
  if (!found)
    return nullptr;
  TargetOptions options;
  // Products are written as fma where they may be fused; elsewhere the text
  // means what it says.
  options.AllowFPOpFusion = FPOpFusion::Strict;
  options.FunctionSections = true;
  // A WebAssembly module that is independent of its place is a shared library
  // of some runtime's; programs link the other kind.
  Reloc::Model model = triple.isWasm() ? Reloc::Static : Reloc::PIC_;
  return std::unique_ptr<TargetMachine>(found->createTargetMachine(
      triple, triple.isX86_64() ? "x86-64" : "generic", /*Features=*/"",
      options, model, std::nullopt, CodeGenOptLevel::Aggressive));
}

/// A function that asks for a section shares it.
static void placeInSection(Function &function) {
  Attribute section = function.getFnAttribute("rnn-section");
  if (!section.isValid())
    return;
  function.setSection(section.getValueAsString());
  function.removeFnAttr("rnn-section");
}

Expected<std::unique_ptr<Module>> rnn::makeLLVM(mlir::ModuleOp source,
                                                ArrayRef<CellFacts> cells,
                                                bool shared,
                                                LLVMContext &context) {
  std::unique_ptr<Module> module =
      mlir::translateModuleToLLVMIR(source, context);
  if (!module)
    return createStringError("internal: translation to LLVM IR failed");
  std::unique_ptr<TargetMachine> machine =
      makeMachine(module->getTargetTriple());
  if (!machine)
    return createStringError("internal: LLVM has no target '" +
                             module->getTargetTriple().str() + "'");
  module->setDataLayout(machine->createDataLayout());
  // The name of the text, not of a path: equal input gives equal bytes.
  module->setModuleIdentifier(cells.empty() ? "rnncc" : cells.front().file);
  module->setSourceFileName(module->getModuleIdentifier());
  addDescriptors(*module, cells, shared);
  for (Function &function : *module)
    if (!function.isDeclaration()) {
      function.addFnAttr(Attribute::NoUnwind);
      placeInSection(function);
    }

  return module;
}

/// Loops come vectorised, unrolled and inlined as scheduled. What is left is
/// arithmetic on addresses: what all callers of a tile give it, equal parts
/// once and outside of loops. A default pipeline takes three times as long for
/// the same kernels.
static constexpr char pipeline[] =
    "function(sroa,early-cse,simplifycfg),ipsccp,globalopt,deadargelim,"
    "function(instcombine<no-verify-fixpoint>,reassociate,simplifycfg,"
    "loop-mssa(loop-rotate,licm),early-cse<memssa>,simplifycfg),globaldce";

void rnn::optimise(Module &module) {
  std::unique_ptr<TargetMachine> machine =
      makeMachine(module.getTargetTriple());
  LoopAnalysisManager loops;
  FunctionAnalysisManager functions;
  CGSCCAnalysisManager graph;
  ModuleAnalysisManager modules;
  PassBuilder builder(machine.get());
  builder.registerModuleAnalyses(modules);
  builder.registerCGSCCAnalyses(graph);
  builder.registerFunctionAnalyses(functions);
  builder.registerLoopAnalyses(loops);
  builder.crossRegisterProxies(loops, functions, graph, modules);
  ModulePassManager passes;
  cantFail(builder.parsePassPipeline(passes, pipeline));
  passes.run(module, modules);
}

static Error writeCode(Module &module, CodeGenFileType type,
                       raw_pwrite_stream &os) {
  std::unique_ptr<TargetMachine> machine =
      makeMachine(module.getTargetTriple());
  legacy::PassManager passes;
  if (!machine || machine->addPassesToEmitFile(passes, os, nullptr, type))
    return createStringError("internal: LLVM cannot write code for '" +
                             module.getTargetTriple().str() + "'");
  passes.run(module);
  return Error::success();
}

Error rnn::writeAssembly(Module &module, raw_pwrite_stream &os) {
  return writeCode(module, CodeGenFileType::AssemblyFile, os);
}

//===----------------------------------------------------------------------===//
// Parts
//===----------------------------------------------------------------------===//

namespace {
using Bytes = SmallString<0>;

/// A part as bitcode, and the CPU level that it is for.
struct Part {
  std::string level;
  Bytes bitcode;
};
} // namespace

/// The instructions that a function may use name its part; "" for the rest.
static StringRef partOf(const GlobalValue &value) {
  auto function = dyn_cast<Function>(&value);
  return function
             ? function->getFnAttribute("target-features").getValueAsString()
             : StringRef();
}

/// True if another part uses it. Uses by constants count as uses by the rest.
static bool isUsedElsewhere(const GlobalValue &value) {
  return any_of(value.users(), [&](const User *user) {
    auto instruction = dyn_cast<Instruction>(user);
    return (instruction ? partOf(*instruction->getFunction()) : "") !=
           partOf(value);
  });
}

/// Writes each part of a module as bitcode, for a context of its own. What one
/// part has and another uses gets a name that only the linker sees.
static std::vector<Part> split(Module &module) {
  MapVector<StringRef, std::string> levels; // by the name of the part
  for (GlobalValue &value : module.global_values()) {
    if (value.isDeclaration())
      continue;
    std::string &level = levels[partOf(value)];
    if (!partOf(value).empty() && level.empty())
      level = value.getName().rsplit('.').second.str();
    if (value.hasLocalLinkage() && isUsedElsewhere(value)) {
      value.setLinkage(GlobalValue::ExternalLinkage);
      value.setVisibility(GlobalValue::HiddenVisibility);
    }
  }
  std::vector<Part> parts;
  for (auto &[name, level] : levels) {
    ValueToValueMapTy map;
    std::unique_ptr<Module> part =
        CloneModule(module, map, [&](const GlobalValue *value) {
          return partOf(*value) == name;
        });
    parts.push_back({level.empty() ? "all levels" : level, Bytes()});
    raw_svector_ostream os(parts.back().bitcode);
    WriteBitcodeToFile(*part, os);
  }
  return parts;
}

static Expected<Bytes> compilePart(const Part &source,
                                   mlir::TimingScope &timing) {
  mlir::TimingScope whole = timing.nest("Code of " + source.level);
  LLVMContext context;
  auto part =
      parseBitcodeFile(MemoryBufferRef(source.bitcode, source.level), context);
  if (!part)
    return part.takeError();
  {
    mlir::TimingScope step = whole.nest("Optimise");
    optimise(**part);
  }
  mlir::TimingScope step = whole.nest("Instructions");
  Bytes object;
  raw_svector_ostream os(object);
  if (Error error = writeCode(**part, CodeGenFileType::ObjectFile, os))
    return error;
  return object;
}

Expected<std::vector<Bytes>> rnn::objectCode(Module &module,
                                             mlir::TimingScope &timing) {
  std::vector<Part> parts = split(module);
  std::vector<Expected<Bytes>> objects;
  for (size_t i = 0; i < parts.size(); ++i)
    objects.emplace_back(Bytes());
  {
    DefaultThreadPool pool(hardware_concurrency(parts.size()));
    // The widest vectors take longest; they come last.
    for (size_t i = parts.size(); i-- > 0;)
      pool.async([&, i] { objects[i] = compilePart(parts[i], timing); });
  }
  std::vector<Bytes> result;
  Error errors = Error::success();
  for (Expected<Bytes> &object : objects) {
    if (object)
      result.push_back(std::move(*object));
    else
      errors = joinErrors(std::move(errors), object.takeError());
  }
  if (errors)
    return errors;
  return result;
}
