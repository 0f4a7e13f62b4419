//===- Options.cpp - the command line of rnncc ----------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "compiler/Options.h"
#include "compiler/Pipeline.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Config/llvm-config.h"
#include "llvm/Support/CommandLine.h"
#include "llvm/Support/WithColor.h"

using namespace rnn;
namespace cl = llvm::cl;
using llvm::StringRef;

StringRef rnn::nameOf(Element element) {
  return element == Element::F32   ? "f32"
         : element == Element::F64 ? "f64"
                                   : "bf16";
}

void rnn::commandLineError(const llvm::Twine &message) {
  llvm::WithColor::error(llvm::errs(), "rnncc") << message << '\n';
}

/// "x86-64, avx2, avx512": the levels, or those of one architecture.
static std::string namesOf(llvm::ArrayRef<Target> levels) {
  return llvm::join(
      llvm::map_range(levels, [](const Target &level) { return level.name; }),
      ", ");
}

/// The levels that `--cpu` names, from the lowest; without it those of this
/// machine's architecture. Gives nothing if that is wrong, and reports it.
static std::optional<std::vector<Target>>
chooseLevels(llvm::ArrayRef<std::string> cpus, bool bf16) {
  if (cpus.empty()) {
    std::optional<Architecture> here = architectureHere();
    if (!here) {
      commandLineError("there are no kernels for processors of this machine; "
                       "name a level with --cpu: " +
                       namesOf(cpuLevels()));
      return std::nullopt;
    }
    return levelsFor(*here, bf16);
  }
  std::vector<Target> wanted;
  for (const std::string &cpu : cpus) {
    std::optional<Target> target = targetFor(cpu, bf16);
    if (!target) {
      commandLineError("--cpu " + cpu + ": expected " + namesOf(cpuLevels()) +
                       " or native");
      return std::nullopt;
    }
    if (target->hasBf16 && !target->hasMatrixUnit && !bf16) {
      commandLineError("--cpu " + cpu +
                       ": its kernels multiply in bf16; give --type=bf16, or "
                       "--cpu avx512");
      return std::nullopt;
    }
    if (!wanted.empty() &&
        wanted.front().architecture != target->architecture) {
      commandLineError("--cpu: '" + wanted.front().name + "' and '" +
                       target->name +
                       "' are levels of different architectures, which one "
                       "object cannot hold; compile for each by itself");
      return std::nullopt;
    }
    wanted.push_back(*target);
  }
  if (wanted.size() == 1)
    return wanted;
  std::vector<Target> levels;
  for (const Target &level : levelsOf(wanted.front().architecture))
    if (llvm::any_of(wanted, [&](const Target &target) {
          return target.name == level.name;
        }))
      levels.push_back(level);
  return levels;
}

/// A search by one of their names, and rows for it alone.
static bool checkSearch(StringRef name, bool isGiven, int64_t rows,
                        bool hasRows) {
  std::string names = llvm::join(searchNames(), ", ");
  if (isGiven && !llvm::is_contained(searchNames(), name)) {
    commandLineError("--autoschedule " + name + ": expected one of " + names);
    return false;
  }
  if (hasRows && !isGiven) {
    commandLineError("--autoschedule-rows: there is no search; name one with "
                     "--autoschedule: " +
                     names);
    return false;
  }
  constexpr int64_t most = 1 << 20;
  if (rows >= 1 && rows <= most)
    return true;
  commandLineError("--autoschedule-rows " + llvm::Twine(rows) +
                   ": expected a number of rows from 1 to " +
                   llvm::Twine(most));
  return false;
}

/// What a search makes fast.
enum class TunedPass { Forward, Training };

/// Reads T=STEPS,N=ROWS and maybe threads=THREADS.
static std::optional<Workload> readWorkload(StringRef text) {
  Workload work = {-1, -1};
  llvm::SmallVector<StringRef> parts;
  text.split(parts, ',');
  constexpr int64_t mostThreads = 1024;
  for (StringRef part : parts) {
    auto [name, value] = part.trim().split('=');
    int64_t *number = name == "T"         ? &work.steps
                      : name == "N"       ? &work.batch
                      : name == "threads" ? &work.threads
                                          : nullptr;
    if (!number || value.getAsInteger(10, *number) || *number < 1)
      return std::nullopt;
  }
  if (work.steps < 1 || work.batch < 1 || work.threads > mostThreads)
    return std::nullopt;
  return work;
}

