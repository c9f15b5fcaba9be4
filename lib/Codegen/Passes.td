//===- Passes.td - passes of lib/Codegen -===//
//
// Part of Tilewright, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef TILEWRIGHT_CODEGEN_PASSES
#define TILEWRIGHT_CODEGEN_PASSES

include "mlir/Pass/PassBase.td"

#endif // TILEWRIGHT_CODEGEN_PASSES
