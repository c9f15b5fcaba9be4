//===- Shapes.cpp - sizes of values as SSA or constants -===//
//
// Part of Tilewright, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "dialects/Xf/IR/Shapes.h"

#include "dialects/Xf/IR/SizeForms.h"
#include "dialects/Xf/IR/Xf.h"
#include "mlir/Dialect/Arith/Utils/Utils.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "mlir/Interfaces/DestinationStyleOpInterface.h"
#include "llvm/ADT/TypeSwitch.h"

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

// What an scf.for starts with, for a value that it carries; else null.
static Value initialOfCarried(Value value) {
  if (auto loop = value.getDefiningOp<scf::ForOp>())
    return loop.getInits()[cast<OpResult>(value).getResultNumber()];
  auto arg = dyn_cast<BlockArgument>(value);
  auto loop = arg ? dyn_cast<scf::ForOp>(arg.getOwner()->getParentOp()) : scf::ForOp();
  OpOperand *initial = loop ? loop.getTiedLoopInit(arg) : nullptr;
  return initial ? initial->get() : Value();
}

// Dimension `dim` of a tensor op's result; upstream's reification would ask its operands by
// tensor.dim.
static OpFoldResult dimOfTensorOp(OpBuilder &builder, Location loc, Operation *op, int64_t dim) {
  return TypeSwitch<Operation *, OpFoldResult>(op)
      .Case([&](tensor::CastOp cast) { return dimOf(builder, loc, cast.getSource(), dim); })
      .Case([&](tensor::EmptyOp empty) { return empty.getMixedSizes()[dim]; })
      .Case([&](tensor::ExtractSliceOp slice) {
        llvm::SmallBitVector dropped = slice.getDroppedDims();
        SmallVector<OpFoldResult> kept;
        for (auto [i, size] : llvm::enumerate(slice.getMixedSizes()))
          if (!dropped[i])
            kept.push_back(size);
        return kept[dim];
      })
      .Case([&](tensor::ConcatOp concat) {
        if (dim != static_cast<int64_t>(concat.getDim()))
          return dimOf(builder, loc, concat.getInputs().front(), dim);
        OpFoldResult sum = builder.getIndexAttr(0);
        for (Value input : concat.getInputs())
          sum = addSizes(builder, loc, sum, dimOf(builder, loc, input, dim));
        return sum;
      })
      .Case([&](tensor::PadOp pad) {
        OpFoldResult edges =
            addSizes(builder, loc, pad.getMixedLowPad()[dim], pad.getMixedHighPad()[dim]);
        return addSizes(builder, loc, dimOf(builder, loc, pad.getSource(), dim), edges);
      })
      .Case([&](tensor::ExpandShapeOp expand) { return expand.getMixedOutputShape()[dim]; })
      .Case([&](tensor::CollapseShapeOp collapse) {
        OpFoldResult product = builder.getIndexAttr(1);
        for (int64_t source : collapse.getReassociationIndices()[dim])
          product = mulSizes(builder, loc, product, dimOf(builder, loc, collapse.getSrc(), source));
        return product;
      })
      .Default(OpFoldResult());
}

OpFoldResult dimOf(OpBuilder &builder, Location loc, Value value, int64_t dim) {
  auto type = cast<RankedTensorType>(value.getType());
  if (!type.isDynamicDim(dim))
    return builder.getIndexAttr(type.getDimSize(dim));
  // What a loop carries, over layers or over steps, keeps its sizes.
  if (Value initial = initialOfCarried(value))
    return dimOf(builder, loc, initial, dim);
  Operation *producer = value.getDefiningOp();
  if (!producer) {
    if (StringAttr name = nameOfDim(cast<BlockArgument>(value), dim))
      return DimOp::create(builder, loc, builder.getIndexType(), name).getResult();
    return builder.createOrFold<tensor::DimOp>(loc, value, dim);
  }
  if (OpFoldResult size = dimOfTensorOp(builder, loc, producer, dim))
    return size;
  // A linalg op's result has the sizes of its destination: no dependence on the op.
  unsigned number = cast<OpResult>(value).getResultNumber();
  if (auto op = dyn_cast<DestinationStyleOpInterface>(producer))
    return dimOf(builder, loc, op.getTiedOpOperand(producer->getResult(number))->get(), dim);
  if (auto op = dyn_cast<ReifyRankedShapedTypeOpInterface>(producer))
    if (FailureOr<OpFoldResult> size = op.reifyDimOfResult(builder, number, dim); succeeded(size))
      return *size;
  return builder.createOrFold<tensor::DimOp>(loc, value, dim);
}

