//===- Linker.h - LLD and archives, in process -===//
//
// Part of Tilewright, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef TILEWRIGHT_LIB_EMIT_LINKER_H
#define TILEWRIGHT_LIB_EMIT_LINKER_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"

namespace tilewright {

/// Links objects to a shared object that keeps only what `exported` needs and requires libc.
llvm::Error linkShared(llvm::StringRef output, llvm::ArrayRef<std::string> objects,
                       llvm::ArrayRef<std::string> exported);

/// Links objects to one relocatable object.
llvm::Error linkRelocatable(llvm::StringRef output, llvm::ArrayRef<std::string> objects);

/// Writes a static archive.
llvm::Error writeArchive(llvm::StringRef output, llvm::ArrayRef<std::string> objects);

} // namespace tilewright

#endif // TILEWRIGHT_LIB_EMIT_LINKER_H
