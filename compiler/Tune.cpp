//===- Tune.cpp - schedules that are measured -----------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "compiler/Tune.h"
#include "compiler/Files.h"
#include "compiler/Tuner.h"
#include "compiler/tune/MeasureMachine.h"
#include "llvm/ADT/MapVector.h"
#include "llvm/ADT/ScopeExit.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/Signals.h"
#include <csignal>
#include <cstdlib>

using namespace mlir;
using namespace rnn;
using llvm::errs;

static volatile std::sig_atomic_t interrupted = 0;

bool rnn::isInterrupted() { return interrupted; }

static bool hasProducts(CellOp cell) {
  return cell
      .walk([](Operation *op) {
        return isa<AffineOp, StepMatmulOp>(op) ? WalkResult::interrupt()
                                               : WalkResult::advance();
      })
      .wasInterrupted();
}

/// The parts of a model that have something to decide and take a share of its
/// time that can be measured, as predicted.
static SmallVector<CellOp> partsWorthIt(ModelOp model, const Target &target,
                                        const Workload &work) {
  constexpr double leastShare = 0.02;
  const Machine machine = machineOf(target);
  double whole = 0;
  llvm::MapVector<Operation *, double> seconds; // of all runs of a part
  for (auto run : model.getBody().getOps<RunOp>())
    if (!run.getBackward()) {
      const double its = predict(run, target, machine, work).seconds;
      seconds[run.callee()] += its;
      whole += its;
    }
  SmallVector<CellOp> parts;
  for (auto [op, its] : seconds)
    if (auto part = cast<CellOp>(op);
        hasProducts(part) && its >= leastShare * whole)
      parts.push_back(part);
  return parts;
}

/// The cells of the file that can be called, and parts of its models, by the
/// compiler's choice.
static ExitCode findSubjects(const Options &options,
                             std::vector<Subject> &subjects) {
  const Target &target = options.targets.front();
  std::string model;
  ExitCode code = compile(options, [&](ModuleOp module) {
    auto add = [&](StringRef called, CellOp cell) {
      subjects.push_back({called.str(),
                          decisionsOf(cell, target, /*kernels=*/false),
                          searchSpaceOf(cell, target, options.tuning->work)});
    };
    for (auto cell : module.getOps<CellOp>())
      if (!cell.getPart())
        add(cell.getSymName(), cell);
    for (auto op : module.getOps<ModelOp>()) {
      model = op.getSymName();
      for (CellOp part : partsWorthIt(op, target, options.tuning->work))
        add(model, part);
    }
  });
  if (code || !subjects.empty())
    return code;
  if (!model.empty()) {
    commandLineError("--tune: no part of the model '" + model +
                     "' has products that take a share of its time");
    return InputError;
  }
  commandLineError("--tune: no cell of '" + options.input +
                   "' can be measured as it stands; name one and give its "
                   "sizes: --cell=NAME --set SIZE=VALUE,..");
  return InputError;
}

/// Finds out before the search whether its result can be written.
static ExitCode checkFolder(const std::string &output) {
  StringRef folder = llvm::sys::path::parent_path(output);
  std::error_code error =
      output == "-" ? std::error_code()
                    : llvm::sys::fs::access(folder.empty() ? "." : folder,
                                            llvm::sys::fs::AccessMode::Write);
  if (!error && llvm::sys::fs::is_directory(output))
    error = std::make_error_code(std::errc::is_a_directory);
  if (!error)
    return Success;
  return fail(llvm::createStringError("cannot write '" + output +
                                      "': " + error.message()));
}

ExitCode rnn::tune(const Options &options) {
  const std::string output = outputNames(options).front();
  if (ExitCode code = checkFolder(output))
    return code;
  std::vector<Subject> subjects;
  if (ExitCode code = findSubjects(options, subjects))
    return code;
  std::string text;
  llvm::raw_string_ostream os(text);
  const Target &target = options.targets.front();
  const Tuning &tuning = *options.tuning;
  llvm::sys::SetInterruptFunction([] { interrupted = 1; });
  // Who stops reading how it goes still gets the result.
  std::signal(SIGPIPE, SIG_IGN);
  llvm::scope_exit unheard([] { errs().clear_error(); });
  // The linker's files lie there, too.
  SmallString<128> folder;
  if (std::error_code error =
          llvm::sys::fs::createUniqueDirectory("rnncc-tune", folder))
    return fail(llvm::createStringError("cannot make a temporary folder: " +
                                        error.message()));
  llvm::scope_exit remove([&] { llvm::sys::fs::remove_directories(folder); });
  setenv("TMPDIR", folder.c_str(), /*overwrite=*/1);
  auto trials = TrialRunner::find(std::string(folder));
  if (!trials)
    return fail(trials.takeError());
  Machine machine = machineOf(target);
  if (!tuning.planOnly) {
    machine = measureMachine(target, tuning.work.threads);
    printMachine(machine, target, errs());
  }
  std::map<std::string, std::string> found; // of the parts of each model
  for (const Subject &subject : subjects) {
    Tuner tuner(options, *trials, machine, subject, found[subject.called],
                std::string(folder));
    std::optional<std::string> schedule;
    if (tuning.planOnly)
      tuner.plan(os);
    else if ((schedule = tuner.run())) {
      os << *schedule;
      found[subject.called] += *schedule;
    }
    if (interrupted) {
      errs() << "interrupted; nothing is written\n";
      return Interrupted;
    }
    if (!tuning.planOnly && !schedule)
      return InputError;
  }
  return write(output, [&](llvm::raw_ostream &out) { out << text; });
}
