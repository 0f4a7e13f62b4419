//===- Kernels.cpp - what rnncc-halide makes and chooses ------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "compiler/emit/Emit.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/ScopeExit.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/Program.h"
#include "llvm/Support/raw_ostream.h"

using namespace llvm;
using namespace rnn;

static constexpr StringLiteral programName = "rnncc-halide";

/// Its exit code where something is to be installed.
static constexpr int isMissing = 3;

/// The program beside this one.
static ErrorOr<std::string> findProgram() {
  static int anchor;
  std::string self = sys::fs::getMainExecutable(nullptr, &anchor);
  return sys::findProgramByName(programName, {sys::path::parent_path(self)});
}

static Error failure(const Twine &message) {
  return createStringError(message);
}

static Error writeText(const std::string &file, StringRef text) {
  std::error_code error;
  raw_fd_ostream os(file, error);
  os << text;
  os.flush();
  if (!error && !(error = os.error()))
    return Error::success();
  os.clear_error();
  return failure("cannot write '" + file + "': " + error.message());
}

/// Gives a text to the program, for `option` of rnncc, and what it wrote in a
/// temporary folder to `take`. `arguments` are its words, given the text's file
/// and the folder.
static Error runProgram(
    StringRef option, StringRef text,
    function_ref<std::vector<std::string>(std::string, std::string)> arguments,
    function_ref<Error(std::string folder)> take) {
  auto program = findProgram();
  if (!program)
    return failure(option + " needs the program '" + programName +
                   "', which is not beside rnncc: install the package "
                   "rnncc-halide, or build with libhalide14-0-dev");
  SmallString<128> folder;
  if (std::error_code error =
          sys::fs::createUniqueDirectory("rnncc-kernels", folder))
    return failure("cannot make a temporary folder: " + error.message());
  scope_exit remove([&] { sys::fs::remove_directories(folder); });
  std::string source = (folder + "/kernels.txt").str();
  std::string messages = (folder + "/messages.txt").str();
  if (Error error = writeText(source, text))
    return error;
  std::vector<std::string> words = arguments(source, std::string(folder));
  std::vector<StringRef> command = {*program};
  append_range(command, words);
  std::string why;
  int code = sys::ExecuteAndWait(
      *program, command, /*Env=*/std::nullopt,
      {StringRef(""), StringRef(messages), StringRef(messages)}, 0, 0, &why);
  if (!code)
    return take(std::string(folder));
  auto file = MemoryBuffer::getFile(messages);
  StringRef said = file ? (*file)->getBuffer().trim() : StringRef(why);
  if (code == isMissing)
    return failure(said);
  return failure("internal: " + programName +
                 " failed, please report it: " + said);
}

Expected<std::vector<SmallString<0>>> rnn::kernelObjects(StringRef text) {
  std::vector<SmallString<0>> objects;
  auto arguments = [](std::string source, std::string folder) {
    return std::vector<std::string>{source, "-o", folder};
  };
  auto take = [&](std::string folder) -> Error {
    std::vector<std::string> files;
    std::error_code error;
    for (sys::fs::directory_iterator it(folder, error), end;
         it != end && !error; it.increment(error))
      if (sys::path::extension(it->path()) == ".o")
        files.push_back(it->path());
    // Equal input gives equal bytes.
    sort(files);
    for (const std::string &file : files) {
      auto object = MemoryBuffer::getFile(file, /*IsText=*/false,
                                          /*RequiresNullTerminator=*/false);
      if (!object)
        return failure("cannot read '" + file +
                       "': " + object.getError().message());
      objects.push_back(SmallString<0>((*object)->getBuffer()));
    }
    return Error::success();
  };
  if (Error error = runProgram("--backend=halide", text, arguments, take))
    return error;
  return objects;
}

Expected<std::string> rnn::searchAnswer(StringRef name, StringRef question) {
  std::string answer;
  auto arguments = [&](std::string source, std::string folder) {
    return std::vector<std::string>{("--autoschedule=" + name).str(), source,
                                    "-o", folder + "/choices.txt"};
  };
  auto take = [&](std::string folder) -> Error {
    std::string path = folder + "/choices.txt";
    auto file = MemoryBuffer::getFile(path);
    if (!file)
      return failure("cannot read '" + path +
                     "': " + file.getError().message());
    answer = (*file)->getBuffer();
    return Error::success();
  };
  if (Error error = runProgram("--autoschedule", question, arguments, take))
    return error;
  return answer;
}
