//===- XfMovement.cpp - elements change place, never value -===//
//
// Part of Tilewright, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "dialects/Xf/IR/Shapes.h"
#include "dialects/Xf/IR/Xf.h"
#include "mlir/Dialect/Utils/IndexingUtils.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"

using namespace mlir;
using namespace mlir::xf;

static RankedTensorType tensorType(Value value) { return cast<RankedTensorType>(value.getType()); }

// Operands and type of an op that lists its result sizes.
static void buildSized(OpBuilder &builder, OperationState &state, Value input, ArrayRef<OpFoldResult> sizes,
                       function_ref<void(Type, ValueRange, ArrayRef<int64_t>)> build) {
  SmallVector<int64_t> statics;
  SmallVector<Value> dynamics;
  SmallVector<OpFoldResult> folded(sizes);
  for (OpFoldResult &size : folded) // SSA constants become static sizes
    if (std::optional<int64_t> constant = getConstantIntValue(size))
      size = builder.getIndexAttr(*constant);
  dispatchIndexOpFoldResults(folded, dynamics, statics);
  build(RankedTensorType::get(statics, tensorType(input).getElementType()), dynamics, statics);
}

template <class Op>
static LogicalResult verifySized(Op op) {
  int64_t dynamic = llvm::count_if(op.getStaticSizes(), ShapedType::isDynamic);
  if (dynamic != static_cast<int64_t>(op.getSizes().size()))
    return op.emitOpError("expects ") << dynamic << " dynamic sizes, got " << op.getSizes().size();
  auto type = cast<RankedTensorType>(op.getType());
  if (failed(verifyCompatibleShape(type.getShape(), op.getStaticSizes())))
    return op.emitOpError("expects a result shape that matches its sizes, got ") << type;
  if (type.getElementType() != tensorType(op.getInput()).getElementType())
    return op.emitOpError("expects the element type to stay");
  return success();
}

//===----------------------------------------------------------------------===//
// broadcast
//===----------------------------------------------------------------------===//

void BroadcastOp::build(OpBuilder &builder, OperationState &state, Value input, ArrayRef<OpFoldResult> sizes) {
  buildSized(builder, state, input, sizes, [&](Type type, ValueRange dynamics, ArrayRef<int64_t> statics) {
    build(builder, state, type, input, dynamics, statics);
  });
}

SmallVector<OpFoldResult> BroadcastOp::getMixedSizes() {
  return mlir::getMixedValues(getStaticSizes(), getSizes(), getContext());
}

LogicalResult BroadcastOp::verify() {
  if (tensorType(getInput()).getRank() > static_cast<int64_t>(getStaticSizes().size()))
    return emitOpError("expects at least as many sizes as the input has dimensions");
  return verifySized(*this);
}

LogicalResult BroadcastOp::reifyResultShapes(OpBuilder &, ReifiedRankedShapedTypeDims &sizes) {
  sizes.push_back(getMixedSizes());
  return success();
}

FailureOr<SmallVector<Value>> BroadcastOp::decomposeOperation(OpBuilder &builder) { return failure(); }

OpFoldResult BroadcastOp::fold(FoldAdaptor) {
  return getInput().getType() == getType() && tensorType(getInput()).hasStaticShape() ? getInput() : Value();
}

//===----------------------------------------------------------------------===//
// reshape
//===----------------------------------------------------------------------===//

void ReshapeOp::build(OpBuilder &builder, OperationState &state, Value input, ArrayRef<OpFoldResult> sizes) {
  buildSized(builder, state, input, sizes, [&](Type type, ValueRange dynamics, ArrayRef<int64_t> statics) {
    build(builder, state, type, input, dynamics, statics);
  });
}

SmallVector<OpFoldResult> ReshapeOp::getMixedSizes() {
  return mlir::getMixedValues(getStaticSizes(), getSizes(), getContext());
}

LogicalResult ReshapeOp::verify() {
  auto input = tensorType(getInput()), result = tensorType(getResult());
  if (input.hasStaticShape() && result.hasStaticShape() && input.getNumElements() != result.getNumElements())
    return emitOpError("expects ") << input.getNumElements() << " elements, got " << result.getNumElements();
  return verifySized(*this);
}

