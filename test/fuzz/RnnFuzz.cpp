//===- RnnFuzz.cpp - any text as a .rnn file ------------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Whatever the text is: either sema refuses it, with an error that has a name,
// or every stage up to the schedule takes it.
//
//===----------------------------------------------------------------------===//

#include "compiler/Diagnostics.h"
#include "compiler/Pipeline.h"
#include "compiler/syntax/Parser.h"
#include "dialect/Rnn.h"
#include "mlir/IR/Verifier.h"
#include "llvm/Support/ErrorHandling.h"
#include "llvm/Support/SourceMgr.h"

using namespace mlir;
using namespace rnn;

/// Sizes that the texts of the corpus leave to the command line.
static const Setting settings[] = {
    {"", "I", "3"}, {"", "H", "5"}, {"", "O", "2"}};

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  StringRef text(reinterpret_cast<const char *>(data), size);
  DialectRegistry registry;
  registerRnnDialect(registry);
  MLIRContext context(registry, MLIRContext::Threading::DISABLED);
  context.loadDialect<RnnDialect, arith::ArithDialect, math::MathDialect>();

  llvm::SourceMgr sources;
  sources.AddNewSourceBuffer(
      llvm::MemoryBuffer::getMemBufferCopy(text, "fuzz.rnn"), llvm::SMLoc());
  DiagnosticPrinter printer(sources, &context);
  bool hasError = false;
  ScopedDiagnosticHandler check(&context, [&](Diagnostic &diagnostic) {
    if (diagnostic.getSeverity() == DiagnosticSeverity::Error)
      hasError = true;
    if (!StringRef(diagnostic.str()).ends_with("]"))
      llvm::report_fatal_error("a message without a name");
    return failure(); // the printer's turn
  });

  OwningOpRef<ModuleOp> module;
  if (auto file = syntax::parse(text, "fuzz.rnn", &context))
    module = analyze(*file, {settings, {}, Builder(&context).getF32Type()},
                     FileLineColLoc::get(&context, "fuzz.rnn", 1, 1));
  if (!module) {
    if (!hasError)
      llvm::report_fatal_error("refused without an error");
    return 0;
  }
  PassManager pm(&context);
  for (const Stage &stage : stages()) {
    if (stage.addPasses)
      stage.addPasses(pm, {});
    if (stage.name == "schedule")
      break;
  }
  if (failed(verify(*module)) || failed(pm.run(*module)) || hasError)
    llvm::report_fatal_error("sema took what a later stage refuses");
  return 0;
}
