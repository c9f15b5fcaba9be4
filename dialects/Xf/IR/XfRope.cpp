//===- XfRope.cpp - rotary position embedding -===//
//
// Part of Tilewright, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "dialects/Xf/IR/Definition.h"

using namespace mlir;
using namespace mlir::xf;

LogicalResult RopeOp::inferReturnTypes(MLIRContext *, std::optional<Location> loc, Adaptor adaptor,
                                       SmallVectorImpl<Type> &types) {
  types.push_back(adaptor.getInput().getType());
  return success();
}
LogicalResult RopeOp::verify() {
  RankedTensorType input = tensorTypeOf(getInput()), table = tensorTypeOf(getCos());
  if (input.getRank() != 4 || table.getRank() != 3)
    return emitOpError("expects input of rank 4 and tables of rank 3, got ")
           << input << " and " << table;
  if (getSin().getType() != table)
    return emitOpError("expects cos and sin of one type, got ")
           << table << " and " << getSin().getType();
  if (!isa<FloatType>(input.getElementType()) || !isa<FloatType>(table.getElementType()))
    return emitOpError("expects floats, got ") << input << " and " << table;
  if (table.getDimSize(0) != 1 && differ(table.getDimSize(0), input.getDimSize(0)))
    return emitOpError("expects tables for a batch of ")
           << input.getDimSize(0) << " or 1, got " << table.getDimSize(0);
  if (differ(table.getDimSize(1), input.getDimSize(2)))
    return emitOpError("expects tables for ")
           << input.getDimSize(2) << " positions, got " << table.getDimSize(1);
  if (ShapedType::isStatic(table.getDimSize(2)) && ShapedType::isStatic(input.getDimSize(3)) &&
      2 * table.getDimSize(2) > input.getDimSize(3))
    return emitOpError("expects at most ")
           << input.getDimSize(3) / 2 << " pairs for a head of " << input.getDimSize(3) << ", got "
           << table.getDimSize(2);
  return success();
}
FailureOr<OpFoldResult> RopeOp::reifyDimOfResult(OpBuilder &builder, int, int dim) {
  return dimOf(builder, getLoc(), getInput(), dim);
}

// Both members of the pairs are slices of the input, rotated by one generic with two results, and
// put back in place.
FailureOr<SmallVector<Value>> RopeOp::decomposeOperation(OpBuilder &builder) {
  Definition d(builder, *this);
  Location loc = getLoc();
  SmallVector<OpFoldResult> sizes = d.sizesOf(getInput()), half(sizes);
  half[3] = dimOf(builder, loc, getCos(), 2);
  OpFoldResult zero = builder.getIndexAttr(0), one = builder.getIndexAttr(1);
  SmallVector<OpFoldResult> first(4, zero), second(first), strides(4, one);
  second[3] = getInterleaved() ? one : half[3];
  if (getInterleaved())
    strides[3] = builder.getIndexAttr(2);
  Type element = getElementTypeOrSelf(getType()), compute = computeType(element);
  auto slice = [&](ArrayRef<OpFoldResult> offsets) -> Value {
    return tensor::ExtractSliceOp::create(builder, loc, getInput(), offsets, half, strides);
  };
  AffineMap all = d.identity(4);
  bool repeats = tensorTypeOf(getCos()).getDimSize(0) == 1;
  AffineExpr batch = repeats ? builder.getAffineConstantExpr(0) : builder.getAffineDimExpr(0);
  AffineMap table = AffineMap::get(
      4, 0, {batch, builder.getAffineDimExpr(2), builder.getAffineDimExpr(3)}, getContext());
  auto body = [&](Scalars &s, ValueRange x) {
    Value cos = s.asFloat(x[2], compute), sin = s.asFloat(x[3], compute);
    return SmallVector<Value>{s.sub(s.mul(x[0], cos), s.mul(x[1], sin)),
                              s.add(s.mul(x[0], sin), s.mul(x[1], cos))};
  };
  SmallVector<Definition::Operand> results{{d.empty(half, element), all},
                                           {d.empty(half, element), all}};
  SmallVector<Value> rotated = d.generic(
      {{slice(first), all}, {slice(second), all}, {getCos(), table}, {getSin(), table}}, results,
      /*computes=*/true, body);
  // Elements from 2r on are the input's.
  OpFoldResult rotary = mulSizes(builder, loc, half[3], builder.getIndexAttr(2));
  Value result =
      areEqualSizes(rotary, sizes[3])
          ? d.as(RankedTensorType::get(staticShape(sizes), element), d.empty(sizes, element))
          : getInput();
  result = tensor::InsertSliceOp::create(builder, loc, rotated[0], result, first, half, strides);
  result = tensor::InsertSliceOp::create(builder, loc, rotated[1], result, second, half, strides);
  return SmallVector<Value>{d.as(getType(), result)};
}