LogicalResult ReshapeOp::reifyResultShapes(OpBuilder &, ReifiedRankedShapedTypeDims &sizes) {
  sizes.push_back(getMixedSizes());
  return success();
}

FailureOr<SmallVector<Value>> ReshapeOp::decomposeOperation(OpBuilder &builder) { return failure(); }

OpFoldResult ReshapeOp::fold(FoldAdaptor) {
  return getInput().getType() == getType() && tensorType(getInput()).hasStaticShape() ? getInput() : Value();
}

void ReshapeOp::getCanonicalizationPatterns(RewritePatternSet &, MLIRContext *) {}

//===----------------------------------------------------------------------===//
// iota
//===----------------------------------------------------------------------===//

LogicalResult IotaOp::reifyResultShapes(OpBuilder &, ReifiedRankedShapedTypeDims &sizes) {
  sizes.push_back({getAsOpFoldResult(getSize())});
  return success();
}

FailureOr<SmallVector<Value>> IotaOp::decomposeOperation(OpBuilder &builder) { return failure(); }

//===----------------------------------------------------------------------===//
// transpose
//===----------------------------------------------------------------------===//

LogicalResult TransposeOp::inferReturnTypes(MLIRContext *, std::optional<Location> loc, Adaptor adaptor,
                                            SmallVectorImpl<Type> &types) {
  RankedTensorType input = tensorType(adaptor.getInput());
  SmallVector<int64_t> shape;
  for (int64_t dim : adaptor.getPerm()) {
    if (dim < 0 || dim >= input.getRank())
      return emitOptionalError(loc, "expects perm to hold dimensions of ", input, ", got ", dim);
    shape.push_back(input.getDimSize(dim));
  }
  types.push_back(RankedTensorType::get(shape, input.getElementType()));
  return success();
}

LogicalResult TransposeOp::verify() {
  if (static_cast<int64_t>(getPerm().size()) != tensorType(getInput()).getRank() || !isPermutationVector(getPerm()))
    return emitOpError("expects perm to be a permutation of ") << tensorType(getInput()).getRank() << " dimensions";
  return success();
}

LogicalResult TransposeOp::reifyResultShapes(OpBuilder &builder, ReifiedRankedShapedTypeDims &sizes) {
  SmallVector<OpFoldResult> input = dimsOf(builder, getLoc(), getInput());
  sizes.push_back(llvm::map_to_vector(getPerm(), [&](int64_t dim) { return input[dim]; }));
  return success();
}

FailureOr<SmallVector<Value>> TransposeOp::decomposeOperation(OpBuilder &builder) { return failure(); }

OpFoldResult TransposeOp::fold(FoldAdaptor) { return {}; }

void TransposeOp::getCanonicalizationPatterns(RewritePatternSet &, MLIRContext *) {}

//===----------------------------------------------------------------------===//
// gather
//===----------------------------------------------------------------------===//

LogicalResult GatherOp::inferReturnTypes(MLIRContext *, std::optional<Location> loc, Adaptor adaptor,
                                         SmallVectorImpl<Type> &types) {
  RankedTensorType input = tensorType(adaptor.getInput());
  int64_t axis = adaptor.getAxis();
  if (axis < 0 || axis >= input.getRank())
    return emitOptionalError(loc, "expects axis below rank ", input.getRank(), ", got ", axis);
  SmallVector<int64_t> shape(input.getShape().take_front(axis));
  llvm::append_range(shape, tensorType(adaptor.getIndices()).getShape());
  llvm::append_range(shape, input.getShape().drop_front(axis + 1));
  types.push_back(RankedTensorType::get(shape, input.getElementType()));
  return success();
}

LogicalResult GatherOp::verify() { return success(); }

LogicalResult GatherOp::reifyResultShapes(OpBuilder &builder, ReifiedRankedShapedTypeDims &sizes) {
  SmallVector<OpFoldResult> input = dimsOf(builder, getLoc(), getInput());
  SmallVector<OpFoldResult> result(ArrayRef(input).take_front(getAxis()));
  llvm::append_range(result, dimsOf(builder, getLoc(), getIndices()));
  llvm::append_range(result, ArrayRef(input).drop_front(getAxis() + 1));
  sizes.push_back(result);
  return success();
}

FailureOr<SmallVector<Value>> GatherOp::decomposeOperation(OpBuilder &builder) { return failure(); }
