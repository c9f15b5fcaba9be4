//===- FormRegions.cpp - a region for each contraction and attention -===//
//
// Part of Tilewright, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "dialects/Kernel/IR/Kernel.h"
#include "dialects/Kernel/Transforms/Passes.h"

namespace mlir::kernel {
#define GEN_PASS_DEF_FORMREGIONS
#include "dialects/Kernel/Transforms/Passes.h.inc"

namespace {
struct FormRegions : impl::FormRegionsBase<FormRegions> {
  void runOnOperation() override {
    IRRewriter rewriter(&getContext());
    SmallVector<Operation *> roots;
    getOperation()->walk([&](Operation *op) {
      if (isa<ContractOp, AttentionOp>(op) && !op->getParentOfType<RegionOp>() &&
          op->getNumResults())
        roots.push_back(op);
    });
    for (Operation *op : roots) {
      rewriter.setInsertionPoint(op);
      auto region = RegionOp::create(rewriter, op->getLoc(), op->getResultTypes());
      rewriter.createBlock(&region.getBody());
      Operation *inside = rewriter.clone(*op);
      YieldOp::create(rewriter, op->getLoc(), inside->getResults());
      rewriter.replaceOp(op, region.getResults());
    }
  }
};
} // namespace
} // namespace mlir::kernel
