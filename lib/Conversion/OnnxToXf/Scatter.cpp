//===- Scatter.cpp - recipes of scattering and of sorting by rank -===//
//
// Part of Tilewright, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Elements are not stored where indices say, which no two threads could do at once; each element of
// the result asks which update means it. That costs as many selects as there are updates along the
// axis (ScatterElements) or in all (ScatterND): small numbers in routing and in masks.
//
//===----------------------------------------------------------------------===//
#include "lib/Conversion/OnnxToXf/Recipe.h"

using namespace mlir;
using mlir::xf::BinaryKind;
using mlir::xf::CompareKind;
using mlir::xf::ReduceKind;

namespace tilewright {

static constexpr int64_t maxUpdates = 256;

static std::optional<BinaryKind> reductionOf(Node &n) {
  std::string reduction = n.choice("reduction", {"none", "add", "mul", "max", "min"});
  if (reduction == "add")
    return BinaryKind::add;
  if (reduction == "mul")
    return BinaryKind::mul;
  if (reduction == "max")
    return BinaryKind::max;
  if (reduction == "min")
    return BinaryKind::min;
  return std::nullopt;
}

static Tensor update(TensorBuilder &b, Tensor here, Tensor old, Tensor fresh,
                     std::optional<BinaryKind> reduction) {
  return b.select(here, reduction ? b.binary(*reduction, old, fresh) : fresh, old);
}

// result[.., j, ..] = updates[.., t, ..] for the last t with indices[.., t, ..] = j.
static void convertScatterElements(Node &n, TensorBuilder &b) {
  Tensor x = n.tensor(0), indices = n.tensor(1), updates = n.tensor(2);
  int64_t axis = n.axis(x, "axis", 0);
  std::optional<BinaryKind> reduction = reductionOf(n);
  if (!n.ok())
    return;
  if (indices.rank() != x.rank() || updates.rank() != x.rank())
    return (void)b.fail("expects data, indices and updates of one rank");
  int64_t count = indices.dim(axis);
  if (ShapedType::isDynamic(count) || count > maxUpdates)
    return (void)b.fail("expects at most " + Twine(maxUpdates) + " updates along the axis");
  Type type = indices.elementType();
  indices = b.wrapIndices(indices, b.size(x, axis));
  // Where the indices end before the data, nothing is updated: no position is -1.
  Sizes low(x.rank(), b.index.constant(0)), high = low;
  bool shorter = false;
  for (int64_t i = 0; i < x.rank(); ++i)
    if (i != axis && !b.index.alwaysEqual(b.size(x, i), b.size(indices, i))) {
      high[i] = b.index.sub(b.size(x, i), b.size(indices, i));
      if (!b.index.alwaysNonNegative(high[i]))
        return (void)b.fail("expects indices no larger than the data");
      shorter = true;
    }
  if (shorter) {
    indices = b.pad(indices, low, high, b.integer(-1, type));
    updates = b.pad(updates, low, high, b.scalar(0, updates.elementType()));
  }
  Tensor position = b.coordinates(x, axis, type);
  OpFoldResult one = b.index.constant(1);
  for (int64_t t = 0; t < count; ++t) {
    Tensor at = b.slice(indices, axis, b.index.constant(t), one);
    x = update(b, b.compare(CompareKind::eq, position, at), x,
               b.slice(updates, axis, b.index.constant(t), one), reduction);
  }
  n.yield(x);
}

// indices [u.., k] address slices of the first k dimensions: data as [p, rest..], positions as [u].
static void convertScatterND(Node &n, TensorBuilder &b) {
  Tensor x = n.tensor(0), indices = n.tensor(1), updates = n.tensor(2);
  std::optional<BinaryKind> reduction = reductionOf(n);
  if (!n.ok())
    return;
  int64_t last = indices.rank() - 1;
  int64_t width = last >= 0 ? indices.dim(last) : ShapedType::kDynamic;
  if (ShapedType::isDynamic(width) || width > x.rank())
    return (void)b.fail("expects indices whose last dimension is static and within the rank of the "
                        "data");
  Sizes sizes = b.sizes(x), rows = b.sizes(indices);
  ArrayRef<OpFoldResult> addressed = ArrayRef(sizes).take_front(width),
                         rest = ArrayRef(sizes).drop_front(width);
  OpFoldResult many = b.index.product(ArrayRef(rows).drop_back());
  std::optional<int64_t> count = constantInteger(many);
  if (!count || *count > maxUpdates)
    return (void)b.fail("expects at most " + Twine(maxUpdates) + " updates");
  Type type = indices.elementType();
  Tensor position = b.broadcast(b.integer(0, type), {many});
  OpFoldResult one = b.index.constant(1), stride = one;
  for (int64_t i = width - 1; i >= 0; --i) {
    Tensor part = b.reshape(b.slice(indices, last, b.index.constant(i), one), {many});
    position =
        b.add(position, b.mul(b.wrapIndices(part, addressed[i]), b.known(type, {}, {stride})));
    stride = b.index.mul(stride, addressed[i]);
  }
  Sizes flat{stride}, flatUpdates{many};
  llvm::append_range(flat, rest);
  llvm::append_range(flatUpdates, rest);
  Tensor result = b.reshape(x, flat), fresh = b.reshape(updates, flatUpdates);
  Tensor here = b.coordinates(result, 0, type);
  for (int64_t t = 0; t < *count; ++t) {
    OpFoldResult at = b.index.constant(t);
    Tensor meant = b.compare(CompareKind::eq, here, b.reshape(b.slice(position, 0, at, one), {}));
    result = update(b, meant, result, b.slice(fresh, 0, at, one), reduction);
  }
  n.yield(b.reshape(result, sizes));
}

// The rank of an element is the number of those in front of it: greater ones (smaller ones), and
// equal ones with a lower index. result[r] is the element of rank r.
static void convertTopK(Node &n, TensorBuilder &b) {
  n.ignore("sorted"); // sorted is a valid order
  Tensor x = n.tensor(0);
  int64_t axis = n.axis(x, "axis", -1);
  bool largest = n.flag("largest", true);
  Sizes k = n.indices(1);
  if (!n.ok() || k.size() != 1)
    return (void)b.fail("expects one k");
  if (std::optional<int64_t> least = constantInteger(k.front()))
    b.requireAtLeast(b.size(x, axis), *least);
  else
    b.require(b.index.min(k.front(), b.size(x, axis)), k.front());
  int64_t last = x.rank() - 1;
  SmallVector<int64_t> perm = llvm::to_vector(llvm::seq<int64_t>(0, x.rank()));
  std::swap(perm[axis], perm[last]);
  Tensor rows = b.transpose(x, perm);
  OpFoldResult zero = b.index.constant(0), count = b.size(rows, last);
  Type i64 = b.builder.getI64Type();
  Tensor index = b.iota(zero, count, i64);
  // [.., i, j]: j stands in front of i.
  Tensor self = b.unsqueeze(rows, {last + 1}), other = b.unsqueeze(rows, {last});
  Tensor earlier = b.compare(CompareKind::lt, b.unsqueeze(index, {0}), b.unsqueeze(index, {1}));
  Tensor before = b.binary(
      BinaryKind::logical_or, b.compare(largest ? CompareKind::gt : CompareKind::lt, other, self),
      b.binary(BinaryKind::logical_and, b.compare(CompareKind::eq, other, self), earlier));
  Tensor rank = b.reduce(ReduceKind::sum, b.cast(before, i64), {last + 1}, /*keepDims=*/false);
  // [.., r, i]: i has rank r.
  Tensor wanted = b.unsqueeze(b.iota(zero, k.front(), i64), {1});
  Tensor hit = b.compare(CompareKind::eq, b.unsqueeze(rank, {last}), wanted);
  Tensor indices = b.reduce(ReduceKind::argmax, b.cast(hit, b.builder.getI32Type()), {last + 1},
                            /*keepDims=*/false);
  // One element of each row is not the lowest.
  Type type = x.elementType();
  Tensor values = b.reduce(ReduceKind::max,
                           b.select(hit, b.unsqueeze(rows, {last}), b.lowest(type)), {last + 1},
                           /*keepDims=*/false);
  n.yield({b.transpose(values, perm), b.transpose(indices, perm)});
}

// 1 at the first greatest element, 0 elsewhere.
static Tensor hardmax(TensorBuilder &b, Tensor x, int64_t axis) {
  if (!x)
    return {};
  Tensor first = b.reduce(ReduceKind::argmax, x, {axis}, /*keepDims=*/true);
  Tensor position = b.coordinates(x, axis, b.builder.getI64Type());
  return b.cast(b.compare(CompareKind::eq, position, first), x.elementType());
}
static void convertHardmax13(Node &n, TensorBuilder &b) {
  Tensor x = n.tensor(0);
  int64_t axis = n.axis(x, "axis", -1);
  if (n.ok())
    n.yield(hardmax(b, x, axis));
}

static const Recipe recipes[] = {
    {"", "Hardmax", 13, convertHardmax13},
    {"", "Scatter", 9, convertScatterElements},
    {"", "ScatterElements", 11, convertScatterElements},
    {"", "ScatterND", 11, convertScatterND},
    {"", "TopK", 10, convertTopK},
};

ArrayRef<Recipe> scatterRecipes() {
  return recipes;
}

} // namespace tilewright
