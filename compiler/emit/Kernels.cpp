//===- Kernels.cpp - object code from rnncc-halide ------------------------===//
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

/// The program beside this one.
static ErrorOr<std::string> findProgram() {
  static int anchor;
  std::string self = sys::fs::getMainExecutable(nullptr, &anchor);
  return sys::findProgramByName(programName, {sys::path::parent_path(self)});
}

static Error failure(const Twine &message) {
  return createStringError(message);
}

Expected<std::vector<SmallString<0>>> rnn::kernelObjects(StringRef text) {
  auto program = findProgram();
  if (!program)
    return failure("--backend=halide needs the program '" + programName +
                   "', which is not beside rnncc: install the package "
                   "rnncc-halide, or build with libhalide14-0-dev");
  SmallString<128> folder;
  if (std::error_code error =
          sys::fs::createUniqueDirectory("rnncc-kernels", folder))
    return failure("cannot make a temporary folder: " + error.message());
  scope_exit remove([&] { sys::fs::remove_directories(folder); });
  std::string source = (folder + "/kernels.txt").str();
  std::string messages = (folder + "/messages.txt").str();
  {
    std::error_code error;
    raw_fd_ostream os(source, error);
    os << text;
    os.flush();
    if (error || (error = os.error())) {
      os.clear_error();
      return failure("cannot write '" + source + "': " + error.message());
    }
  }
  std::string why;
  int code = sys::ExecuteAndWait(
      *program, {*program, source, "-o", folder}, /*Env=*/std::nullopt,
      {StringRef(""), StringRef(messages), StringRef(messages)}, 0, 0, &why);
  if (code) {
    auto said = MemoryBuffer::getFile(messages);
    return failure("internal: " + programName + " failed, please report it: " +
                   (said ? (*said)->getBuffer().trim() : StringRef(why)));
  }
  std::vector<std::string> files;
  std::error_code error;
  for (sys::fs::directory_iterator it(folder, error), end; it != end && !error;
       it.increment(error))
    if (sys::path::extension(it->path()) == ".o")
      files.push_back(it->path());
  // Equal input gives equal bytes.
  sort(files);
  std::vector<SmallString<0>> objects;
  for (const std::string &file : files) {
    auto object = MemoryBuffer::getFile(file, /*IsText=*/false,
                                        /*RequiresNullTerminator=*/false);
    if (!object)
      return failure("cannot read '" + file +
                     "': " + object.getError().message());
    objects.push_back(SmallString<0>((*object)->getBuffer()));
  }
  return objects;
}
