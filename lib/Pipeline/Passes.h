//===- Passes.h - passes of lib/Pipeline -===//
//
// Part of Tilewright, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef TILEWRIGHT_LIB_PIPELINE_PASSES_H
#define TILEWRIGHT_LIB_PIPELINE_PASSES_H

#include "mlir/IR/BuiltinOps.h"
#include "mlir/Pass/Pass.h"

namespace tilewright {
#define GEN_PASS_DECL
#define GEN_PASS_REGISTRATION
#include "lib/Pipeline/Passes.h.inc"
} // namespace tilewright

#endif // TILEWRIGHT_LIB_PIPELINE_PASSES_H