SmallVector<OpFoldResult> dimsOf(OpBuilder &builder, Location loc, Value value) {
  SmallVector<OpFoldResult> sizes;
  for (int64_t i = 0, rank = cast<RankedTensorType>(value.getType()).getRank(); i < rank; ++i)
    sizes.push_back(dimOf(builder, loc, value, i));
  return sizes;
}

LogicalResult reifyByDimension(ReifyRankedShapedTypeOpInterface op, OpBuilder &builder,
                               ReifiedRankedShapedTypeDims &sizes) {
  SmallVector<OpFoldResult> result;
  auto type = cast<RankedTensorType>(op->getResult(0).getType());
  for (int64_t i = 0; i < type.getRank(); ++i) {
    FailureOr<OpFoldResult> size = op.reifyDimOfResult(builder, 0, i);
    if (failed(size))
      return failure();
    result.push_back(*size);
  }
  sizes.push_back(std::move(result));
  return success();
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

bool areEqualSizes(OpFoldResult a, OpFoldResult b) {
  return areEqualSizes(ArrayRef(a), ArrayRef(b));
}

bool areEqualSizes(ArrayRef<OpFoldResult> a, ArrayRef<OpFoldResult> b) {
  SizeForms forms;
  return llvm::equal(
      a, b, [&](OpFoldResult x, OpFoldResult y) { return x == y || forms.of(x) == forms.of(y); });
}

bool haveEqualSizes(Value value, ArrayRef<OpFoldResult> sizes) {
  auto type = cast<RankedTensorType>(value.getType());
  if (type.getRank() != static_cast<int64_t>(sizes.size()))
    return false;
  Block scratch;
  OpBuilder builder(value.getContext());
  builder.setInsertionPointToEnd(&scratch);
  return areEqualSizes(dimsOf(builder, value.getLoc(), value), sizes);
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

static int64_t broadcastRank(ValueRange values) {
  int64_t rank = 0;
  for (Value value : values)
    rank = std::max(rank, cast<RankedTensorType>(value.getType()).getRank());
  return rank;
}

OpFoldResult broadcastSize(OpBuilder &builder, Location loc, ValueRange values, int64_t dim) {
  int64_t fromEnd = broadcastRank(values) - dim;
  Value dynamic;
  for (Value value : values) {
    auto type = cast<RankedTensorType>(value.getType());
    if (type.getRank() < fromEnd || type.getDimSize(type.getRank() - fromEnd) == 1)
      continue;
    if (int64_t size = type.getDimSize(type.getRank() - fromEnd); ShapedType::isStatic(size))
      return builder.getIndexAttr(size);
    if (!dynamic)
      dynamic = value;
  }
  if (!dynamic)
    return builder.getIndexAttr(1);
  int64_t rank = cast<RankedTensorType>(dynamic.getType()).getRank();
  return dimOf(builder, loc, dynamic, rank - fromEnd);
}

SmallVector<OpFoldResult> broadcastSizes(OpBuilder &builder, Location loc, ValueRange values) {
  SmallVector<OpFoldResult> sizes;
  for (int64_t i = 0, rank = broadcastRank(values); i < rank; ++i)
    sizes.push_back(broadcastSize(builder, loc, values, i));
  return sizes;
}

bool compatibleTypes(TypeRange declared, TypeRange inferred) {
  return llvm::equal(declared, inferred, [](Type a, Type b) {
    return getElementTypeOrSelf(a) == getElementTypeOrSelf(b) &&
           succeeded(verifyCompatibleShape(a, b));
  });
}

} // namespace mlir::xf
