//===- Shapes.cpp - sizes of values as SSA or constants -===//
//
// Part of Tilewright, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "dialects/Xf/IR/Shapes.h"

#include "dialects/Xf/IR/Xf.h"
#include "mlir/Dialect/Arith/Utils/Utils.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "mlir/Interfaces/DestinationStyleOpInterface.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"

namespace mlir::xf {

// The name that the function gives to dimension `dim` of its argument, or null.
static StringAttr nameOfDim(BlockArgument arg, int64_t dim) {
  auto function = dyn_cast<func::FuncOp>(arg.getOwner()->getParentOp());
  if (!function || arg.getOwner() != &function.getBody().front())
    return {};
  auto dims = function.getArgAttrOfType<ArrayAttr>(arg.getArgNumber(), "xf.dims");
  if (!dims || dim >= static_cast<int64_t>(dims.size()))
    return {};
  auto name = dyn_cast<StringAttr>(dims[dim]);
  return name && !name.empty() ? name : StringAttr();
}

// Upstream gives the sizes of a concatenation as affine maps of tensor.dim: opaque to arithmetic on
// symbolic dimensions.
static OpFoldResult dimOfConcat(OpBuilder &builder, Location loc, tensor::ConcatOp concat,
                                int64_t dim) {
  if (dim != static_cast<int64_t>(concat.getDim())) // a dynamic one, so of no input static
    return dimOf(builder, loc, concat.getInputs().front(), dim);
  OpFoldResult sum = dimOf(builder, loc, concat.getInputs().front(), dim);
  for (Value input : concat.getInputs().drop_front())
    sum = addSizes(builder, loc, sum, dimOf(builder, loc, input, dim));
  return sum;
}

OpFoldResult dimOf(OpBuilder &builder, Location loc, Value value, int64_t dim) {
  auto type = cast<RankedTensorType>(value.getType());
  if (!type.isDynamicDim(dim))
    return builder.getIndexAttr(type.getDimSize(dim));
  if (auto arg = dyn_cast<BlockArgument>(value))
    if (StringAttr name = nameOfDim(arg, dim))
      return DimOp::create(builder, loc, builder.getIndexType(), name).getResult();
  if (auto cast = value.getDefiningOp<tensor::CastOp>())
    return dimOf(builder, loc, cast.getSource(), dim);
  // A linalg op's result has the sizes of its destination: no dependence on the op.
  if (auto op = value.getDefiningOp<DestinationStyleOpInterface>())
    return dimOf(builder, loc, op.getTiedOpOperand(cast<OpResult>(value))->get(), dim);
  if (auto concat = value.getDefiningOp<tensor::ConcatOp>())
    return dimOfConcat(builder, loc, concat, dim);
  if (auto op = value.getDefiningOp<ReifyRankedShapedTypeOpInterface>()) {
    ReifiedRankedShapedTypeDims sizes;
    if (succeeded(op.reifyResultShapes(builder, sizes)))
      return sizes[cast<OpResult>(value).getResultNumber()][dim];
  }
  return builder.createOrFold<tensor::DimOp>(loc, value, dim);
}

SmallVector<OpFoldResult> dimsOf(OpBuilder &builder, Location loc, Value value) {
  auto type = cast<RankedTensorType>(value.getType());
  // One query of the producer for all dimensions, where it can answer.
  auto op = value.getDefiningOp<ReifyRankedShapedTypeOpInterface>();
  if (op && !isa<DestinationStyleOpInterface, tensor::ConcatOp>(value.getDefiningOp()) &&
      !type.hasStaticShape()) {
    ReifiedRankedShapedTypeDims sizes;
    if (succeeded(op.reifyResultShapes(builder, sizes)))
      return sizes[cast<OpResult>(value).getResultNumber()];
  }
  SmallVector<OpFoldResult> sizes;
  for (int64_t i = 0; i < type.getRank(); ++i)
    sizes.push_back(dimOf(builder, loc, value, i));
  return sizes;
}

template <class Op>
static OpFoldResult combine(OpBuilder &builder, Location loc, OpFoldResult a, OpFoldResult b,
                            function_ref<int64_t(int64_t, int64_t)> fold) {
  std::optional<int64_t> x = getConstantIntValue(a), y = getConstantIntValue(b);
  if (x && y)
    return builder.getIndexAttr(fold(*x, *y));
  Value lhs = getValueOrCreateConstantIndexOp(builder, loc, a);
  Value rhs = getValueOrCreateConstantIndexOp(builder, loc, b);
  return builder.createOrFold<Op>(loc, lhs, rhs);
}

OpFoldResult addSizes(OpBuilder &builder, Location loc, OpFoldResult a, OpFoldResult b) {
  return combine<arith::AddIOp>(builder, loc, a, b, std::plus<>());
}
OpFoldResult subSizes(OpBuilder &builder, Location loc, OpFoldResult a, OpFoldResult b) {
  return combine<arith::SubIOp>(builder, loc, a, b, std::minus<>());
}
OpFoldResult mulSizes(OpBuilder &builder, Location loc, OpFoldResult a, OpFoldResult b) {
  return combine<arith::MulIOp>(builder, loc, a, b, std::multiplies<>());
}
OpFoldResult divSizes(OpBuilder &builder, Location loc, OpFoldResult a, OpFoldResult b) {
  // Sizes are never negative, so truncation and floor agree.
  return combine<arith::DivSIOp>(builder, loc, a, b,
                                 [](int64_t x, int64_t y) { return y ? x / y : 0; });
}

// Equal constants, or pure ops of one kind with equal operands. `depth` bounds the search.
static bool areEqual(Value a, Value b, int depth) {
  if (a == b)
    return true;
  std::optional<int64_t> x = getConstantIntValue(a), y = getConstantIntValue(b);
  if (x || y)
    return x == y;
  Operation *left = a.getDefiningOp(), *right = b.getDefiningOp();
  if (depth == 0 || !left || !right || !isPure(left) || left->getName() != right->getName() ||
      left->getNumRegions() || left->getNumOperands() != right->getNumOperands() ||
      cast<OpResult>(a).getResultNumber() != cast<OpResult>(b).getResultNumber() ||
      left->getAttrDictionary() != right->getAttrDictionary())
    return false;
  return llvm::all_of(llvm::zip(left->getOperands(), right->getOperands()), [&](auto operands) {
    return areEqual(std::get<0>(operands), std::get<1>(operands), depth - 1);
  });
}

bool areEqualSizes(OpFoldResult a, OpFoldResult b) {
  std::optional<int64_t> x = getConstantIntValue(a), y = getConstantIntValue(b);
  if (x || y)
    return x == y;
  return areEqual(cast<Value>(a), cast<Value>(b), /*depth=*/8);
}

SmallVector<int64_t> staticShape(ArrayRef<OpFoldResult> sizes) {
  return llvm::map_to_vector(sizes, [](OpFoldResult size) {
    return getConstantIntValue(size).value_or(ShapedType::kDynamic);
  });
}

FailureOr<SmallVector<int64_t>> broadcastShapes(ArrayRef<int64_t> a, ArrayRef<int64_t> b) {
  if (a.size() < b.size())
    std::swap(a, b);
  SmallVector<int64_t> shape(a);
  for (size_t i = 0; i < b.size(); ++i) {
    int64_t &x = shape[a.size() - b.size() + i], y = b[i];
    if (x == 1 || (ShapedType::isDynamic(x) && y != 1))
      x = y;
    else if (y != 1 && !ShapedType::isDynamic(y) && x != y)
      return failure();
  }
  return shape;
}

SmallVector<OpFoldResult> broadcastSizes(OpBuilder &builder, Location loc, ValueRange values) {
  int64_t rank = 0;
  for (Value value : values)
    rank = std::max(rank, cast<RankedTensorType>(value.getType()).getRank());
  SmallVector<OpFoldResult> sizes(rank, builder.getIndexAttr(1));
  for (int64_t i = 0; i < rank; ++i)
    for (Value value : values) {
      auto type = cast<RankedTensorType>(value.getType());
      int64_t dim = i - (rank - type.getRank());
      if (dim < 0 || type.getDimSize(dim) == 1)
        continue;
      sizes[i] = dimOf(builder, loc, value, dim);
      if (!type.isDynamicDim(dim))
        break; // a static size is the best answer
    }
  return sizes;
}

bool compatibleTypes(TypeRange declared, TypeRange inferred) {
  return llvm::equal(declared, inferred, [](Type a, Type b) {
    return getElementTypeOrSelf(a) == getElementTypeOrSelf(b) &&
           succeeded(verifyCompatibleShape(a, b));
  });
}

} // namespace mlir::xf
