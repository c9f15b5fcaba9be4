//===- XfNeural.cpp - contractions, norms, softmax, reductions, convolution -===//
//
// Part of Tilewright, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "dialects/Xf/IR/Shapes.h"
#include "dialects/Xf/IR/Xf.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"

using namespace mlir;
using namespace mlir::xf;

static RankedTensorType tensorType(Value value) { return cast<RankedTensorType>(value.getType()); }

// Ops whose result has the shape and type of their first operand.
static LogicalResult inferLikeInput(Value input, SmallVectorImpl<Type> &types) {
  types.push_back(input.getType());
  return success();
}
static LogicalResult reifyLikeInput(Operation *op, OpBuilder &builder, ReifiedRankedShapedTypeDims &sizes) {
  sizes.push_back(dimsOf(builder, op->getLoc(), op->getOperand(0)));
  return success();
}

//===----------------------------------------------------------------------===//
// matmul
//===----------------------------------------------------------------------===//

LogicalResult MatmulOp::inferReturnTypes(MLIRContext *, std::optional<Location> loc, Adaptor adaptor,
                                         SmallVectorImpl<Type> &types) {
  RankedTensorType lhs = tensorType(adaptor.getLhs()), rhs = tensorType(adaptor.getRhs());
  if (lhs.getRank() < 2 || rhs.getRank() < 2)
    return emitOptionalError(loc, "expects operands of rank 2 or more, got ", lhs, " and ", rhs);
  int64_t n = rhs.getDimSize(rhs.getRank() - (adaptor.getTransposeRhs() ? 2 : 1));
  FailureOr<SmallVector<int64_t>> shape =
      broadcastShapes(lhs.getShape().drop_back(2), rhs.getShape().drop_back(2));
  if (failed(shape))
    return emitOptionalError(loc, "expects batch dimensions that broadcast, got ", lhs, " and ", rhs);
  shape->append({lhs.getDimSize(lhs.getRank() - 2), n});
  types.push_back(RankedTensorType::get(*shape, lhs.getElementType()));
  return success();
}

LogicalResult MatmulOp::verify() {
  RankedTensorType lhs = tensorType(getLhs()), rhs = tensorType(getRhs());
  int64_t k = lhs.getDimSize(lhs.getRank() - 1), other = rhs.getDimSize(rhs.getRank() - (getTransposeRhs() ? 1 : 2));
  if (!ShapedType::isDynamic(k) && !ShapedType::isDynamic(other) && k != other)
    return emitOpError("expects one contracted size, got ") << k << " and " << other;
  return success();
}

LogicalResult MatmulOp::reifyResultShapes(OpBuilder &builder, ReifiedRankedShapedTypeDims &sizes) {
  SmallVector<OpFoldResult> lhs = dimsOf(builder, getLoc(), getLhs()), rhs = dimsOf(builder, getLoc(), getRhs());
  int64_t rank = std::max(lhs.size(), rhs.size());
  SmallVector<OpFoldResult> result(rank, builder.getIndexAttr(1));
  for (ArrayRef<OpFoldResult> side : {ArrayRef<OpFoldResult>(lhs), ArrayRef<OpFoldResult>(rhs)})
    for (int64_t i = 0, n = side.size() - 2; i < n; ++i)
      if (getConstantIntValue(side[i]) != 1)
        result[rank - side.size() + i] = side[i];
  result[rank - 2] = lhs[lhs.size() - 2];
  result[rank - 1] = rhs[rhs.size() - (getTransposeRhs() ? 2 : 1)];
  sizes.push_back(result);
  return success();
}

FailureOr<SmallVector<Value>> MatmulOp::decomposeOperation(OpBuilder &builder) { return failure(); }

void MatmulOp::getCanonicalizationPatterns(RewritePatternSet &, MLIRContext *) {}

//===----------------------------------------------------------------------===//
// softmax
//===----------------------------------------------------------------------===//

