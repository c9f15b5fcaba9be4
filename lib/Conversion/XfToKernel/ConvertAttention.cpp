//===- ConvertAttention.cpp - attention that reads and writes in any order -===//
//
// Part of Tilewright, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "dialects/Xf/IR/Shapes.h"
#include "lib/Conversion/XfToKernel/XfToKernel.h"
#include "mlir/Dialect/Utils/IndexingUtils.h"

using namespace mlir;

namespace tilewright {

namespace {
struct StoredOperand {
  Value value;
  AffineMap map; // (b, h, s, d) -> indices of `value`
};

// Result dimension i of a transpose is input dimension perm[i]: the map from logical to stored.
AffineMap storedOrder(MLIRContext *context, ArrayRef<int64_t> perm) {
  SmallVector<AffineExpr> exprs(4);
  for (auto [logical, stored] : llvm::enumerate(perm))
    exprs[stored] = getAffineDimExpr(logical, context);
  return AffineMap::get(4, 0, exprs, context);
}

StoredOperand lookThrough(Value value) {
  AffineMap identity = AffineMap::getMultiDimIdentityMap(4, value.getContext());
  auto transpose = value.getDefiningOp<xf::TransposeOp>();
  if (!transpose || transpose.getPerm().back() != 3)
    return {value, identity};
  return {transpose.getInput(), storedOrder(value.getContext(), transpose.getPerm())};
}

// i1 true keeps: 0 or -inf to be added.
Value addedMask(RewriterBase &rewriter, Location loc, Value mask, Type element) {
  auto type = cast<RankedTensorType>(mask.getType());
  if (!type.getElementType().isInteger(1))
    return mask;
  // Behind the mask's definition rather than before the attention: all layers share one.
  OpBuilder::InsertionGuard guard(rewriter);
  rewriter.setInsertionPointAfterValue(mask);
  Value init = tensor::EmptyOp::create(rewriter, loc, xf::dimsOf(rewriter, loc, mask), element);
  SmallVector<AffineMap> maps(2, rewriter.getMultiDimIdentityMap(type.getRank()));
  SmallVector<utils::IteratorType> loops(type.getRank(), utils::IteratorType::parallel);
  auto body = [&](OpBuilder &b, Location loc, ValueRange arguments) {
    Value zero = arith::ConstantOp::create(b, loc, b.getFloatAttr(element, 0));
    Value hidden = arith::ConstantOp::create(
        b, loc, b.getFloatAttr(element, -std::numeric_limits<double>::infinity()));
    Value added = arith::SelectOp::create(b, loc, arguments[0], zero, hidden);
    linalg::YieldOp::create(b, loc, added);
  };
  return linalg::GenericOp::create(rewriter, loc, init.getType(), mask, init, maps, loops, body)
      .getResult(0);
}
} // namespace

LogicalResult convertAttention(RewriterBase &rewriter, xf::AttentionOp op) {
  Location loc = op.getLoc();
  auto type = cast<RankedTensorType>(op.getType());
  auto value = cast<RankedTensorType>(op.getValue().getType());
  auto query = cast<RankedTensorType>(op.getQuery().getType());
  if (!type.getElementType().isF32() || ShapedType::isDynamic(query.getDimSize(3)) ||
      ShapedType::isDynamic(value.getDimSize(3)) || type.getDimSize(1) != query.getDimSize(1) ||
      type.getDimSize(3) != value.getDimSize(3) ||
      op.getKey().getType().getElementType() != type.getElementType())
    return failure();
  StoredOperand q = lookThrough(op.getQuery()), k = lookThrough(op.getKey());
  StoredOperand v = lookThrough(op.getValue());
  Value mask = op.getMask();
  if (mask) {
    mask = addedMask(rewriter, loc, mask, type.getElementType());
    if (!cast<RankedTensorType>(mask.getType()).getElementType().isF32() ||
        cast<RankedTensorType>(mask.getType()).getRank() < 1)
      return failure();
  }
  // A transpose behind it that is the only reader is written directly.
  xf::TransposeOp behind;
  if (op->hasOneUse())
    behind = dyn_cast<xf::TransposeOp>(*op->user_begin());
  if (behind && behind.getPerm().back() != 3)
    behind = {};
  SmallVector<OpFoldResult> sizes = xf::dimsOf(rewriter, loc, op.getResult());
  AffineMap order = rewriter.getMultiDimIdentityMap(4);
  if (behind) {
    // Stored dimension i is logical dimension perm[i].
    order = AffineMap::getPermutationMap(behind.getPerm(), rewriter.getContext());
    sizes = applyPermutation(sizes, behind.getPerm());
  }
  Value init = tensor::EmptyOp::create(rewriter, loc, sizes, type.getElementType());
  auto attention = kernel::AttentionOp::create(
      rewriter, loc, TypeRange{init.getType()}, q.value, k.value, v.value, mask, op.getOffset(),
      op.getKvLengths(), init, rewriter.getAffineMapArrayAttr({q.map, k.map, v.map, order}),
      op.getScaleAttr(), op.getCausalAttr(), op.getSoftcapAttr(), op.getWindowAttr(),
      kernel::AttentionScheduleAttr());
  Operation *replaced = behind ? behind.getOperation() : op.getOperation();
  Value result = attention.getResult(0);
  if (result.getType() != replaced->getResult(0).getType())
    result = tensor::CastOp::create(rewriter, loc, replaced->getResult(0).getType(), result);
  rewriter.replaceOp(replaced, result);
  if (behind)
    rewriter.eraseOp(op);
  return success();
}

} // namespace tilewright
