//===- NpyFile.h - numpy's .npy --------------------------------------------===//
//
// Part of Tilewright, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef TILEWRIGHT_LIB_ARTEFACT_NPYFILE_H
#define TILEWRIGHT_LIB_ARTEFACT_NPYFILE_H

#include "lib/Artefact/HostTensor.h"
#include "llvm/Support/Error.h"

namespace tilewright {

/// Does the content of a file begin like numpy's format?
bool isNpy(llvm::StringRef bytes);

/// The tensor in such a content; `path` is for messages.
llvm::Expected<HostTensor> parseNpy(llvm::StringRef bytes, llvm::StringRef path);

/// Writes numpy's format, version 1. numpy has no bfloat16: such tensors are written as float32.
llvm::Error writeNpyFile(llvm::StringRef path, const HostTensor &tensor);

} // namespace tilewright

#endif // TILEWRIGHT_LIB_ARTEFACT_NPYFILE_H