LogicalResult SoftmaxOp::inferReturnTypes(MLIRContext *, std::optional<Location> loc, Adaptor adaptor,
                                          SmallVectorImpl<Type> &types) {
  return inferLikeInput(adaptor.getInput(), types);
}
LogicalResult SoftmaxOp::verify() {
  if (getAxis() < 0 || getAxis() >= tensorType(getInput()).getRank())
    return emitOpError("expects axis below rank ") << tensorType(getInput()).getRank() << ", got " << getAxis();
  return success();
}
LogicalResult SoftmaxOp::reifyResultShapes(OpBuilder &builder, ReifiedRankedShapedTypeDims &sizes) {
  return reifyLikeInput(*this, builder, sizes);
}
FailureOr<SmallVector<Value>> SoftmaxOp::decomposeOperation(OpBuilder &builder) { return failure(); }

//===----------------------------------------------------------------------===//
// layer_norm, rms_norm
//===----------------------------------------------------------------------===//

LogicalResult LayerNormOp::inferReturnTypes(MLIRContext *, std::optional<Location> loc, Adaptor adaptor,
                                            SmallVectorImpl<Type> &types) {
  return inferLikeInput(adaptor.getInput(), types);
}
LogicalResult LayerNormOp::verify() {
  if (getAxis() < 0 || getAxis() >= tensorType(getInput()).getRank())
    return emitOpError("expects axis below rank ") << tensorType(getInput()).getRank() << ", got " << getAxis();
  return success();
}
LogicalResult LayerNormOp::reifyResultShapes(OpBuilder &builder, ReifiedRankedShapedTypeDims &sizes) {
  return reifyLikeInput(*this, builder, sizes);
}
FailureOr<SmallVector<Value>> LayerNormOp::decomposeOperation(OpBuilder &builder) { return failure(); }

LogicalResult RmsNormOp::inferReturnTypes(MLIRContext *, std::optional<Location> loc, Adaptor adaptor,
                                          SmallVectorImpl<Type> &types) {
  return inferLikeInput(adaptor.getInput(), types);
}
LogicalResult RmsNormOp::verify() {
  if (getAxis() < 0 || getAxis() >= tensorType(getInput()).getRank())
    return emitOpError("expects axis below rank ") << tensorType(getInput()).getRank() << ", got " << getAxis();
  return success();
}
LogicalResult RmsNormOp::reifyResultShapes(OpBuilder &builder, ReifiedRankedShapedTypeDims &sizes) {
  return reifyLikeInput(*this, builder, sizes);
}
FailureOr<SmallVector<Value>> RmsNormOp::decomposeOperation(OpBuilder &builder) { return failure(); }

//===----------------------------------------------------------------------===//
// rope
//===----------------------------------------------------------------------===//

LogicalResult RopeOp::inferReturnTypes(MLIRContext *, std::optional<Location> loc, Adaptor adaptor,
                                       SmallVectorImpl<Type> &types) {
  return inferLikeInput(adaptor.getInput(), types);
}
LogicalResult RopeOp::verify() {
  if (tensorType(getInput()).getRank() != 4 || tensorType(getCos()).getRank() != 3)
    return emitOpError("expects input of rank 4 and tables of rank 3");
  return success();
}
LogicalResult RopeOp::reifyResultShapes(OpBuilder &builder, ReifiedRankedShapedTypeDims &sizes) {
  return reifyLikeInput(*this, builder, sizes);
}
FailureOr<SmallVector<Value>> RopeOp::decomposeOperation(OpBuilder &builder) { return failure(); }

//===----------------------------------------------------------------------===//
// reduce
//===----------------------------------------------------------------------===//

// Result sizes from input sizes, for any representation of a size.
template <class Size>
static SmallVector<Size> reducedSizes(ArrayRef<Size> input, ArrayRef<int64_t> axes, bool keepDims, Size one) {
  SmallVector<Size> result;
  for (auto [i, size] : llvm::enumerate(input)) {
    if (!llvm::is_contained(axes, static_cast<int64_t>(i)))
      result.push_back(size);
    else if (keepDims)
      result.push_back(one);
  }
  return result;
}

