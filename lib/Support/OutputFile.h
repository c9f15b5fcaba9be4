//===- OutputFile.h - files that appear complete or not at all -------------===//
//
// Part of Tilewright, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef TILEWRIGHT_LIB_SUPPORT_OUTPUTFILE_H
#define TILEWRIGHT_LIB_SUPPORT_OUTPUTFILE_H

#include "llvm/ADT/STLFunctionalExtras.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"

namespace llvm {
class raw_pwrite_stream;
}

namespace tilewright {

/// Writes a file under a temporary name beside `path` and renames it when `write` has succeeded and
/// all bytes are on their way to the disk; otherwise nothing is left behind. "-" is standard
/// output. Errors read "cannot write 'path': reason".
llvm::Error writeFile(llvm::StringRef path,
                      llvm::function_ref<llvm::Error(llvm::raw_pwrite_stream &)> write);

/// Says early that `path` cannot become a file: its folder is missing, or it is a directory or
/// device.
llvm::Error checkOutputPath(llvm::StringRef path);

} // namespace tilewright

#endif // TILEWRIGHT_LIB_SUPPORT_OUTPUTFILE_H
