//===- XfReduce.cpp - reductions over axes -===//
//
// Part of Tilewright, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "dialects/Xf/IR/Definition.h"

using namespace mlir;
using namespace mlir::xf;

// Result sizes from input sizes, for any representation of a size.
template <class Size>
static SmallVector<Size> reducedSizes(ArrayRef<Size> input, ArrayRef<int64_t> axes, bool keepDims,
                                      Size one) {
  SmallVector<Size> result;
  for (auto [i, size] : llvm::enumerate(input)) {
    if (!llvm::is_contained(axes, static_cast<int64_t>(i)))
      result.push_back(size);
    else if (keepDims)
      result.push_back(one);
  }
  return result;
}

static bool isSearch(ReduceKind kind) {
  return kind == ReduceKind::argmax || kind == ReduceKind::argmin;
}

LogicalResult ReduceOp::inferReturnTypes(MLIRContext *context, std::optional<Location> loc,
                                         Adaptor adaptor, SmallVectorImpl<Type> &types) {
  RankedTensorType input = tensorTypeOf(adaptor.getInput());
  types.push_back(RankedTensorType::get(
      reducedSizes<int64_t>(input.getShape(), adaptor.getAxes(), adaptor.getKeepDims(), 1),
      isSearch(adaptor.getKind()) ? IntegerType::get(context, 64) : input.getElementType()));
  return success();
}
LogicalResult ReduceOp::verify() {
  RankedTensorType input = tensorTypeOf(getInput());
  SmallVector<bool> seen(input.getRank(), false);
  for (int64_t axis : getAxes()) {
    if (axis < 0 || axis >= input.getRank())
      return emitOpError("expects axes below rank ") << input.getRank() << ", got " << axis;
    if (std::exchange(seen[axis], true))
      return emitOpError("expects distinct axes, got ") << axis << " twice";
  }
  if (isSearch(getKind()) && getAxes().size() != 1)
    return emitOpError("expects one axis for ")
           << stringifyReduceKind(getKind()) << ", got " << getAxes().size();
  Type element = input.getElementType();
  bool ordersBools = getKind() == ReduceKind::max || getKind() == ReduceKind::min;
  if (!isa<FloatType, IntegerType>(element) || (element.isInteger(1) && !ordersBools))
    return emitOpError("expects ")
           << stringifyReduceKind(getKind()) << " of floats or integers, got " << element;
  return success();
}
FailureOr<OpFoldResult> ReduceOp::reifyDimOfResult(OpBuilder &builder, int, int dim) {
  if (getKeepDims())
    return llvm::is_contained(getAxes(), dim) ? OpFoldResult(builder.getIndexAttr(1))
                                              : dimOf(builder, getLoc(), getInput(), dim);
  int64_t source = 0;
  for (; llvm::is_contained(getAxes(), source) || dim > 0; ++source)
    dim -= !llvm::is_contained(getAxes(), source);
  return dimOf(builder, getLoc(), getInput(), source);
}

// The neutral element from which a reduction starts.
static Value startOf(Scalars s, ReduceKind kind, Type compute, bool isUnsigned) {
  switch (kind) {
  case ReduceKind::max:
  case ReduceKind::argmax:
    return s.lowest(compute, isUnsigned);
  case ReduceKind::min:
  case ReduceKind::argmin:
    return s.highest(compute, isUnsigned);
  default:
    return s.constant(compute, kind == ReduceKind::prod ? 1 : 0);
  }
}

static Value combine(Scalars &s, ReduceKind kind, Value x, Value accumulator, bool isUnsigned) {
  switch (kind) {
  case ReduceKind::max:
    return s.max(accumulator, x, isUnsigned);
  case ReduceKind::min:
    return s.min(accumulator, x, isUnsigned);
  case ReduceKind::prod:
    return s.mul(accumulator, x);
  case ReduceKind::sum_square:
  case ReduceKind::l2:
    return s.add(accumulator, s.mul(x, x));
  case ReduceKind::l1:
    return s.add(accumulator, isUnsigned ? x : s.abs(x));
  default:
    return s.add(accumulator, x);
  }
}

