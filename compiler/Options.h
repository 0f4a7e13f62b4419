//===- Options.h - the command line of rnncc --------------------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef RNNCC_COMPILER_OPTIONS_H
#define RNNCC_COMPILER_OPTIONS_H

#include "compiler/schedule/Autoschedule.h"
#include "compiler/schedule/CostModel.h"
#include "compiler/schedule/Target.h"
#include "compiler/sema/Sema.h"
#include <optional>
#include <string>
#include <vector>

namespace rnn {
struct Stage;

enum class Emit { Object, Shared, Header, Assembly, LLVM, Kernels };
/// BF16: arrays of f32, products of bf16.
enum class Element { F32, F64, BF16 };
/// As `--type` names it.
llvm::StringRef nameOf(Element element);
/// Who makes the code of stages.
enum class Backend { MLIR, Halide };

/// A search that measures schedules on this machine.
struct Tuning {
  Workload work;
  int64_t seconds = 60;  ///< for each cell
  bool planOnly = false; ///< print what would be tried, and stop
};

/// What the user asked for.
struct Options {
  std::string input;
  std::string output; ///< empty: named after the input; "-": standard output
  std::vector<Setting> settings;
  std::vector<std::string> cells; ///< empty: all of the file
  Emit emit = Emit::Object;
  Element element = Element::F32;
  Backend backend = Backend::MLIR;
  /// CPU levels to make kernels for, of one architecture, from the lowest;
  /// never empty.
  std::vector<Target> targets;
  const Stage *stopAfter = nullptr; ///< null: go to the end
  /// A file of schedules, which count before those of the text; empty: none.
  std::string schedule;
  /// A file of values of parameters to compile in; empty: none.
  std::string weights;
  Search search; ///< chooses what schedules leave open
  std::optional<Tuning> tuning;
  bool printSchedule = false; ///< print the schedule and stop
  bool warningsAreErrors = false;
  bool timing = false; ///< say where time went
  bool verifyDiagnostics = false;
  // For programs, not for users.
  std::string triedSchedules; ///< count before all others; empty: none
  /// Names were checked, and messages shown, when the text was compiled before.
  bool again = false;
};

/// Reads a command line. Gives nothing after a wrong one, which it reports.
std::optional<Options> parseOptions(int argc, char **argv);

/// Reports what is wrong with the command line or the files it names.
void commandLineError(const llvm::Twine &message);

} // namespace rnn

#endif // RNNCC_COMPILER_OPTIONS_H
