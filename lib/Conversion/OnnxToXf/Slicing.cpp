//===- Slicing.cpp - recipes of slices, concatenation, gathering -===//
//
// Part of Tilewright, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "lib/Conversion/OnnxToXf/Recipe.h"

using namespace mlir;
using mlir::xf::CompareKind;

namespace tilewright {

//===----------------------------------------------------------------------===//
// Slice
//===----------------------------------------------------------------------===//

// A bound counted from the end if negative, clamped into [low, extent + high]; to the upper end
// where that is below, in a dimension without elements.
static OpFoldResult clampBound(TensorBuilder &b, OpFoldResult bound, OpFoldResult extent,
                               int64_t low, int64_t high) {
  IndexMath &index = b.index;
  OpFoldResult least = index.constant(low), most = index.add(extent, index.constant(high));
  if (std::optional<int64_t> constant = constantInteger(bound)) {
    // Exporters write 2^31 - 1 or 2^63 - 1 for "to the end", and their negatives for "from the
    // start".
    if (*constant >= std::numeric_limits<int32_t>::max())
      return most;
    if (*constant <= std::numeric_limits<int32_t>::min())
      return least;
    if (*constant < 0) {
      // The last elements: a symbolic dimension is then required to have one.
      if (*constant == -1)
        index.requireAtLeast(extent, 1);
      return index.min(index.max(index.add(extent, bound), least), most);
    }
    return index.min(index.max(bound, least), most);
  }
  // Positions of a sequence in a table of constant size: the sequence is then required to fit.
  if (std::optional<int64_t> rows = constantInteger(most); rows && index.alwaysNonNegative(bound))
    index.requireAtMost(bound, *rows);
  if (!index.alwaysNonNegative(bound)) {
    Type i64 = b.builder.getI64Type();
    OpFoldResult negative = *b.scalars.compare(CompareKind::lt, bound, index.constant(0), i64);
    bound = *b.scalars.select(negative, index.add(extent, bound), bound, i64);
  }
  return index.min(index.max(bound, least), most);
}

static Tensor sliceAxis(TensorBuilder &b, Tensor x, int64_t axis, OpFoldResult start,
                        OpFoldResult end, int64_t step) {
  if (!x)
    return {};
  IndexMath &index = b.index;
  OpFoldResult extent = b.size(x, axis), zero = index.constant(0);
  if (step > 0) {
    // The end comes first: what it requires bounds the start.
    OpFoldResult last = clampBound(b, end, extent, 0, 0);
    OpFoldResult first = clampBound(b, start, extent, 0, 0);
    OpFoldResult length = index.max(index.sub(last, first), zero);
    OpFoldResult count =
        index.div(index.add(length, index.constant(step - 1)), index.constant(step));
    return b.slice(x, axis, first, count, step);
  }
  // Backwards: positions first, first + step, ... above last.
  OpFoldResult first = clampBound(b, start, extent, 0, -1),
               last = clampBound(b, end, extent, -1, -1);
  OpFoldResult length = index.max(index.sub(first, last), zero);
  OpFoldResult count =
      index.div(index.add(length, index.constant(-step - 1)), index.constant(-step));
  Type i64 = b.builder.getI64Type();
  Tensor positions =
      b.add(b.mul(b.iota(zero, count, i64), b.integer(step, i64)), b.known(i64, {}, {first}));
  return b.gather(x, positions, axis);
}

static void slice(Node &n, TensorBuilder &b, ArrayRef<OpFoldResult> starts,
                  ArrayRef<OpFoldResult> ends, std::optional<ArrayRef<int64_t>> axes,
                  ArrayRef<int64_t> steps) {
  Tensor x = n.tensor(0);
  if (!n.ok())
    return;
  if (starts.size() != ends.size() || (axes && axes->size() != starts.size()) ||
      (!steps.empty() && steps.size() != starts.size()))
    return (void)b.fail("expects starts, ends, axes and steps of one length");
  for (size_t i = 0; i < starts.size() && n.ok(); ++i) {
    int64_t axis = n.normalizeAxis(axes ? (*axes)[i] : static_cast<int64_t>(i), x.rank());
    int64_t step = steps.empty() ? 1 : steps[i];
    if (step == 0)
      return (void)b.fail("expects steps other than 0");
    if (n.ok())
      x = sliceAxis(b, x, axis, starts[i], ends[i], step);
  }
  n.yield(x);
}

// Before opset 10 everything was an attribute.
static void convertSlice1(Node &n, TensorBuilder &b) {
  auto starts = n.integers("starts"), ends = n.integers("ends"), axes = n.integers("axes");
  if (!starts || !ends)
    return (void)b.fail("expects attributes 'starts' and 'ends'");
  auto bounds = [&](ArrayRef<int64_t> list) {
    return llvm::map_to_vector(list, [&](int64_t value) { return b.index.constant(value); });
  };
  slice(n, b, bounds(*starts), bounds(*ends),
        axes ? std::optional(ArrayRef<int64_t>(*axes)) : std::nullopt, {});
}
static void convertSlice10(Node &n, TensorBuilder &b) {
  Sizes starts = n.indices(1), ends = n.indices(2);
  SmallVector<int64_t> axes, steps;
  if (n.optional(3))
    axes = n.integersAt(3);
  if (n.optional(4))
    steps = n.integersAt(4);
  slice(n, b, starts, ends, n.optional(3) ? std::optional(ArrayRef<int64_t>(axes)) : std::nullopt,
        steps);
}

//===----------------------------------------------------------------------===//
// Split, Concat
//===----------------------------------------------------------------------===//

static void split(Node &n, TensorBuilder &b, Tensor x, int64_t axis, ArrayRef<OpFoldResult> sizes) {
  if (!n.ok())
    return;
  if (sizes.size() != n.numOutputs())
    return (void)b.fail("expects as many sizes as outputs, got " + Twine(sizes.size()) + " and " +
                        Twine(n.numOutputs()));
  SmallVector<Tensor> parts;
  OpFoldResult offset = b.index.constant(0);
  for (OpFoldResult size : sizes) {
    parts.push_back(b.slice(x, axis, offset, size));
    offset = b.index.add(offset, size);
  }
  if (b.index.neverEqual(offset, b.size(x, axis)))
    return (void)b.fail("expects sizes that add up to the dimension");
  b.require(offset, b.size(x, axis));
  n.yield(parts);
}

// `count` parts of ceil(extent / count); the last one may be smaller.
static Sizes equalParts(Node &n, TensorBuilder &b, Tensor x, int64_t axis, int64_t count) {
  if (!n.ok() || count <= 0) {
    b.fail("expects at least one output");
    return {};
  }
  OpFoldResult extent = b.size(x, axis);
  if (std::optional<OpFoldResult> part = b.index.divExactly(extent, b.index.constant(count)))
    return Sizes(count, *part);
  OpFoldResult part =
      b.index.div(b.index.add(extent, b.index.constant(count - 1)), b.index.constant(count));
  Sizes sizes(count, part);
  sizes.back() = b.index.sub(extent, b.index.mul(part, b.index.constant(count - 1)));
  if (!b.index.alwaysNonNegative(sizes.back()))
    b.fail("expects a dimension that " + Twine(count) + " divides, or a constant one");
  return sizes;
}

static void convertSplit2(Node &n, TensorBuilder &b) {
  Tensor x = n.tensor(0);
  int64_t axis = n.axis(x, "axis", 0);
  auto given = n.integers("split");
  Sizes sizes =
      given ? llvm::map_to_vector(*given, [&](int64_t size) { return b.index.constant(size); })
            : equalParts(n, b, x, axis, n.numOutputs());
  split(n, b, x, axis, sizes);
}
static void convertSplit13(Node &n, TensorBuilder &b) {
  Tensor x = n.tensor(0);
  int64_t axis = n.axis(x, "axis", 0), count = n.integer("num_outputs", n.numOutputs());
  split(n, b, x, axis, n.optional(1) ? n.indices(1) : equalParts(n, b, x, axis, count));
}

static void convertConcat(Node &n, TensorBuilder &b) {
  SmallVector<Tensor> parts = n.tensors();
  if (parts.empty())
    return (void)b.fail("expects at least one input");
  int64_t axis = n.axis(parts.front(), "axis");
  if (n.ok())
    n.yield(b.concat(parts, axis));
}

//===----------------------------------------------------------------------===//
// Gather
//===----------------------------------------------------------------------===//

// One constant index is a slice where the dimension surely has that element.
static Tensor takeOne(TensorBuilder &b, Tensor x, int64_t axis, int64_t at) {
  OpFoldResult extent = b.size(x, axis);
  if (at < 0 ? !b.index.requireAtLeast(extent, -at) : !b.index.requireAtLeast(extent, at + 1))
    return {};
  OpFoldResult offset = at < 0 ? b.index.add(extent, b.index.constant(at)) : b.index.constant(at);
  return b.slice(x, axis, offset, b.index.constant(1));
}

// A dimension from which something is chosen is not empty: there would be nothing to read.
static void requireChoice(TensorBuilder &b, OpFoldResult extent, Tensor indices) {
  if (!indices || constantInteger(extent).value_or(0) > 0)
    return;
  OpFoldResult least = b.index.min(b.index.product(b.sizes(indices)), b.index.constant(1));
  if (std::optional<int64_t> known = constantInteger(least))
    b.requireAtLeast(extent, *known);
  else
    b.require(b.index.max(extent, least), extent);
}

static void convertGather(Node &n, TensorBuilder &b) {
  Tensor x = n.tensor(0), indices = n.tensor(1);
  int64_t axis = n.axis(x, "axis", 0);
  if (!n.ok())
    return;
  const Sizes *chosen = b.elements(indices);
  if (!b.elements(x) && chosen && chosen->size() == 1)
    if (std::optional<int64_t> at = constantInteger(chosen->front()))
      if (Tensor one = takeOne(b, x, axis, *at)) {
        Sizes sizes = b.sizes(x);
        sizes.erase(sizes.begin() + axis);
        sizes.insert(sizes.begin() + axis, indices.rank(), b.index.constant(1));
        return n.yield(b.reshape(one, sizes));
      }
  requireChoice(b, b.size(x, axis), indices);
  n.yield(b.gather(x, indices, axis));
}

// The distance between neighbours along each dimension in a tensor of these sizes.
static Sizes elementStrides(TensorBuilder &b, ArrayRef<OpFoldResult> sizes) {
  Sizes strides(sizes.size(), b.index.constant(1));
  for (int64_t i = static_cast<int64_t>(sizes.size()) - 2; i >= 0; --i)
    strides[i] = b.index.mul(strides[i + 1], sizes[i + 1]);
  return strides;
}

// result[i, j, k] = x[i, indices[i, j, k], k]: positions in x read as a vector.
static void convertGatherElements(Node &n, TensorBuilder &b) {
  Tensor x = n.tensor(0), indices = n.tensor(1);
  int64_t axis = n.axis(x, "axis", 0);
  if (!n.ok())
    return;
  if (indices.rank() != x.rank())
    return (void)b.fail("expects indices of rank " + Twine(x.rank()) + ", got " +
                        Twine(indices.rank()));
  Type type = indices.elementType();
  Sizes strides = elementStrides(b, b.sizes(x));
  Tensor position =
      b.mul(b.wrapIndices(indices, b.size(x, axis)), b.known(type, {}, {strides[axis]}));
  for (int64_t i = 0; i < x.rank(); ++i) {
    if (i == axis || indices.dim(i) == 1)
      continue;
    position =
        b.add(position, b.mul(b.coordinates(indices, i, type), b.known(type, {}, {strides[i]})));
  }
  OpFoldResult all = b.index.product(b.sizes(x));
  requireChoice(b, all, position);
  n.yield(b.gather(b.reshape(x, {all}), position, 0));
}

// The last dimension of indices [.., k] addresses the k dimensions of x behind the batch
// dimensions.
static void convertGatherND(Node &n, TensorBuilder &b) {
  Tensor x = n.tensor(0), indices = n.tensor(1);
  int64_t batch = n.integer("batch_dims", 0);
  if (!n.ok())
    return;
  int64_t width = indices.rank() ? indices.dim(indices.rank() - 1) : ShapedType::kDynamic;
  if (ShapedType::isDynamic(width) || batch < 0 || batch >= indices.rank() ||
      batch + width > x.rank())
    return (void)b.fail(
        "expects indices whose last dimension is static and within the rank of the data");
  ArrayRef<OpFoldResult> sizes = b.sizes(x);
  ArrayRef<OpFoldResult> addressed = sizes.take_front(batch + width),
                         rest = sizes.drop_front(batch + width);
  Sizes strides = elementStrides(b, addressed);
  Type type = indices.elementType();
  int64_t last = indices.rank() - 1;
  Tensor position = b.integer(0, type);
  for (int64_t i = 0; i < width; ++i) {
    Tensor part =
        b.squeeze(b.slice(indices, last, b.index.constant(i), b.index.constant(1)), {last});
    position = b.add(position, b.mul(b.wrapIndices(part, addressed[batch + i]),
                                     b.known(type, {}, {strides[batch + i]})));
  }
  for (int64_t i = 0; i < batch; ++i) {
    Tensor coordinate =
        b.mul(b.iota(b.index.constant(0), addressed[i], type), b.known(type, {}, {strides[i]}));
    position = b.add(position, b.along(coordinate, i, last));
  }
  Sizes flat{b.index.product(addressed)};
  llvm::append_range(flat, rest);
  requireChoice(b, flat.front(), position);
  n.yield(b.gather(b.reshape(x, flat), position, 0));
}

static const Recipe recipes[] = {
    {"", "Concat", 4, convertConcat},
    {"", "Gather", 1, convertGather},
    {"", "GatherElements", 11, convertGatherElements},
    {"", "GatherND", 11, convertGatherND},
    {"", "Slice", 1, convertSlice1},
    {"", "Slice", 10, convertSlice10},
    {"", "Split", 2, convertSplit2},
    {"", "Split", 13, convertSplit13},
};

ArrayRef<Recipe> sliceRecipes() {
  return recipes;
}

} // namespace tilewright
