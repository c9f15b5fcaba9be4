//===- Definition.cpp - linalg ops that define an xf op -===//
//
// Part of Tilewright, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "dialects/Xf/IR/Definition.h"

#include "mlir/Dialect/Arith/Utils/Utils.h"

namespace mlir::xf {

static RankedTensorType tensorType(Value value) {
  return cast<RankedTensorType>(value.getType());
}

Value Definition::empty(ArrayRef<OpFoldResult> sizes, Type element) {
  SmallVector<OpFoldResult> folded(sizes);
  for (OpFoldResult &size : folded)
    if (std::optional<int64_t> constant = getConstantIntValue(size))
      size = b.getIndexAttr(*constant);
  return tensor::EmptyOp::create(b, loc, folded, element);
}

Value Definition::full(ArrayRef<OpFoldResult> sizes, Value value) {
  return linalg::FillOp::create(b, loc, value, empty(sizes, value.getType())).getResult(0);
}

AffineMap Definition::broadcastMap(RankedTensorType type, int64_t rank) {
  SmallVector<AffineExpr> results;
  for (auto [i, size] : llvm::enumerate(type.getShape()))
    results.push_back(size == 1 ? b.getAffineConstantExpr(0)
                                : b.getAffineDimExpr(rank - type.getRank() + i));
  return AffineMap::get(rank, 0, results, b.getContext());
}

AffineMap Definition::without(int64_t rank, ArrayRef<int64_t> axes) {
  SmallVector<int64_t> kept;
  for (int64_t i = 0; i < rank; ++i)
    if (!llvm::is_contained(axes, i))
      kept.push_back(i);
  return select(rank, kept);
}

AffineMap Definition::select(int64_t rank, ArrayRef<int64_t> dims) {
  auto results = llvm::map_to_vector(dims, [&](int64_t dim) { return b.getAffineDimExpr(dim); });
  return AffineMap::get(rank, 0, results, b.getContext());
}

Value Definition::generic(ArrayRef<Operand> inputs, Operand result, bool computes, bool accumulates,
                          Body body) {
  SmallVector<Value> values;
  SmallVector<AffineMap> maps;
  for (const Operand &input : inputs) {
    values.push_back(input.value);
    maps.push_back(input.map);
  }
  maps.push_back(result.map);
  SmallVector<utils::IteratorType> iterators(result.map.getNumDims(),
                                             accumulates ? utils::IteratorType::reduction
                                                         : utils::IteratorType::parallel);
  for (AffineExpr expr : result.map.getResults())
    iterators[cast<AffineDimExpr>(expr).getPosition()] = utils::IteratorType::parallel;
  Type type = result.value.getType(), element = getElementTypeOrSelf(type);
  auto emit = [&](OpBuilder &inner, Location innerLoc, ValueRange args) {
    Scalars s{inner, innerLoc};
    SmallVector<Value> elements(accumulates ? args : args.drop_back());
    if (computes)
      for (Value &value : elements)
        value = s.widen(value);
    Value value = body(s, elements);
    linalg::YieldOp::create(inner, innerLoc, computes ? s.narrow(value, element) : value);
  };
  return linalg::GenericOp::create(b, loc, type, values, result.value, maps, iterators, emit)
      .getResult(0);
}

Value Definition::map(ValueRange inputs, ArrayRef<OpFoldResult> sizes, Type element, Body body) {
  SmallVector<Operand> operands;
  for (Value input : inputs)
    operands.push_back({input, broadcastMap(tensorType(input), sizes.size())});
  return map(operands, sizes, element, body);
}

Value Definition::map(ArrayRef<Operand> inputs, ArrayRef<OpFoldResult> sizes, Type element,
                      Body body) {
  return generic(inputs, {empty(sizes, element), identity(sizes.size())}, /*computes=*/true,
                 /*accumulates=*/false, body);
}

Value Definition::move(ArrayRef<Operand> inputs, ArrayRef<OpFoldResult> sizes, Type element,
                       Body body) {
  return generic(inputs, {empty(sizes, element), identity(sizes.size())}, /*computes=*/false,
                 /*accumulates=*/false, body);
}

Value Definition::contract(ArrayRef<Operand> inputs, Operand result, Body body) {
  return generic(inputs, result, /*computes=*/true, /*accumulates=*/true, body);
}

Value Definition::reduce(ArrayRef<Operand> inputs, ArrayRef<OpFoldResult> sizes,
                         ArrayRef<int64_t> axes, Value start, Body body) {
  SmallVector<OpFoldResult> kept;
  for (auto [i, size] : llvm::enumerate(sizes))
    if (!llvm::is_contained(axes, static_cast<int64_t>(i)))
      kept.push_back(size);
  return contract(inputs, {full(kept, start), without(sizes.size(), axes)}, body);
}

Value Definition::as(Type declared, Value value) {
  if (value.getType() == declared)
    return value;
  return tensor::CastOp::create(b, loc, declared, value);
}

Value Definition::count(ArrayRef<OpFoldResult> sizes, Type type) {
  OpFoldResult product = b.getIndexAttr(1);
  for (OpFoldResult size : sizes)
    product = mulSizes(b, loc, product, size);
  if (std::optional<int64_t> constant = getConstantIntValue(product))
    return scalars().constant(type, *constant);
  Value integer = arith::IndexCastOp::create(b, loc, b.getI64Type(), cast<Value>(product));
  return isa<FloatType>(type) ? Value(arith::SIToFPOp::create(b, loc, type, integer))
                              : scalars().convert(integer, b.getI64Type(), type);
}

} // namespace mlir::xf
