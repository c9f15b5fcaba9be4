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
#include "lib/Conversion/OnnxToXf/Recipe.h"

using namespace mlir;
using mlir::xf::BinaryKind;
using mlir::xf::ReduceKind;
using mlir::xf::UnaryKind;

namespace tilewright {

namespace {
/// Geometry of the spatial dimensions, 2 on of the input [n, c, x..].
struct Window {
  SmallVector<int64_t> kernel, strides, dilations, low, high;
  Sizes outputs;
  bool ceilMode = false;
};
} // namespace

static int64_t reachOf(const Window &w, int64_t i) {
  return w.dilations[i] * (w.kernel[i] - 1) + 1;
}

// auto_pad: as many outputs as ceil(x / stride), the odd pad at the end (SAME_UPPER) or the
// beginning.
static bool padSame(TensorBuilder &b, Tensor x, Window &w, bool upper) {
  for (size_t i = 0; i < w.kernel.size(); ++i) {
    int64_t size = x.dim(i + 2);
    if (ShapedType::isDynamic(size) && w.strides[i] != 1)
      return (void)b.fail("expects static spatial sizes for auto_pad with strides"), false;
    int64_t steps = ShapedType::isDynamic(size) ? 0 : (size + w.strides[i] - 1) / w.strides[i];
    int64_t total = ShapedType::isDynamic(size)
                        ? reachOf(w, i) - 1
                        : std::max<int64_t>((steps - 1) * w.strides[i] + reachOf(w, i) - size, 0);
    w.low[i] = upper ? total / 2 : total - total / 2;
    w.high[i] = total - w.low[i];
  }
  return true;
}

// Output sizes; with ceil_mode the last window may reach beyond the padding, but has to begin
// inside.
static void computeOutputs(TensorBuilder &b, Tensor x, Window &w) {
  IndexMath &index = b.index;
  for (size_t i = 0; i < w.kernel.size(); ++i) {
    b.requireAtLeast(b.size(x, i + 2),
                     reachOf(w, i) - w.low[i] - w.high[i] - (w.ceilMode ? w.strides[i] - 1 : 0));
    OpFoldResult padded = index.add(b.size(x, i + 2), index.constant(w.low[i] + w.high[i]));
    OpFoldResult room = index.sub(padded, index.constant(reachOf(w, i)));
    OpFoldResult stride = index.constant(w.strides[i]), one = index.constant(1);
    OpFoldResult steps = index.div(room, stride);
    if (w.ceilMode && w.strides[i] > 1) {
      OpFoldResult more = index.div(index.add(room, index.constant(w.strides[i] - 1)), stride);
      // The last that begins inside the input or the padding in front of it.
      OpFoldResult last =
          index.div(index.sub(index.add(b.size(x, i + 2), index.constant(w.low[i])), one), stride);
      steps = index.min(more, last);
      std::optional<int64_t> extent = constantInteger(padded), outputs = constantInteger(steps);
      if (extent && outputs)
        w.high[i] += std::max<int64_t>(*outputs * w.strides[i] + reachOf(w, i) - *extent, 0);
      else
        w.high[i] += w.strides[i] - 1;
    }
    w.outputs.push_back(index.add(steps, one));
  }
}

static std::optional<Window> readWindow(Node &n, TensorBuilder &b, Tensor x) {
  Window w;
  auto kernel = n.integers("kernel_shape"), strides = n.integers("strides"),
       dilations = n.integers("dilations"), pads = n.integers("pads");
  std::string automatic = n.text("auto_pad", "NOTSET");
  w.ceilMode = n.flag("ceil_mode", false);
  if (!n.ok())
    return std::nullopt;
  int64_t spatial = x.rank() - 2;
  if (!kernel || spatial < 1 || static_cast<int64_t>(kernel->size()) != spatial)
    return (void)b.fail("expects an input [n, c, x..] and a kernel_shape for its spatial "
                        "dimensions"),
           std::nullopt;
  SmallVector<int64_t> ones(spatial, 1), zeros(2 * spatial, 0);
  w.kernel = *kernel;
  w.strides = strides.value_or(ones);
  w.dilations = dilations.value_or(ones);
  SmallVector<int64_t> given = automatic == "NOTSET" ? pads.value_or(zeros) : zeros;
  if (static_cast<int64_t>(w.strides.size()) != spatial ||
      static_cast<int64_t>(w.dilations.size()) != spatial ||
      static_cast<int64_t>(given.size()) != 2 * spatial)
    return (void)b.fail("expects strides, dilations and pads for " + Twine(spatial) +
                        " spatial dimensions"),
           std::nullopt;
  w.low.assign(given.begin(), given.begin() + spatial);
  w.high.assign(given.begin() + spatial, given.end());
  bool same = automatic == "SAME_UPPER" || automatic == "SAME_LOWER";
  if (!same && automatic != "NOTSET" && automatic != "VALID")
    return (void)b.fail("expects attribute 'auto_pad' to be NOTSET, VALID, SAME_UPPER or "
                        "SAME_LOWER, got " +
                        automatic),
           std::nullopt;
  if (same && !padSame(b, x, w, automatic == "SAME_UPPER"))
    return std::nullopt;
  computeOutputs(b, x, w);
  return w;
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

// Folds the windows of the padded input.
static Tensor foldWindows(TensorBuilder &b, Tensor padded, const Window &w, BinaryKind kind) {
  int64_t positions = 1;
  for (int64_t size : w.kernel)
    positions *= size;
  if (positions > 256)
    return b.fail("expects a kernel of up to 256 elements, got " + Twine(positions));
  Tensor result;
  for (int64_t position = 0; position < positions; ++position) {
    Tensor part = padded;
    int64_t rest = position;
    for (int64_t i = static_cast<int64_t>(w.kernel.size()) - 1; i >= 0; --i) {
      int64_t at = rest % w.kernel[i];
      rest /= w.kernel[i];
      part =
          b.slice(part, i + 2, b.index.constant(at * w.dilations[i]), w.outputs[i], w.strides[i]);
    }
    result = result ? b.binary(kind, result, part) : part;
  }
  return result;
}

static void convertMaxPool(Node &n, TensorBuilder &b) {
  n.expect("storage_order", 0);
  Tensor x = n.tensor(0);
  std::optional<Window> w = readWindow(n, b, x);
  if (w)
    n.yield(foldWindows(b, padSpatial(b, x, w->low, w->high, b.lowest(x.elementType())), *w,
                        BinaryKind::max));
}

// The elements of each window that count: those of the input, or of the input and its declared
// pads, but not those beyond that ceil_mode adds.
static Tensor countWindows(TensorBuilder &b, Tensor x, const Window &w, ArrayRef<int64_t> declared,
                           bool includePads) {
  Type type = x.elementType();
  Sizes sizes = b.sizes(x);
  sizes[0] = sizes[1] = b.index.constant(1);
  Tensor ones = b.broadcast(b.scalar(1, type), sizes), zero = b.scalar(0, type);
  SmallVector<int64_t> low(w.low), high(w.high);
  if (includePads) {
    ones = padSpatial(b, ones, w.low, declared, b.scalar(1, type));
    low.assign(low.size(), 0);
    for (size_t i = 0; i < high.size(); ++i)
      high[i] -= declared[i];
  }
  return foldWindows(b, padSpatial(b, ones, low, high, zero), w, BinaryKind::add);
}

static void convertAveragePool(Node &n, TensorBuilder &b) {
  Tensor x = n.tensor(0);
  bool includePads = n.flag("count_include_pad", false);
  auto pads = n.integers("pads");
  std::optional<Window> w = readWindow(n, b, x);
  if (!w)
    return;
  SmallVector<int64_t> declared(w->high);
  if (pads && w->ceilMode)
    declared.assign(pads->begin() + pads->size() / 2, pads->end());
  Tensor sum = foldWindows(b, padSpatial(b, x, w->low, w->high, b.scalar(0, x.elementType())), *w,
                           BinaryKind::add);
  n.yield(b.div(sum, countWindows(b, x, *w, declared, includePads)));
}

// (sum |x|^p)^(1/p)
static void convertLpPool(Node &n, TensorBuilder &b) {
  Tensor x = n.tensor(0);
  int64_t p = n.integer("p", 2);
  std::optional<Window> w = readWindow(n, b, x);
  if (!w)
    return;
  Type type = x.elementType();
  Tensor power = b.binary(BinaryKind::pow, b.unary(UnaryKind::abs, x), b.scalar(p, type));
  Tensor sum =
      foldWindows(b, padSpatial(b, power, w->low, w->high, b.scalar(0, type)), *w, BinaryKind::add);
  n.yield(b.binary(BinaryKind::pow, sum, b.scalar(1.0 / static_cast<double>(p), type)));
}

template <ReduceKind kind>
static void convertGlobalPool(Node &n, TensorBuilder &b) {
  Tensor x = n.tensor(0);
  if (n.ok())
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
