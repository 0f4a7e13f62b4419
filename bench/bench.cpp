//===- bench.cpp - rnncc and oneDNN side by side --------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Problem.h"
#include "Side.h"
#include "Timing.h"
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <dlfcn.h>
#include <exception>
#include <fstream>
#include <set>
#include <sstream>
#include <stdexcept>

using namespace bench;

static const char help[] =
    R"(usage: rnncc-bench --shapes FILE --objects DIR [OPTIONS]

Checks and times compiled cells side by side with oneDNN: f32, one thread.

  --shapes FILE     layers to measure: cell, steps, batch, inputs, hidden
  --objects DIR     where CELL-I-H.so lie, as rnncc --emit=shared made them
  --only TEXT       layers whose name, such as 'lstm 50,32,64,64', has TEXT
  --rounds N        how often each side takes its turn (7)
  --csv FILE        also write all timings there
  --check           compare the results, time nothing
  --without-rnncc   oneDNN alone
  --halide          also CELL-I-H.halide.so, which rnncc --backend=halide made
  --rnncc-version V what to call the compiler in the output
  --help            this text
)";

namespace {
struct Options {
  std::string shapes, objects, only, csv, rnnccVersion = "rnncc";
  int rounds = 7;
  bool checkOnly = false, rnncc = true, halide = false;
};
} // namespace

[[noreturn]] static void refuse(const std::string &message) {
  std::fprintf(stderr, "rnncc-bench: %s\nTry --help.\n", message.c_str());
  std::exit(2);
}

static Options parseOptions(int argc, char **argv) {
  Options options;
  for (int i = 1; i < argc; ++i) {
    std::string option = argv[i];
    auto value = [&]() -> std::string {
      if (i + 1 == argc)
        refuse(option + " needs a value");
      return argv[++i];
    };
    if (option == "--help") {
      std::fputs(help, stdout);
      std::exit(0);
    } else if (option == "--shapes") {
      options.shapes = value();
    } else if (option == "--objects") {
      options.objects = value();
    } else if (option == "--only") {
      options.only = value();
    } else if (option == "--rounds") {
      options.rounds = std::atoi(value().c_str());
      if (options.rounds < 1)
        refuse("--rounds takes a whole number from 1");
    } else if (option == "--csv") {
      options.csv = value();
    } else if (option == "--check") {
      options.checkOnly = true;
    } else if (option == "--without-rnncc") {
      options.rnncc = false;
    } else if (option == "--halide") {
      options.halide = true;
    } else if (option == "--rnncc-version") {
      options.rnnccVersion = value();
    } else {
      refuse("there is no option '" + option + "'");
    }
  }
  if (options.shapes.empty() || (options.rnncc && options.objects.empty()))
    refuse("--shapes and --objects are needed");
  return options;
}

static std::vector<Shape> readShapes(const Options &options) {
  std::ifstream file(options.shapes);
  if (!file)
    throw std::runtime_error("cannot read " + options.shapes);
  std::vector<Shape> shapes;
  for (std::string line; std::getline(file, line);) {
    std::istringstream words(line.substr(0, line.find('#')));
    Shape shape;
    if (!(words >> shape.cell))
      continue;
    words >> shape.steps >> shape.batch >> shape.inputs >> shape.hidden;
    if (!words ||
        (shape.cell != "rnn" && shape.cell != "lstm" && shape.cell != "gru"))
      throw std::runtime_error(options.shapes + ": cannot make sense of '" +
                               line + "'");
    if (shape.text().find(options.only) != std::string::npos)
      shapes.push_back(shape);
  }
  if (shapes.empty())
    throw std::runtime_error("no layer is left to measure");
  return shapes;
}

static std::string objectOf(const Options &options, const Shape &shape,
                            const char *extension = ".so") {
  return options.objects + "/" + shape.cell + "-" +
         std::to_string(shape.inputs) + "-" + std::to_string(shape.hidden) +
         extension;
}

static std::string cpuName() {
  std::ifstream file("/proc/cpuinfo");
  for (std::string line; std::getline(file, line);)
    if (line.rfind("model name", 0) == 0)
      return line.substr(line.find(':') + 2);
  return "unknown CPU";
}

/// oneDNN takes its threads from the OpenMP library that it brings along.
static void useOneThread() {
  auto *setThreads = reinterpret_cast<void (*)(int)>(
      dlsym(RTLD_DEFAULT, "omp_set_num_threads"));
  if (setThreads)
    setThreads(1);
}

