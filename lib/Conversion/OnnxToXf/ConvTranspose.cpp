//===- ConvTranspose.cpp - recipe of transposed convolutions --------------===//
//
// Part of Tilewright, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The transpose of a convolution of stride s is a convolution of stride 1 with the mirrored filter,
// over an input with s - 1 zeros between its elements.
//
//===----------------------------------------------------------------------===//
#include "lib/Conversion/OnnxToXf/Recipe.h"

using namespace mlir;

namespace tilewright {

// x with stride - 1 zeros between its elements along `axis`.
static Tensor spreadOut(TensorBuilder &b, Tensor x, int64_t axis, int64_t stride) {
  if (!x || stride == 1)
    return x;
  Tensor wide = b.unsqueeze(x, {axis + 1});
  if (!wide)
    return {};
  Sizes low(wide.rank(), b.index.constant(0)), high = low, merged = b.sizes(x);
  high[axis + 1] = b.index.constant(stride - 1);
  merged[axis] = b.index.mul(merged[axis], b.index.constant(stride));
  Tensor all = b.reshape(b.pad(wide, low, high, b.scalar(0, x.elementType())), merged);
  OpFoldResult size = b.index.sub(merged[axis], b.index.constant(stride - 1));
  return b.slice(all, axis, b.index.constant(0), b.index.max(size, b.index.constant(0)));
}

// [c, m / group, k..] as the filter [m, c / group, k..] of a convolution, mirrored.
static Tensor mirrored(TensorBuilder &b, Tensor filter, int64_t group) {
  Sizes sizes = b.sizes(filter), grouped = sizes;
  OpFoldResult groups = b.index.constant(group);
  grouped[0] = b.index.div(sizes[0], groups);
  grouped.insert(grouped.begin(), groups);
  SmallVector<int64_t> perm = llvm::to_vector(llvm::seq<int64_t>(0, grouped.size()));
  std::swap(perm[1], perm[2]);
  Sizes merged = sizes;
  merged[0] = b.index.mul(groups, sizes[1]);
  merged[1] = grouped[1];
  Tensor result = b.reshape(b.transpose(b.reshape(filter, grouped), perm), merged);
  for (int64_t axis = 2; axis < filter.rank(); ++axis)
    if (filter.dim(axis) != 1)
      result = b.reverse(result, axis);
  return result;
}

static void convertConvTranspose(Node &n, TensorBuilder &b) {
  Tensor x = n.tensor(0), filter = n.tensor(1);
  n.choice("auto_pad", {"NOTSET", "VALID"});
  if (n.has("output_shape"))
    b.fail("does not support attribute 'output_shape'; pads and output_padding say the same");
  TensorBuilder::Convolution c;
  c.bias = n.optional(2);
  c.group = n.integer("group", 1);
  if (!n.ok())
    return;
  if (x.rank() < 3 || filter.rank() != x.rank() ||
      ShapedType::isDynamicShape(filter.shape().drop_front(2)) || c.group < 1)
    return (void)b.fail("expects an input [n, c, x..] and a filter of its rank and static sizes");
  b.requireMultiple(b.size(filter, 0), b.index.constant(c.group));
  size_t spatial = x.rank() - 2;
  n.ignore("kernel_shape"); // the filter tells
  auto list = [&](StringRef name, size_t count, int64_t fallback, int64_t least) {
    auto values = n.integers(name).value_or(SmallVector<int64_t>(count, fallback));
    if (values.size() != count || llvm::any_of(values, [&](int64_t v) { return v < least; }))
      b.fail("expects " + Twine(count) + " values of at least " + Twine(least) + " in attribute '" +
             name + "'");
    return values;
  };
  SmallVector<int64_t> strides = list("strides", spatial, 1, 1),
                       pads = list("pads", 2 * spatial, 0, 0),
                       behind = list("output_padding", spatial, 0, 0);
  c.dilations = list("dilations", spatial, 1, 1);
  if (!n.ok())
    return;
  c.strides.assign(spatial, 1);
  c.pads.resize(2 * spatial);
  for (size_t i = 0; i < spatial; ++i) {
    int64_t reach = c.dilations[i] * (filter.dim(i + 2) - 1);
    c.pads[i] = reach - pads[i];
    c.pads[i + spatial] = reach - pads[i + spatial] + behind[i];
    if (c.pads[i] < 0 || c.pads[i + spatial] < 0)
      return (void)b.fail("expects pads of at most dilation (kernel - 1) = " + Twine(reach));
    x = spreadOut(b, x, i + 2, strides[i]);
  }
  c.input = x;
  c.filter = mirrored(b, filter, c.group);
  if (n.ok())
    n.yield(b.convolution(c));
}

static const Recipe recipes[] = {
    {"", "ConvTranspose", 1, convertConvTranspose},
};

ArrayRef<Recipe> convTransposeRecipes() {
  return recipes;
}

} // namespace tilewright
