//===- Link.cpp - objects to one object or a shared object ----------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "compiler/emit/Emit.h"
#include "lld/Common/Driver.h"
#include "llvm/ADT/ScopeExit.h"
#include "llvm/BinaryFormat/Magic.h"
#include "llvm/Support/CommandLine.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"

LLD_HAS_DRIVER(elf)
LLD_HAS_DRIVER(wasm)

using namespace llvm;
using namespace rnn;

/// The linker reads and writes files only.
static Expected<SmallString<128>> temporaryFile(StringRef content) {
  SmallString<128> path;
  int descriptor;
  if (std::error_code error =
          sys::fs::createTemporaryFile("rnncc", "o", descriptor, path))
    return createStringError(error, "cannot make a temporary file: " +
                                        error.message());
  raw_fd_ostream os(descriptor, /*shouldClose=*/true);
  os << content;
  os.flush();
  if (std::error_code error = os.error()) {
    os.clear_error();
    sys::fs::remove(path);
    return createStringError(error,
                             "cannot write '" + path + "': " + error.message());
  }
  return path;
}

Expected<SmallString<0>> rnn::link(ArrayRef<SmallString<0>> objects,
                                   LinkKind kind) {
  if (kind == LinkKind::Object && objects.size() == 1)
    return objects.front();
  std::vector<std::string> files;
  llvm::scope_exit remove([&] {
    for (const std::string &file : files)
      sys::fs::remove(file);
  });
  for (const SmallString<0> &object : objects) {
    auto file = temporaryFile(object);
    if (!file)
      return file.takeError();
    files.push_back(std::string(*file));
  }
  auto output = temporaryFile("");
  if (!output)
    return output.takeError();
  files.push_back(std::string(*output));

  bool isWasm = identify_magic(objects.front()) == file_magic::wasm_object;
  std::vector<const char *> arguments = {
      isWasm ? "wasm-ld" : "ld.lld",
      kind == LinkKind::Object ? "-r" : "-shared", "-o", files.back().c_str(),
      "--threads=1"};
  for (size_t i = 0; i < objects.size(); ++i)
    arguments.push_back(files[i].c_str());
  // lld's driver for WebAssembly has LLVM's parser of options read an empty
  // command line, to which the program's own options would be missing.
  if (isWasm) {
    cl::ResetCommandLineParser();
    // Else an object has the name of the temporary file in it.
    arguments.push_back("--soname=rnncc");
  }
  std::string message;
  raw_string_ostream os(message);
  lld::Result result = lld::lldMain(
      arguments, os, os,
      {{lld::Gnu, &lld::elf::link}, {lld::Wasm, &lld::wasm::link}});
  if (result.retCode)
    return createStringError("linking failed: " + message);
  auto buffer = MemoryBuffer::getFile(files.back(), /*IsText=*/false,
                                      /*RequiresNullTerminator=*/false);
  if (!buffer)
    return createStringError(buffer.getError(), "cannot read the linked file");
  return SmallString<0>((*buffer)->getBuffer());
}
