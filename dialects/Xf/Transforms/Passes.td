//===- Passes.td - passes of the xf dialect -===//
//
// Part of Tilewright, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef TILEWRIGHT_XF_PASSES
#define TILEWRIGHT_XF_PASSES

include "mlir/Pass/PassBase.td"

def Decompose : Pass<"xf-decompose"> {
  let summary = "Every xf compute op is replaced by its definition in linalg, tensor, arith and math";
  let description = [{
    One loop over `linalg::AggregatedOpInterface`. It is the whole of the reference pipeline's lowering, and the fallback for
    every op that no kernel claimed.
  }];
  let dependentDialects = ["::mlir::linalg::LinalgDialect", "::mlir::math::MathDialect", "::mlir::tensor::TensorDialect"];
}

#endif // TILEWRIGHT_XF_PASSES
