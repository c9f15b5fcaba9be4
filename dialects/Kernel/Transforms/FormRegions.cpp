//===- FormRegions.cpp - a region for each contraction and attention -===//
//
// Part of Tilewright, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "dialects/Kernel/IR/Kernel.h"
#include "dialects/Kernel/Transforms/Passes.h"
#include "mlir/Dialect/Bufferization/IR/Bufferization.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"

namespace mlir::kernel {
#define GEN_PASS_DEF_FORMREGIONS
#include "dialects/Kernel/Transforms/Passes.h.inc"

namespace {
// Whether neighbours along the last dimension of `value` lie side by side once it is a buffer.
bool hasUnitStride(Value value) {
  while (Operation *op = value.getDefiningOp()) {
    if (auto slice = dyn_cast<tensor::ExtractSliceOp>(op)) {
      // Of the result's last dimension, if what stands behind it has one element.
      llvm::SmallBitVector dropped = slice.getDroppedDims();
      int64_t last = slice.getSourceType().getRank() - 1;
      while (last > 0 && dropped.test(last) && slice.getSourceType().getDimSize(last) == 1)
        --last;
      if (dropped.test(last) || !isOneInteger(slice.getMixedStrides()[last]))
        return false;
    } else if (!isa<tensor::ExpandShapeOp, tensor::CollapseShapeOp, tensor::CastOp>(op)) {
      return true;
    }
    value = op->getOperand(0);
  }
  return true;
}

struct FormRegions : impl::FormRegionsBase<FormRegions> {
  void runOnOperation() override {
    IRRewriter rewriter(&getContext());
    SmallVector<Operation *> roots;
    getOperation()->walk([&](Operation *op) {
      if (isa<ContractOp, AttentionOp>(op) && !op->getParentOfType<RegionOp>() &&
          op->getNumResults())
        roots.push_back(op);
    });
    DenseMap<Value, Value> copies;
    for (Operation *op : roots) {
      copyStrided(rewriter, op, copies);
      rewriter.setInsertionPoint(op);
      auto region = RegionOp::create(rewriter, op->getLoc(), op->getResultTypes());
      rewriter.createBlock(&region.getBody());
      Operation *inside = rewriter.clone(*op);
      YieldOp::create(rewriter, op->getLoc(), inside->getResults());
      rewriter.replaceOp(op, region.getResults());
    }
  }

  // Vectors are loaded along the last dimension of every operand.
  static void copyStrided(OpBuilder &builder, Operation *op, DenseMap<Value, Value> &copies) {
    for (OpOperand &operand : op->getOpOperands()) {
      Value value = operand.get();
      auto type = dyn_cast<RankedTensorType>(value.getType());
      if (!type || hasUnitStride(value))
        continue;
      Value &copy = copies[value];
      if (!copy) {
        builder.setInsertionPointAfterValue(value);
        copy =
            bufferization::AllocTensorOp::create(builder, op->getLoc(), type, ValueRange(), value);
      }
      operand.set(copy);
    }
  }
};
} // namespace
} // namespace mlir::kernel