/// The level to tune for: the best of this machine, or the one that --cpu names
/// if the machine has it. Gives nothing if that is wrong, and reports it.
static std::optional<Target> tunedLevel(llvm::ArrayRef<std::string> cpus,
                                        llvm::ArrayRef<Target> levels,
                                        bool bf16) {
  std::optional<Target> native = targetFor("native", bf16);
  if (!native) {
    commandLineError("--tune runs what it compiles, and there are no kernels "
                     "for processors of this machine");
    return std::nullopt;
  }
  if (cpus.empty())
    return native;
  // Levels that only products in bf16 need are there for all types to name.
  const std::string best = targetFor("native", /*bf16=*/true)->name;
  for (const Target &level : levelsOf(native->architecture)) {
    if (levels.size() == 1 && level.name == levels.front().name)
      return level;
    if (level.name == best)
      break;
  }
  commandLineError("--tune measures one CPU level that this machine has, not " +
                   namesOf(levels) + "; leave out --cpu, which gives " +
                   native->name);
  return std::nullopt;
}

/// What --tune conflicts with, or nothing.
static StringRef conflictOfTuning(const Options &options, bool hasEmit) {
  return hasEmit                              ? "--emit"
         : options.stopAfter                  ? "--stop-after"
         : options.printSchedule              ? "--print-schedule"
         : options.verifyDiagnostics          ? "--verify-diagnostics"
         : !options.search.name.empty()       ? "--autoschedule"
         : !options.weights.empty()           ? "--weights"
         : options.backend == Backend::Halide ? "--backend=halide"
                                              : "";
}

