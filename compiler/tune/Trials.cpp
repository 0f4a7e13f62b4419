//===- Trials.cpp - schedules on the clock --------------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "compiler/tune/Trials.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/Program.h"

using namespace llvm;
using namespace rnn;

static constexpr StringLiteral programName = "rnncc-run";

Expected<TrialRunner> TrialRunner::find(std::string folder) {
  static int anchor;
  std::string self = sys::fs::getMainExecutable(nullptr, &anchor);
  auto found =
      sys::findProgramByName(programName, {sys::path::parent_path(self)});
  if (!found)
    return createStringError("--tune needs the program '" + programName +
                             "', which is not beside rnncc: install it there");
  TrialRunner runner;
  runner.program = *found;
  runner.folder = std::move(folder);
  return runner;
}

/// The number behind ` key=` in a line.
static Expected<double> numberOf(StringRef line, StringRef key) {
  size_t at = line.find((" " + key + "=").str());
  StringRef rest = at == StringRef::npos ? StringRef()
                                         : line.drop_front(at + key.size() + 2);
  double value;
  if (rest.take_until([](char c) { return isSpace(c); }).getAsDouble(value))
    return createStringError("internal: " + programName + " says '" +
                             line.trim() + "', please report it");
  return value;
}

static std::string contentOf(const std::string &file) {
  auto buffer = MemoryBuffer::getFile(file);
  return buffer ? (*buffer)->getBuffer().trim().str() : "";
}

Expected<Trial> TrialRunner::compare(StringRef object, StringRef reference,
                                     StringRef cell, const Workload &work,
                                     bool swapped, unsigned secondsAtMost) {
  std::string line = folder + "/line.txt", messages = folder + "/messages.txt";
  std::string sizes =
      "T=" + std::to_string(work.steps) + ",N=" + std::to_string(work.batch);
  std::string threads = std::to_string(work.threads);
  SmallVector<StringRef> command = {program,     swapped ? object : reference,
                                    "--against", swapped ? reference : object,
                                    "--cell",    cell,
                                    "--time",    sizes,
                                    "--threads", threads};
  if (work.training)
    command.push_back("--grad");
  std::string why;
  int code =
      sys::ExecuteAndWait(program, command, /*Env=*/std::nullopt,
                          {StringRef(""), StringRef(line), StringRef(messages)},
                          secondsAtMost, /*MemoryLimit=*/0, &why);
  if (code == -2)
    return createStringError(why.empty() ? "it crashes" : why);
  if (code)
    return createStringError(why.empty() ? contentOf(messages) : why);
  std::string text = contentOf(line);
  // The least times: what else the machine does makes none of them shorter.
  auto first = numberOf(text, "min_ms");
  if (!first)
    return first.takeError();
  auto second = numberOf(text, "against_min_ms");
  if (!second)
    return second.takeError();
  if (swapped)
    std::swap(*first, *second);
  return Trial{*second, *first, *second / *first};
}
