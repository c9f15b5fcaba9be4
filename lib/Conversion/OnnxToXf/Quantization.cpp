//===- Quantization.cpp - recipes of quantised tensors and products -===//
//
// Part of Tilewright, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// x = scale (q - zero_point), with scales for the whole tensor, along an axis or for blocks of an
// axis. Products of quantised tensors are computed as products of floats: f32 holds every sum of up
// to 2^8 products of 8 bits exactly, f64 holds longer ones.
//
//===----------------------------------------------------------------------===//
#include "lib/Conversion/OnnxToXf/Convolution.h"
#include "lib/Conversion/OnnxToXf/Recipe.h"

using namespace mlir;
using mlir::xf::BinaryKind;
using mlir::xf::CompareKind;
using mlir::xf::ReduceKind;
using mlir::xf::UnaryKind;

namespace tilewright {

//===----------------------------------------------------------------------===//
// QuantizeLinear, DequantizeLinear
//===----------------------------------------------------------------------===//

// `parameter` (a scale or zero point) so that it broadcasts against x: a scalar, one per index of
// `axis`, or one per block of it.
static Tensor spread(TensorBuilder &b, Tensor parameter, Tensor x, int64_t axis, int64_t block) {
  if (!parameter || parameter.rank() == 0)
    return parameter;
  if (parameter.rank() == 1 && parameter.dim(0) == 1)
    return b.reshape(parameter, {});
  if (parameter.rank() == 1 && block == 0)
    return b.along(parameter, axis, x.rank());
  if (parameter.rank() != x.rank() || block <= 0)
    return b.fail("expects a scalar, a vector, or blocks of the input's rank and a block_size");
  Sizes sizes = b.sizes(parameter), repeated = sizes, merged = sizes;
  repeated.insert(repeated.begin() + axis + 1, b.index.constant(block));
  merged[axis] = b.index.mul(sizes[axis], b.index.constant(block));
  Tensor all = b.reshape(b.broadcast(b.unsqueeze(parameter, {axis + 1}), repeated), merged);
  return b.slice(all, axis, b.index.constant(0), b.size(x, axis)); // the last block may be shorter
}

// The axis of vectors and blocks; it does not matter for scalars, whose input may have no
// dimension.
static int64_t quantizedAxis(Node &n, Tensor x, Tensor scale) {
  int64_t axis = n.integer("axis", 1);
  bool single = scale && (scale.rank() == 0 || (scale.rank() == 1 && scale.dim(0) == 1));
  return n.ok() && !single ? n.normalizeAxis(axis, x.rank()) : 0;
}

// scale (q - zero_point) in the scale's type.
static Tensor dequantize(TensorBuilder &b, Tensor q, Tensor scale, Tensor zeroPoint) {
  if (!q || !scale)
    return {};
  Type type = scale.elementType(), i32 = b.builder.getI32Type();
  Tensor shifted = zeroPoint ? b.sub(b.cast(q, i32), b.cast(zeroPoint, i32)) : q;
  return b.mul(b.cast(shifted, type), scale);
}

static void convertDequantizeLinear(Node &n, TensorBuilder &b) {
  Tensor q = n.tensor(0), scale = n.tensor(1), zeroPoint = n.optional(2);
  int64_t block = n.integer("block_size", 0), axis = quantizedAxis(n, q, scale);
  Type type = n.has("output_dtype") && n.integer("output_dtype")
                  ? n.elementType(n.integer("output_dtype"))
                  : Type();
  if (!n.ok())
    return;
  Tensor result =
      dequantize(b, q, spread(b, scale, q, axis, block), spread(b, zeroPoint, q, axis, block));
  n.yield(type ? b.cast(result, type) : result);
}

// The least and greatest values of an integer type.
static std::pair<int64_t, int64_t> rangeOf(Type type) {
  unsigned width = type.getIntOrFloatBitWidth();
  if (type.isUnsignedInteger())
    return {0, (int64_t(1) << width) - 1};
  return {-(int64_t(1) << (width - 1)), (int64_t(1) << (width - 1)) - 1};
}

// saturate(round(x / scale) + zero_point)
static Tensor quantize(TensorBuilder &b, Tensor x, Tensor scale, Tensor zeroPoint, Type type) {
  if (!x || !scale)
    return {};
  if (!isa<IntegerType>(type) || type.getIntOrFloatBitWidth() > 16)
    return b.fail("expects a quantised type of integers of up to 16 bits");
  Type f32 = b.builder.getF32Type();
  if (x.elementType().getIntOrFloatBitWidth() < 32 || !isa<FloatType>(x.elementType())) {
    x = b.cast(x, f32);
    scale = b.cast(scale, f32);
  }
  Type compute = x.elementType();
  Tensor steps = b.unary(UnaryKind::round_even, b.div(x, b.cast(scale, compute)));
  if (zeroPoint)
    steps = b.add(steps, b.cast(zeroPoint, compute));
  auto [low, high] = rangeOf(type);
  Tensor clamped =
      b.binary(BinaryKind::min,
               b.binary(BinaryKind::max, steps, b.scalar(static_cast<double>(low), compute)),
               b.scalar(static_cast<double>(high), compute));
  return b.cast(clamped, type);
}

static void convertQuantizeLinear(Node &n, TensorBuilder &b) {
  n.ignore("saturate"); // concerns float8 only
  n.expect("precision", 0);
  Tensor x = n.tensor(0), scale = n.tensor(1), zeroPoint = n.optional(2);
  int64_t block = n.integer("block_size", 0), axis = quantizedAxis(n, x, scale);
  Type type = n.has("output_dtype") && n.integer("output_dtype")
                  ? n.elementType(n.integer("output_dtype"))
              : zeroPoint ? zeroPoint.elementType()
                          : b.builder.getIntegerType(8, /*isSigned=*/false);
  if (n.ok())
    n.yield(quantize(b, x, spread(b, scale, x, axis, block), spread(b, zeroPoint, x, axis, block),
                     type));
}

// uint8 over the range of x, which is widened to hold 0.
static void convertDynamicQuantizeLinear(Node &n, TensorBuilder &b) {
  Tensor x = n.tensor(0);
  if (!n.ok())
    return;
  Type type = x.elementType(), u8 = b.builder.getIntegerType(8, /*isSigned=*/false);
  Tensor zero = b.scalar(0, type), full = b.scalar(255, type);
  SmallVector<int64_t> axes = llvm::to_vector(llvm::seq<int64_t>(0, x.rank()));
  Tensor high = b.binary(BinaryKind::max, b.reduce(ReduceKind::max, x, axes, false), zero);
  Tensor low = b.binary(BinaryKind::min, b.reduce(ReduceKind::min, x, axes, false), zero);
  // Where all elements are 0 any scale means them.
  Tensor range = b.sub(high, low);
  Tensor scale =
      b.select(b.compare(CompareKind::eq, range, zero), b.scalar(1, type), b.div(range, full));
  Tensor first = b.unary(UnaryKind::round_even, b.div(b.unary(UnaryKind::neg, low), scale));
  Tensor point =
      b.cast(b.binary(BinaryKind::min, b.binary(BinaryKind::max, first, zero), full), u8);
  n.yield({quantize(b, x, scale, point, u8), scale, point});
}

//===----------------------------------------------------------------------===//
// Products
//===----------------------------------------------------------------------===//

// q - zero_point as floats that hold the sums over `terms` products exactly. A zero point per row
// of the left or column of the right matrix is a vector.
static Tensor centred(TensorBuilder &b, Tensor q, Tensor zeroPoint, bool rows, Type type) {
  if (!q)
    return {};
  Tensor x = b.cast(q, type);
  if (!zeroPoint)
    return x;
  if (zeroPoint.rank() == 1 && zeroPoint.dim(0) == 1)
    zeroPoint = b.reshape(zeroPoint, {});
  if (rows && zeroPoint.rank() == 1)
    zeroPoint = b.unsqueeze(zeroPoint, {1});
  return b.sub(x, b.cast(zeroPoint, type));
}

// 2^24 over 2^8 * 2^8: sums of more products need f64.
static Type accumulatorOf(TensorBuilder &b, int64_t terms) {
  return !ShapedType::isDynamic(terms) && terms <= 256 ? Type(b.builder.getF32Type())
                                                       : Type(b.builder.getF64Type());
}

static Tensor integerProduct(TensorBuilder &b, Tensor lhs, Tensor lhsZero, Tensor rhs,
                             Tensor rhsZero) {
  if (!lhs || !rhs || lhs.rank() < 1 || rhs.rank() < 1)
    return b.fail("expects matrices");
  Type type = accumulatorOf(b, lhs.dim(lhs.rank() - 1));
  return b.matmul(centred(b, lhs, lhsZero, /*rows=*/lhs.rank() > 1, type),
                  centred(b, rhs, rhsZero, /*rows=*/false, type));
}

static void convertMatMulInteger(Node &n, TensorBuilder &b) {
  n.yield(b.cast(integerProduct(b, n.tensor(0), n.optional(2), n.tensor(1), n.optional(3)),
                 b.builder.getI32Type()));
}

// A scale or zero point of the left matrix per row.
static Tensor perRow(TensorBuilder &b, Tensor parameter) {
  return parameter && parameter.rank() == 1 && parameter.dim(0) != 1 ? b.unsqueeze(parameter, {1})
                                                                     : parameter;
}

static void convertQLinearMatMul(Node &n, TensorBuilder &b) {
  Tensor a = n.tensor(0), aScale = n.tensor(1), aZero = n.tensor(2), c = n.tensor(3),
         cScale = n.tensor(4), cZero = n.tensor(5), yScale = n.tensor(6), yZero = n.tensor(7);
  if (!n.ok())
    return;
  Type f32 = b.builder.getF32Type();
  Tensor product = integerProduct(b, a, aZero, c, cZero);
  Tensor scale = b.mul(b.cast(perRow(b, aScale), f32), b.cast(cScale, f32));
  Tensor real = b.mul(b.cast(product, f32), scale);
  n.yield(quantize(b, real, perRow(b, b.cast(yScale, f32)), perRow(b, yZero), yZero.elementType()));
}

// Sums over channels and window of a filter.
static Tensor integerConvolution(Node &n, TensorBuilder &b, Tensor x, Tensor xZero, Tensor filter,
                                 Tensor filterZero) {
  if (!x || !filter)
    return {};
  if (filter.rank() < 3)
    return b.fail("expects a filter of rank 3 or more, got " + Twine(filter.rank()));
  int64_t terms = 1;
  for (int64_t size : filter.shape().drop_front())
    terms = ShapedType::isDynamic(size) ? 1 << 20 : terms * size;
  Type type = accumulatorOf(b, terms);
  // A zero point per filter is a vector over its first dimension.
  if (filterZero && filterZero.rank() == 1 && filterZero.dim(0) != 1)
    filterZero = b.along(filterZero, 0, filter.rank());
  auto c = readConvolution(n, b, centred(b, x, xZero, /*rows=*/false, type),
                           centred(b, filter, filterZero, /*rows=*/false, type));
  return c ? b.convolution(*c) : Tensor();
}

static void convertConvInteger(Node &n, TensorBuilder &b) {
  n.yield(b.cast(integerConvolution(n, b, n.tensor(0), n.optional(2), n.tensor(1), n.optional(3)),
                 b.builder.getI32Type()));
}

// A vector over output channels, dimension 1.
static Tensor perChannel(TensorBuilder &b, Tensor vector, Tensor x) {
  if (!vector || !x || vector.rank() == 0)
    return vector;
  return vector.dim(0) == 1 ? b.reshape(vector, {}) : b.along(vector, 1, x.rank());
}

static void convertQLinearConv(Node &n, TensorBuilder &b) {
  Tensor x = n.tensor(0), xScale = n.tensor(1), w = n.tensor(3), wScale = n.tensor(4),
         yScale = n.tensor(6), yZero = n.tensor(7), bias = n.optional(8);
  Tensor sum = integerConvolution(n, b, x, n.tensor(2), w, n.tensor(5));
  if (!n.ok() || !sum)
    return;
  Type f32 = b.builder.getF32Type();
  if (bias)
    sum = b.add(sum, perChannel(b, b.cast(bias, sum.elementType()), sum));
  Tensor real =
      b.mul(b.cast(sum, f32), b.mul(perChannel(b, xScale, sum), perChannel(b, wScale, sum)));
  n.yield(quantize(b, real, perChannel(b, yScale, sum), perChannel(b, yZero, sum),
                   yZero.elementType()));
}

// x [.., k] times B [n, k], whose rows are blocks of `block` values of `bits` bits, the first in
// the low ones: B = scale (q - zero_point), zero_point 2^(bits - 1) unless given.
static void convertMatMulNBits(Node &n, TensorBuilder &b) {
  int64_t k = n.integer("K"), columns = n.integer("N"), bits = n.integer("bits", 4),
          block = n.integer("block_size");
  n.ignore("accuracy_level"); // f32 is the most accurate
  n.expect("weight_prepacked", 0);
  Tensor x = n.tensor(0), packed = n.tensor(1), scales = n.tensor(2), zeros = n.optional(3),
         bias = n.optional(5);
  n.refuse(4, "g_idx");
  if (!n.ok())
    return;
  if ((bits != 2 && bits != 4 && bits != 8) || block < 16 || k <= 0 || columns <= 0)
    return (void)b.fail("expects bits of 2, 4 or 8 and a block_size of 16 or more");
  int64_t perByte = 8 / bits, blocks = (k + block - 1) / block;
  auto size = [&](int64_t value) { return b.index.constant(value); };
  Type u8 = b.builder.getIntegerType(8, /*isSigned=*/false), type = scales.elementType();
  // [.., bytes] of values as [.., count] numbers.
  auto unpack = [&](Tensor bytes, int64_t count) -> Tensor {
    if (!bytes)
      return {};
    SmallVector<Tensor> parts;
    int64_t last = bytes.rank();
    for (int64_t i = 0; i < perByte; ++i) {
      Tensor shifted = b.div(bytes, b.integer(int64_t(1) << (bits * i), u8));
      Tensor value =
          bits == 8 ? bytes : b.binary(BinaryKind::rem, shifted, b.integer(1 << bits, u8));
      parts.push_back(b.unsqueeze(value, {last}));
    }
    Tensor all = b.concat(parts, last);
    if (!all)
      return {};
    Sizes sizes = b.sizes(bytes);
    sizes.back() = b.index.mul(sizes.back(), size(perByte));
    return b.cast(b.slice(b.reshape(all, sizes), last - 1, size(0), size(count)), type);
  };
  Tensor q =
      unpack(b.reshape(packed, {size(columns), size(blocks), size(block * bits / 8)}), block);
  Tensor zero = b.scalar(static_cast<double>(int64_t(1) << (bits - 1)), type);
  if (zeros && zeros.elementType() == u8)
    zero = b.unsqueeze(
        unpack(b.reshape(zeros, {size(columns), size((blocks * bits + 7) / 8)}), blocks), {2});
  else if (zeros)
    zero = b.reshape(zeros, {size(columns), size(blocks), size(1)});
  Tensor weight = b.mul(b.sub(q, zero), b.reshape(scales, {size(columns), size(blocks), size(1)}));
  weight = b.slice(b.reshape(weight, {size(columns), size(blocks * block)}), 1, size(0), size(k));
  Tensor product = b.matmul(x, b.cast(weight, x.elementType()), /*transposeRhs=*/true);
  n.yield(bias ? b.add(product, bias) : product);
}

static const Recipe recipes[] = {
    {"", "ConvInteger", 10, convertConvInteger},
    {"", "DequantizeLinear", 10, convertDequantizeLinear},
    {"", "DynamicQuantizeLinear", 11, convertDynamicQuantizeLinear},
    {"", "MatMulInteger", 10, convertMatMulInteger},
    {"", "QLinearConv", 10, convertQLinearConv},
    {"", "QLinearMatMul", 10, convertQLinearMatMul},
    {"", "QuantizeLinear", 10, convertQuantizeLinear},
    {"com.microsoft", "DequantizeLinear", 1, convertDequantizeLinear},
    {"com.microsoft", "MatMulNBits", 1, convertMatMulNBits},
    {"com.microsoft", "QuantizeLinear", 1, convertQuantizeLinear},
};

ArrayRef<Recipe> quantizationRecipes() {
  return recipes;
}

} // namespace tilewright
