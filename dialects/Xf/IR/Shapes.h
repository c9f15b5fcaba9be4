//===- Shapes.h - sizes of values as SSA or constants -===//
//
// Part of Tilewright, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef TILEWRIGHT_DIALECTS_XF_IR_SHAPES_H
#define TILEWRIGHT_DIALECTS_XF_IR_SHAPES_H

#include "mlir/IR/Builders.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/OpDefinition.h"
#include "mlir/Interfaces/InferTypeOpInterface.h"

namespace mlir::xf {

inline RankedTensorType tensorTypeOf(Value value) {
  return cast<RankedTensorType>(value.getType());
}
inline ArrayRef<int64_t> shapeOf(Value value) {
  return tensorTypeOf(value).getShape();
}

/// Whether two sizes of types are known to differ.
inline bool differ(int64_t a, int64_t b) {
  return ShapedType::isStatic(a) && ShapedType::isStatic(b) && a != b;
}

/// The size of dimension `dim` of `value`: a constant when static, else built from `xf.dim` of the
/// function's arguments by asking the producers (ReifyRankedShapedTypeOpInterface), so that no
/// data-flow edge on the tensor itself is created. Falls back to `tensor.dim` where a producer
/// cannot tell.
OpFoldResult dimOf(OpBuilder &builder, Location loc, Value value, int64_t dim);

/// All sizes of `value`, as `dimOf` gives them.
SmallVector<OpFoldResult> dimsOf(OpBuilder &builder, Location loc, Value value);

/// The sum, product or quotient of sizes, with constants folded.
OpFoldResult addSizes(OpBuilder &builder, Location loc, OpFoldResult a, OpFoldResult b);
OpFoldResult subSizes(OpBuilder &builder, Location loc, OpFoldResult a, OpFoldResult b);
OpFoldResult mulSizes(OpBuilder &builder, Location loc, OpFoldResult a, OpFoldResult b);
OpFoldResult divSizes(OpBuilder &builder, Location loc, OpFoldResult a, OpFoldResult b);

/// Whether sizes are equal for all values of the symbolic dimensions (SizeForms). False does not
/// mean that they differ.
bool areEqualSizes(OpFoldResult a, OpFoldResult b);
bool areEqualSizes(ArrayRef<OpFoldResult> a, ArrayRef<OpFoldResult> b);

/// Whether `value` has these sizes, as far as `areEqualSizes` can tell. Leaves no IR behind.
bool haveEqualSizes(Value value, ArrayRef<OpFoldResult> sizes);

/// `kDynamic` for an SSA size, else the constant.
SmallVector<int64_t> staticShape(ArrayRef<OpFoldResult> sizes);

/// Shapes after numpy broadcasting; fails when two static sizes differ and neither is 1. A dynamic
/// size against a static one other than 1 gives the static one.
FailureOr<SmallVector<int64_t>> broadcastShapes(ArrayRef<int64_t> a, ArrayRef<int64_t> b);

/// Dimension `dim` of the broadcast of `values`.
OpFoldResult broadcastSize(OpBuilder &builder, Location loc, ValueRange values, int64_t dim);

/// Sizes of the broadcast of `values`, one per result dimension.
SmallVector<OpFoldResult> broadcastSizes(OpBuilder &builder, Location loc, ValueRange values);

/// Sizes of the only result of `op`, one dimension after the other: the body of every
/// reifyResultShapes here.
LogicalResult reifyByDimension(ReifyRankedShapedTypeOpInterface op, OpBuilder &builder,
                               ReifiedRankedShapedTypeDims &sizes);

/// Same element types and compatible shapes: the rule by which a declared result type may differ
/// from the inferred one.
bool compatibleTypes(TypeRange declared, TypeRange inferred);

} // namespace mlir::xf

#endif // TILEWRIGHT_DIALECTS_XF_IR_SHAPES_H
