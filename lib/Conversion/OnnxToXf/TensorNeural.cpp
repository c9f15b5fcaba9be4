//===- TensorNeural.cpp - contractions, attention, norms, reductions -===//
//
// Part of Tilewright, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "lib/Conversion/OnnxToXf/TensorMake.h"
#include "llvm/Support/ScopedPrinter.h"

using namespace mlir;
using mlir::xf::ReduceKind;

namespace tilewright {

Tensor TensorBuilder::matmul(Tensor lhs, Tensor rhs, bool transposeRhs) {
  if (!lhs || !rhs)
    return {};
  bool row = lhs.rank() == 1, column = rhs.rank() == 1 && !transposeRhs;
  if (row || column) {
    Tensor result =
        matmul(row ? unsqueeze(lhs, {0}) : lhs, column ? unsqueeze(rhs, {1}) : rhs, transposeRhs);
    if (result && column)
      result = squeeze(result, {result.rank() - 1});
    return result && row ? squeeze(result, {result.rank() - (column ? 1 : 2)}) : result;
  }
  const Sizes &a = sizes(lhs), &b = sizes(rhs);
  int64_t rank = std::max(lhs.rank(), rhs.rank());
  if (std::min(lhs.rank(), rhs.rank()) < 2)
    return fail("expects matrices or vectors, got " + llvm::to_string(lhs.type()) + " and " +
                llvm::to_string(rhs.type()));
  Sizes target(rank, index.constant(1));
  for (ArrayRef<OpFoldResult> side : {ArrayRef<OpFoldResult>(a), ArrayRef<OpFoldResult>(b)})
    for (size_t i = 0; i + 2 < side.size(); ++i)
      target[rank - side.size() + i] = broadcastSize(target[rank - side.size() + i], side[i]);
  require(a.back(), b[b.size() - (transposeRhs ? 1 : 2)]);
  target[rank - 2] = a[a.size() - 2];
  target[rank - 1] = b[b.size() - (transposeRhs ? 2 : 1)];
  return make<xf::MatmulOp>(target, value(lhs), value(rhs), transposeRhs);
}

Tensor TensorBuilder::softmax(Tensor x, int64_t axis) {
  return x ? make<xf::SoftmaxOp>(sizes(x), value(x), axis) : Tensor();
}

Tensor TensorBuilder::reduce(ReduceKind kind, Tensor x, ArrayRef<int64_t> axes, bool keepDims) {
  if (!x)
    return {};
  // Products and sums of sizes (ReduceProd of a shape) are evaluated.
  bool simple = kind == ReduceKind::sum || kind == ReduceKind::prod || kind == ReduceKind::max ||
                kind == ReduceKind::min;
  if (simple && x.rank() == 1 && axes.size() == 1 && evaluable(x, {}) && !elements(x)->empty()) {
    auto step = kind == ReduceKind::sum    ? xf::BinaryKind::add
                : kind == ReduceKind::prod ? xf::BinaryKind::mul
                : kind == ReduceKind::max  ? xf::BinaryKind::max
                                           : xf::BinaryKind::min;
    ScalarMath::Result total = elements(x)->front();
    for (OpFoldResult element : llvm::drop_begin(*elements(x)))
      if (total)
        total = scalars.binary(step, *total, element, x.elementType());
    if (total)
      return known(x.elementType(), keepDims ? ArrayRef<int64_t>{1} : ArrayRef<int64_t>(),
                   {*total});
  }
  Sizes target;
  for (auto [i, size] : llvm::enumerate(sizes(x))) {
    if (!llvm::is_contained(axes, static_cast<int64_t>(i)))
      target.push_back(size);
    else if (keepDims)
      target.push_back(index.constant(1));
  }
  return make<xf::ReduceOp>(target, kind, value(x), axes, keepDims);
}

void TensorBuilder::requireTrailing(Tensor x, Tensor parameter) {
  for (int64_t i = 0, n = parameter ? std::min(parameter.rank(), x.rank()) : 0; i < n; ++i)
    if (int64_t dim = parameter.rank() - 1 - i; parameter.dim(dim) != 1)
      (void)equalSize(size(x, x.rank() - 1 - i), size(parameter, dim));
}

Tensor TensorBuilder::layerNorm(Tensor x, Tensor scale, Tensor bias, int64_t axis, double epsilon) {
  if (!x)
    return {};
  requireTrailing(x, scale);
  requireTrailing(x, bias);
  return make<xf::LayerNormOp>(sizes(x), value(x), value(scale), value(bias),
                               builder.getI64IntegerAttr(axis), builder.getF64FloatAttr(epsilon));
}

Tensor TensorBuilder::rmsNorm(Tensor x, Tensor scale, int64_t axis, double epsilon) {
  if (!x)
    return {};
  requireTrailing(x, scale);
  return make<xf::RmsNormOp>(sizes(x), value(x), value(scale), builder.getI64IntegerAttr(axis),
                             builder.getF64FloatAttr(epsilon));
}

Tensor TensorBuilder::rope(Tensor x, Tensor cos, Tensor sin, bool interleaved) {
  if (!x || !cos || !sin)
    return {};
  for (Tensor table : {cos, sin})
    if (x.rank() == 4 && table.rank() == 3) { // others fail in type inference
      (void)equalSize(size(x, 2), size(table, 1));
      (void)broadcastSize(size(x, 0), size(table, 0));
    }
  return make<xf::RopeOp>(sizes(x), value(x), value(cos), value(sin), interleaved);
}

// The sizes that operands of attention share.
void TensorBuilder::requireAttention(const Attention &a) {
  for (auto [x, i, y, j] : {std::tuple(a.query, 0, a.key, 0),
                            {a.query, 0, a.value, 0},
                            {a.query, 3, a.key, 3},
                            {a.key, 1, a.value, 1},
                            {a.key, 2, a.value, 2}})
    (void)equalSize(size(x, i), size(y, j));
  requireMultiple(size(a.query, 1), size(a.key, 1));
  if (a.kvLengths && a.kvLengths.rank() == 1)
    (void)equalSize(size(a.query, 0), size(a.kvLengths, 0));
  OpFoldResult scores[] = {size(a.query, 0), size(a.query, 1), size(a.query, 2), size(a.key, 2)};
  for (int64_t i = 0, n = a.mask ? std::min<int64_t>(a.mask.rank(), 4) : 0; i < n; ++i)
    if (int64_t dim = a.mask.rank() - 1 - i; a.mask.dim(dim) != 1)
      (void)equalSize(scores[3 - i], size(a.mask, dim));
}

Tensor TensorBuilder::attention(const Attention &a) {
  if (!a.query || !a.key || !a.value)
    return {};
  if (a.query.rank() != 4 || a.key.rank() != 4 || a.value.rank() != 4)
    return fail("expects query, key and value of rank 4, got " + llvm::to_string(a.query.type()) +
                ", " + llvm::to_string(a.key.type()) + " and " + llvm::to_string(a.value.type()));
  requireAttention(a);
  Sizes target = sizes(a.query);
  target[3] = size(a.value, 3);
  // An offset moves the diagonal, which matters to a causal mask or a window only.
  bool diagonal = a.causal || a.window >= 0;
  bool shifted = a.offset && getConstantIntValue(a.offset) != 0;
  Value offset = diagonal && shifted ? index.materialize(a.offset) : Value();
  // A factor is a number of the element type, whether the model states it or leaves it at 1 / √d.
  double scale = constantNumber(scalars.number(a.scale, a.query.elementType())).value_or(a.scale);
  return make<xf::AttentionOp>(target, value(a.query), value(a.key), value(a.value), value(a.mask),
                               offset, value(a.kvLengths), builder.getF64FloatAttr(scale),
                               a.causal ? builder.getUnitAttr() : UnitAttr(),
                               builder.getF64FloatAttr(a.softcap),
                               builder.getI64IntegerAttr(a.window));
}

Tensor TensorBuilder::convolution(const Convolution &c) {
  if (!c.input || !c.filter)
    return {};
  if (c.input.rank() == c.filter.rank() && c.input.rank() > 2) {
    (void)equalSize(size(c.input, 1), index.mul(size(c.filter, 1), index.constant(c.group)));
    int64_t spatial = c.input.rank() - 2;
    for (int64_t i = 0; i < spatial; ++i) { // the filter fits into the padded input
      int64_t reach = c.dilations[i] * (c.filter.dim(i + 2) - 1) + 1;
      requireAtLeast(size(c.input, i + 2), reach - c.pads[i] - c.pads[i + spatial]);
    }
  }
  return make<xf::ConvOp>(std::nullopt, value(c.input), value(c.filter), value(c.bias), c.strides,
                          c.pads, c.dilations, c.group);
}

} // namespace tilewright
