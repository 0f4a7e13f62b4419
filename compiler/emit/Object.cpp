//===- Object.cpp - LLVM IR and object code -------------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "compiler/emit/Emit.h"
#include "mlir/Target/LLVMIR/Export.h"
#include "llvm/ADT/ScopeExit.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/IR/LegacyPassManager.h"
#include "llvm/IR/Module.h"
#include "llvm/MC/TargetRegistry.h"
#include "llvm/Passes/PassBuilder.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Program.h"
#include "llvm/Support/TargetSelect.h"
#include "llvm/Target/TargetMachine.h"

using namespace llvm;
using namespace rnn;

static std::unique_ptr<TargetMachine> makeMachine(const CodeTarget &target) {
  LLVMInitializeX86TargetInfo();
  LLVMInitializeX86Target();
  LLVMInitializeX86TargetMC();
  LLVMInitializeX86AsmPrinter();
  std::string error;
  Triple triple("x86_64-unknown-linux-gnu");
  const llvm::Target *found = TargetRegistry::lookupTarget(triple, error);
  if (!found)
    return nullptr;
  TargetOptions options;
  // Products are written as fma where they may be fused; elsewhere the text
  // means what it says.
  options.AllowFPOpFusion = FPOpFusion::Strict;
  options.FunctionSections = true;
  return std::unique_ptr<TargetMachine>(found->createTargetMachine(
      triple, "x86-64", target.features, options, Reloc::PIC_, std::nullopt,
      CodeGenOptLevel::Aggressive));
}

Expected<std::unique_ptr<Module>>
rnn::makeLLVM(mlir::ModuleOp source, ArrayRef<CellFacts> cells,
              const CodeTarget &target, bool shared, LLVMContext &context) {
  std::unique_ptr<Module> module =
      mlir::translateModuleToLLVMIR(source, context);
  if (!module)
    return createStringError("internal: translation to LLVM IR failed");
  std::unique_ptr<TargetMachine> machine = makeMachine(target);
  if (!machine)
    return createStringError("internal: LLVM has no x86-64 target");
  module->setTargetTriple(machine->getTargetTriple());
  module->setDataLayout(machine->createDataLayout());
  // The name of the text, not of a path: equal input gives equal bytes.
  module->setModuleIdentifier(cells.empty() ? "rnncc" : cells.front().file);
  module->setSourceFileName(module->getModuleIdentifier());
  addDescriptors(*module, cells, shared);
  for (Function &function : *module)
    if (!function.isDeclaration())
      function.addFnAttr(Attribute::NoUnwind);

  LoopAnalysisManager loops;
  FunctionAnalysisManager functions;
  CGSCCAnalysisManager graph;
  ModuleAnalysisManager modules;
  PipelineTuningOptions tuning;
  // Kernels are vectorised and unrolled as scheduled.
  tuning.LoopVectorization = false;
  tuning.SLPVectorization = false;
  tuning.LoopUnrolling = false;
  PassBuilder builder(machine.get(), tuning);
  builder.registerModuleAnalyses(modules);
  builder.registerCGSCCAnalyses(graph);
  builder.registerFunctionAnalyses(functions);
  builder.registerLoopAnalyses(loops);
  builder.crossRegisterProxies(loops, functions, graph, modules);
  builder.buildPerModuleDefaultPipeline(OptimizationLevel::O1)
      .run(*module, modules);
  return module;
}

Error rnn::writeCode(Module &module, const CodeTarget &target, bool assembly,
                     raw_pwrite_stream &os) {
  std::unique_ptr<TargetMachine> machine = makeMachine(target);
  legacy::PassManager passes;
  if (!machine ||
      machine->addPassesToEmitFile(passes, os, nullptr,
                                   assembly ? CodeGenFileType::AssemblyFile
                                            : CodeGenFileType::ObjectFile))
    return createStringError("internal: LLVM cannot write x86-64 code");
  passes.run(module);
  return Error::success();
}

Error rnn::linkShared(StringRef object, StringRef output) {
  SmallString<128> path;
  int descriptor;
  if (std::error_code error =
          sys::fs::createTemporaryFile("rnncc", "o", descriptor, path))
    return createStringError(error, "cannot write a temporary file");
  scope_exit remove([&] { sys::fs::remove(path); });
  raw_fd_ostream(descriptor, /*shouldClose=*/true) << object;

  for (StringRef name : {"ld.lld-22", "ld.lld", "ld", "cc"}) {
    auto linker = sys::findProgramByName(name);
    if (!linker)
      continue;
    std::string message;
    StringRef arguments[] = {*linker, "-shared", "-o", output, path};
    if (sys::ExecuteAndWait(*linker, arguments, std::nullopt, {}, 0, 0,
                            &message))
      return createStringError("linking with '" + *linker + "' failed" +
                               (message.empty() ? "" : ": " + message));
    return Error::success();
  }
  return createStringError("no linker found; install Debian's lld-22");
}
