//===- Decompose.cpp - xf ops to their definitions -===//
//
// Part of Tilewright, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "dialects/Xf/IR/Xf.h"
#include "dialects/Xf/Transforms/Passes.h"

namespace mlir::xf {
#define GEN_PASS_DEF_DECOMPOSE
#include "dialects/Xf/Transforms/Passes.h.inc"

namespace {
struct Decompose : impl::DecomposeBase<Decompose> {
  void runOnOperation() override {
    SmallVector<linalg::AggregatedOpInterface> ops;
    getOperation()->walk([&](linalg::AggregatedOpInterface op) {
      // Initialisers of weights are evaluated at emission, not compiled.
      if (op->getDialect()->getNamespace() == XfDialect::getDialectNamespace() &&
          !op->getParentOfType<WeightDataOp>())
        ops.push_back(op);
    });
    // Last first, so that sizes are asked of xf ops, which know them from the model's dimensions.
    IRRewriter rewriter(&getContext());
    for (linalg::AggregatedOpInterface op : llvm::reverse(ops)) {
      rewriter.setInsertionPoint(op);
      FailureOr<SmallVector<Value>> values = op.decomposeOperation(rewriter);
      if (failed(values)) {
        op->emitOpError("has no definition for these operands");
        return signalPassFailure();
      }
      rewriter.replaceOp(op, *values);
    }
  }
};
} // namespace
} // namespace mlir::xf
