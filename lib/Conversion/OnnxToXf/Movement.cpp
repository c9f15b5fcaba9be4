//===- Movement.cpp - recipes of reshapes, transposes, broadcasts -===//
//
// Part of Tilewright, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "lib/Conversion/OnnxToXf/Recipe.h"

using namespace mlir;

namespace tilewright {

static void convertIdentity(Node &n, TensorBuilder &b) {
  n.yield(n.tensor(0));
}

// At inference the output is the input, and nothing is masked. Before opset 10 the mask was of the
// input's type.
static void convertDropout(Node &n, TensorBuilder &b) {
  n.ignore("ratio");
  n.ignore("seed");
  Tensor x = n.tensor(0);
  if (Tensor training = n.optional(2)) {
    const Sizes *mode = b.elements(training);
    if (!mode || mode->size() != 1 || constantBoolean(mode->front()) != false)
      return (void)b.fail("expects training_mode to be false");
  }
  if (!n.ok())
    return;
  Type maskType = n.opset() < 10 ? x.elementType() : b.builder.getI1Type();
  n.yield({x, n.wants(1) ? b.broadcast(b.scalar(1, maskType), b.sizes(x)) : Tensor()});
}

// 0 copies the input's size (unless allowzero), -1 is what makes the element counts agree.
static void convertReshape(Node &n, TensorBuilder &b) {
  Tensor x = n.tensor(0);
  bool allowZero = n.flag("allowzero", false);
  Sizes shape = n.indices(1);
  if (!n.ok())
    return;
  std::optional<size_t> inferred;
  Sizes others;
  for (auto [i, size] : llvm::enumerate(shape)) {
    std::optional<int64_t> constant = constantInteger(size);
    if (constant == 0 && !allowZero) {
      if (static_cast<int64_t>(i) >= x.rank())
        return (void)b.fail("expects a shape whose 0 at position " + Twine(i) +
                            " names a dimension of the input");
      size = b.size(x, i);
    }
    if (constant == -1) {
      if (inferred)
        return (void)b.fail("expects at most one -1 in the shape");
      inferred = i;
    } else {
      others.push_back(size);
    }
  }
  if (inferred) {
    OpFoldResult total = b.index.product(b.sizes(x)), rest = b.index.product(others);
    b.requireMultiple(total, rest);
    shape[*inferred] = b.index.div(total, rest);
  }
  n.yield(b.reshape(x, shape, /*fits=*/inferred.has_value()));
}

static void convertFlatten(Node &n, TensorBuilder &b) {
  Tensor x = n.tensor(0);
  int64_t axis = n.integer("axis", 1);
  if (!n.ok())
    return;
  if (axis != x.rank()) // axis == rank is allowed here
    axis = n.normalizeAxis(axis, x.rank());
  ArrayRef<OpFoldResult> sizes = b.sizes(x);
  n.yield(b.reshape(
      x, {b.index.product(sizes.take_front(axis)), b.index.product(sizes.drop_front(axis))}));
}

static void squeeze(Node &n, TensorBuilder &b, Tensor x, std::optional<ArrayRef<int64_t>> axes) {
  if (!n.ok())
    return;
  SmallVector<int64_t> dims;
  if (axes)
    dims = n.normalizeAxes(*axes, x.rank());
  else
    for (int64_t i = 0; i < x.rank(); ++i)
      if (x.dim(i) == 1)
        dims.push_back(i);
  for (int64_t dim : dims)
    b.require(b.size(x, dim), b.index.constant(1));
  n.yield(b.squeeze(x, dims));
}
static void convertSqueeze1(Node &n, TensorBuilder &b) {
  Tensor x = n.tensor(0);
  auto axes = n.integers("axes");
  squeeze(n, b, x, axes ? std::optional(ArrayRef<int64_t>(*axes)) : std::nullopt);
}
static void convertSqueeze13(Node &n, TensorBuilder &b) {
  Tensor x = n.tensor(0);
  if (!n.optional(1))
    return squeeze(n, b, x, std::nullopt);
  SmallVector<int64_t> axes = n.integersAt(1);
  squeeze(n, b, x, ArrayRef(axes));
}

static void unsqueeze(Node &n, TensorBuilder &b, ArrayRef<int64_t> axes) {
  Tensor x = n.tensor(0);
  SmallVector<int64_t> positions;
  if (n.ok())
    positions = n.normalizeAxes(axes, x.rank() + axes.size());
  if (n.ok())
    n.yield(b.unsqueeze(x, positions));
}
static void convertUnsqueeze1(Node &n, TensorBuilder &b) {
  auto axes = n.integers("axes");
  if (!axes)
    return (void)b.fail("expects attribute 'axes'");
  unsqueeze(n, b, *axes);
}
static void convertUnsqueeze13(Node &n, TensorBuilder &b) {
  unsqueeze(n, b, n.integersAt(1));
}

static void convertTranspose(Node &n, TensorBuilder &b) {
  Tensor x = n.tensor(0);
  auto perm = n.integers("perm");
  if (!n.ok())
    return;
  if (!perm)
    perm = llvm::to_vector(llvm::reverse(llvm::seq<int64_t>(0, x.rank())));
  n.yield(b.transpose(x, *perm));
}

// Sizes of input and shape broadcast both ways.
static void convertExpand(Node &n, TensorBuilder &b) {
  Tensor x = n.tensor(0);
  Sizes shape = n.indices(1);
  if (!n.ok())
    return;
  Sizes target(std::max<size_t>(x.rank(), shape.size()), b.index.constant(1));
  for (ArrayRef<OpFoldResult> sizes : {ArrayRef(b.sizes(x)), ArrayRef(shape)})
    for (auto [i, size] : llvm::enumerate(sizes)) {
      OpFoldResult &result = target[target.size() - sizes.size() + i];
      result = b.broadcastSize(result, size);
    }
  n.yield(b.broadcast(x, target));
}

// [a, b] by (r, s): [1, a, 1, b] broadcast to [r, a, s, b], read as [r a, s b].
static void convertTile(Node &n, TensorBuilder &b) {
  Tensor x = n.tensor(0);
  Sizes repeats = n.indices(1);
  if (!n.ok())
    return;
  if (static_cast<int64_t>(repeats.size()) != x.rank())
    return (void)b.fail("expects " + Twine(x.rank()) + " repeats, got " + Twine(repeats.size()));
  Sizes single, repeated, target;
  for (auto [size, repeat] : llvm::zip_equal(b.sizes(x), repeats)) {
    single.append({b.index.constant(1), size});
    repeated.append({repeat, size});
    target.push_back(b.index.mul(repeat, size));
  }
  n.yield(b.reshape(b.broadcast(b.reshape(x, single), repeated), target));
}

// [n, c, h, w] between blocks in the channels and blocks in the plane.
static void convertDepthToSpace(Node &n, TensorBuilder &b) {
  Tensor x = n.tensor(0);
  OpFoldResult block = b.index.constant(n.integer("blocksize"));
  bool blocksFirst = n.choice("mode", {"DCR", "CRD"}) == "DCR";
  if (!n.ok())
    return;
  if (x.rank() != 4)
    return (void)b.fail("expects an input of rank 4, got " + Twine(x.rank()));
  Sizes s = b.sizes(x);
  OpFoldResult depth = b.index.div(s[1], b.index.mul(block, block));
  Tensor split = blocksFirst ? b.reshape(x, {s[0], block, block, depth, s[2], s[3]})
                             : b.reshape(x, {s[0], depth, block, block, s[2], s[3]});
  Tensor moved =
      blocksFirst ? b.transpose(split, {0, 3, 4, 1, 5, 2}) : b.transpose(split, {0, 1, 4, 2, 5, 3});
  n.yield(b.reshape(moved, {s[0], depth, b.index.mul(s[2], block), b.index.mul(s[3], block)}));
}
static void convertSpaceToDepth(Node &n, TensorBuilder &b) {
  Tensor x = n.tensor(0);
  OpFoldResult block = b.index.constant(n.integer("blocksize"));
  if (!n.ok())
    return;
  if (x.rank() != 4)
    return (void)b.fail("expects an input of rank 4, got " + Twine(x.rank()));
  Sizes s = b.sizes(x);
  OpFoldResult height = b.index.div(s[2], block), width = b.index.div(s[3], block);
  Tensor moved =
      b.transpose(b.reshape(x, {s[0], s[1], height, block, width, block}), {0, 3, 5, 1, 2, 4});
  n.yield(b.reshape(moved, {s[0], b.index.product({s[1], block, block}), height, width}));
}

static const Recipe recipes[] = {
    {"", "DepthToSpace", 1, convertDepthToSpace},
    {"", "Dropout", 7, convertDropout},
    {"", "Expand", 8, convertExpand},
    {"", "Flatten", 1, convertFlatten},
    {"", "Identity", 1, convertIdentity},
    {"", "Reshape", 5, convertReshape},
    {"", "SpaceToDepth", 1, convertSpaceToDepth},
    {"", "Squeeze", 1, convertSqueeze1},
    {"", "Squeeze", 13, convertSqueeze13},
    {"", "Tile", 6, convertTile},
    {"", "Transpose", 1, convertTranspose},
    {"", "Unsqueeze", 1, convertUnsqueeze1},
    {"", "Unsqueeze", 13, convertUnsqueeze13},
};

ArrayRef<Recipe> movementRecipes() {
  return recipes;
}

} // namespace tilewright
