//===- Passes.td - passes of the kernel dialect -===//
//
// Part of Tilewright, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef TILEWRIGHT_KERNEL_PASSES
#define TILEWRIGHT_KERNEL_PASSES

include "mlir/Pass/PassBase.td"

#endif // TILEWRIGHT_KERNEL_PASSES
