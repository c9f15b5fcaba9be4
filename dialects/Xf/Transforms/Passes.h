//===- Passes.h - passes of the xf dialect -===//
//
// Part of Tilewright, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef TILEWRIGHT_DIALECTS_XF_TRANSFORMS_PASSES_H
#define TILEWRIGHT_DIALECTS_XF_TRANSFORMS_PASSES_H

#include "mlir/Pass/Pass.h"

namespace mlir::xf {
#define GEN_PASS_DECL
#define GEN_PASS_REGISTRATION
#include "dialects/Xf/Transforms/Passes.h.inc"
} // namespace mlir::xf

#endif // TILEWRIGHT_DIALECTS_XF_TRANSFORMS_PASSES_H
