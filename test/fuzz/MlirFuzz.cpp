//===- MlirFuzz.cpp - any text as a .mlir file ----------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The parsers, verifiers and passes of the rnn dialect on modules that no front
// end made: each pass takes them or refuses them.
//
//===----------------------------------------------------------------------===//

#include "compiler/Dialects.h"
#include "compiler/Pipeline.h"
#include "mlir/Parser/Parser.h"

using namespace mlir;
using namespace rnn;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  // MLIR's lexer reads up to a zero.
  std::string text(reinterpret_cast<const char *>(data), size);
  DialectRegistry registry;
  registerRnnDialect(registry);
  registry.insert<arith::ArithDialect, func::FuncDialect, math::MathDialect>();
  MLIRContext context(registry, MLIRContext::Threading::DISABLED);
  ScopedDiagnosticHandler quiet(&context, [](Diagnostic &) {});

  auto module = parseSourceString<ModuleOp>(text, &context);
  if (!module)
    return 0;
  for (const Stage &stage : stages()) {
    if (stage.addPasses) {
      PassManager pm(&context);
      stage.addPasses(pm, {});
      if (failed(pm.run(*module)))
        return 0;
    }
    if (stage.name == "schedule")
      return 0;
  }
  return 0;
}
