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
// they call each other and nothing else. A level by itself is cut in two once
// it is optimised. How many threads there are changes no byte.
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

using Bytes = SmallString<0>;

/// The part that each function belongs to; whatever is missing is of part 0.
using Parts = DenseMap<const Function *, unsigned>;

/// Cuts a module: each part as bitcode, for a context of its own. What one part
/// has and another uses gets a name that only the linker sees, with `suffix`,
/// since two objects of a program may not have the same.
static std::vector<Bytes> cut(Module &module, const Parts &parts,
                              unsigned count, const Twine &suffix = "") {
  auto partOf = [&](const GlobalValue *value) {
    auto function = dyn_cast<Function>(value);
    return function ? parts.lookup(function) : 0;
  };
  auto partOfUser = [&](const User *user) {
    auto instruction = dyn_cast<Instruction>(user);
    return instruction ? parts.lookup(instruction->getFunction()) : 0;
  };
  for (GlobalValue &value : module.global_values())
    if (value.hasLocalLinkage() && any_of(value.users(), [&](const User *user) {
          return partOfUser(user) != partOf(&value);
        })) {
      value.setName(value.getName() + suffix);
      value.setLinkage(GlobalValue::ExternalLinkage);
      value.setVisibility(GlobalValue::HiddenVisibility);
    }
  std::vector<Bytes> bitcode(count);
  for (unsigned part = 0; part < count; ++part) {
    ValueToValueMapTy map;
    std::unique_ptr<Module> own =
        CloneModule(module, map, [&](const GlobalValue *value) {
          return partOf(value) == part;
        });
    raw_svector_ostream os(bitcode[part]);
    WriteBitcodeToFile(*own, os);
  }
  return bitcode;
}

/// The names of the CPU levels whose functions are parts 1, 2, .., told apart
/// by the instructions that they may use; before them the name of the rest.
static std::vector<std::string> findLevels(const Module &module, Parts &parts) {
  std::vector<std::string> levels = {"all levels"};
  StringMap<unsigned> found;
  for (const Function &function : module) {
    Attribute features = function.getFnAttribute("target-features");
    if (function.isDeclaration() || !features.isValid())
      continue;
    unsigned part =
        found.try_emplace(features.getValueAsString(), levels.size())
            .first->second;
    parts[&function] = part;
    levels.resize(std::max<size_t>(levels.size(), part + 1));
    // Tiles have no level in their names.
    if (levels[part].empty())
      levels[part] = function.getName().rsplit('.').second.str();
  }
  return levels;
}

/// Cuts in two parts that take about as long as each other. What shares a
/// section calls each other and stays together.
static Parts halve(const Module &module) {
  struct Section {
    size_t size = 0;
    SmallVector<const Function *> members;
  };
  MapVector<StringRef, Section> sections;
  for (const Function &function : module)
    if (!function.isDeclaration()) {
      Section &section = sections[function.getSection()];
      section.size += function.getInstructionCount();
      section.members.push_back(&function);
    }
  auto largestFirst = sections.takeVector();
  stable_sort(largestFirst, [](const auto &a, const auto &b) {
    return a.second.size > b.second.size;
  });
  Parts parts;
  size_t sizes[2] = {0, 0};
  for (const auto &[name, section] : largestFirst) {
    unsigned part = sizes[1] < sizes[0];
    sizes[part] += section.size;
    for (const Function *function : section.members)
      parts[function] = part;
  }
  return parts;
}

/// The object code of a module, which is of no use afterwards.
static Expected<Bytes> writeObject(Module &module, StringRef name,
                                   mlir::TimingScope &timing) {
  mlir::TimingScope whole = timing.nest("Code of " + name.str());
  mlir::TimingScope step = whole.nest("Instructions");
  Bytes object;
  raw_svector_ostream os(object);
  if (Error error = writeCode(module, CodeGenFileType::ObjectFile, os))
    return error;
  return object;
}

static Expected<std::unique_ptr<Module>> read(const Bytes &bitcode,
                                              LLVMContext &context) {
  return parseBitcodeFile(MemoryBufferRef(bitcode, "part"), context);
}

Expected<std::vector<Bytes>> rnn::objectCode(Module &module,
                                             mlir::TimingScope &timing) {
  Parts parts;
  const std::vector<std::string> names = findLevels(module, parts);
  const bool isLone = names.size() == 2;
  const std::vector<Bytes> sources = cut(module, parts, names.size());

  // Each part gives an object, or one for each half.
  std::vector<Expected<Bytes>> objects;
  for (size_t i = 0; i < 2 * names.size(); ++i)
    objects.emplace_back(Bytes());
  DefaultThreadPool pool(hardware_concurrency(names.size()));
  auto compile = [&](size_t part) {
    LLVMContext context;
    auto own = read(sources[part], context);
    if (!own) {
      objects[2 * part] = own.takeError();
      return;
    }
    {
      mlir::TimingScope whole = timing.nest("Code of " + names[part]);
      mlir::TimingScope step = whole.nest("Optimise");
      optimise(**own);
    }
    if (part == 0 || !isLone) {
      objects[2 * part] = writeObject(**own, names[part], timing);
      return;
    }
    // Entries have names that no other object has; that of any will do.
    auto entry = find_if(**own, [](const Function &function) {
      return !function.isDeclaration() && function.hasExternalLinkage();
    });
    assert(entry != (*own)->end() && "a level is called from outside");
    std::vector<Bytes> halves =
        cut(**own, halve(**own), 2, "." + entry->getName());
    for (size_t i : {0, 1})
      pool.async([&, part, i, source = std::move(halves[i])] {
        LLVMContext context;
        auto half = read(source, context);
        objects[2 * part + i] = half ? writeObject(**half, names[part], timing)
                                     : Expected<Bytes>(half.takeError());
      });
  };
  // The widest vectors take longest; they come last.
  for (size_t part = names.size(); part-- > 0;)
    pool.async([&, part] { compile(part); });
  pool.wait();

  std::vector<Bytes> result;
  Error errors = Error::success();
  for (Expected<Bytes> &object : objects) {
    if (!object)
      errors = joinErrors(std::move(errors), object.takeError());
    else if (!object->empty())
      result.push_back(std::move(*object));
  }
  if (errors)
    return errors;
  return result;
}
