//===- bench.cpp - oneDNN and compiled cells, to be timed by compare.py ---===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// 'serve' answers the same lines as peers/worker.py, which says what they mean;
// the other commands are done once. All exchange arrays through files.
//
//===----------------------------------------------------------------------===//

#include "Ceilings.h"
#include "Problem.h"
#include "Side.h"
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <exception>
#include <iostream>
#include <iterator>
#include <map>
#include <optional>
#include <sstream>
#include <stdexcept>

using namespace bench;

static const char usage[] =
    R"(usage: rnncc-bench COMMAND

  serve onednn f32|bf16 time oneDNN, as lines on the standard input ask
  serve rnncc OBJECT.so THREADS
                        the same for a cell that rnncc compiled
  problem LAYER FILE    write the arrays that the layer is given
  reference LAYER FILE  write a training step of the layer, computed in double
  compare LAYER forward|training FILE FILE
                        print how far two results differ
  ceilings THREADS      measure what the processor can do at most

LAYER is: rnn|lstm|gru|lbr_gru STEPS ROWS INPUTS HIDDEN
)";

using Words = std::vector<std::string>;

static int64_t toNumber(const std::string &word) {
  char *end;
  long long number = std::strtoll(word.c_str(), &end, 10);
  if (end == word.c_str() || *end || number < 1)
    throw std::runtime_error("'" + word + "' is no whole number from 1");
  return number;
}

/// The layer in words[at] and the four after it.
static Shape toShape(const Words &words, size_t at) {
  if (words.size() < at + 5)
    throw std::runtime_error("a layer has five words");
  const std::string &cell = words[at];
  if (cell != "rnn" && cell != "lstm" && cell != "gru" && cell != "lbr_gru")
    throw std::runtime_error("there is no cell '" + cell + "'");
  return {cell, toNumber(words[at + 1]), toNumber(words[at + 2]),
          toNumber(words[at + 3]), toNumber(words[at + 4])};
}

static Work toWork(const std::string &word) {
  if (word == "inference")
    return Work::Inference;
  if (word == "forward-training")
    return Work::ForwardTraining;
  if (word == "training-step")
    return Work::TrainingStep;
  throw std::runtime_error("there is no work '" + word + "'");
}

static double milliseconds() {
  using namespace std::chrono;
  return duration<double, std::milli>(steady_clock::now().time_since_epoch())
      .count();
}

/// One call to warm up, then at least `calls` calls and `least` milliseconds of
/// them: the time of each.
static std::string timeBlock(Side &side, int64_t calls, double least) {
  std::ostringstream times;
  side.run();
  double start = milliseconds(), last = start;
  for (int64_t call = 0; call < calls || last - start < least; ++call) {
    side.run();
    double now = milliseconds();
    times << ' ' << now - last;
    last = now;
  }
  return times.str();
}

namespace {
/// What 'serve' was told to prepare.
class Server {
public:
  explicit Server(Words side) : side(std::move(side)) {}
  std::string answer(const Words &words);

private:
  std::string prepare(const Words &words);

  const Words side;
  std::optional<Problem> problem;
  std::map<Work, std::unique_ptr<Side>> prepared;
};
} // namespace

/// prepare WORK LAYER FILE; the file is for others, the problem is made here.
std::string Server::prepare(const Words &words) {
  Shape shape = toShape(words, 2);
  if (!problem)
    problem.emplace(shape);
  Work work = toWork(words[1]);
  std::unique_ptr<Side> made;
#ifdef BENCH_ONEDNN
  if (side[0] == "onednn")
    made = makeOneDnn(*problem, work, side.at(1) == "bf16");
#endif
  if (side[0] == "rnncc")
    made = makeRnncc(side.at(1), *problem, work, int(toNumber(side.at(2))));
  if (!made)
    return "none it has no such primitive";
  std::string implementation = made->implementation;
  prepared[work] = std::move(made);
  return "ok " + implementation;
}

std::string Server::answer(const Words &words) {
  const std::string &command = words.at(0);
  if (command == "prepare")
    return prepare(words);
  if (command == "forget") {
    prepared.clear();
    problem.reset();
    return "ok";
  }
  auto found = prepared.find(toWork(words.at(1)));
  if (found == prepared.end())
    throw std::runtime_error("nothing is prepared");
  if (command == "block")
    return "ok" + timeBlock(*found->second, toNumber(words.at(2)),
                            double(toNumber(words.at(3))));
  if (command != "result")
    throw std::runtime_error("there is no command '" + command + "'");
  // Twice: what the first call leaves behind must not matter.
  found->second->run();
  found->second->run();
  write(found->second->fetch(), words.at(2));
  return "ok";
}

static void serve(const Words &side) {
  std::string version;
#ifdef BENCH_ONEDNN
  if (side.at(0) == "onednn")
    version = oneDnnVersion();
#endif
  std::cout << "ok " << version << std::endl;
  Server server(side);
  for (std::string line; std::getline(std::cin, line);) {
    std::istringstream stream(line);
    Words words(std::istream_iterator<std::string>(stream), {});
    try {
      std::cout << server.answer(words) << std::endl;
    } catch (const std::exception &error) {
      std::cout << "error " << error.what() << std::endl;
    }
  }
}

static void run(const Words &words) {
  if (words.at(0) == "serve")
    serve(Words(words.begin() + 1, words.end()));
  else if (words[0] == "problem")
    write(Problem(toShape(words, 1)), words.at(6));
  else if (words[0] == "reference")
    write(reference(Problem(toShape(words, 1))), words.at(6));
  else if (words[0] == "ceilings")
    printCeilings(int(toNumber(words.at(1))));
  else if (words[0] == "compare") {
    Shape shape = toShape(words, 1);
    bool gradients = words.at(6) == "training";
    std::printf("%.3g\n",
                difference(readResult(shape, gradients, words.at(7)),
                           readResult(shape, gradients, words.at(8))));
  } else
    throw std::out_of_range("");
}

int main(int argc, char **argv) {
  try {
    run(Words(argv + 1, argv + argc));
  } catch (const std::out_of_range &) {
    std::fputs(usage, stderr);
    return 2;
  } catch (const std::exception &error) {
    std::fprintf(stderr, "rnncc-bench: %s\n", error.what());
    return 1;
  }
}
