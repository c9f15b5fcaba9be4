//===- Passes.h - passes of lib/Codegen -===//
//
// Part of Tilewright, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef TILEWRIGHT_LIB_CODEGEN_PASSES_H
#define TILEWRIGHT_LIB_CODEGEN_PASSES_H

#include "mlir/Dialect/Bufferization/IR/Bufferization.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Pass/Pass.h"

namespace tilewright {
#define GEN_PASS_DECL
#define GEN_PASS_REGISTRATION
#include "lib/Codegen/Passes.h.inc"

/// memref.collapse_shape tells the sizes of its result (ReifyRankedShapedTypeOpInterface), so that
/// a buffer which bufferization allocates for a copy of a collapsed result has a size of symbols.
void registerCollapsedSizes(mlir::DialectRegistry &registry);
} // namespace tilewright

#endif // TILEWRIGHT_LIB_CODEGEN_PASSES_H
