//===- Definition.cpp - linalg ops that define an xf op -===//
//
// Part of Tilewright, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "dialects/Xf/IR/Definition.h"

#include "mlir/Dialect/Arith/Utils/Utils.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"

namespace mlir::xf {

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

AffineMap Definition::broadcastMap(RankedTensorType type, ArrayRef<OpFoldResult> sizes) {
  SmallVector<AffineExpr> results;
  for (auto [i, size] : llvm::enumerate(type.getShape())) {
    int64_t loop = sizes.size() - type.getRank() + i;
    bool repeats = size == 1 && !isOneInteger(sizes[loop]);
    results.push_back(repeats ? b.getAffineConstantExpr(0) : b.getAffineDimExpr(loop));
  }
  return AffineMap::get(sizes.size(), 0, results, b.getContext());
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

SmallVector<Value>
Definition::generic(ArrayRef<Operand> inputs, ArrayRef<Operand> results, bool computes,
                    function_ref<SmallVector<Value>(Scalars &, ValueRange)> body) {
  SmallVector<Value> values, destinations;
  SmallVector<AffineMap> maps;
  SmallVector<utils::IteratorType> iterators(results[0].map.getNumDims(),
                                             utils::IteratorType::reduction);
  for (const Operand &input : inputs) {
    values.push_back(input.value);
    maps.push_back(input.map);
  }
  for (const Operand &result : results) {
    destinations.push_back(result.value);
    maps.push_back(result.map);
    for (AffineExpr expr : result.map.getResults())
      iterators[cast<AffineDimExpr>(expr).getPosition()] = utils::IteratorType::parallel;
  }
  bool accumulates = llvm::is_contained(iterators, utils::IteratorType::reduction);
  auto emit = [&](OpBuilder &inner, Location innerLoc, ValueRange args) {
    Scalars s{inner, innerLoc};
    SmallVector<Value> elements(accumulates ? args : args.take_front(inputs.size()));
    if (computes)
      for (Value &value : elements)
        value = s.widen(value);
    SmallVector<Value> yielded = body(s, elements);
    if (computes)
      for (auto [value, destination] : llvm::zip(yielded, destinations))
        value = s.narrow(value, getElementTypeOrSelf(destination));
    linalg::YieldOp::create(inner, innerLoc, yielded);
  };
  return linalg::GenericOp::create(b, loc, ValueRange(destinations).getTypes(), values,
                                   destinations, maps, iterators, emit)
      .getResults();
}

Value Definition::map(ValueRange inputs, ArrayRef<OpFoldResult> sizes, Type element, Body body) {
  SmallVector<Operand> operands;
  for (Value input : inputs)
    operands.push_back({input, broadcastMap(tensorTypeOf(input), sizes)});
  return map(operands, sizes, element, body);
}

Value Definition::map(ArrayRef<Operand> inputs, ArrayRef<OpFoldResult> sizes, Type element,
                      Body body) {
  return generic(inputs, Operand{empty(sizes, element), identity(sizes.size())}, /*computes=*/true,
                 [&](Scalars &s, ValueRange x) { return SmallVector<Value>{body(s, x)}; })[0];
}

Value Definition::move(ArrayRef<Operand> inputs, ArrayRef<OpFoldResult> sizes, Type element,
                       Body body) {
  return generic(inputs, Operand{empty(sizes, element), identity(sizes.size())},
                 /*computes=*/false,
                 [&](Scalars &s, ValueRange x) { return SmallVector<Value>{body(s, x)}; })[0];
}

// A contraction without reduction loops (an empty list of axes) still combines with the initial
// value: its body reads it as an operand.
Value Definition::contract(ArrayRef<Operand> inputs, Operand result, Body body) {
  SmallVector<Operand> operands(inputs);
  if (result.map.getNumResults() == result.map.getNumDims())
    operands.push_back(result);
  return generic(operands, result, /*computes=*/true,
                 [&](Scalars &s, ValueRange x) { return SmallVector<Value>{body(s, x)}; })[0];
}

Value Definition::reduce(ArrayRef<Operand> inputs, ArrayRef<OpFoldResult> sizes,
                         ArrayRef<int64_t> axes, Value start, Body body) {
  return contract(inputs, {full(sizesWithout(sizes, axes), start), without(sizes.size(), axes)},
                  body);
}

SmallVector<OpFoldResult> sizesWithout(ArrayRef<OpFoldResult> sizes, ArrayRef<int64_t> axes) {
  SmallVector<OpFoldResult> kept;
  for (auto [i, size] : llvm::enumerate(sizes))
    if (!llvm::is_contained(axes, static_cast<int64_t>(i)))
      kept.push_back(size);
  return kept;
}

Value Definition::withUnitDims(Value value, ArrayRef<OpFoldResult> kept, ArrayRef<int64_t> axes) {
  SmallVector<OpFoldResult> sizes;
  SmallVector<ReassociationIndices> groups(kept.size());
  // Ones join the kept dimension in front of them; leading ones the first.
  int64_t next = 0, rank = kept.size() + axes.size();
  for (int64_t i = 0; i < rank; ++i) {
    bool unit = llvm::is_contained(axes, i);
    sizes.push_back(unit ? OpFoldResult(b.getIndexAttr(1)) : kept[next++]);
    if (!groups.empty())
      groups[std::max<int64_t>(next - 1, 0)].push_back(i);
  }
  auto type = RankedTensorType::get(staticShape(sizes), getElementTypeOrSelf(value.getType()));
  return tensor::ExpandShapeOp::create(b, loc, type, value, groups, sizes);
}

Value Definition::rounded(Value value, ArrayRef<OpFoldResult> sizes, Type element) {
  if (getElementTypeOrSelf(value) == element)
    return value;
  return map(value, sizes, element, [](Scalars &, ValueRange x) { return x[0]; });
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

Value Definition::splitDim(Value value, ArrayRef<OpFoldResult> sizes, int64_t dim, int64_t outer) {
  SmallVector<OpFoldResult> split(sizes);
  split[dim] = b.getIndexAttr(*getConstantIntValue(sizes[dim]) / outer);
  split.insert(split.begin() + dim, b.getIndexAttr(outer));
  SmallVector<ReassociationIndices> groups;
  for (int64_t i = 0, rank = sizes.size(); i < rank; ++i)
    groups.push_back(i == dim ? ReassociationIndices{i, i + 1}
                              : ReassociationIndices{i + (i > dim)});
  Type element = getElementTypeOrSelf(value);
  Value source = as(RankedTensorType::get(staticShape(sizes), element), value);
  return tensor::ExpandShapeOp::create(b, loc, RankedTensorType::get(staticShape(split), element),
                                       source, groups, split);
}

} // namespace mlir::xf
