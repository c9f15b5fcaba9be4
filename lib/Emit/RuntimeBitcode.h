//===- RuntimeBitcode.h - the runtime that artefacts carry -----------------===//
//
// Part of Tilewright, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef TILEWRIGHT_LIB_EMIT_RUNTIMEBITCODE_H
#define TILEWRIGHT_LIB_EMIT_RUNTIMEBITCODE_H

#include "llvm/ADT/StringRef.h"
#include "llvm/TargetParser/Triple.h"

namespace tilewright {

/// lib/Runtime as LLVM bitcode for the architecture of `triple`, compiled for its baseline CPU;
/// empty if this build has none.
///
/// Generated code calls `tw_launch` of it, the descriptor names `tw_runtime_functions`; everything
/// is to be internalised after linking. Undefined symbols of it are libc's.
llvm::StringRef runtimeBitcode(const llvm::Triple &triple);

} // namespace tilewright

#endif // TILEWRIGHT_LIB_EMIT_RUNTIMEBITCODE_H
