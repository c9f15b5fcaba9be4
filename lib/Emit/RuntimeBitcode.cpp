//===- RuntimeBitcode.cpp - the runtime that artefacts carry ---------------===//
//
// Part of Tilewright, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "lib/Emit/RuntimeBitcode.h"

using namespace tilewright;

// RuntimeBitcode.inc, written by CMake: RUNTIME_BITCODE(arch, "path of runtime-arch.bc") for each
// architecture of this build.
#define RUNTIME_BITCODE(ARCH, PATH)                                                                \
  extern "C" const char tilewright_runtime_##ARCH[], tilewright_runtime_##ARCH##_end[];            \
  __asm__(".section .rodata\n"                                                                     \
          ".balign 16\n"                                                                           \
          "tilewright_runtime_" #ARCH ": .incbin \"" PATH "\"\n"                                   \
          "tilewright_runtime_" #ARCH "_end: .byte 0\n"                                            \
          ".text\n");
#include "lib/Emit/RuntimeBitcode.inc"
#undef RUNTIME_BITCODE

llvm::StringRef tilewright::runtimeBitcode(const llvm::Triple &triple) {
#define RUNTIME_BITCODE(ARCH, PATH)                                                                \
  if (triple.getArch() == llvm::Triple::ARCH)                                                      \
    return llvm::StringRef(tilewright_runtime_##ARCH,                                              \
                           tilewright_runtime_##ARCH##_end - tilewright_runtime_##ARCH);
#include "lib/Emit/RuntimeBitcode.inc"
#undef RUNTIME_BITCODE
  return {};
}
