//===- Passes.h - passes of the kernel dialect -===//
//
// Part of Tilewright, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef TILEWRIGHT_DIALECTS_KERNEL_TRANSFORMS_PASSES_H
#define TILEWRIGHT_DIALECTS_KERNEL_TRANSFORMS_PASSES_H

#include "mlir/Pass/Pass.h"

namespace mlir::kernel {
#define GEN_PASS_DECL
#define GEN_PASS_REGISTRATION
#include "dialects/Kernel/Transforms/Passes.h.inc"
} // namespace mlir::kernel

#endif // TILEWRIGHT_DIALECTS_KERNEL_TRANSFORMS_PASSES_H
