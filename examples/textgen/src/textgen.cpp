//===- textgen.cpp - recurrent networks learn a text and write on ---------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Options.h"
#include "Training.h"
#include "Writing.h"
#include "char_gru.h"
#include "char_lstm.h"
#include "char_rnn.h"
#include "rnncc/runtime.h"
#include <algorithm>
#include <cstdio>
#include <exception>
#include <stdexcept>
#include <string_view>
#include <thread>
#include <unistd.h>

using namespace textgen;

/// The cells that rnncc compiled from the .rnn files beside this folder.
static const struct {
  const char *option;
  const rnncc_descriptor *cell;
} cells[] = {
    {"rnn", &char_rnn_cell},
    {"lstm", &char_lstm_cell},
    {"gru", &char_gru_cell},
};

/// One line of the table at the end.
struct Outcome {
  const rnncc_descriptor *cell;
  int64_t parameters;
  TrainingResult training;
};

/// A text that any Debian system has.
static std::string defaultFile() {
  for (const char *name : {"GPL-3", "GPL-2", "LGPL-2.1", "Apache-2.0"}) {
    std::string path = std::string("/usr/share/common-licenses/") + name;
    if (access(path.c_str(), R_OK) == 0)
      return path;
  }
  throw std::runtime_error("no text in /usr/share/common-licenses; name one: "
                           "textgen FILE");
}

static int64_t sizeOf(const rnncc_descriptor &cell, std::string_view name) {
  for (int64_t i = 0; i < cell.n_sizes; ++i)
    if (cell.sizes[i].name == name)
      return cell.sizes[i].value;
  return 0;
}

static Outcome trainAndWrite(const rnncc_descriptor &cell, const Text &text,
                             const Options &options, rnncc_team *team) {
  Random random(options.seed);
  Model model(cell, random);
  std::printf("\n%s: %lld units, %lld parameters\n", cell.name,
              static_cast<long long>(sizeOf(cell, "H")),
              static_cast<long long>(model.count()));
  TrainingResult result = train(model, text, options.training, team);
  std::printf("loss on the text held out: %.3f nats/char\n",
              result.heldOutLoss);
  if (options.length > 0) {
    std::string written = write(model, text, options.prompt, options.length,
                                options.temperature, random);
    std::printf("%s writes:\n----\n%s\n----\n", cell.name, written.c_str());
  }
  return {&cell, model.count(), result};
}

static void printTable(const std::vector<Outcome> &outcomes) {
  std::printf("\n%-10s %10s %9s %10s %12s %10s\n", "cell", "parameters",
              "seconds", "chars/s", "loss, learnt", "held out");
  for (const Outcome &outcome : outcomes)
    std::printf("%-10s %10lld %9.1f %10.0f %12.3f %10.3f\n", outcome.cell->name,
                static_cast<long long>(outcome.parameters),
                outcome.training.seconds, outcome.training.charactersPerSecond,
                outcome.training.loss, outcome.training.heldOutLoss);
}

static void run(const Options &options) {
  std::vector<const rnncc_descriptor *> chosen;
  for (const auto &entry : cells)
    if (options.cell == "all" || options.cell == entry.option)
      chosen.push_back(entry.cell);
  std::string file = options.file.empty() ? defaultFile() : options.file;
  int64_t mostSymbols = CHAR_LSTM_V;
  Text text(file, mostSymbols);

  int64_t threads = options.threads;
  if (threads == 0)
    threads = std::clamp<int64_t>(std::thread::hardware_concurrency(), 1, 4);
  rnncc_team *made = nullptr;
  if (rnncc_status status = rnncc_team_create(threads, &made);
      status != RNNCC_OK)
    throw std::runtime_error(std::string("starting threads: ") +
                             rnncc_status_text(status));
  std::unique_ptr<rnncc_team, void (*)(rnncc_team *)> team(made,
                                                           rnncc_team_destroy);

  std::printf("%s: %zu characters to learn, %zu held out, %lld different; "
              "threads: %lld\n",
              file.c_str(), text.training.size(), text.heldOut.size(),
              static_cast<long long>(text.symbols()),
              static_cast<long long>(threads));
  std::vector<Outcome> outcomes;
  for (const rnncc_descriptor *cell : chosen)
    outcomes.push_back(trainAndWrite(*cell, text, options, team.get()));
  printTable(outcomes);
}

int main(int argc, char **argv) {
  Options options = parseOptions(argc, argv);
  try {
    run(options);
  } catch (const std::exception &error) {
    std::fflush(stdout);
    std::fprintf(stderr, "textgen: %s\n", error.what());
    return 1;
  }
  return 0;
}