static constexpr Work allWorks[] = {Work::Inference, Work::ForwardTraining,
                                    Work::TrainingStep};

/// What one side may differ from another, relative to the largest element.
static constexpr double tolerance = 1e-4;

/// Compares both sides with the reference on a few steps of the layer. Each
/// runs twice: what the first call leaves behind must not matter.
static bool checkAgainstReference(const Options &options, Shape shape) {
  shape.steps = std::min<int64_t>(shape.steps, 4);
  shape.batch = std::min<int64_t>(shape.batch, 5);
  Problem problem(shape);
  Result expected = reference(problem);
  bool good = true;
  std::printf("%-21s", shape.text().c_str());
  auto compare = [&](const char *name, auto make) {
    std::printf("   %s", name);
    for (Work work : allWorks) {
      std::unique_ptr<Side> side = make(work);
      if (!side)
        continue;
      side->run();
      side->run();
      double distance = difference(side->fetch(), expected);
      bool close = distance <= tolerance;
      std::printf(" %.0e%s", distance, close ? "" : " WRONG");
      good &= close;
    }
  };
  compare("oneDNN", [&](Work work) { return makeOneDnn(problem, work); });
  if (options.rnncc)
    compare("rnncc", [&](Work work) {
      return makeRnncc(objectOf(options, shape), problem, work);
    });
  if (options.halide)
    compare("halide", [&](Work work) {
      return makeRnncc(objectOf(options, shape, ".halide.so"), problem, work);
    });
  std::printf("\n");
  return good;
}

namespace {
/// A side with its timing.
struct Entry {
  std::string name;
  Work work;
  std::unique_ptr<Side> side;
  Timing timing = {};
};
} // namespace

static const char *nameOf(Work work) {
  switch (work) {
  case Work::Inference:
    return "inference";
  case Work::ForwardTraining:
    return "forward-training";
  case Work::TrainingStep:
    return "training-step";
  }
  return "";
}

static void writeCsv(FILE *csv, const Shape &shape, const Entry &entry,
                     const std::string &version, const std::string &cpu) {
  double flops = shape.flops() * (entry.work == Work::TrainingStep ? 3 : 1);
  const Timing &timing = entry.timing;
  std::fprintf(
      csv,
      "%s,%lld,%lld,%lld,%lld,%s,%s,\"%s\",%.5f,%.5f,%zu,%.1f,%.3f,"
      "\"%s\",\"%s\"\n",
      shape.cell.c_str(), static_cast<long long>(shape.steps),
      static_cast<long long>(shape.batch), static_cast<long long>(shape.inputs),
      static_cast<long long>(shape.hidden), nameOf(entry.work),
      entry.name.c_str(), entry.side->implementation.c_str(), timing.median,
      timing.minimum, timing.calls, flops / timing.median * 1e-6,
      timing.disturbed, version.c_str(), cpu.c_str());
  std::fflush(csv);
}

/// The entry of `name` with the smallest median among the kinds of work.
static const Entry *best(const std::vector<Entry> &entries,
                         const std::string &name, std::set<Work> works) {
  const Entry *found = nullptr;
  for (const Entry &entry : entries)
    if (entry.name == name && works.count(entry.work) &&
        (!found || entry.timing.median < found->timing.median))
      found = &entry;
  return found;
}

/// The times of oneDNN and rnncc with their ratio, and of the other backend.
static void printTimes(const std::vector<Entry> &entries,
                       const std::set<Work> &works, bool halide) {
  const Entry *oneDnn = best(entries, "oneDNN", works);
  const Entry *rnncc = best(entries, "rnncc", works);
  auto print = [](const Entry *entry) {
    if (!entry)
      return std::printf(" %18s", "-");
    return std::printf(" %8.3f (%7.3f)", entry->timing.median,
                       entry->timing.minimum);
  };
  std::printf("  ");
  print(oneDnn);
  print(rnncc);
  if (oneDnn && rnncc)
    std::printf(" %6.2f", oneDnn->timing.median / rnncc->timing.median);
  else
    std::printf(" %6s", "-");
  if (halide)
    print(best(entries, "halide", works));
}

