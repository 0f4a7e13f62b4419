//===- rnncc-check.cpp - compare a compiled cell with the interpreter -----===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Compiles the cells of a text and compares them with the interpreter, for all
// given sizes, numbers of steps and of rows. Check.h says what is compared.
//
//===----------------------------------------------------------------------===//

#include "test/run/Check.h"
#include "test/run/Roads.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/CommandLine.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/InitLLVM.h"

using namespace mlir;
using namespace rnn;
namespace cl = llvm::cl;

/// Adds `I=64,H=128` to the settings; false if that is none.
static bool addSettings(StringRef text, Options &options) {
  for (StringRef one : llvm::split(text, ',')) {
    std::optional<Setting> setting = parseSetting(one);
    if (!setting)
      return false;
    options.settings.push_back(*setting);
  }
  return true;
}

namespace {
/// The command line. A copy: lld, inside of the compiler, sets all options back
/// to their defaults.
struct Wishes {
  std::string input, cpu, road;
  std::vector<std::string> sets;
  std::vector<int64_t> times, rows;
  Element type;
  bool differences, tame;
};
} // namespace

/// Takes out all but the first and the last.
template <typename List> static void keepEnds(List &list) {
  while (list.size() > 2)
    list.erase(list.begin() + 1);
}

static Wishes parseWishes(int argc, char **argv) {
  cl::ResetCommandLineParser();
  static cl::opt<std::string> input(cl::Positional, cl::Required,
                                    cl::desc("FILE"));
  static cl::list<std::string> sets("set",
                                    cl::desc("Sizes, as for rnncc; once per "
                                             "set of sizes to check"));
  static cl::list<int64_t> times("times", cl::CommaSeparated, cl::desc("T"));
  static cl::list<int64_t> rows("rows", cl::CommaSeparated, cl::desc("N"));
  static cl::opt<Element> type("type", cl::init(Element::F32),
                               cl::values(clEnumValN(Element::F32, "f32", ""),
                                          clEnumValN(Element::F64, "f64", ""),
                                          clEnumValN(Element::BF16, "bf16", "")));
  static cl::opt<std::string> cpu(
      "cpu", cl::init("native"),
      cl::desc("A CPU level, or 'all' that this machine has, one by one"));
  static cl::opt<std::string> road("road", cl::init("mlir"),
                                   cl::desc("The backend to check"));
  static cl::opt<bool> differences(
      "differences", cl::desc("Check gradients by differences, too"));
  static cl::opt<bool> tame(
      "tame", cl::desc("NaN alone among the special values: for cells that run "
                       "out of range on large numbers"));
  static cl::opt<bool> few("few", cl::desc("Of sets, times and rows, only the "
                                           "first and the last"));
  cl::ParseCommandLineOptions(argc, argv, "compares a cell with the oracle\n");
  Wishes wishes = {input, cpu,  road,        sets, times,
                   rows,  type, differences, tame};
  if (few) {
    keepEnds(wishes.sets);
    keepEnds(wishes.times);
    keepEnds(wishes.rows);
  }
  return wishes;
}

/// One line about a cell.
static void print(const rnncc_descriptor &cell, const Wishes &wishes,
                  StringRef set, const Target &target, const Verdict &verdict) {
  auto worst = [&](Aspect aspect) { return verdict.worst[int(aspect)]; };
  llvm::outs() << cell.name << " " << nameOf(wishes.type) << " " << set;
  if (wishes.cpu == "all")
    llvm::outs() << " " << target.name;
  llvm::outs() << llvm::format(": values %.1e, gradients %.1e",
                               worst(Aspect::Values), worst(Aspect::Gradients));
  if (wishes.differences)
    llvm::outs() << llvm::format(", differences %.1e",
                                 worst(Aspect::Differences));
  llvm::outs() << "\n";
  llvm::outs().flush();
}

/// The CPU levels of this machine that --cpu names; none if it names another.
static std::vector<Target> targetsOf(StringRef cpu, bool bf16) {
  std::optional<Target> best = targetFor("native", bf16),
                        named = targetFor(cpu, bf16);
  std::vector<Target> targets;
  if (cpu == "all" && best)
    for (const Target &level : levelsFor(best->architecture, bf16)) {
      targets.push_back(level);
      if (level.name == best->name)
        break;
    }
  else if (named && named->architecture == architectureHere())
    targets.push_back(*named);
  return targets;
}

int main(int argc, char **argv) {
  llvm::InitLLVM init(argc, argv);
  Wishes wishes = parseWishes(argc, argv);
  const Road *road = roadOf(wishes.road);
  const bool bf16 = wishes.type == Element::BF16;
  std::vector<Target> targets = targetsOf(wishes.cpu, bf16);
  if (!road || targets.empty()) {
    llvm::errs() << "rnncc-check: no such --road or --cpu\n";
    return 2;
  }
  if (wishes.differences && bf16) {
    llvm::errs() << "rnncc-check: --differences: what is rounded to bf16 has "
                    "steps and no slopes\n";
    return 2;
  }
  if (wishes.sets.empty())
    wishes.sets.push_back("");
  if (wishes.times.empty() || wishes.rows.empty()) {
    llvm::errs() << "rnncc-check: give --times and --rows\n";
    return 2;
  }
  // Differences of many steps and rows take long and are of little account.
  auto isSmall = [](int64_t steps, int64_t rows) {
    return steps <= 2 && rows <= 3;
  };
  if (wishes.differences && !isSmall(*llvm::min_element(wishes.times),
                                     *llvm::min_element(wishes.rows))) {
    llvm::errs() << "rnncc-check: --differences needs one of --times up to 2 "
                    "and one of --rows up to 3\n";
    return 2;
  }

  int failures = 0;
  for (const std::string &set : wishes.sets) {
    Options options;
    options.input = wishes.input;
    options.element = wishes.type;
    if (!set.empty() && !addSettings(set, options)) {
      llvm::errs() << "rnncc-check: --set " << set << "\n";
      return 2;
    }
    Memory memory;
    for (const Target &target : targets) {
      options.targets = {target};
      std::unique_ptr<Cells> cells = Cells::make(options, *road);
      if (!cells)
        return 1;
      ViolationReport report;
      for (const Cells::Cell &cell : cells->list) {
        Check check(*cell.compiled, cell.text, cell.flat, cell.staged,
                    targets.size() > 1 ? &memory : nullptr);
        for (int64_t t : wishes.times)
          for (int64_t n : wishes.rows)
            check.run(t, n, wishes.differences && isSmall(t, n),
                      wishes.tame ? Specials::NaN : Specials::All);
        print(*cell.compiled, wishes, set, target, check.verdict);
        failures += check.verdict.failures;
      }
    }
  }
  llvm::outs() << (failures ? "FAILED\n" : "all agree\n");
  return failures != 0;
}
