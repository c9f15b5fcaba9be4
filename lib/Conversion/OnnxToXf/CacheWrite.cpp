//===- CacheWrite.cpp - recipe of TensorScatter -===//
//
// Part of Tilewright, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "lib/Conversion/OnnxToXf/Heads.h"
#include "lib/Conversion/OnnxToXf/Recipe.h"

using namespace mlir;
using mlir::xf::BinaryKind;
using mlir::xf::CompareKind;

namespace tilewright {

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

// Source: https://onnx.ai/onnx/operators/onnx__TensorScatter.html
static void convertTensorScatter(Node &n, TensorBuilder &b) {
  Tensor past = n.tensor(0), update = n.tensor(1), starts = n.optional(2);
  int64_t axis = n.axis(past, "axis", -2);
  std::string mode = n.text("mode", "linear");
  if (!n.ok())
    return;
  if (axis == 0 || update.rank() != past.rank() || (mode != "linear" && mode != "circular"))
    return (void)b.fail("expects an axis behind the batch, past and update of one rank, and mode "
                        "linear or circular");
  if (!starts)
    starts = b.broadcast(b.integer(0, b.builder.getI64Type()), {b.size(past, 0)});
  n.yield(writeRows(b, past, update, starts, axis, mode == "circular"));
}

static const Recipe recipes[] = {{"", "TensorScatter", 24, convertTensorScatter}};

ArrayRef<Recipe> cacheWriteRecipes() {
  return recipes;
}

} // namespace tilewright
