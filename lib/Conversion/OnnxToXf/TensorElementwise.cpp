//===- TensorElementwise.cpp - elementwise operations and their evaluation -===//
//
// Part of Tilewright, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "dialects/Xf/IR/Shapes.h"
#include "lib/Conversion/OnnxToXf/TensorMake.h"
#include "llvm/Support/ScopedPrinter.h"

using namespace mlir;
using mlir::xf::BinaryKind;
using mlir::xf::CompareKind;
using mlir::xf::UnaryKind;

namespace tilewright {

Sizes TensorBuilder::broadcastSizes(ArrayRef<Tensor> operands) {
  int64_t rank = 0;
  for (Tensor operand : operands)
    rank = std::max(rank, operand.rank());
  Sizes result(rank, index.constant(1));
  for (int64_t i = 0; i < rank; ++i)
    for (Tensor operand : operands)
      if (int64_t dim = i - (rank - operand.rank()); dim >= 0)
        result[i] = broadcastSize(result[i], size(operand, dim));
  return result;
}

OpFoldResult TensorBuilder::broadcastSize(OpFoldResult a, OpFoldResult b) {
  if (constantInteger(a) == 1 || constantInteger(b) == 1)
    return constantInteger(a) == 1 ? b : a;
  return equalSize(a, b);
}

OpFoldResult TensorBuilder::equalSize(OpFoldResult a, OpFoldResult b) {
  // Two that differ statically fail in type inference.
  if (!constantInteger(a) || !constantInteger(b))
    require(a, b);
  // A static size is the best answer, then one that is a plain sum of dimensions: a mask cut out of
  // a table has sizes like min(past + seq, 1024) − past.
  bool plainer = !constantInteger(a) && !index.isOfDims(a) && index.isOfDims(b);
  return constantInteger(b) || plainer ? b : a;
}

OpFoldResult TensorBuilder::broadcastElement(Tensor x, ArrayRef<int64_t> shape, int64_t position) {
  int64_t source = 0, stride = 1, offset = static_cast<int64_t>(shape.size()) - x.rank();
  for (int64_t i = static_cast<int64_t>(shape.size()) - 1; i >= 0; --i) {
    int64_t coordinate = position % shape[i];
    position /= shape[i];
    if (i < offset)
      continue;
    int64_t dim = x.dim(i - offset);
    source += dim == 1 ? 0 : coordinate * stride;
    stride *= dim;
  }
  return (*elements(x))[source];
}

Tensor TensorBuilder::evaluate(ArrayRef<Tensor> operands, Type elementType,
                               function_ref<ScalarMath::Result(ArrayRef<OpFoldResult>)> formula) {
  SmallVector<int64_t> shape;
  for (Tensor operand : operands) {
    FailureOr<SmallVector<int64_t>> next = xf::broadcastShapes(shape, operand.shape());
    if (failed(next))
      return {};
    shape = *next;
  }
  if (!evaluable(operands, shape))
    return {};
  Sizes results;
  for (int64_t i = 0, n = ShapedType::getNumElements(shape); i < n; ++i) {
    auto inputs = llvm::map_to_vector(
        operands, [&](Tensor operand) { return broadcastElement(operand, shape, i); });
    ScalarMath::Result result = formula(inputs);
    if (!result)
      return {};
    results.push_back(*result);
  }
  return known(elementType, shape, std::move(results));
}

Tensor TensorBuilder::unary(UnaryKind kind, Tensor x) {
  if (!x)
    return {};
  Type type = x.elementType();
  if (kind != UnaryKind::is_nan && kind != UnaryKind::is_inf)
    if (Tensor result =
            evaluate(x, type, [&](auto in) { return scalars.unary(kind, in[0], type); }))
      return result;
  return make<xf::UnaryOp>(sizes(x), kind, value(x));
}

bool TensorBuilder::haveOneType(Tensor x, Tensor y) {
  if (x && y && x.elementType() != y.elementType())
    fail("expects operands of one element type, got " + llvm::to_string(x.elementType()) + " and " +
         llvm::to_string(y.elementType()));
  return x && y && x.elementType() == y.elementType();
}

Tensor TensorBuilder::binary(BinaryKind kind, Tensor x, Tensor y) {
  if (!haveOneType(x, y))
    return {};
  Type type = x.elementType();
  if (Tensor result =
          evaluate({x, y}, type, [&](auto in) { return scalars.binary(kind, in[0], in[1], type); }))
    return result;
  return make<xf::BinaryOp>(broadcastSizes({x, y}), kind, value(x), value(y));
}

Tensor TensorBuilder::compare(CompareKind kind, Tensor x, Tensor y) {
  if (!haveOneType(x, y))
    return {};
  Type type = x.elementType();
  if (Tensor result = evaluate({x, y}, builder.getI1Type(),
                               [&](auto in) { return scalars.compare(kind, in[0], in[1], type); }))
    return result;
  return make<xf::CompareOp>(broadcastSizes({x, y}), kind, value(x), value(y));
}

Tensor TensorBuilder::select(Tensor condition, Tensor x, Tensor y) {
  if (!condition || !haveOneType(x, y))
    return {};
  Type type = x.elementType();
  if (!condition.elementType().isInteger(1))
    return fail("expects a condition of bool, got " + llvm::to_string(condition.elementType()));
  if (Tensor result = evaluate({condition, x, y}, type,
                               [&](auto in) { return scalars.select(in[0], in[1], in[2], type); }))
    return result;
  return make<xf::SelectOp>(broadcastSizes({condition, x, y}), value(condition), value(x),
                            value(y));
}

Tensor TensorBuilder::cast(Tensor x, Type elementType) {
  if (!x || x.elementType() == elementType)
    return x;
  Type from = x.elementType();
  if (Tensor result =
          evaluate(x, elementType, [&](auto in) { return scalars.cast(in[0], from, elementType); }))
    return result;
  auto type = RankedTensorType::get(x.shape(), elementType);
  return adopt(xf::CastOp::create(builder, loc, type, value(x)), sizes(x));
}

Tensor TensorBuilder::scale(Tensor x, double value) {
  return !x || value == 1.0 ? x : mul(x, scalar(value, x.elementType()));
}

Tensor TensorBuilder::wrapIndices(Tensor indices, OpFoldResult extent) {
  if (!indices)
    return {};
  Type type = indices.elementType();
  Tensor negative = compare(CompareKind::lt, indices, scalar(0, type));
  return select(negative, add(indices, known(type, {}, {extent})), indices);
}

} // namespace tilewright