/// Times one layer; false if the sides do not agree.
static bool measure(const Options &options, const Shape &shape, FILE *csv,
                    const std::string &cpu) {
  Problem problem(shape);
  std::vector<Entry> entries;
  for (Work work : {Work::Inference, Work::ForwardTraining, Work::TrainingStep})
    if (auto side = makeOneDnn(problem, work))
      entries.push_back({"oneDNN", work, std::move(side)});
  if (options.rnncc)
    for (Work work : {Work::Inference, Work::TrainingStep})
      entries.push_back(
          {"rnncc", work, makeRnncc(objectOf(options, shape), problem, work)});
  if (options.halide)
    for (Work work : {Work::Inference, Work::TrainingStep})
      entries.push_back(
          {"halide", work,
           makeRnncc(objectOf(options, shape, ".halide.so"), problem, work)});

  std::vector<Side *> sides;
  for (Entry &entry : entries)
    sides.push_back(entry.side.get());
  std::vector<Timing> timings = timeByTurns(sides, options.rounds);
  double disturbed = 0;
  for (size_t i = 0; i < entries.size(); ++i) {
    entries[i].timing = timings[i];
    disturbed = std::max(disturbed, timings[i].disturbed);
    if (csv)
      writeCsv(csv, shape, entries[i],
               entries[i].name == "oneDNN" ? oneDnnVersion()
                                           : options.rnnccVersion,
               cpu);
  }

  const std::set<Work> forward = {Work::Inference, Work::ForwardTraining};
  std::printf("%-21s", shape.text().c_str());
  printTimes(entries, forward, options.halide);
  const Entry *oneDnn = best(entries, "oneDNN", {Work::TrainingStep}),
              *rnncc = best(entries, "rnncc", {Work::TrainingStep});
  printTimes(entries, {Work::TrainingStep}, options.halide);
  bool agree = true;
  if (oneDnn && rnncc)
    agree =
        difference(rnncc->side->fetch(), oneDnn->side->fetch()) <= tolerance;
  if (!agree)
    std::printf("  RESULTS DIFFER");
  if (disturbed > 0.02)
    std::printf("  disturbed: %.0f %%", disturbed * 100);
  std::printf("\n");
  std::fflush(stdout);
  return agree;
}

static bool run(const Options &options) {
  int onCpu = stayOnOneCpu();
  useOneThread();
  std::string cpu = cpuName();
  std::vector<Shape> shapes = readShapes(options);
  std::printf("%s, CPU %d, one thread, f32\noneDNN %s, %s\n\n", cpu.c_str(),
              onCpu, oneDnnVersion().c_str(), options.rnnccVersion.c_str());

  std::printf("Largest difference from a reference in double, by kind of work: "
              "inference,\nforward that keeps a tape, training step.\n");
  bool good = true;
  std::set<std::string> checked;
  for (const Shape &shape : shapes)
    if (checked.insert(objectOf(options, shape)).second)
      good &= checkAgainstReference(options, shape);
  if (options.checkOnly || !good)
    return good;

  FILE *csv = nullptr;
  if (!options.csv.empty()) {
    csv = std::fopen(options.csv.c_str(), "w");
    if (!csv)
      throw std::runtime_error("cannot write " + options.csv + ": " +
                               std::strerror(errno));
    std::fprintf(csv, "cell,steps,batch,inputs,hidden,work,side,implementation,"
                      "median_ms,minimum_ms,calls,gflops,disturbed,version,"
                      "cpu\n");
  }
  std::printf("\nMilliseconds, median (minimum). The ratio of the medians is "
              "above 1 where rnncc is\nfaster. For the forward pass, oneDNN's "
              "better mode counts.\n\n%-21s   %-*s   %s\n%-21s",
              "", options.halide ? 64 : 45, "forward", "training step",
              "cell T,N,I,H");
  for (int i = 0; i < 2; ++i) {
    std::printf("   %18s %18s %6s", "oneDNN", "rnncc", "ratio");
    if (options.halide)
      std::printf(" %18s", "with Halide");
  }
  std::printf("\n");
  for (const Shape &shape : shapes)
    good &= measure(options, shape, csv, cpu);
  if (csv) {
    std::fclose(csv);
    std::printf("\nAll timings: %s\n", options.csv.c_str());
  }
  return good;
}

int main(int argc, char **argv) {
  Options options = parseOptions(argc, argv);
  try {
    return run(options) ? 0 : 1;
  } catch (const std::exception &error) {
    std::fflush(stdout);
    std::fprintf(stderr, "rnncc-bench: %s\n", error.what());
    return 1;
  }
}
