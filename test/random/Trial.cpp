//===- Trial.cpp - one text on one road, in a process of its own ----------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A trial is a child of this process: it has the compiler loaded already, and
// whatever happens to it, this process goes on.
//
//===----------------------------------------------------------------------===//

#include "test/random/Trial.h"
#include "compiler/Pipeline.h"
#include "test/run/Check.h"
#include "llvm/Support/FileSystem.h"
#include <csignal>
#include <cstdlib>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

using namespace mlir;
using namespace rnn;

/// Exit codes of a trial. A fence exits with 1; a disagreement adds its aspect.
enum {
  AgreedCode = 0,
  ViolationCode = 1,
  RefusedCode = 20,
  NotCompiledCode,
  DisagreedCode = 30
};

std::string Trial::options() const {
  std::string text;
  llvm::raw_string_ostream os(text);
  os << "--type " << nameOf(element) << " --cpu "
     << target.name << " --times " << extents.front().steps << " --rows "
     << extents.front().batch << " --tame";
  if (extents.front().differences)
    os << " --differences";
  if (road != &roads().front())
    os << " --road " << road->name;
  return text;
}

std::string Outcome::summary() const {
  static const char *const names[] = {
      "agrees",          "is refused", "fails in rnncc", "disagrees",
      "leaves a buffer", "crashes",    "hangs"};
  std::string line = names[int(ending)];
  for (StringRef mark : {"FAILED: ", "error: "}) {
    size_t at = text.find(mark);
    if (at == std::string::npos)
      continue;
    at += mark.size();
    return line + ": " + text.substr(at, text.find('\n', at) - at);
  }
  return line;
}

/// The trial itself; gives the exit code.
static int run(StringRef folder, StringRef text, const Trial &trial) {
  Options options;
  options.input = (folder + "/cell.rnn").str();
  options.element = trial.element;
  options.targets = {trial.target};
  std::error_code error;
  llvm::raw_fd_ostream(options.input, error) << text;

  Options front = options;
  front.stopAfter = llvm::find_if(
      stages(), [](const Stage &stage) { return stage.name == "sema"; });
  front.output = (folder + "/sema.mlir").str();
  if (compile(front) != Success)
    return RefusedCode;
  std::unique_ptr<Cells> cells = Cells::make(options, *trial.road);
  if (!cells)
    return NotCompiledCode;
  ViolationReport report;
  for (const Cells::Cell &cell : cells->list)
    for (const Extent &extent : trial.extents) {
      Check check(*cell.compiled, cell.text, cell.flat, cell.staged);
      check.run(extent.steps, extent.batch, extent.differences, Specials::NaN);
      if (check.verdict.firstFailure)
        return DisagreedCode + int(*check.verdict.firstFailure);
    }
  return AgreedCode;
}

Running::Running(StringRef text, const Trial &trial, int seconds)
    : end(std::chrono::steady_clock::now() + std::chrono::seconds(seconds)) {
  output = memfd_create("trial", 0);
  if (output < 0 ||
      llvm::sys::fs::createUniqueDirectory("rnncc-random", folder))
    llvm::report_fatal_error("cannot make temporary files");
  process = fork();
  if (process < 0)
    llvm::report_fatal_error("cannot make a process");
  if (process > 0)
    return;
  dup2(output, STDOUT_FILENO);
  dup2(output, STDERR_FILENO);
  // What a crash leaves behind is removed with the folder.
  setenv("TMPDIR", folder.c_str(), 1);
  setenv("LLVM_DISABLE_SYMBOLIZATION", "1", 1);
  rlimit noCore{0, 0};
  setrlimit(RLIMIT_CORE, &noCore);
  int code = run(folder, text, trial);
  llvm::outs().flush();
  _exit(code);
}

Running::~Running() {
  if (process > 0) {
    kill(process, SIGKILL);
    waitpid(process, nullptr, 0);
  }
  close(output);
  llvm::sys::fs::remove_directories(folder);
}

static std::string contentOf(int file) {
  std::string text(std::min<off_t>(lseek(file, 0, SEEK_END), 1 << 16), 0);
  ssize_t size = pread(file, text.data(), text.size(), 0);
  text.resize(std::max<ssize_t>(size, 0));
  return text;
}

std::optional<Outcome> Running::poll() {
  int status;
  Outcome outcome;
  if (waitpid(process, &status, WNOHANG) == 0) {
    if (std::chrono::steady_clock::now() < end)
      return std::nullopt;
    outcome.ending = Ending::Hung;
    outcome.text = contentOf(output);
    return outcome;
  }
  process = -1;
  outcome.text = contentOf(output);
  int code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  if (code >= DisagreedCode && code < DisagreedCode + aspects) {
    outcome.ending = Ending::Disagreed;
    outcome.aspect = Aspect(code - DisagreedCode);
  } else
    outcome.ending = code == AgreedCode        ? Ending::Agreed
                     : code == ViolationCode   ? Ending::Violation
                     : code == RefusedCode     ? Ending::Refused
                     : code == NotCompiledCode ? Ending::NotCompiled
                                               : Ending::Crashed;
  return outcome;
}

Outcome Running::wait() {
  while (true) {
    if (std::optional<Outcome> outcome = poll())
      return *outcome;
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
}
