//===- Passes.h - passes of the xf dialect -===//
//
// Part of Tilewright, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef TILEWRIGHT_DIALECTS_XF_TRANSFORMS_PASSES_H
#define TILEWRIGHT_DIALECTS_XF_TRANSFORMS_PASSES_H

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/Pass/Pass.h"

namespace mlir::xf {
#define GEN_PASS_DECL
#define GEN_PASS_REGISTRATION
#include "dialects/Xf/Transforms/Passes.h.inc"

/// The passes of the model stage, in order: raising, merging, folding of weights. Runs on a module.
/// The reference pipeline (not `optimized`) keeps convolutions as they are defined and computes in
/// the model's own types: it proves what the others become.
void buildModelPipeline(OpPassManager &pm, bool optimized = true);
/// The same as `xf-model` in tilewright-opt.
void registerModelPipeline();
} // namespace mlir::xf

#endif // TILEWRIGHT_DIALECTS_XF_TRANSFORMS_PASSES_H
