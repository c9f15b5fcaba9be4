//===- XfElementwise.cpp - one element in, one element out -===//
//
// Part of Tilewright, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "dialects/Xf/IR/Shapes.h"
#include "dialects/Xf/IR/Xf.h"

using namespace mlir;
using namespace mlir::xf;

static ArrayRef<int64_t> shapeOf(Value value) { return cast<RankedTensorType>(value.getType()).getShape(); }

// The broadcast of `values` as the shape of the only result.
static LogicalResult inferBroadcast(std::optional<Location> loc, ValueRange values, Type element,
                                    SmallVectorImpl<Type> &types) {
  SmallVector<int64_t> shape;
  for (Value value : values) {
    FailureOr<SmallVector<int64_t>> next = broadcastShapes(shape, shapeOf(value));
    if (failed(next))
      return emitOptionalError(loc, "expects shapes that broadcast, got ", values.getTypes());
    shape = *next;
  }
  types.push_back(RankedTensorType::get(shape, element));
  return success();
}

static LogicalResult reifyBroadcast(Operation *op, OpBuilder &builder, ReifiedRankedShapedTypeDims &sizes) {
  sizes.push_back(broadcastSizes(builder, op->getLoc(), op->getOperands()));
  return success();
}

//===----------------------------------------------------------------------===//
// unary
//===----------------------------------------------------------------------===//

LogicalResult UnaryOp::inferReturnTypes(MLIRContext *context, std::optional<Location> loc, Adaptor adaptor,
                                        SmallVectorImpl<Type> &types) {
  auto type = cast<RankedTensorType>(adaptor.getInput().getType());
  bool test = adaptor.getKind() == UnaryKind::is_nan || adaptor.getKind() == UnaryKind::is_inf;
  types.push_back(test ? type.clone(IntegerType::get(context, 1)) : type);
  return success();
}

LogicalResult UnaryOp::verify() { return success(); }

LogicalResult UnaryOp::reifyResultShapes(OpBuilder &builder, ReifiedRankedShapedTypeDims &sizes) {
  return reifyBroadcast(*this, builder, sizes);
}

FailureOr<SmallVector<Value>> UnaryOp::decomposeOperation(OpBuilder &builder) { return failure(); }

OpFoldResult UnaryOp::fold(FoldAdaptor) { return {}; }

//===----------------------------------------------------------------------===//
// binary
//===----------------------------------------------------------------------===//

LogicalResult BinaryOp::inferReturnTypes(MLIRContext *, std::optional<Location> loc, Adaptor adaptor,
                                         SmallVectorImpl<Type> &types) {
  return inferBroadcast(loc, adaptor.getOperands(), getElementTypeOrSelf(adaptor.getLhs()), types);
}

LogicalResult BinaryOp::verify() { return success(); }

LogicalResult BinaryOp::reifyResultShapes(OpBuilder &builder, ReifiedRankedShapedTypeDims &sizes) {
  return reifyBroadcast(*this, builder, sizes);
}

FailureOr<SmallVector<Value>> BinaryOp::decomposeOperation(OpBuilder &builder) { return failure(); }

OpFoldResult BinaryOp::fold(FoldAdaptor) { return {}; }

void BinaryOp::getCanonicalizationPatterns(RewritePatternSet &, MLIRContext *) {}

//===----------------------------------------------------------------------===//
// compare
//===----------------------------------------------------------------------===//

LogicalResult CompareOp::inferReturnTypes(MLIRContext *context, std::optional<Location> loc, Adaptor adaptor,
                                          SmallVectorImpl<Type> &types) {
  return inferBroadcast(loc, adaptor.getOperands(), IntegerType::get(context, 1), types);
}

LogicalResult CompareOp::reifyResultShapes(OpBuilder &builder, ReifiedRankedShapedTypeDims &sizes) {
  return reifyBroadcast(*this, builder, sizes);
}

FailureOr<SmallVector<Value>> CompareOp::decomposeOperation(OpBuilder &builder) { return failure(); }

//===----------------------------------------------------------------------===//
// select
//===----------------------------------------------------------------------===//

LogicalResult SelectOp::inferReturnTypes(MLIRContext *, std::optional<Location> loc, Adaptor adaptor,
                                         SmallVectorImpl<Type> &types) {
  return inferBroadcast(loc, adaptor.getOperands(), getElementTypeOrSelf(adaptor.getOnTrue()), types);
}

LogicalResult SelectOp::verify() {
  if (!getElementTypeOrSelf(getCondition()).isInteger(1))
    return emitOpError("expects a condition of i1, got ") << getCondition().getType();
  if (getElementTypeOrSelf(getOnTrue()) != getElementTypeOrSelf(getOnFalse()))
    return emitOpError("expects both values of one element type");
  return success();
}

LogicalResult SelectOp::reifyResultShapes(OpBuilder &builder, ReifiedRankedShapedTypeDims &sizes) {
  return reifyBroadcast(*this, builder, sizes);
}

FailureOr<SmallVector<Value>> SelectOp::decomposeOperation(OpBuilder &builder) { return failure(); }

//===----------------------------------------------------------------------===//
// cast
//===----------------------------------------------------------------------===//

LogicalResult CastOp::verify() {
  if (failed(verifyCompatibleShape(getInput().getType(), getType())))
    return emitOpError("expects input and result of one shape");
  return success();
}

LogicalResult CastOp::reifyResultShapes(OpBuilder &builder, ReifiedRankedShapedTypeDims &sizes) {
  return reifyBroadcast(*this, builder, sizes);
}

FailureOr<SmallVector<Value>> CastOp::decomposeOperation(OpBuilder &builder) { return failure(); }

OpFoldResult CastOp::fold(FoldAdaptor) { return getInput().getType() == getType() ? getInput() : Value(); }
