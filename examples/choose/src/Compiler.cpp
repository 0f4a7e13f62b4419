//===- Compiler.cpp - models around cells, compiled while the program runs ===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Compiler.h"
#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <dlfcn.h>
#include <fcntl.h>
#include <filesystem>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

using namespace choose;
namespace fs = std::filesystem;

static const char modelName[] = "ChoiceModel";

std::string choose::modelText(const Cell &cell, const Task &task,
                              int64_t hidden) {
  auto size = [](const char *name, int64_t value) {
    return std::string(name) + " = " + std::to_string(value);
  };
  std::string text = std::string("\nmodel ") + modelName + "(" +
                     size("I", task.inputs) + ", " + size("H", hidden);
  if (task.isText)
    return text + ", " + size("V", task.vocabulary) +
           ") {\n"
           "  input  tokens : int[T]\n"
           "  target y : [1]\n"
           "  e = embedding(tokens, V, I)\n"
           "  h = " +
           applied(cell) +
           "(e)\n"
           "  p = sigmoid(dense(last(h), 1))\n"
           "  loss   binary_crossentropy(p, y)\n"
           "  metric accuracy(p, y)\n"
           "  output p\n"
           "}\n";
  return text +
         ") {\n"
         "  input  x : [I][T]\n"
         "  target y : [1]\n"
         "  h = " +
         applied(cell) +
         "(x)\n"
         "  p = dense(last(h), 1)\n"
         "  loss   mse(p, y)\n"
         "  output p\n"
         "}\n";
}

Compiler::Compiler() {
  std::error_code error;
  fs::path beside = fs::read_symlink("/proc/self/exe", error);
  beside.replace_filename("rnncc");
  program = "rnncc";
  for (const std::string &path : {beside.string(), std::string(CHOOSE_RNNCC)})
    if (program == "rnncc" && fs::is_regular_file(path, error))
      program = path;
}

/// Runs a program with its messages going to a file; gives its exit status.
static int run(std::vector<std::string> words, const std::string &messages) {
  std::vector<char *> argv;
  for (std::string &word : words)
    argv.push_back(word.data());
  argv.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, messages.c_str(),
                                   O_WRONLY | O_CREAT | O_TRUNC, 0600);
  posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null",
                                   O_WRONLY, 0);
  // Signals that this program waits for end the other one at once.
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  sigset_t none;
  sigemptyset(&none);
  posix_spawnattr_setsigmask(&attributes, &none);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK);
  pid_t child;
  int error = posix_spawnp(&child, argv[0], &actions, &attributes, argv.data(),
                           environ);
  posix_spawn_file_actions_destroy(&actions);
  posix_spawnattr_destroy(&attributes);
  if (error)
    fail(words[0], std::string(std::strerror(error)) +
                       "; the compiler is looked for beside this program, at "
                       "-DRNNCC=.. of its configuration, and in PATH");
  int status;
  while (waitpid(child, &status, 0) < 0)
    if (errno != EINTR)
      fail(words[0], std::strerror(errno));
  return status;
}

/// What rnncc has said about `written`, told in terms of the user's file.
static std::string explain(std::string messages, const Cell &cell,
                           const std::string &written) {
  while (!messages.empty() && messages.back() == '\n')
    messages.pop_back();
  // An error behind the cell's text is in the model: the cell does not fit.
  int64_t lines = int64_t(linesOf(cell.text).size());
  std::string mark = written + ":";
  if (messages.compare(0, mark.size(), mark) == 0 &&
      std::atoll(messages.c_str() + mark.size()) > lines) {
    std::string first = messages.substr(0, messages.find('\n'));
    size_t text = first.find("error: ");
    return cell.place() + ": cell '" + cell.name +
           "' does not fit into a model that gives it one input [I] and takes "
           "a vector from it: " +
           (text == std::string::npos ? first : first.substr(text + 7));
  }
  for (size_t at; (at = messages.find(written)) != std::string::npos;)
    messages.replace(at, written.size(), cell.path);
  return messages;
}

Model Compiler::compile(const Cell &cell, const Task &task, int64_t hidden) {
  std::string stem = folder.path() + "/" + std::to_string(++compiled);
  std::string source = stem + ".rnn", object = stem + ".so";
  writeFile(source, cell.text + modelText(cell, task, hidden));
  int status = run({program, source, "--emit=shared", "--cpu=native",
                    std::string("--cell=") + modelName, "-o", object},
                   stem + ".log");
  if (status) {
    std::string messages = readFile(stem + ".log");
    if (messages.empty())
      fail(program,
           "ended without a message, status " + std::to_string(status));
    throw CompileError(explain(messages, cell, source));
  }
  Model model;
  model.code = {dlopen(object.c_str(), RTLD_NOW | RTLD_LOCAL), [](void *code) {
                  if (code)
                    dlclose(code);
                }};
  if (!model.code)
    fail(object, dlerror());
  auto *list = static_cast<const rnncc_descriptor *const *>(
      dlsym(model.code.get(), "rnncc_cells"));
  char message[200];
  if (!list || !list[0])
    fail(object, "has no list of cells");
  if (rnncc_check_abi(list[0], message, sizeof message) != RNNCC_OK)
    fail(program, message);
  model.descriptor = list[0];
  return model;
}
