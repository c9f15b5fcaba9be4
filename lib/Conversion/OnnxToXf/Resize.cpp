//===- Resize.cpp - recipe of Resize -===//
//
// Part of Tilewright, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Interpolation is separable: along each axis every output is a weighted sum of n neighbours, whose
// positions and weights are constants of the sizes. So an axis costs n gathers and products.
// Source: https://onnx.ai/onnx/operators/onnx__Resize.html and its reference implementation.
//
//===----------------------------------------------------------------------===//
#include "lib/Conversion/OnnxToXf/Recipe.h"
#include <cmath>

using namespace mlir;

namespace tilewright {

namespace {
struct Style {
  std::string mode, transform, nearest;
  double cubic = -0.75, extrapolation = 0;
  bool excludeOutside = false, antialias = false;
};

/// One axis: sizes, and what the coordinates are computed from.
struct Axis {
  int64_t in, out;
  double scale, roiStart = 0, roiEnd = 1;
};

/// The neighbours of each output: weights[i][x] for the element at positions[i][x].
struct Taps {
  SmallVector<SmallVector<int64_t>> positions;
  SmallVector<SmallVector<double>> weights;
  SmallVector<bool> outside; ///< of the region of interest
};
} // namespace

// The position in the input of output x.
static double originOf(const Style &style, const Axis &axis, int64_t x) {
  auto in = static_cast<double>(axis.in), out = static_cast<double>(axis.out);
  double centre = (static_cast<double>(x) + 0.5) / axis.scale - 0.5;
  if (style.transform == "align_corners")
    return axis.out == 1 ? 0 : static_cast<double>(x) * (in - 1) / (axis.scale * in - 1);
  if (style.transform == "asymmetric")
    return static_cast<double>(x) / axis.scale;
  if (style.transform == "tf_crop_and_resize")
    return axis.out == 1
               ? (axis.roiEnd + axis.roiStart) * (in - 1) / 2
               : axis.roiStart * (in - 1) +
                     static_cast<double>(x) * (axis.roiEnd - axis.roiStart) * (in - 1) / (out - 1);
  if (style.transform == "pytorch_half_pixel" && axis.out == 1)
    return -0.5;
  if (style.transform == "half_pixel_symmetric")
    return in / 2 * (1 - out / (axis.scale * in)) + centre;
  return centre;
}

// Weights of the neighbours from `ratio`, the distance in (0, 1] from the one on the left.
static SmallVector<double> nearestWeights(const Style &style, double ratio) {
  bool left = style.nearest == "round_prefer_floor"  ? ratio <= 0.5
              : style.nearest == "round_prefer_ceil" ? ratio < 0.5
              : style.nearest == "floor"             ? ratio < 1
                                                     : false;
  return left ? SmallVector<double>{1, 0} : SmallVector<double>{0, 1};
}

static double linearKernel(double x) {
  return std::max(0.0, 1 - std::fabs(x));
}
// Keys' cubic convolution: https://doi.org/10.1109/TASSP.1981.1163711
static double cubicKernel(double x, double a) {
  x = std::fabs(x);
  if (x <= 1)
    return ((a + 2) * x - (a + 3)) * x * x + 1;
  return x < 2 ? ((a * x - 5 * a) * x + 8 * a) * x - 4 * a : 0;
}

// A kernel of `reach` elements on either side, widened against aliasing where the image shrinks.
static SmallVector<double> kernelWeights(const Style &style, double ratio, double scale) {
  double reach = style.mode == "linear" ? 1 : 2, width = style.antialias ? std::min(scale, 1.0) : 1;
  auto first = static_cast<int64_t>(std::floor(-reach / width)) + 1;
  SmallVector<double> weights;
  double sum = 0;
  for (int64_t i = first; i < 2 - first; ++i) {
    double x = (static_cast<double>(i) - ratio) * width;
    weights.push_back(style.mode == "linear" ? linearKernel(x) : cubicKernel(x, style.cubic));
    sum += weights.back();
  }
  if (style.antialias)
    for (double &weight : weights)
      weight /= sum;
  return weights;
}

static Taps tapsOf(const Style &style, const Axis &axis) {
  Taps taps;
  for (int64_t x = 0; x < axis.out; ++x) {
    double origin = originOf(style, axis, x);
    taps.outside.push_back(style.transform == "tf_crop_and_resize" &&
                           (origin < 0 || origin > static_cast<double>(axis.in - 1)));
    auto left = static_cast<int64_t>(std::ceil(origin)) - 1;
    double ratio = origin - static_cast<double>(left);
    SmallVector<double> weights = style.mode == "nearest" ? nearestWeights(style, ratio)
                                                          : kernelWeights(style, ratio, axis.scale);
    int64_t first = left - (static_cast<int64_t>(weights.size()) / 2 - 1);
    double sum = 0;
    for (size_t i = 0; i < weights.size(); ++i) {
      int64_t at = first + static_cast<int64_t>(i);
      if (style.excludeOutside && (at < 0 || at >= axis.in))
        weights[i] = 0;
      sum += weights[i];
    }
    taps.positions.resize(weights.size());
    taps.weights.resize(weights.size());
    for (size_t i = 0; i < weights.size(); ++i) {
      taps.positions[i].push_back(
          std::clamp<int64_t>(first + static_cast<int64_t>(i), 0, axis.in - 1));
      taps.weights[i].push_back(style.excludeOutside ? weights[i] / sum : weights[i]);
    }
  }
  return taps;
}

static Tensor integers(TensorBuilder &b, ArrayRef<int64_t> values) {
  auto type = RankedTensorType::get({static_cast<int64_t>(values.size())}, b.builder.getI64Type());
  return b.constant(DenseElementsAttr::get(type, values));
}

// `values` along dimension `axis`, in the element type of x.
static Tensor along(TensorBuilder &b, Tensor x, int64_t axis, ArrayRef<double> values) {
  auto type = RankedTensorType::get({static_cast<int64_t>(values.size())}, b.builder.getF64Type());
  return b.unsqueeze(b.cast(b.constant(DenseElementsAttr::get(type, values)), x.elementType()),
                     llvm::to_vector(llvm::seq<int64_t>(1, x.rank() - axis)));
}

static Tensor resizeAxis(TensorBuilder &b, Tensor x, int64_t axis, const Style &style,
                         const Taps &taps) {
  if (style.mode == "nearest") {
    SmallVector<int64_t> chosen;
    for (size_t i = 0; i < taps.outside.size(); ++i)
      chosen.push_back(taps.positions[taps.weights[0][i] == 1 ? 0 : 1][i]);
    x = b.gather(x, integers(b, chosen), axis);
  } else {
    Tensor sum;
    for (auto [positions, weights] : llvm::zip_equal(taps.positions, taps.weights)) {
      Tensor part = b.mul(b.gather(x, integers(b, positions), axis), along(b, x, axis, weights));
      sum = sum ? b.add(sum, part) : part;
    }
    x = sum;
  }
  if (!x || llvm::none_of(taps.outside, [](bool outside) { return outside; }))
    return x;
  SmallVector<double> flags(taps.outside.begin(), taps.outside.end());
  Tensor zero = b.scalar(0, x.elementType());
  return b.select(b.compare(xf::CompareKind::ne, along(b, x, axis, flags), zero),
                  b.scalar(style.extrapolation, x.elementType()), x);
}

static std::optional<SmallVector<double>> numbersAt(Node &n, TensorBuilder &b, unsigned i) {
  Tensor input = n.optional(i);
  if (!input || (input.rank() == 1 && input.dim(0) == 0))
    return std::nullopt;
  const Sizes *elements = b.elements(input);
  SmallVector<double> numbers;
  for (OpFoldResult element : elements ? *elements : Sizes()) {
    std::optional<double> number = constantNumber(element);
    if (std::optional<int64_t> integer = constantInteger(element))
      number = static_cast<double>(*integer);
    if (number)
      numbers.push_back(*number);
  }
  if (!elements || numbers.size() != elements->size())
    b.fail("expects constants in input " + Twine(i) + n.constantHint(i));
  return numbers;
}

static Style readStyle(Node &n, TensorBuilder &b, bool old) {
  Style style;
  style.mode = n.text("mode", "nearest");
  style.transform = n.text("coordinate_transformation_mode", old ? "asymmetric" : "half_pixel");
  style.nearest = n.text("nearest_mode", old ? "floor" : "round_prefer_floor");
  style.cubic = n.number("cubic_coeff_a", -0.75);
  style.extrapolation = n.number("extrapolation_value", 0);
  style.excludeOutside = n.flag("exclude_outside", false);
  style.antialias = n.flag("antialias", false);
  if (style.mode != "nearest" && style.mode != "linear" && style.mode != "cubic")
    b.fail("expects attribute 'mode' to be nearest, linear or cubic, got " + style.mode);
  return style;
}

// keep_aspect_ratio_policy: one scale for all axes, so that no size is larger (smaller) than asked
// for.
static void keepAspect(StringRef policy, MutableArrayRef<Axis> axes) {
  if (policy == "stretch")
    return;
  double scale = axes.front().scale;
  for (const Axis &axis : axes)
    scale = policy == "not_larger" ? std::min(scale, axis.scale) : std::max(scale, axis.scale);
  for (Axis &axis : axes) {
    axis.scale = scale;
    axis.out = std::llround(scale * static_cast<double>(axis.in));
  }
}

template <bool old>
static void convertResize(Node &n, TensorBuilder &b) {
  Tensor x = n.tensor(0);
  Style style = readStyle(n, b, old);
  std::string policy = n.text("keep_aspect_ratio_policy", "stretch");
  auto given = n.integers("axes");
  if (!n.ok())
    return;
  SmallVector<int64_t> dims = llvm::to_vector(llvm::seq<int64_t>(0, x.rank()));
  if (given)
    dims = llvm::map_to_vector(*given, [&](int64_t dim) { return n.normalizeAxis(dim, x.rank()); });
  auto roi = old ? std::nullopt : numbersAt(n, b, 1), scales = numbersAt(n, b, old ? 1 : 2),
       sizes = old ? std::nullopt : numbersAt(n, b, 3);
  if (!n.ok())
    return;
  const auto &wanted = sizes ? sizes : scales;
  if (!wanted || wanted->size() != dims.size())
    return (void)b.fail("expects scales or sizes for " + Twine(dims.size()) + " axes");
  SmallVector<Axis> axes;
  for (auto [i, dim] : llvm::enumerate(dims)) {
    if (x.type().isDynamicDim(dim))
      return (void)b.fail("expects static sizes of the axes to resize; --dim fixes them");
    Axis axis{x.dim(dim), 0, (*wanted)[i]};
    if (sizes)
      axis.scale /= static_cast<double>(axis.in);
    axis.out = sizes ? static_cast<int64_t>((*wanted)[i])
                     : static_cast<int64_t>(std::floor(axis.scale * static_cast<double>(axis.in)));
    if (roi && roi->size() == 2 * dims.size()) {
      axis.roiStart = (*roi)[i];
      axis.roiEnd = (*roi)[dims.size() + i];
    }
    axes.push_back(axis);
  }
  if (sizes)
    keepAspect(policy, axes);
  for (auto [dim, axis] : llvm::zip_equal(dims, axes))
    if (axis.in != axis.out || axis.scale != 1 || style.transform == "tf_crop_and_resize")
      x = resizeAxis(b, x, dim, style, tapsOf(style, axis));
  n.yield(x);
}

static const Recipe recipes[] = {
    {"", "Resize", 10, convertResize<true>},
    {"", "Resize", 11, convertResize<false>},
    {"", "Upsample", 9, convertResize<true>},
};

ArrayRef<Recipe> resizeRecipes() {
  return recipes;
}

} // namespace tilewright
