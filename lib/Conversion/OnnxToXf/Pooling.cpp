//===- Pooling.cpp - recipes of pooling -===//
//
// Part of Tilewright, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A pool is a fold over the positions of its window: for each of them, one strided slice of the
// padded input, combined with the others.
//
//===----------------------------------------------------------------------===//
#include "lib/Conversion/OnnxToXf/Convolution.h"
#include "lib/Conversion/OnnxToXf/Recipe.h"

using namespace mlir;
using mlir::xf::BinaryKind;
using mlir::xf::ReduceKind;
using mlir::xf::UnaryKind;

namespace tilewright {

namespace {
/// How a pool moves, and where it ends.
struct Pool : Window {
  Sizes outputs;
  /// What windows may reach of each dimension beyond the pads, with ceil_mode.
  SmallVector<int64_t> beyond;
};
} // namespace

// Output sizes; with ceil_mode the last window may reach beyond the padding, but has to begin
// inside.
static void computeOutputs(TensorBuilder &b, Tensor x, Pool &p, bool ceilMode) {
  IndexMath &index = b.index;
  for (size_t i = 0; i < p.kernel.size(); ++i) {
    int64_t stride = p.strides[i], reach = p.reach(i);
    OpFoldResult size = b.size(x, i + 2), step = index.constant(stride), one = index.constant(1);
    int64_t slack = ceilMode ? stride - 1 : 0;
    b.requireAtLeast(size, reach - p.low[i] - p.high[i] - slack);
    OpFoldResult padded = index.add(size, index.constant(p.low[i] + p.high[i]));
    OpFoldResult steps = index.div(index.add(padded, index.constant(slack - reach)), step);
    p.beyond.push_back(slack);
    if (slack > 0) {
      // The last that begins inside the input or the padding in front of it.
      steps = index.min(steps, index.div(index.add(size, index.constant(p.low[i] - 1)), step));
      std::optional<int64_t> extent = constantInteger(padded), last = constantInteger(steps);
      if (extent && last)
        p.beyond[i] = std::max<int64_t>(*last * stride + reach - *extent, 0);
    }
    p.outputs.push_back(index.add(steps, one));
  }
}

static std::optional<Pool> readPool(Node &n, TensorBuilder &b, Tensor x) {
  auto kernel = n.integers("kernel_shape");
  bool ceilMode = n.flag("ceil_mode", false);
  std::optional<Window> window = readWindow(n, b, x, kernel.value_or(SmallVector<int64_t>()));
  if (!window)
    return std::nullopt;
  Pool p{*window, {}, {}};
  computeOutputs(b, x, p, ceilMode);
  return p;
}

static Tensor padSpatial(TensorBuilder &b, Tensor x, ArrayRef<int64_t> low, ArrayRef<int64_t> high,
                         Tensor filler) {
  if (llvm::all_of(llvm::concat<const int64_t>(low, high), [](int64_t pad) { return pad == 0; }))
    return x;
  Sizes front(x.rank(), b.index.constant(0)), back = front;
  for (size_t i = 0; i < low.size(); ++i) {
    front[i + 2] = b.index.constant(low[i]);
    back[i + 2] = b.index.constant(high[i]);
  }
  return b.pad(x, front, back, filler);
}

// Folds the windows of x, whose pads and what lies beyond are `filler`.
static Tensor foldWindows(TensorBuilder &b, Tensor x, const Pool &p, BinaryKind kind,
                          Tensor filler) {
  int64_t positions = 1;
  for (int64_t size : p.kernel)
    positions = std::min<int64_t>(positions * size, INT32_MAX);
  if (positions > 256)
    return b.fail("expects a kernel of up to 256 elements");
  SmallVector<int64_t> high(p.high);
  for (size_t i = 0; i < high.size(); ++i)
    high[i] += p.beyond[i];
  Tensor padded = padSpatial(b, x, p.low, high, filler);
  Tensor result;
  for (int64_t position = 0; position < positions; ++position) {
    Tensor part = padded;
    int64_t rest = position;
    for (int64_t i = static_cast<int64_t>(p.kernel.size()) - 1; i >= 0; --i) {
      int64_t at = rest % p.kernel[i];
      rest /= p.kernel[i];
      part =
          b.slice(part, i + 2, b.index.constant(at * p.dilations[i]), p.outputs[i], p.strides[i]);
    }
    result = result ? b.binary(kind, result, part) : part;
  }
  return result;
}

static void convertMaxPool(Node &n, TensorBuilder &b) {
  n.ignore("storage_order"); // of output 1, which is not supported
  Tensor x = n.tensor(0);
  if (std::optional<Pool> p = readPool(n, b, x))
    n.yield(foldWindows(b, x, *p, BinaryKind::max, b.lowest(x.elementType())));
}

// The elements of each window that count: those of the input, or of the input and its pads, but not
// those beyond.
static Tensor countWindows(TensorBuilder &b, Tensor x, const Pool &p, bool includePads) {
  Type type = x.elementType();
  Sizes sizes = b.sizes(x);
  sizes[0] = sizes[1] = b.index.constant(1);
  Tensor ones = b.broadcast(b.scalar(1, type), sizes);
  Pool counted = p;
  if (includePads) {
    ones = padSpatial(b, ones, p.low, p.high, b.scalar(1, type));
    counted.low.assign(p.low.size(), 0);
    counted.high = counted.low;
  }
  return foldWindows(b, ones, counted, BinaryKind::add, b.scalar(0, type));
}

static void convertAveragePool(Node &n, TensorBuilder &b) {
  Tensor x = n.tensor(0);
  bool includePads = n.flag("count_include_pad", false);
  std::optional<Pool> p = readPool(n, b, x);
  if (!p)
    return;
  Tensor sum = foldWindows(b, x, *p, BinaryKind::add, b.scalar(0, x.elementType()));
  n.yield(b.div(sum, countWindows(b, x, *p, includePads)));
}

// (sum |x|^p)^(1/p)
static void convertLpPool(Node &n, TensorBuilder &b) {
  Tensor x = n.tensor(0);
  int64_t exponent = n.integer("p", 2);
  std::optional<Pool> p = readPool(n, b, x);
  if (!p)
    return;
  if (exponent < 1)
    return (void)b.fail("expects attribute 'p' of at least 1, got " + Twine(exponent));
  Type type = x.elementType();
  Tensor power = b.binary(BinaryKind::pow, b.unary(UnaryKind::abs, x), b.scalar(exponent, type));
  Tensor sum = foldWindows(b, power, *p, BinaryKind::add, b.scalar(0, type));
  n.yield(b.binary(BinaryKind::pow, sum, b.scalar(1.0 / static_cast<double>(exponent), type)));
}

template <ReduceKind kind>
static void convertGlobalPool(Node &n, TensorBuilder &b) {
  Tensor x = n.tensor(0);
  if (!n.ok())
    return;
  if (x.rank() < 3)
    return (void)b.fail("expects an input [n, c, x..], got rank " + Twine(x.rank()));
  n.yield(b.reduce(kind, x, llvm::to_vector(llvm::seq<int64_t>(2, x.rank())), /*keepDims=*/true));
}

static const Recipe recipes[] = {
    {"", "AveragePool", 7, convertAveragePool},
    {"", "GlobalAveragePool", 1, convertGlobalPool<ReduceKind::mean>},
    {"", "GlobalMaxPool", 1, convertGlobalPool<ReduceKind::max>},
    {"", "LpPool", 2, convertLpPool},
    {"", "MaxPool", 1, convertMaxPool},
};

ArrayRef<Recipe> poolingRecipes() {
  return recipes;
}

} // namespace tilewright
