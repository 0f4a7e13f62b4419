//===- Output.cpp - files that are whole or not there ---------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "compiler/output/Output.h"
#include "llvm/Support/FileSystem.h"

using namespace llvm;

static Error cannotWrite(StringRef path, std::error_code why) {
  return createStringError(why,
                           "cannot write '" + path + "': " + why.message());
}

/// What went wrong since the stream was opened, if anything did.
static std::error_code finish(raw_fd_ostream &os) {
  os.flush();
  std::error_code error = os.error();
  os.clear_error();
  return error;
}

Error rnn::writeFile(StringRef path,
                     function_ref<void(raw_ostream &)> content) {
  sys::fs::file_status status;
  bool exists = !sys::fs::status(path, status) && sys::fs::exists(status);
  if (path == "-" || (exists && !sys::fs::is_regular_file(status))) {
    std::error_code error;
    raw_fd_ostream os(path, error);
    if (!error) {
      content(os);
      error = finish(os);
    }
    return error ? cannotWrite(path == "-" ? "standard output" : path, error)
                 : Error::success();
  }
  // Beside the file, so that it can be renamed.
  Expected<sys::fs::TempFile> file = sys::fs::TempFile::create(
      path + ".%%%%%%.tmp", sys::fs::all_read | sys::fs::all_write);
  if (!file)
    return cannotWrite(path, errorToErrorCode(file.takeError()));
  std::error_code error;
  {
    raw_fd_ostream os(file->FD, /*shouldClose=*/false);
    content(os);
    error = finish(os);
  }
  if (!error) {
    error = errorToErrorCode(file->keep(path));
    return error ? cannotWrite(path, error) : Error::success();
  }
  consumeError(file->discard());
  return cannotWrite(path, error);
}
