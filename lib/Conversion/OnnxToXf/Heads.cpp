//===- Heads.cpp - what attention operators share -===//
//
// Part of Tilewright, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "lib/Conversion/OnnxToXf/Heads.h"

#include "llvm/Support/ScopedPrinter.h"
#include <cmath>

using namespace mlir;
using mlir::xf::BinaryKind;
using mlir::xf::CompareKind;

namespace tilewright {

Tensor splitHeads(TensorBuilder &b, Tensor x, int64_t heads) {
  if (!x)
    return {};
  if (x.rank() != 3 || heads <= 0 || x.type().isDynamicDim(2) || x.dim(2) % heads)
    return b.fail("expects [batch, sequence, heads * size] with " + Twine(heads) + " heads, got " +
                  llvm::to_string(x.type()));
  OpFoldResult count = b.index.constant(heads), width = b.index.constant(x.dim(2) / heads);
  return b.transpose(b.reshape(x, {b.size(x, 0), b.size(x, 1), count, width}), {0, 2, 1, 3});
}

Tensor mergeHeads(TensorBuilder &b, Tensor x) {
  if (!x)
    return {};
  Sizes s = b.sizes(x);
  return b.reshape(b.transpose(x, {0, 2, 1, 3}), {s[0], s[2], b.index.mul(s[1], s[3])});
}

Tensor appendCache(TensorBuilder &b, Tensor past, Tensor fresh) {
  return past ? b.concat({past, fresh}, 2) : fresh;
}

OpFoldResult pastLength(TensorBuilder &b, Tensor past) {
  return past && past.rank() == 4 ? b.size(past, 2) : OpFoldResult();
}

double attentionScale(TensorBuilder &b, double scale, Tensor query) {
  if (scale != 0 || !query)
    return scale;
  if (query.rank() != 4 || query.type().isDynamicDim(3)) {
    b.fail("expects a static head size");
    return 1;
  }
  return 1.0 / std::sqrt(static_cast<double>(query.dim(3)));
}

Tensor columns(TensorBuilder &b, Tensor x, OpFoldResult offset, OpFoldResult size) {
  return x ? b.slice(x, x.rank() - 1, offset, size) : Tensor();
}

Tensor causalMask(TensorBuilder &b, Tensor starts, OpFoldResult queries, OpFoldResult keys,
                  int64_t window) {
  if (!starts)
    return {};
  Type type = starts.elementType();
  OpFoldResult zero = b.index.constant(0);
  Tensor i = b.unsqueeze(b.iota(zero, queries, type), {1}), j = b.iota(zero, keys, type);
  Tensor last = b.add(i, b.unsqueeze(starts, {1, 2, 3}));
  Tensor visible = b.compare(CompareKind::le, j, last);
  if (window < 0)
    return visible;
  return b.binary(BinaryKind::logical_and, visible,
                  b.compare(CompareKind::ge, j, b.sub(last, b.integer(window, type))));
}

Tensor combineMasks(TensorBuilder &b, Tensor mask, Tensor visible) {
  if (!mask)
    return visible;
  if (mask.elementType().isInteger(1))
    return b.binary(BinaryKind::logical_and, mask, visible);
  return b.select(visible, mask, b.number(-INFINITY, mask.elementType()));
}

} // namespace tilewright
