//===- RowAnalysis.cpp - which linalg ops on memrefs have a vector form -===//
//
// Part of Tilewright, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "lib/Codegen/RowLoops.h"
#include "lib/Codegen/RowShape.h"
#include "mlir/Analysis/SliceAnalysis.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"

using namespace mlir;

namespace tilewright {

// The static stride of dimension `dim` of `type` is one.
static bool hasUnitStride(MemRefType type, unsigned dim) {
  SmallVector<int64_t> strides;
  int64_t offset;
  return succeeded(type.getStridesAndOffset(strides, offset)) && strides[dim] == 1;
}

Motion Row::motionOf(OpOperand &operand) {
  auto type = dyn_cast<MemRefType>(operand.get().getType());
  if (!type || loop < 0)
    return Motion::Uniform;
  AffineMap map = op.getMatchingIndexingMap(&operand);
  Motion motion = Motion::Uniform;
  for (auto [dim, expr] : llvm::enumerate(map.getResults())) {
    if (!expr.isFunctionOfDim(loop))
      continue;
    // expr(row + 1) - expr(row) = 1 in the one dimension that moves, and neighbours there lie side
    // by side.
    AffineExpr row = getAffineDimExpr(loop, expr.getContext());
    AffineExpr step = simplifyAffineExpr(expr.replace(row, row + 1) - expr, map.getNumDims(), 0);
    bool unit = isa<AffineConstantExpr>(step) && cast<AffineConstantExpr>(step).getValue() == 1;
    if (motion != Motion::Uniform || !unit || !hasUnitStride(type, dim))
      return Motion::Strided;
    motion = Motion::Contiguous;
  }
  return motion;
}

AffineMap Row::accessOf(OpOperand &operand) {
  AffineMap map = op.getMatchingIndexingMap(&operand);
  MLIRContext *context = map.getContext();
  SmallVector<AffineExpr> dims(map.getNumDims(), getAffineConstantExpr(0, context));
  if (loop >= 0)
    dims[loop] = getAffineDimExpr(0, context);
  return map.replaceDimsAndSymbols(dims, {}, /*numResultDims=*/1, /*numResultSyms=*/0);
}

Operation *combinerOf(linalg::LinalgOp op, unsigned k) {
  SmallVector<Operation *> ops;
  auto outs = op.getRegionOutputArgs();
  if (!matchReduction(outs, k, ops) || ops.size() != 1)
    return nullptr;
  return ops[0];
}

static bool isScalar(Type type) {
  return type.isIntOrIndexOrFloat();
}

static bool hasVectorBody(linalg::LinalgOp op) {
  for (Value operand : op->getOperands())
    if (!isScalar(getElementTypeOrSelf(operand.getType())))
      return false;
  return llvm::all_of(op.getBlock()->without_terminator(), [](Operation &inner) {
    bool known = isa<linalg::IndexOp, memref::LoadOp>(inner) ||
                 (isa<arith::ArithDialect, math::MathDialect>(inner.getDialect()) &&
                  (OpTrait::hasElementwiseMappableTraits(&inner) || isa<arith::ConstantOp>(inner)));
    return known && inner.getNumRegions() == 0 && inner.getNumResults() == 1 &&
           llvm::all_of(inner.getResultTypes(), isScalar);
  });
}

static bool isSupportedReduction(linalg::LinalgOp op) {
  for (unsigned k = 0; k < op.getNumDpsInits(); ++k)
    if (Operation *combiner = combinerOf(op, k);
        !combiner ||
        !isa<arith::AddFOp, arith::AddIOp, arith::MulFOp, arith::MulIOp, arith::MaxNumFOp,
             arith::MinNumFOp, arith::MaximumFOp, arith::MinimumFOp, arith::MaxSIOp, arith::MinSIOp,
             arith::MaxUIOp, arith::MinUIOp, arith::AndIOp, arith::OrIOp, arith::XOrIOp>(combiner))
      return false;
  return true;
}

FailureOr<Row> asRow(OpBuilder &builder, linalg::LinalgOp op, SmallVectorImpl<unsigned> &outer) {
  if (!hasVectorBody(op))
    return failure();
  Row row(op);
  row.loop = rowLoop(op);
  SmallVector<int64_t> extents = op.getStaticLoopRanges();
  auto kinds = op.getIteratorTypesArray();
  row.reduces = row.loop >= 0 && kinds[row.loop] == utils::IteratorType::reduction;
  if (row.reduces && !isSupportedReduction(op))
    return failure();
  for (OpOperand &init : op.getDpsInitsMutable())
    if (row.loop >= 0 && (row.motionOf(init) == Motion::Uniform) != row.reduces)
      return failure();
  builder.setInsertionPoint(op);
  Value zero = arith::ConstantIndexOp::create(builder, op.getLoc(), 0);
  row.at.assign(extents.size(), zero);
  for (auto [i, extent] : llvm::enumerate(extents)) {
    if (extent == 1 || int(i) == row.loop)
      continue;
    bool carried = !row.reduces && kinds[i] == utils::IteratorType::reduction;
    (carried ? row.inner : outer).push_back(i);
  }
  row.ranges = op.createLoopRanges(builder, op.getLoc());
  if (row.loop >= 0)
    row.extent = row.ranges[row.loop].size;
  return row;
}

} // namespace tilewright
