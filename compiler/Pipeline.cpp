//===- Pipeline.cpp - the stages from text to object ----------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The one place that says which stages there are, in which order, and which
// passes make them up.
//
//===----------------------------------------------------------------------===//

#include "compiler/Pipeline.h"
#include "compiler/Diagnostics.h"
#include "compiler/Files.h"
#include "compiler/autodiff/Passes.h"
#include "compiler/emit/Emit.h"
#include "compiler/lower/Passes.h"
#include "compiler/schedule/Autoschedule.h"
#include "compiler/schedule/Decisions.h"
#include "compiler/schedule/Passes.h"
#include "compiler/schedule/Target.h"
#include "compiler/sema/Report.h"
#include "compiler/sema/Sema.h"
#include "compiler/syntax/Parser.h"
#include "dialect/Rnn.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/IR/Diagnostics.h"
#include "mlir/IR/Verifier.h"
#include "mlir/Transforms/Passes.h"
#include "llvm/Support/Error.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/SourceMgr.h"
#include "llvm/Support/raw_ostream.h"

using namespace mlir;
using namespace rnn;

//===----------------------------------------------------------------------===//
// The stages
//===----------------------------------------------------------------------===//

static void addSimplify(PassManager &pm) {
  // Before derivatives: those of sums and concatenations are those of their
  // parts, and none of it need be kept.
  pm.addNestedPass<CellOp>(createDistributeProductsPass());
  pm.addNestedPass<CellOp>(createMatricesToVectorsPass());
  pm.addNestedPass<CellOp>(createSplitProductsPass());
  pm.addPass(createCanonicalizerPass());
  pm.addPass(createCSEPass());
}

static void addCanonical(PassManager &pm, const Options &) {
  pm.addPass(createCSEPass());
  pm.addNestedPass<CellOp>(createDeriveParametersPass());
  pm.addNestedPass<CellOp>(createSplitSetupsPass());
  addSimplify(pm);
}

static void addAutodiff(PassManager &pm, const Options &options) {
  pm.addPass(createTrimPartsPass());
  pm.addPass(createDifferentiateModelsPass());
  // Halide differentiates stages itself.
  if (options.backend == Backend::Halide)
    return;
  pm.addNestedPass<CellOp>(createAutodiffPass());
  pm.addNestedPass<CellOp>(createSplitSetupsPass());
  addSimplify(pm);
}

static void addSchedule(PassManager &pm, const Options &options) {
  pm.addNestedPass<CellOp>(createFormAffinePass());
  addSimplify(pm);
  pm.addNestedPass<CellOp>(createBuildStagesPass());
  const bool kernels = options.backend == Backend::Halide;
  PartProductsPassOptions part;
  part.asked = !kernels;
  part.steps = kernels;
  pm.addNestedPass<CellOp>(createPartProductsPass(part));
  if (kernels) {
    pm.addNestedPass<CellOp>(createAdjointStagesPass());
    pm.addNestedPass<CellOp>(createSplitSetupsPass());
  }
  addSimplify(pm);
  // Kernels of the other backend take rows as they stand.
  if (!kernels)
    pm.addPass(createShareVectorsPass());
  CheckSchedulesPassOptions check;
  check.kernels = kernels;
  for (const Target &target : options.targets)
    check.cpus.push_back(target.name);
  pm.addNestedPass<CellOp>(createCheckSchedulesPass(check));
}

static void addLoops(PassManager &pm, const Options &options) {
  LowerCellsPassOptions lower;
  for (const Target &target : options.targets)
    lower.cpus.push_back(target.name);
  lower.kernels = options.backend == Backend::Halide;
  pm.addPass(createLowerCellsPass(lower));
  auto &functions = pm.nest<func::FuncOp>();
  functions.addPass(createCSEPass());
  functions.addPass(createExpandMathPass());
  functions.addPass(createCanonicalizerPass());
}

static void addLLVM(PassManager &pm, const Options &) { addToLLVMPasses(pm); }

static constexpr Stage table[] = {
    {"syntax", "the text as a tree", nullptr},
    {"sema", "checked, as operations of one step", nullptr},
    {"canonical", "simplified", addCanonical},
    {"autodiff", "with the derived backward pass", addAutodiff},
    {"schedule", "cut into stages before, in and after the loop", addSchedule},
    {"loops", "as loops over vectors, with entry points", addLoops},
    {"llvm", "in the LLVM dialect", addLLVM},
};

