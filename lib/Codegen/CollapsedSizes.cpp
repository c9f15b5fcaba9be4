//===- CollapsedSizes.cpp - sizes of memref.collapse_shape -===//
//
// Part of Tilewright, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "lib/Codegen/Passes.h"
#include "mlir/Dialect/Arith/Utils/Utils.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Interfaces/InferTypeOpInterface.h"

using namespace mlir;

namespace tilewright {
namespace {

// A dimension of the result is the product of its group; upstream gives this for expand_shape only.
struct CollapsedSizes
    : ReifyRankedShapedTypeOpInterface::ExternalModel<CollapsedSizes, memref::CollapseShapeOp> {
  LogicalResult reifyResultShapes(Operation *op, OpBuilder &builder,
                                  ReifiedRankedShapedTypeDims &shapes) const {
    auto collapse = cast<memref::CollapseShapeOp>(op);
    SmallVector<OpFoldResult> source =
        memref::getMixedSizes(builder, op->getLoc(), collapse.getSrc());
    SmallVector<OpFoldResult> &sizes = shapes.emplace_back();
    for (auto [dim, group] : llvm::enumerate(collapse.getReassociationIndices())) {
      if (!collapse.getResultType().isDynamicDim(dim)) {
        sizes.push_back(builder.getIndexAttr(collapse.getResultType().getDimSize(dim)));
        continue;
      }
      SmallVector<Value> factors;
      for (int64_t each : group)
        factors.push_back(getValueOrCreateConstantIndexOp(builder, op->getLoc(), source[each]));
      sizes.push_back(arith::createProduct(builder, op->getLoc(), factors));
    }
    return success();
  }
};
} // namespace

void registerCollapsedSizes(DialectRegistry &registry) {
  registry.addExtension(+[](MLIRContext *context, memref::MemRefDialect *) {
    memref::CollapseShapeOp::attachInterface<CollapsedSizes>(*context);
    context->loadDialect<arith::ArithDialect>();
  });
}

} // namespace tilewright
