//===- Resize.cpp - recipe of Resize -===//
//
// Part of Tilewright, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Interpolation is separable: along each axis every output is a weighted sum of n neighbours, so an
// axis costs n gathers and products. Positions and weights are vectors of f64, computed from the
// sizes; those of small static sizes are constants by that.
// Source: https://onnx.ai/onnx/operators/onnx__Resize.html and its reference implementation.
//
//===----------------------------------------------------------------------===//
#include "lib/Conversion/OnnxToXf/Recipe.h"
#include <cmath>

using namespace mlir;
using mlir::xf::BinaryKind;
using mlir::xf::CompareKind;
using mlir::xf::UnaryKind;

namespace tilewright {

namespace {
struct Style {
  std::string mode, transform, policy;
  std::string nearest; ///< empty: before opset 11
  double cubic = -0.75, extrapolation = 0;
  bool excludeOutside = false, antialias = false;
};

/// One axis: sizes, and what the coordinates are computed from.
struct Axis {
  int64_t dim;
  OpFoldResult in, out;
  Tensor scale; ///< f64
  double roiStart = 0, roiEnd = 1;
};

/// The arithmetic of coordinates: f64, scalars and vectors.
struct Reals {
  TensorBuilder &b;

  Tensor number(double value) { return b.number(value, b.builder.getF64Type()); }
  Tensor size(OpFoldResult value) {
    return b.cast(b.known(b.builder.getI64Type(), {}, {value}), b.builder.getF64Type());
  }
  Tensor add(Tensor x, double y) { return b.add(x, number(y)); }
  Tensor mul(Tensor x, double y) { return b.mul(x, number(y)); }
  Tensor min(Tensor x, Tensor y) { return b.binary(BinaryKind::min, x, y); }
  Tensor max(Tensor x, Tensor y) { return b.binary(BinaryKind::max, x, y); }
  Tensor floor(Tensor x) { return b.unary(UnaryKind::floor, x); }
  Tensor ceil(Tensor x) { return b.unary(UnaryKind::ceil, x); }
  Tensor abs(Tensor x) { return b.unary(UnaryKind::abs, x); }
  Tensor less(Tensor x, Tensor y) { return b.compare(CompareKind::lt, x, y); }
  /// `x`, or `y` where the axis has another size than 1.
  Tensor ifSingle(const Axis &axis, Tensor x, Tensor y) {
    Type i64 = b.builder.getI64Type();
    Tensor out = b.known(i64, {}, {axis.out});
    return b.select(b.compare(CompareKind::eq, out, b.integer(1, i64)), x, y);
  }
  /// The integer that a scalar holds, as a size; null if it does not follow from dimensions.
  OpFoldResult toSize(Tensor x) {
    const Sizes *elements = b.elements(b.cast(x, b.builder.getI64Type()));
    return elements ? elements->front() : OpFoldResult();
  }
};
} // namespace

// The position in the input of each output.
static Tensor originsOf(TensorBuilder &b, const Style &style, const Axis &axis) {
  Reals r{b};
  Tensor x =
      b.cast(b.iota(b.index.constant(0), axis.out, b.builder.getI64Type()), b.builder.getF64Type());
  Tensor in = r.size(axis.in), out = r.size(axis.out), zero = r.number(0);
  Tensor last = r.add(in, -1);
  if (style.transform == "asymmetric")
    return b.div(x, axis.scale);
  if (style.transform == "align_corners")
    return b.mul(x, r.ifSingle(axis, zero, b.div(last, r.add(b.mul(axis.scale, in), -1))));
  if (style.transform == "tf_crop_and_resize") {
    Tensor middle = r.mul(last, (axis.roiStart + axis.roiEnd) / 2);
    Tensor step = b.div(r.mul(last, axis.roiEnd - axis.roiStart), r.add(out, -1));
    return b.add(r.ifSingle(axis, middle, r.mul(last, axis.roiStart)),
                 b.mul(x, r.ifSingle(axis, zero, step)));
  }
  Tensor behind = b.div(r.add(x, 0.5), axis.scale); // the centre of a pixel is half a pixel behind
  if (style.transform == "tf_half_pixel_for_nn")
    return behind;
  Tensor centre = r.add(behind, -0.5);
  if (style.transform == "pytorch_half_pixel")
    return r.ifSingle(axis, r.number(-0.5), centre);
  if (style.transform == "half_pixel_symmetric") {
    Tensor share = b.div(out, b.mul(axis.scale, in)); // of the scaled size that is left by rounding
    return b.add(r.mul(b.mul(in, b.sub(r.number(1), share)), 0.5), centre);
  }
  return centre;
}

static Tensor nearestOf(TensorBuilder &b, const Style &style, const Axis &axis, Tensor origins) {
  Reals r{b};
  if (style.nearest.empty())
    return b.select(r.less(axis.scale, r.number(1)), r.ceil(origins), r.floor(origins));
  if (style.nearest == "floor")
    return r.floor(origins);
  if (style.nearest == "ceil")
    return r.ceil(origins);
  return style.nearest == "round_prefer_floor" ? r.ceil(r.add(origins, -0.5))
                                               : r.floor(r.add(origins, 0.5));
}

// The weight of a neighbour at distance x >= 0. Cubic: Keys' convolution,
// https://doi.org/10.1109/TASSP.1981.1163711
static Tensor weightAt(TensorBuilder &b, const Style &style, Tensor x) {
  Reals r{b};
  Tensor zero = r.number(0);
  if (style.mode == "linear")
    return r.max(zero, b.sub(r.number(1), x));
  double a = style.cubic;
  // ((a + 2) x - (a + 3)) x x + 1 up to 1, ((a x - 5 a) x + 8 a) x - 4 a up to 2
  Tensor near = r.add(b.mul(b.mul(r.add(r.mul(x, a + 2), -(a + 3)), x), x), 1);
  Tensor far = r.add(b.mul(r.add(b.mul(r.add(r.mul(x, a), -5 * a), x), 8 * a), x), -4 * a);
  return b.select(b.compare(CompareKind::le, x, r.number(1)), near,
                  b.select(r.less(x, r.number(2)), far, zero));
}

// Elements of x at `positions` along the axis; those outside are the nearest inside.
static Tensor take(TensorBuilder &b, Tensor x, const Axis &axis, Tensor positions) {
  Reals r{b};
  Tensor inside =
      r.min(r.max(positions, r.number(0)), r.size(b.index.sub(axis.in, b.index.constant(1))));
  return b.gather(x, b.cast(inside, b.builder.getI64Type()), axis.dim);
}

// A weighted sum of the neighbours on either side, of more of them against aliasing where the image
// shrinks.
static Tensor interpolate(TensorBuilder &b, Tensor x, const Style &style, const Axis &axis,
                          Tensor origins) {
  Reals r{b};
  double reach = style.mode == "linear" ? 1 : 2, width = 1;
  if (style.antialias) {
    const Sizes *scale = b.elements(axis.scale);
    std::optional<double> constant = scale ? constantNumber(scale->front()) : std::nullopt;
    if (!constant)
      return b.fail("expects static sizes with antialias; --dim fixes them");
    width = std::min(*constant, 1.0);
  }
  if (reach / width > 256)
    return b.fail("expects antialias over at most 512 elements");
  Tensor left = r.add(r.ceil(origins), -1), ratio = b.sub(origins, left); // in (0, 1]
  Tensor end = r.size(axis.in), total;
  SmallVector<std::pair<Tensor, Tensor>> taps; // positions and weights
  auto first = static_cast<int64_t>(std::floor(-reach / width)) + 1;
  for (int64_t i = first; i < 2 - first; ++i) {
    auto offset = static_cast<double>(i);
    Tensor position = r.add(left, offset);
    Tensor weight = weightAt(b, style, r.abs(r.mul(b.sub(r.number(offset), ratio), width)));
    if (style.excludeOutside) {
      Tensor inside =
          b.binary(BinaryKind::logical_and, r.less(r.number(-1), position), r.less(position, end));
      weight = b.select(inside, weight, r.number(0));
    }
    total = total ? b.add(total, weight) : weight;
    taps.push_back({position, weight});
  }
  Tensor sum;
  for (auto [position, weight] : taps) {
    if (style.excludeOutside || style.antialias)
      weight = b.div(weight, total);
    Tensor part = b.mul(take(b, x, axis, position),
                        b.along(b.cast(weight, x.elementType()), axis.dim, x.rank()));
    sum = sum ? b.add(sum, part) : part;
  }
  return sum;
}

static Tensor resizeAxis(TensorBuilder &b, Tensor x, const Style &style, const Axis &axis) {
  b.requireAtLeast(axis.in, 1);
  Tensor origins = originsOf(b, style, axis);
  Tensor result = style.mode == "nearest" ? take(b, x, axis, nearestOf(b, style, axis, origins))
                                          : interpolate(b, x, style, axis, origins);
  if (!result || style.transform != "tf_crop_and_resize")
    return result;
  Reals r{b};
  Tensor outside = b.binary(BinaryKind::logical_or, r.less(origins, r.number(0)),
                            r.less(r.size(b.index.sub(axis.in, b.index.constant(1))), origins));
  return b.select(b.along(outside, axis.dim, x.rank()),
                  b.scalar(style.extrapolation, x.elementType()), result);
}

// Before opset 11 coordinates were not shifted, and nearest meant the next one on the left where an
// axis grows, on the right where it shrinks (as in ONNX Runtime; the operator did not say).
static Style readStyle(Node &n, bool old) {
  Style style;
  style.mode = n.choice("mode", {"nearest", "linear", "cubic"});
  if (old) {
    style.transform = "asymmetric";
    return style;
  }
  style.transform = n.choice("coordinate_transformation_mode",
                             {"half_pixel", "asymmetric", "half_pixel_symmetric", "align_corners",
                              "tf_half_pixel_for_nn", "pytorch_half_pixel", "tf_crop_and_resize"});
  style.nearest =
      n.choice("nearest_mode", {"round_prefer_floor", "floor", "round_prefer_ceil", "ceil"});
  style.policy = n.choice("keep_aspect_ratio_policy", {"stretch", "not_larger", "not_smaller"});
  style.cubic = n.number("cubic_coeff_a", -0.75);
  style.extrapolation = n.number("extrapolation_value", 0);
  style.excludeOutside = n.flag("exclude_outside", false);
  style.antialias = n.flag("antialias", false);
  return style;
}

// The elements of input `i` of which there has to be one for each of `count`, or null where it is
// left out: absent or empty.
static const Sizes *perAxis(Node &n, TensorBuilder &b, unsigned i, size_t count) {
  Tensor input = n.optional(i);
  if (!input || (input.rank() == 1 && input.dim(0) == 0))
    return nullptr;
  const Sizes *elements = b.elements(input);
  if (!elements || elements->size() != count)
    b.fail("expects " + Twine(count) + " numbers in input " + Twine(i) +
           " that follow from constants and dimensions" + n.constantHint(i));
  return elements;
}

// keep_aspect_ratio_policy: one scale for all axes, so that no size is larger (smaller) than asked
// for.
static void keepAspect(TensorBuilder &b, StringRef policy, MutableArrayRef<Axis> axes) {
  Reals r{b};
  Tensor scale = axes.front().scale;
  for (const Axis &axis : axes.drop_front())
    scale = policy == "not_larger" ? r.min(scale, axis.scale) : r.max(scale, axis.scale);
  for (Axis &axis : axes) {
    axis.scale = scale;
    axis.out = r.toSize(r.floor(r.add(b.mul(scale, r.size(axis.in)), 0.5)));
  }
}

// The axes to resize; those that stay as they are, are left out.
template <bool old>
static SmallVector<Axis> readAxes(Node &n, TensorBuilder &b, Tensor x, const Style &style) {
  Reals r{b};
  SmallVector<int64_t> dims = llvm::to_vector(llvm::seq<int64_t>(0, x.rank()));
  if (auto given = n.integers("axes"))
    dims = llvm::map_to_vector(*given, [&](int64_t dim) { return n.normalizeAxis(dim, x.rank()); });
  const Sizes *scales = perAxis(n, b, old ? 1 : 2, dims.size());
  const Sizes *sizes = old ? nullptr : perAxis(n, b, 3, dims.size());
  bool cuts = style.transform == "tf_crop_and_resize";
  const Sizes *roi = cuts ? perAxis(n, b, 1, 2 * dims.size()) : nullptr;
  if (n.ok() && !scales && !sizes)
    b.fail("expects scales or sizes");
  SmallVector<Axis> axes;
  for (size_t i = 0; i < dims.size() && n.ok(); ++i) {
    Axis axis{dims[i], b.size(x, dims[i]), {}, {}};
    Tensor in = r.size(axis.in);
    if (sizes) {
      axis.out = (*sizes)[i];
      axis.scale = b.div(r.size(axis.out), in);
    } else {
      Tensor scale = n.tensor(old ? 1 : 2);
      axis.scale = b.cast(b.known(scale.elementType(), {}, {(*scales)[i]}), b.builder.getF64Type());
      axis.out = r.toSize(r.floor(b.mul(in, axis.scale)));
    }
    if (roi) {
      axis.roiStart = constantNumber((*roi)[i]).value_or(NAN);
      axis.roiEnd = constantNumber((*roi)[dims.size() + i]).value_or(NAN);
    }
    axes.push_back(axis);
  }
  if (n.ok() && sizes && style.policy != "stretch" && !axes.empty())
    keepAspect(b, style.policy, axes);
  llvm::erase_if(axes, [&](const Axis &axis) {
    const Sizes *scale = b.elements(axis.scale);
    bool single = sizes || (scale && constantNumber(scale->front()) == 1.0);
    return !cuts && axis.out && single && b.index.alwaysEqual(axis.in, axis.out);
  });
  return axes;
}

template <bool old>
static void convertResize(Node &n, TensorBuilder &b) {
  Tensor x = n.tensor(0);
  Style style = readStyle(n, old);
  if (!n.ok())
    return;
  SmallVector<Axis> axes = readAxes<old>(n, b, x, style);
  Type type = x.elementType();
  if (!axes.empty() && style.mode != "nearest" && isa<IntegerType>(type))
    x = b.cast(x, b.builder.getF32Type());
  for (const Axis &axis : axes) {
    if (!axis.out || std::isnan(axis.roiStart + axis.roiEnd))
      return (void)b.fail("expects sizes and regions that follow from constants and dimensions");
    x = resizeAxis(b, x, style, axis);
    if (!x)
      return;
  }
  n.yield(b.cast(x, type));
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