LogicalResult ReduceOp::inferReturnTypes(MLIRContext *context, std::optional<Location> loc, Adaptor adaptor,
                                         SmallVectorImpl<Type> &types) {
  RankedTensorType input = tensorType(adaptor.getInput());
  bool index = adaptor.getKind() == ReduceKind::argmax || adaptor.getKind() == ReduceKind::argmin;
  types.push_back(RankedTensorType::get(
      reducedSizes<int64_t>(input.getShape(), adaptor.getAxes(), adaptor.getKeepDims(), 1),
      index ? IntegerType::get(context, 64) : input.getElementType()));
  return success();
}
LogicalResult ReduceOp::verify() {
  for (int64_t axis : getAxes())
    if (axis < 0 || axis >= tensorType(getInput()).getRank())
      return emitOpError("expects axes below rank ") << tensorType(getInput()).getRank() << ", got " << axis;
  return success();
}
LogicalResult ReduceOp::reifyResultShapes(OpBuilder &builder, ReifiedRankedShapedTypeDims &sizes) {
  SmallVector<OpFoldResult> input = dimsOf(builder, getLoc(), getInput());
  sizes.push_back(reducedSizes<OpFoldResult>(input, getAxes(), getKeepDims(), builder.getIndexAttr(1)));
  return success();
}
FailureOr<SmallVector<Value>> ReduceOp::decomposeOperation(OpBuilder &builder) { return failure(); }

//===----------------------------------------------------------------------===//
// conv
//===----------------------------------------------------------------------===//

LogicalResult ConvOp::inferReturnTypes(MLIRContext *, std::optional<Location> loc, Adaptor adaptor,
                                       SmallVectorImpl<Type> &types) {
  RankedTensorType input = tensorType(adaptor.getInput()), filter = tensorType(adaptor.getFilter());
  int64_t spatial = input.getRank() - 2;
  if (spatial < 1 || filter.getRank() != input.getRank())
    return emitOptionalError(loc, "expects input and filter of one rank of 3 or more, got ", input, " and ", filter);
  SmallVector<int64_t> shape{input.getDimSize(0), filter.getDimSize(0)};
  for (int64_t i = 0; i < spatial; ++i) {
    int64_t x = input.getDimSize(i + 2), k = filter.getDimSize(i + 2);
    if (ShapedType::isDynamic(x) || ShapedType::isDynamic(k))
      shape.push_back(ShapedType::kDynamic);
    else
      shape.push_back((x + adaptor.getPads()[i] + adaptor.getPads()[i + spatial] -
                       adaptor.getDilations()[i] * (k - 1) - 1) /
                          adaptor.getStrides()[i] +
                      1);
  }
  types.push_back(RankedTensorType::get(shape, input.getElementType()));
  return success();
}
LogicalResult ConvOp::verify() {
  int64_t spatial = tensorType(getInput()).getRank() - 2, n = getStrides().size();
  if (n != spatial || static_cast<int64_t>(getDilations().size()) != spatial ||
      static_cast<int64_t>(getPads().size()) != 2 * spatial)
    return emitOpError("expects strides, dilations and pads for ") << spatial << " spatial dimensions";
  return success();
}
LogicalResult ConvOp::reifyResultShapes(OpBuilder &builder, ReifiedRankedShapedTypeDims &sizes) {
  SmallVector<OpFoldResult> x = dimsOf(builder, getLoc(), getInput()), k = dimsOf(builder, getLoc(), getFilter());
  SmallVector<OpFoldResult> result{x[0], k[0]};
  int64_t spatial = x.size() - 2;
  auto constant = [&](int64_t value) -> OpFoldResult { return builder.getIndexAttr(value); };
  for (int64_t i = 0; i < spatial; ++i) {
    // (x + begin + end - dilation (k - 1) - 1) / stride + 1
    OpFoldResult reach = mulSizes(builder, getLoc(), subSizes(builder, getLoc(), k[i + 2], constant(1)),
                                  constant(getDilations()[i]));
    OpFoldResult room = addSizes(builder, getLoc(), x[i + 2], constant(getPads()[i] + getPads()[i + spatial] - 1));
    OpFoldResult steps = divSizes(builder, getLoc(), subSizes(builder, getLoc(), room, reach), constant(getStrides()[i]));
    result.push_back(addSizes(builder, getLoc(), steps, constant(1)));
  }
  sizes.push_back(result);
  return success();
}
FailureOr<SmallVector<Value>> ConvOp::decomposeOperation(OpBuilder &builder) { return failure(); }
