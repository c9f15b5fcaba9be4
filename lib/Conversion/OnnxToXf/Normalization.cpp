//===- Normalization.cpp - recipes of normalisations -===//
//
// Part of Tilewright, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "lib/Conversion/OnnxToXf/Recipe.h"

using namespace mlir;
using mlir::xf::CompareKind;
using mlir::xf::ReduceKind;
using mlir::xf::UnaryKind;

namespace tilewright {

// Mean and 1 / standard deviation, for those who ask, in f32 or wider.
static std::pair<Tensor, Tensor> moments(TensorBuilder &b, Tensor x, int64_t axis, double epsilon) {
  if (x.elementType().getIntOrFloatBitWidth() < 32)
    x = b.cast(x, b.builder.getF32Type());
  SmallVector<int64_t> axes = llvm::to_vector(llvm::seq<int64_t>(axis, x.rank()));
  Tensor mean = b.reduce(ReduceKind::mean, x, axes, /*keepDims=*/true), centred = b.sub(x, mean);
  Tensor variance = b.reduce(ReduceKind::mean, b.mul(centred, centred), axes, /*keepDims=*/true);
  return {mean, b.unary(UnaryKind::rsqrt, b.add(variance, b.scalar(epsilon, x.elementType())))};
}

// The TorchScript exporter writes LayerNormalization with an empty scale: none is 1.
static void convertLayerNorm(Node &n, TensorBuilder &b) {
  n.expect("stash_type", 1);
  Tensor x = n.tensor(0);
  int64_t axis = n.axis(x, "axis", -1);
  double epsilon = n.number("epsilon", 1e-5);
  if (!n.ok())
    return;
  auto [mean, deviation] =
      n.wants(1) || n.wants(2) ? moments(b, x, axis, epsilon) : std::pair<Tensor, Tensor>();
  n.yield({b.layerNorm(x, n.optional(1), n.optional(2), axis, epsilon), mean, deviation});
}

static void convertRmsNorm(Node &n, TensorBuilder &b) {
  n.expect("stash_type", 1);
  Tensor x = n.tensor(0);
  int64_t axis = n.axis(x, "axis", -1);
  n.yield(b.rmsNorm(x, n.tensor(1), axis, n.number("epsilon", 1e-5)));
}

// Norm of the sum of input, skip and bias; output 3 is the sum.
static void convertSkipLayerNorm(Node &n, TensorBuilder &b) {
  Tensor sum = b.add(n.tensor(0), n.tensor(1)), scale = n.tensor(2), shift = n.optional(3),
         bias = n.optional(4);
  if (bias)
    sum = b.add(sum, bias);
  double epsilon = n.number("epsilon", 1e-12);
  if (n.ok())
    n.yield({b.layerNorm(sum, scale, shift, sum.rank() - 1, epsilon), Tensor(), Tensor(), sum});
}
static void convertSkipRmsNorm(Node &n, TensorBuilder &b) {
  Tensor sum = b.add(n.tensor(0), n.tensor(1)), scale = n.tensor(2), bias = n.optional(3);
  if (bias)
    sum = b.add(sum, bias);
  double epsilon = n.number("epsilon", 1e-12);
  if (n.ok())
    n.yield({b.rmsNorm(sum, scale, sum.rank() - 1, epsilon), Tensor(), Tensor(), sum});
}

// LayerNorm(word[ids] + position[0 .. seq) + segment[segment ids]); output 1 counts the ones of
// each mask row.
static void convertEmbedLayerNorm(Node &n, TensorBuilder &b) {
  Tensor ids = n.tensor(0), segments = n.optional(1), words = n.tensor(2), positions = n.tensor(3),
         segmentTable = n.optional(4);
  Tensor scale = n.tensor(5), shift = n.tensor(6), mask = n.optional(7),
         positionIds = n.optional(8);
  double epsilon = n.number("epsilon", 1e-12);
  n.expect("mask_index_type", 0);
  if (!n.ok())
    return;
  if (ids.rank() != 2)
    return (void)b.fail("expects input ids of rank 2, got " + Twine(ids.rank()));
  if (!positionIds && positions.rank() == 2 && !positions.type().isDynamicDim(0))
    b.requireAtMost(b.size(ids, 1), positions.dim(0));
  Type i32 = b.builder.getI32Type();
  Tensor place = positionIds ? b.gather(positions, positionIds, 0)
                             : b.slice(positions, 0, b.index.constant(0), b.size(ids, 1));
  Tensor sum = b.add(b.gather(words, ids, 0), place);
  if (segments && segmentTable)
    sum = b.add(sum, b.gather(segmentTable, segments, 0));
  Tensor ones =
      mask ? b.cast(b.compare(CompareKind::eq, mask, b.integer(1, mask.elementType())), i32)
           : b.broadcast(b.integer(0, i32), b.sizes(ids));
  Tensor counts = n.wants(1) ? b.reduce(ReduceKind::sum, ones, {1}, /*keepDims=*/false) : Tensor();
  n.yield({b.layerNorm(sum, scale, shift, 2, epsilon), counts, sum});
}

static bool hasChannels(TensorBuilder &b, Tensor x) {
  if (x.rank() < 2)
    b.fail("expects an input [n, channels, ..], got rank " + Twine(x.rank()));
  return x.rank() >= 2;
}

// x scale + shift, by channel.
static Tensor transformChannels(TensorBuilder &b, Tensor x, Tensor scale, Tensor shift) {
  return x ? b.add(b.mul(x, b.along(scale, 1, x.rank())), b.along(shift, 1, x.rank())) : Tensor();
}

// Groups of neighbouring channels, normalised together with everything behind them.
static Tensor normalizeGroups(TensorBuilder &b, Tensor x, OpFoldResult groups, double epsilon) {
  Sizes sizes = b.sizes(x);
  OpFoldResult width = b.index.div(b.index.product(ArrayRef(sizes).drop_front(1)), groups);
  return b.reshape(
      b.layerNorm(b.reshape(x, {sizes[0], groups, width}), Tensor(), Tensor(), 2, epsilon), sizes);
}

static void convertInstanceNorm(Node &n, TensorBuilder &b) {
  Tensor x = n.tensor(0), scale = n.tensor(1), shift = n.tensor(2);
  double epsilon = n.number("epsilon", 1e-5);
  if (n.ok() && hasChannels(b, x))
    n.yield(transformChannels(b, normalizeGroups(b, x, b.size(x, 1), epsilon), scale, shift));
}

// Scale and bias are per group in opset 18, per channel from 21 on.
template <bool perGroup>
static void convertGroupNorm(Node &n, TensorBuilder &b) {
  if (!perGroup)
    n.expect("stash_type", 1);
  Tensor x = n.tensor(0), scale = n.tensor(1), shift = n.tensor(2);
  OpFoldResult groups = b.index.constant(n.integer("num_groups"));
  double epsilon = n.number("epsilon", 1e-5);
  if (!n.ok() || !hasChannels(b, x))
    return;
  b.requireMultiple(b.size(x, 1), groups);
  auto spread = [&](Tensor vector) {
    if (!perGroup || !vector || vector.rank() != 1)
      return vector;
    OpFoldResult channels = b.size(x, 1), width = b.index.div(channels, groups);
    return b.reshape(b.broadcast(b.unsqueeze(vector, {1}), {groups, width}), {channels});
  };
  n.yield(
      transformChannels(b, normalizeGroups(b, x, groups, epsilon), spread(scale), spread(shift)));
}

// s = scale / sqrt(variance + epsilon); y = x s + (shift - mean s). Input, scale and mean may each
// have a type of their own; that of the variance is the widest.
static void convertBatchNorm(Node &n, TensorBuilder &b) {
  n.ignore("momentum");
  n.expect("spatial", 1);
  n.expect("training_mode", 0);
  Tensor x = n.tensor(0), scale = n.tensor(1), shift = n.tensor(2), mean = n.tensor(3),
         variance = n.tensor(4);
  double epsilon = n.number("epsilon", 1e-5);
  if (!n.ok() || !hasChannels(b, x))
    return;
  Type type = variance.elementType();
  Tensor s = b.mul(b.cast(scale, type),
                   b.unary(UnaryKind::rsqrt, b.add(variance, b.scalar(epsilon, type))));
  Tensor offset = b.sub(b.cast(shift, type), b.mul(b.cast(mean, type), s));
  n.yield(transformChannels(b, x, b.cast(s, x.elementType()), b.cast(offset, x.elementType())));
}

// x / |x|_p, and 0 where the norm is 0.
static void convertLpNorm(Node &n, TensorBuilder &b) {
  Tensor x = n.tensor(0);
  int64_t axis = n.axis(x, "axis", -1), p = n.integer("p", 2);
  if (!n.ok())
    return;
  if (p != 1 && p != 2)
    return (void)b.fail("expects attribute 'p' to be 1 or 2, got " + Twine(p));
  Tensor norm = b.reduce(p == 1 ? ReduceKind::l1 : ReduceKind::l2, x, {axis}, /*keepDims=*/true);
  Tensor zero = b.scalar(0, x.elementType()), one = b.scalar(1, x.elementType());
  n.yield(b.div(x, b.select(b.compare(CompareKind::eq, norm, zero), one, norm)));
}

// (x − mean) / (√variance + 1e-9) over the axes.
static void convertMeanVarianceNorm(Node &n, TensorBuilder &b) {
  Tensor x = n.tensor(0);
  auto given = n.integers("axes");
  if (!n.ok())
    return;
  SmallVector<int64_t> axes =
      n.normalizeAxes(given.value_or(SmallVector<int64_t>{0, 2, 3}), x.rank());
  if (!n.ok())
    return;
  Tensor centred = b.sub(x, b.reduce(ReduceKind::mean, x, axes, /*keepDims=*/true));
  Tensor variance = b.reduce(ReduceKind::mean, b.mul(centred, centred), axes, /*keepDims=*/true);
  Tensor deviation = b.unary(UnaryKind::sqrt, variance);
  n.yield(b.div(centred, b.add(deviation, b.number(1e-9, x.elementType()))));
}

// SimplifiedLayerNormalization stands in both domains: exporters write it without a domain though
// it is no standard operator.
static const Recipe recipes[] = {
    {"", "BatchNormalization", 7, convertBatchNorm},
    {"", "GroupNormalization", 18, convertGroupNorm<true>},
    {"", "GroupNormalization", 21, convertGroupNorm<false>},
    {"", "InstanceNormalization", 6, convertInstanceNorm},
    {"", "LayerNormalization", 1, convertLayerNorm},
    {"", "LpNormalization", 1, convertLpNorm},
    {"", "MeanVarianceNormalization", 7, convertMeanVarianceNorm},
    {"", "RMSNormalization", 23, convertRmsNorm},
    {"", "SimplifiedLayerNormalization", 1, convertRmsNorm},
    {"com.microsoft", "EmbedLayerNormalization", 1, convertEmbedLayerNorm},
    {"com.microsoft", "SimplifiedLayerNormalization", 1, convertRmsNorm},
    {"com.microsoft", "SkipLayerNormalization", 1, convertSkipLayerNorm},
    {"com.microsoft", "SkipSimplifiedLayerNormalization", 1, convertSkipRmsNorm},
};

ArrayRef<Recipe> normalizationRecipes() {
  return recipes;
}

} // namespace tilewright
