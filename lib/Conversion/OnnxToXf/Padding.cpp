//===- Padding.cpp - recipes of padding -===//
//
// Part of Tilewright, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "lib/Conversion/OnnxToXf/Recipe.h"

using namespace mlir;
using mlir::xf::BinaryKind;

namespace tilewright {

namespace {
struct Pads {
  Sizes low, high; ///< one per dimension of the input
};
} // namespace

// low.., high.. of the given axes, or of all.
static std::optional<Pads> spreadPads(Node &n, TensorBuilder &b, Tensor x,
                                      ArrayRef<OpFoldResult> pads,
                                      std::optional<ArrayRef<int64_t>> axes) {
  int64_t count = axes ? axes->size() : x.rank();
  if (static_cast<int64_t>(pads.size()) != 2 * count)
    return (void)b.fail("expects " + Twine(2 * count) + " pads, got " + Twine(pads.size())),
           std::nullopt;
  Pads result{Sizes(x.rank(), b.index.constant(0)), Sizes(x.rank(), b.index.constant(0))};
  for (int64_t i = 0; i < count; ++i) {
    int64_t axis = axes ? n.normalizeAxis((*axes)[i], x.rank()) : i;
    result.low[axis] = pads[i];
    result.high[axis] = pads[count + i];
  }
  return n.ok() ? std::optional(result) : std::nullopt;
}

// Negative pads cut off; what is left to add is at least 0.
static Tensor crop(TensorBuilder &b, Tensor x, Pads &pads) {
  OpFoldResult zero = b.index.constant(0);
  for (int64_t axis = 0, rank = x.rank(); axis < rank && b.ok(); ++axis) {
    OpFoldResult &low = pads.low[axis], &high = pads.high[axis];
    OpFoldResult first = b.index.max(b.index.sub(zero, low), zero),
                 last = b.index.max(b.index.sub(zero, high), zero);
    low = b.index.max(low, zero);
    high = b.index.max(high, zero);
    if (constantInteger(first) == 0 && constantInteger(last) == 0)
      continue;
    OpFoldResult cut = b.index.add(first, last);
    if (std::optional<int64_t> least = constantInteger(cut))
      b.requireAtLeast(b.size(x, axis), *least);
    else
      return b.fail("expects pads that are constant or at least 0");
    x = b.slice(x, axis, first, b.index.sub(b.size(x, axis), cut));
  }
  return x;
}

// Where the elements of an axis come from. With i from the first element of the input on and its
// size n: edge: i in [0, n); wrap: i mod n; reflect: i mod 2 (n - 1), and back where that is beyond
// n.
static Tensor sourceOf(TensorBuilder &b, StringRef mode, OpFoldResult low, OpFoldResult count,
                       OpFoldResult extent) {
  Type i64 = b.builder.getI64Type();
  auto number = [&](OpFoldResult value) { return b.known(i64, {}, {value}); };
  Tensor i = b.sub(b.iota(b.index.constant(0), count, i64), number(low));
  OpFoldResult one = b.index.constant(1), last = b.index.sub(extent, one);
  if (mode == "edge")
    return b.binary(BinaryKind::min, b.binary(BinaryKind::max, i, b.integer(0, i64)), number(last));
  if (mode == "wrap")
    return b.binary(BinaryKind::mod, i, number(extent));
  Tensor period = number(b.index.max(b.index.add(last, last), one));
  Tensor at = b.binary(BinaryKind::mod, i, period);
  return b.binary(BinaryKind::min, at, b.sub(period, at));
}

static void pad(Node &n, TensorBuilder &b, ArrayRef<OpFoldResult> widths,
                std::optional<ArrayRef<int64_t>> axes, Tensor filler) {
  Tensor x = n.tensor(0);
  std::string mode = n.choice("mode", {"constant", "edge", "reflect", "wrap"});
  if (!n.ok())
    return;
  std::optional<Pads> pads = spreadPads(n, b, x, widths, axes);
  if (pads)
    x = crop(b, x, *pads);
  if (!pads || !x)
    return;
  if (mode == "constant") {
    if (filler && !b.elements(filler))
      return (void)b.fail("expects a constant padding value" + n.constantHint(2));
    filler = filler ? b.reshape(filler, {}) : b.scalar(0, x.elementType());
    return n.yield(b.pad(x, pads->low, pads->high, filler));
  }
  for (int64_t axis = 0, rank = x.rank(); axis < rank && n.ok(); ++axis) {
    OpFoldResult low = pads->low[axis], high = pads->high[axis], extent = b.size(x, axis);
    if (constantInteger(low) == 0 && constantInteger(high) == 0)
      continue;
    b.requireAtLeast(extent, 1);
    OpFoldResult count = b.index.add(extent, b.index.add(low, high));
    x = b.gather(x, sourceOf(b, mode, low, count, extent), axis);
  }
  n.yield(x);
}

static void convertPad2(Node &n, TensorBuilder &b) {
  Tensor x = n.tensor(0);
  auto pads = n.integers("pads");
  double value = n.number("value", 0);
  if (!pads)
    return (void)b.fail("expects attribute 'pads'");
  Sizes widths = llvm::map_to_vector(*pads, [&](int64_t width) { return b.index.constant(width); });
  if (n.ok())
    pad(n, b, widths, std::nullopt, b.scalar(value, x.elementType()));
}
static void convertPad11(Node &n, TensorBuilder &b) {
  Sizes widths = n.indices(1);
  SmallVector<int64_t> axes;
  if (n.optional(3))
    axes = n.integersAt(3);
  pad(n, b, widths, n.optional(3) ? std::optional(ArrayRef<int64_t>(axes)) : std::nullopt,
      n.optional(2));
}

static const Recipe recipes[] = {
    {"", "Pad", 2, convertPad2},
    {"", "Pad", 11, convertPad11},
};

ArrayRef<Recipe> paddingRecipes() {
  return recipes;
}

} // namespace tilewright