ArrayRef<Stage> rnn::stages() { return table; }

//===----------------------------------------------------------------------===//
// Compiling
//===----------------------------------------------------------------------===//

/// Checks that what the command line names is in the file.
static bool checkNames(const syntax::File &file, const Options &options) {
  SmallVector<StringRef> cells;
  for (const std::vector<syntax::Cell> *list : {&file.cells, &file.models})
    for (const syntax::Cell &cell : *list)
      cells.push_back(cell.name.text);
  bool known = true;
  auto unknown = [&](const Twine &message, StringRef name,
                     ArrayRef<StringRef> names) {
    auto meant = nearest(name, names);
    commandLineError(
        message + (meant ? "; did you mean '" + *meant + "'?" : std::string()));
    known = false;
  };
  for (const std::string &name : options.cells)
    if (!llvm::is_contained(cells, name))
      unknown("--cell " + name + ": there is no cell or model '" + name +
                  "' in '" + options.input + "'",
              name, cells);
  Request request{options.settings, options.cells, {}};
  for (const Setting &setting : options.settings) {
    SmallVector<StringRef> parameters;
    for (const std::vector<syntax::Cell> *list : {&file.cells, &file.models})
      for (const syntax::Cell &cell : *list)
        if (request.wants(cell.name.text) &&
            (setting.cell.empty() || setting.cell == cell.name.text))
          for (const syntax::Parameter &parameter : cell.parameters)
            parameters.push_back(parameter.name.text);
    if (llvm::is_contained(parameters, setting.name))
      continue;
    std::string prefix = setting.cell.empty() ? "" : setting.cell + ".";
    unknown("--set " + prefix + setting.name + "=" + setting.value +
                ": no cell that is compiled has the parameter '" + prefix +
                setting.name + "'",
            setting.name, parameters);
  }
  return known;
}

/// Reads schedules into those of a text, where they take the place of those for
/// the same cell and target.
static ExitCode addSchedules(syntax::File &file,
                             std::unique_ptr<llvm::MemoryBuffer> buffer,
                             llvm::SourceMgr &sources, MLIRContext &context) {
  StringRef text = buffer->getBuffer();
  std::string name = buffer->getBufferIdentifier().str();
  sources.AddNewSourceBuffer(std::move(buffer), llvm::SMLoc());
  std::optional<syntax::File> more =
      syntax::parseSchedules(text, name, &context);
  if (!more)
    return InputError;
  llvm::erase_if(file.schedules, [&](const syntax::Schedule &schedule) {
    return llvm::any_of(more->schedules, [&](const syntax::Schedule &other) {
      return other.cell.text == schedule.cell.text &&
             other.target.text == schedule.target.text;
    });
  });
  std::move(more->schedules.begin(), more->schedules.end(),
            std::back_inserter(file.schedules));
  return Success;
}

/// Adds the schedules of the file that was given, and those that are tried.
static ExitCode addSchedules(syntax::File &file, const Options &options,
                             llvm::SourceMgr &sources, MLIRContext &context) {
  if (!options.schedule.empty()) {
    auto buffer = llvm::MemoryBuffer::getFile(options.schedule);
    if (!buffer) {
      commandLineError("cannot read '" + options.schedule +
                       "': " + buffer.getError().message());
      return CommandLineError;
    }
    if (ExitCode code =
            addSchedules(file, std::move(*buffer), sources, context))
      return code;
  }
  if (options.triedSchedules.empty())
    return Success;
  return addSchedules(file,
                      llvm::MemoryBuffer::getMemBufferCopy(
                          options.triedSchedules, "schedules that are tried"),
                      sources, context);
}

/// Adds what a search chooses to the schedules of staged cells.
static llvm::Error searchSchedules(ModuleOp module, const Options &options) {
  const Search &search = options.search;
  std::string question = searchQuestion(module, options.targets, search);
  if (question.empty())
    return llvm::Error::success();
  auto answer = searchAnswer(search.name, question);
  if (!answer)
    return answer.takeError();
  return addChoices(module, options.targets, search, *answer);
}