std::optional<Options> rnn::parseOptions(int argc, char **argv) {
  // LLVM's libraries bring options of their own, `stop-after` among them.
  cl::ResetCommandLineParser();
  cl::OptionCategory category("rnncc options");
  static cl::opt<std::string> input(cl::Positional, cl::desc("FILE.rnn"),
                                    cl::Required, cl::cat(category));
  static cl::opt<std::string> output(
      "o", cl::desc("Write to FILE; '-' is standard output"),
      cl::value_desc("FILE"), cl::cat(category));
  static cl::list<std::string> settings(
      "set", cl::CommaSeparated, cl::value_desc("NAME=VALUE,.."),
      cl::desc("Set sizes and functions of cells: H=128, f=relu, or "
               "LSTM.H=128 for one cell of several"),
      cl::cat(category));
  static cl::list<std::string> cells(
      "cell", cl::CommaSeparated, cl::value_desc("NAME,.."),
      cl::desc("Compile only these cells and models of the file"),
      cl::cat(category));
  static cl::opt<Emit> emit(
      "emit", cl::desc("What to write:"), cl::init(Emit::Object),
      cl::values(
          clEnumValN(Emit::Object, "obj", "object, and header beside it"),
          clEnumValN(Emit::Shared, "shared", "shared object"),
          clEnumValN(Emit::Header, "header", "C header only"),
          clEnumValN(Emit::Assembly, "asm", "assembly"),
          clEnumValN(Emit::LLVM, "llvm", "LLVM IR"),
          clEnumValN(Emit::Kernels, "kernels",
                     "the text that rnncc-halide gets (--backend=halide)")),
      cl::cat(category));
  static cl::opt<Element> element(
      "type", cl::desc("Element type:"), cl::init(Element::F32),
      cl::values(clEnumValN(Element::F32, "f32", "single precision"),
                 clEnumValN(Element::F64, "f64", "double precision"),
                 clEnumValN(Element::BF16, "bf16",
                            "single precision, but that products of weights "
                            "take both factors rounded to bf16")),
      cl::cat(category));
  static cl::opt<Backend> backend(
      "backend", cl::desc("Who makes the code of a cell's stages:"),
      cl::init(Backend::MLIR),
      cl::values(clEnumValN(Backend::MLIR, "mlir", "rnncc itself, with LLVM"),
                 clEnumValN(Backend::Halide, "halide",
                            "Halide, derivatives included; needs the program "
                            "rnncc-halide")),
      cl::cat(category));
  static cl::list<std::string> cpus(
      "cpu", cl::CommaSeparated, cl::value_desc("LEVEL,.."),
      cl::desc("CPU levels to make kernels for: x86-64, avx2 (with FMA), "
               "avx512 and, with --type=bf16, avx512bf16 and amx, of which an "
               "object can hold several and takes the best that the processor "
               "has; "
               "aarch64 (NEON); wasm32 (simd128); or "
               "native for this machine's. Without it, all levels of this "
               "machine's architecture"),
      cl::cat(category));
  static cl::opt<const Stage *> stopAfter(
      "stop-after", cl::desc("Stop after a stage and print what it made:"),
      cl::init(nullptr), cl::cat(category));
  for (const Stage &stage : stages())
    stopAfter.getParser().addLiteralOption(stage.name, &stage, stage.help);
  static cl::opt<std::string> weights(
      "weights", cl::value_desc("FILE"), cl::cat(category),
      cl::desc("Compile in the values that a safetensors file has for the "
               "parameters of the one cell or model that is compiled"));
  static cl::opt<std::string> schedule(
      "schedule", cl::value_desc("FILE"), cl::cat(category),
      cl::desc("Take the schedules in FILE before those of the text"));
  static cl::opt<std::string> autoschedule(
      "autoschedule", cl::value_desc("NAME"), cl::cat(category),
      cl::desc("Let a search of Halide choose what schedules leave open: "
               "mullapudi2016, li2018 or adams2019; needs the program "
               "rnncc-halide"));
  static cl::opt<int64_t> autoscheduleRows(
      "autoschedule-rows", cl::value_desc("N"), cl::init(Search().rows),
      cl::cat(category),
      cl::desc("Rows that the search chooses for (32 by default)"));
  static cl::opt<std::string> tune(
      "tune", cl::value_desc("T=STEPS,N=ROWS[,threads=THREADS]"),
      cl::cat(category),
      cl::desc(
          "Measure schedules around the compiler's choice on this machine, "
          "for calls of these sizes, and write the fastest in the form "
          "that --schedule reads; needs the program rnncc-run"));
  static cl::opt<TunedPass> tuneFor(
      "tune-for", cl::desc("With --tune, what is to be fast:"),
      cl::init(TunedPass::Training),
      cl::values(clEnumValN(TunedPass::Forward, "forward",
                            "the forward pass without a tape"),
                 clEnumValN(TunedPass::Training, "training",
                            "forward and backward (the default)")),
      cl::cat(category));
  static cl::opt<int64_t> tuneSeconds(
      "tune-seconds", cl::value_desc("SECONDS"), cl::init(Tuning().seconds),
      cl::cat(category),
      cl::desc("With --tune, the time for each cell or part of a model (60 by "
               "default)"));
  static cl::opt<bool> tunePlan(
      "tune-plan", cl::cat(category),
      cl::desc(
          "With --tune, print what would be measured first, with the times "
          "that are predicted, and stop"));
  static cl::opt<bool> printSchedule(
      "print-schedule", cl::cat(category),
      cl::desc("Print the schedules that hold, those chosen by the compiler "
               "included, in the form that --schedule reads, and stop"));
  static cl::opt<bool> warningsAreErrors(
      "Werror", cl::desc("Make warnings errors"), cl::cat(category));
  static cl::opt<bool> timing(
      "timing", cl::cat(category),
      cl::desc("Print on standard error where time went: passes, code of each "
               "CPU level, linking"));
  static cl::opt<bool> verifyDiagnostics(
      "verify-diagnostics", cl::Hidden, cl::cat(category),
      cl::desc("Check errors against the 'expected-error' comments in the "
               "input"));

  cl::SetVersionPrinter([](llvm::raw_ostream &os) {
    os << "rnncc " << RNNCC_VERSION << " (LLVM " << LLVM_VERSION_STRING
       << ")\n";
  });
  cl::HideUnrelatedOptions(category);
  if (!cl::ParseCommandLineOptions(argc, argv,
                                   "rnncc, a compiler for recurrent networks\n",
                                   &llvm::errs()))
    return std::nullopt;

  if (stopAfter && emit.getNumOccurrences()) {
    commandLineError("--stop-after prints what a stage made; give it without "
                     "--emit");
    return std::nullopt;
  }
  if (printSchedule && (stopAfter || emit.getNumOccurrences())) {
    commandLineError("--print-schedule prints the schedule alone; give it "
                     "without --emit and --stop-after");
    return std::nullopt;
  }
  Options options;
  options.input = input;
  options.output = output;
  for (StringRef text : settings) {
    std::optional<Setting> setting = parseSetting(text.trim());
    if (!setting) {
      commandLineError("--set " + text +
                       ": expected NAME=VALUE or CELL.NAME=VALUE");
      return std::nullopt;
    }
    for (const Setting &other : options.settings)
      if (other.cell == setting->cell && other.name == setting->name) {
        commandLineError("--set gives '" + setting->name + "' twice");
        return std::nullopt;
      }
    options.settings.push_back(*setting);
  }
  options.cells.assign(cells.begin(), cells.end());
  options.emit = emit;
  options.element = element;
  options.backend = backend;
  bool isText = emit == Emit::Assembly || emit == Emit::LLVM;
  if (backend == Backend::Halide && isText) {
    commandLineError("--backend=halide has no assembly and no LLVM IR of a "
                     "whole cell; --emit=kernels shows what Halide gets");
    return std::nullopt;
  }
  if (backend != Backend::Halide && emit == Emit::Kernels) {
    commandLineError("--emit=kernels: only --backend=halide has kernels");
    return std::nullopt;
  }
  const bool bf16 = element == Element::BF16;
  if (backend == Backend::Halide && bf16) {
    commandLineError(
        "--type=bf16: Halide's kernels multiply in the type of the "
        "arrays; give --backend=mlir, or --type=f32");
    return std::nullopt;
  }
  std::optional<std::vector<Target>> levels = chooseLevels(cpus, bf16);
  if (!levels)
    return std::nullopt;
  if (element == Element::F64 && llvm::any_of(*levels, [](const Target &level) {
        return level.hasMatrixUnit;
      })) {
    commandLineError("--cpu amx: its unit multiplies in bf16, which --type=f64 "
                     "has no use for; give --cpu avx512");
    return std::nullopt;
  }
  options.targets = *levels;
  if (emit == Emit::Shared &&
      levels->front().architecture == Architecture::Wasm32) {
    commandLineError("--emit=shared: WebAssembly has no shared objects that "
                     "programs open; link an object (--emit=obj) into your "
                     "module with wasm-ld");
    return std::nullopt;
  }
  options.stopAfter = stopAfter;
  options.schedule = schedule;
  options.weights = weights;
  if (!checkSearch(autoschedule, autoschedule.getNumOccurrences(),
                   autoscheduleRows, autoscheduleRows.getNumOccurrences()))
    return std::nullopt;
  if (bf16 && !autoschedule.empty()) {
    commandLineError("--autoschedule: Halide's searches know no products in "
                     "bf16; search with --type=f32 and --print-schedule, and "
                     "give that with --schedule");
    return std::nullopt;
  }
  options.search = {autoschedule, autoscheduleRows};
  options.printSchedule = printSchedule;
  options.warningsAreErrors = warningsAreErrors;
  options.timing = timing;
  options.verifyDiagnostics = verifyDiagnostics;
  if (!tune.getNumOccurrences()) {
    for (const cl::Option *option : {static_cast<cl::Option *>(&tuneFor),
                                     static_cast<cl::Option *>(&tuneSeconds),
                                     static_cast<cl::Option *>(&tunePlan)})
      if (option->getNumOccurrences()) {
        commandLineError("--" + option->ArgStr +
                         ": nothing is measured; give the sizes with "
                         "--tune=T=STEPS,N=ROWS");
        return std::nullopt;
      }
    return options;
  }
  std::optional<Workload> work = readWorkload(tune);
  if (!work) {
    commandLineError("--tune " + tune +
                     ": expected T=STEPS,N=ROWS, and threads=THREADS for a "
                     "team; numbers from 1");
    return std::nullopt;
  }
  if (tuneSeconds < 1) {
    commandLineError("--tune-seconds " + llvm::Twine(tuneSeconds) +
                     ": expected a number of seconds from 1");
    return std::nullopt;
  }
  StringRef other = conflictOfTuning(options, emit.getNumOccurrences());
  if (!other.empty()) {
    commandLineError("--tune writes a schedule and nothing else; give it "
                     "without " +
                     other);
    return std::nullopt;
  }
  if (input == "-") {
    commandLineError("--tune compiles the text again and again; give a file, "
                     "not standard input");
    return std::nullopt;
  }
  std::optional<Target> level = tunedLevel(cpus, options.targets, bf16);
  if (!level)
    return std::nullopt;
  options.targets = {*level};
  work->training = tuneFor == TunedPass::Training;
  options.tuning = Tuning{*work, tuneSeconds, tunePlan};
  return options;
}