// √x; of integers through f64.
static Value squareRoot(Scalars &s, Value x, Type element) {
  if (isa<FloatType>(x.getType()))
    return s.sqrt(x);
  return s.convert(s.sqrt(s.convert(x, element, s.b.getF64Type())), s.b.getF64Type(), element);
}

// The extreme value and its first index, in one pass. A NaN is the extreme, as in numpy.
static Value searchIndex(Definition &d, ReduceOp op, ArrayRef<OpFoldResult> sizes, Value start) {
  int64_t axis = op.getAxes()[0], rank = sizes.size();
  SmallVector<OpFoldResult> rows = sizesWithout(sizes, axis);
  Type index = d.b.getI64Type();
  bool isUnsigned = getElementTypeOrSelf(op.getInput()).isUnsignedInteger();
  CompareKind better = op.getKind() == ReduceKind::argmax ? CompareKind::gt : CompareKind::lt;
  auto body = [&](Scalars &s, ValueRange x) {
    Value found = s.compare(better, x[0], x[1], isUnsigned);
    if (isa<FloatType>(x[0].getType())) {
      Value isNan = s.unary(UnaryKind::is_nan, x[0]);
      Value wasNan = s.unary(UnaryKind::is_nan, x[1]);
      Value firstNan = arith::CmpIOp::create(s.b, s.loc, arith::CmpIPredicate::ugt, isNan, wasNan);
      found = arith::OrIOp::create(s.b, s.loc, found, firstNan);
    }
    Value here =
        arith::IndexCastOp::create(s.b, s.loc, index, linalg::IndexOp::create(s.b, s.loc, axis));
    return SmallVector<Value>{s.select(found, x[0], x[1]), s.select(found, here, x[2])};
  };
  AffineMap row = d.without(rank, axis);
  SmallVector<Definition::Operand> results{{d.full(rows, start), row},
                                           {d.full(rows, d.scalars().constant(index, 0)), row}};
  return d.generic(Definition::Operand{op.getInput(), d.identity(rank)}, results,
                   /*computes=*/true, body)[1];
}

FailureOr<SmallVector<Value>> ReduceOp::decomposeOperation(OpBuilder &builder) {
  Definition d(builder, *this);
  SmallVector<OpFoldResult> sizes = d.sizesOf(getInput());
  SmallVector<OpFoldResult> rows = sizesWithout(sizes, getAxes());
  Type source = getElementTypeOrSelf(getInput()), compute = computeType(source);
  bool isUnsigned = source.isUnsignedInteger();
  Value start = startOf(d.scalars(), getKind(), compute, isUnsigned), result;
  if (isSearch(getKind())) {
    result = searchIndex(d, *this, sizes, start);
  } else {
    result = d.reduce(
        {{getInput(), d.identity(sizes.size())}}, sizes, getAxes(), start,
        [&](Scalars &s, ValueRange x) { return combine(s, getKind(), x[0], x[1], isUnsigned); });
    SmallVector<OpFoldResult> reduced =
        llvm::map_to_vector(getAxes(), [&](int64_t axis) -> OpFoldResult { return sizes[axis]; });
    if (getKind() == ReduceKind::mean) {
      Value count = d.count(reduced, compute);
      result = d.map(result, rows, source,
                     [&](Scalars &s, ValueRange x) { return s.div(x[0], count, isUnsigned); });
    } else if (getKind() == ReduceKind::l2) {
      result = d.map(result, rows, source,
                     [&](Scalars &s, ValueRange x) { return squareRoot(s, x[0], source); });
    }
    result = d.rounded(result, rows, source);
  }
  if (getKeepDims() && !getAxes().empty())
    result = d.withUnitDims(result, rows, getAxes());
  return SmallVector<Value>{d.as(getType(), result)};
}