/// Runs the stages up to the one asked for.
static ExitCode runStages(const Options &options, StringRef text,
                          llvm::SourceMgr &sources, MLIRContext &context,
                          TimingScope &timing,
                          function_ref<void(ModuleOp)> useStages) {
  auto stopsAfter = [&](StringRef stage) {
    return options.stopAfter && options.stopAfter->name == stage;
  };
  // With --verify-diagnostics the comments in the input are all that counts.
  auto print = [&](function_ref<void(raw_ostream &)> content) {
    if (options.verifyDiagnostics)
      return Success;
    return write(outputNames(options).front(), content);
  };

  TimingScope reading = timing.nest("Read and check");
  std::optional<syntax::File> file =
      syntax::parse(text, options.input, &context);
  if (!file)
    return InputError;
  if (ExitCode code = addSchedules(*file, options, sources, context))
    return code;
  if (stopsAfter("syntax"))
    return print([&](raw_ostream &os) { syntax::print(*file, os); });

  if (!options.again && !checkNames(*file, options))
    return CommandLineError;
  Builder builder(&context);
  FloatType element = options.element == Element::F64
                          ? FloatType(builder.getF64Type())
                          : FloatType(builder.getF32Type());
  auto start = FileLineColLoc::get(&context, options.input, 1, 1);
  OwningOpRef<ModuleOp> module =
      analyze(*file,
              {options.settings, options.cells, element,
               options.warningsAreErrors, options.element == Element::BF16},
              start);
  if (!module)
    return InputError;

  reading.stop();

  PassManager pm(&context);
  pm.enableTiming(timing);
  for (const Stage &stage : stages()) {
    if (stage.addPasses)
      stage.addPasses(pm, options);
    if (stage.name == "schedule" && !options.search.name.empty()) {
      if (failed(mlir::verify(*module)) || failed(pm.run(*module)))
        return InputError;
      TimingScope search = timing.nest("Search of schedules");
      if (llvm::Error error = searchSchedules(*module, options))
        return fail(std::move(error));
      pm.clear();
    }
    if (options.stopAfter == &stage ||
        ((options.printSchedule || useStages) && stage.name == "schedule"))
      break;
  }
  if (failed(mlir::verify(*module)) || failed(pm.run(*module)))
    return InputError;
  if (useStages) {
    useStages(*module);
    return Success;
  }
  if (options.printSchedule)
    return print([&](raw_ostream &os) {
      for (auto cell : module->getOps<CellOp>())
        printSchedules(cell, options.targets,
                       options.backend == Backend::Halide, os);
    });
  if (!options.stopAfter && !options.verifyDiagnostics)
    return emit(*module, options, timing);
  return print([&](raw_ostream &os) { module->print(os); });
}

ExitCode rnn::compile(const Options &options,
                      function_ref<void(ModuleOp)> useStages) {
  auto buffer = llvm::MemoryBuffer::getFileOrSTDIN(options.input);
  if (!buffer) {
    commandLineError("cannot read '" + options.input +
                     "': " + buffer.getError().message());
    return CommandLineError;
  }
  if (!options.verifyDiagnostics && !options.again && !checkOutputs(options))
    return CommandLineError;
  StringRef text = (*buffer)->getBuffer();
  llvm::SourceMgr sources;
  // Places in diagnostics are found again by the name of the buffer.
  sources.AddNewSourceBuffer(
      llvm::MemoryBuffer::getMemBuffer(text, options.input), llvm::SMLoc());

  DialectRegistry registry;
  registerRnnDialect(registry);
  registerToLLVM(registry);
  MLIRContext context(registry);
  context.loadAllAvailableDialects();
  context.loadDialect<arith::ArithDialect, math::MathDialect>();
  DefaultTimingManager times;
  times.setEnabled(options.timing);
  TimingScope timing = times.getRootScope();
  if (options.verifyDiagnostics) {
    SourceMgrDiagnosticVerifierHandler handler(sources, &context);
    ExitCode code =
        runStages(options, text, sources, context, timing, useStages);
    if (code == CommandLineError)
      return code;
    return succeeded(handler.verify()) ? Success : InputError;
  }
  if (options.again) {
    ScopedDiagnosticHandler silence(&context,
                                    [](Diagnostic &) { return success(); });
    return runStages(options, text, sources, context, timing, useStages);
  }
  DiagnosticPrinter handler(sources, &context);
  return runStages(options, text, sources, context, timing, useStages);
}
