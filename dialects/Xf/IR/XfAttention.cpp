//===- XfAttention.cpp - attention by heads -===//
//
// Part of Tilewright, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "dialects/Xf/IR/Shapes.h"
#include "dialects/Xf/IR/Xf.h"

using namespace mlir;
using namespace mlir::xf;

static RankedTensorType tensorType(Value value) { return cast<RankedTensorType>(value.getType()); }

LogicalResult AttentionOp::inferReturnTypes(MLIRContext *, std::optional<Location> loc, Adaptor adaptor,
                                            SmallVectorImpl<Type> &types) {
  RankedTensorType query = tensorType(adaptor.getQuery()), value = tensorType(adaptor.getValue());
  if (query.getRank() != 4 || value.getRank() != 4)
    return emitOptionalError(loc, "expects query, key and value of rank 4, got ", query, " and ", value);
  SmallVector<int64_t> shape(query.getShape().drop_back());
  shape.push_back(value.getDimSize(3));
  types.push_back(RankedTensorType::get(shape, query.getElementType()));
  return success();
}

LogicalResult AttentionOp::verify() {
  RankedTensorType query = tensorType(getQuery()), key = tensorType(getKey());
  if (key.getRank() != 4)
    return emitOpError("expects key of rank 4, got ") << key;
  int64_t heads = query.getDimSize(1), keyHeads = key.getDimSize(1);
  if (ShapedType::isDynamic(heads) || ShapedType::isDynamic(keyHeads))
    return emitOpError("expects static numbers of heads");
  if (keyHeads == 0 || heads % keyHeads)
    return emitOpError("expects the number of query heads to be a multiple of key heads, got ")
           << heads << " and " << keyHeads;
  if (query.getDimSize(3) != key.getDimSize(3))
    return emitOpError("expects query and key of one head size, got ")
           << query.getDimSize(3) << " and " << key.getDimSize(3);
  return success();
}

LogicalResult AttentionOp::reifyResultShapes(OpBuilder &builder, ReifiedRankedShapedTypeDims &sizes) {
  SmallVector<OpFoldResult> result = dimsOf(builder, getLoc(), getQuery());
  result[3] = dimOf(builder, getLoc(), getValue(), 3);
  sizes.push_back(result);
  return success();
}

FailureOr<SmallVector<Value>> AttentionOp::decomposeOperation(OpBuilder &builder) { return failure(); }

void AttentionOp::getCanonicalizationPatterns(RewritePatternSet &, MLIRContext *) {}
