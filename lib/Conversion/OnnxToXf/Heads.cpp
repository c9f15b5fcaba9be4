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

// Row r of batch b of `update`, whose sequence is dimension `axis`, for each rows[b, r]: update [b,
// .., s, ..] to [b, .., n, ..].
static Tensor gatherRows(TensorBuilder &b, Tensor update, Tensor rows, int64_t axis) {
  SmallVector<int64_t> front{0, axis}, back(update.rank());
  for (int64_t i = 1; i < update.rank(); ++i)
    if (i != axis)
      front.push_back(i);
  for (auto [to, from] : llvm::enumerate(front))
    back[from] = to;
  Tensor ordered = b.transpose(update, front);
  Sizes sizes = b.sizes(ordered), flat{b.index.mul(sizes[0], sizes[1])};
  llvm::append_range(flat, ArrayRef(sizes).drop_front(2));
  Type type = rows.elementType();
  Tensor first = b.mul(b.iota(b.index.constant(0), sizes[0], type), b.known(type, {}, {sizes[1]}));
  return b.transpose(b.gather(b.reshape(ordered, flat), b.add(b.unsqueeze(first, {1}), rows), 0),
                     back);
}

// result[b, .., j, ..] = update[b, .., j - w[b], ..] where 0 <= j - w[b] < s, else past[b, .., j,
// ..].
Tensor writeRows(TensorBuilder &b, Tensor past, Tensor update, Tensor starts, int64_t axis,
                 bool circular) {
  if (!past || !update || !starts)
    return {};
  Type type = starts.elementType();
  OpFoldResult length = b.size(past, axis), count = b.size(update, axis),
               zero = b.index.constant(0);
  if (constantInteger(count) == 0)
    return past;
  Tensor rows = b.sub(b.iota(zero, length, type), b.unsqueeze(starts, {1}));
  if (circular)
    rows = b.binary(BinaryKind::mod, rows, b.known(type, {}, {length}));
  Tensor written =
      b.binary(BinaryKind::logical_and, b.compare(CompareKind::ge, rows, b.integer(0, type)),
               b.compare(CompareKind::lt, rows, b.known(type, {}, {count})));
  Tensor nearest = b.binary(
      BinaryKind::max,
      b.binary(BinaryKind::min, rows, b.known(type, {}, {b.index.sub(count, b.index.constant(1))})),
      b.integer(0, type));
  // [b, length] as [b, 1.., length, 1..]
  SmallVector<int64_t> ones;
  for (int64_t i = 1; i < past.rank(); ++i)
    if (i != axis)
      ones.push_back(i);
  return b.select(b.unsqueeze(written, ones), gatherRows(b, update, nearest, axis), past);
}

} // namespace tilewright
