//===- OutputFile.cpp - files that appear complete or not at all -----------===//
//
// Part of Tilewright, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "lib/Support/OutputFile.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/raw_ostream.h"

using namespace llvm;

static Error cannotWrite(StringRef path, const Twine &reason) {
  return createStringError("cannot write '" + path + "': " + reason);
}

Error tilewright::checkOutputPath(StringRef path) {
  sys::fs::file_status status;
  if (!sys::fs::status(path, status) && status.type() != sys::fs::file_type::regular_file)
    return cannotWrite(path, "it exists and is not a regular file");
  StringRef folder = sys::path::parent_path(path);
  if (!folder.empty() && !sys::fs::is_directory(folder))
    return cannotWrite(path, "no folder '" + folder + "'");
  return Error::success();
}

Error tilewright::writeFile(StringRef path, function_ref<Error(raw_pwrite_stream &)> write) {
  if (path == "-")
    return write(outs());
  if (Error error = checkOutputPath(path))
    return error;
  Expected<sys::fs::TempFile> file = sys::fs::TempFile::create(
      path + ".%%%%%%", sys::fs::all_read | sys::fs::all_write, sys::fs::OF_None);
  if (!file)
    return cannotWrite(path, toString(file.takeError()));
  Error result = Error::success();
  {
    raw_fd_ostream out(file->FD, /*shouldClose=*/false);
    result = write(out);
    out.flush();
    if (!result && out.has_error())
      result = cannotWrite(path, out.error().message());
    out.clear_error(); // reported; a stream that ends with an error would end the program
  }
  if (result) {
    consumeError(file->discard());
    return result;
  }
  if (Error error = file->keep(path))
    return cannotWrite(path, toString(std::move(error)));
  return Error::success();
}
