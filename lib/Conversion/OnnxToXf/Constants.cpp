//===- Constants.cpp - recipes that give values from nothing or from sizes -===//
//
// Part of Tilewright, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "lib/Conversion/OnnxToXf/Recipe.h"

using namespace mlir;
using mlir::xf::CompareKind;
using mlir::xf::UnaryKind;

namespace tilewright {

static void convertConstant(Node &n, TensorBuilder &b) {
  Builder &types = b.builder;
  if (n.has("value")) {
    if (DenseElementsAttr value = n.elements("value"))
      n.yield(b.constant(value));
  } else if (n.has("value_int")) {
    n.yield(b.integer(n.integer("value_int"), types.getI64Type()));
  } else if (n.has("value_float")) {
    n.yield(b.number(n.number("value_float"), types.getF32Type()));
  } else if (auto integers = n.integers("value_ints")) {
    auto type = RankedTensorType::get({static_cast<int64_t>(integers->size())}, types.getI64Type());
    n.yield(b.constant(DenseElementsAttr::get(type, ArrayRef<int64_t>(*integers))));
  } else if (auto numbers = n.numbers("value_floats")) {
    auto type = RankedTensorType::get({static_cast<int64_t>(numbers->size())}, types.getF32Type());
    SmallVector<float> values(numbers->begin(), numbers->end());
    n.yield(b.constant(DenseElementsAttr::get(type, ArrayRef<float>(values))));
  } else {
    b.fail("expects a value that is a tensor, integers or floats");
  }
}

static void convertConstantOfShape(Node &n, TensorBuilder &b) {
  Sizes sizes = n.indices(0);
  DenseElementsAttr value = n.elements("value");
  if (!n.ok())
    return;
  if (value && value.getNumElements() != 1)
    return (void)b.fail("expects attribute 'value' to hold one element, got " +
                        Twine(value.getNumElements()));
  Tensor filler = value ? b.reshape(b.constant(value), {}) : b.number(0, b.builder.getF32Type());
  n.yield(b.broadcast(filler, sizes));
}

// Opset 15 added start and end, which clamp.
static void convertShape(Node &n, TensorBuilder &b) {
  Tensor x = n.tensor(0);
  if (!n.ok())
    return;
  auto clamp = [&](int64_t at) {
    return std::clamp<int64_t>(at < 0 ? at + x.rank() : at, 0, x.rank());
  };
  int64_t start = clamp(n.integer("start", 0)), end = clamp(n.integer("end", x.rank()));
  ArrayRef<OpFoldResult> sizes = b.sizes(x);
  n.yield(
      b.sizeVector(sizes.slice(start, std::max<int64_t>(end - start, 0)), b.builder.getI64Type()));
}

static void convertSize(Node &n, TensorBuilder &b) {
  if (Tensor x = n.tensor(0))
    n.yield(b.known(b.builder.getI64Type(), {}, {b.index.product(b.sizes(x))}));
}

// max(0, ceil((limit - start) / delta)) elements: start, start + delta, ...
static void convertRange(Node &n, TensorBuilder &b) {
  Tensor start = n.tensor(0), limit = n.tensor(1), delta = n.tensor(2);
  const Sizes *from = b.elements(start), *to = b.elements(limit), *by = b.elements(delta);
  for (auto [i, elements] : llvm::enumerate(ArrayRef{from, to, by}))
    if (!n.ok() || !elements || elements->size() != 1)
      return (void)b.fail("expects start, limit and delta to be scalars that follow from constants "
                          "and dimensions" +
                          n.constantHint(i));
  Type type = start.elementType(), i64 = b.builder.getI64Type();
  OpFoldResult zero = b.index.constant(0);
  if (isa<IntegerType>(type)) {
    std::optional<int64_t> step = constantInteger(by->front());
    if (!step || *step == 0)
      return (void)b.fail("expects a constant delta other than 0");
    OpFoldResult length = *step > 0 ? b.index.sub(to->front(), from->front())
                                    : b.index.sub(from->front(), to->front());
    int64_t stride = std::abs(*step);
    OpFoldResult count =
        b.index.div(b.index.add(b.index.max(length, zero), b.index.constant(stride - 1)),
                    b.index.constant(stride));
    if (*step == 1)
      return n.yield(b.iota(from->front(), count, type));
    return n.yield(
        b.add(b.mul(b.iota(zero, count, type), b.reshape(delta, {})), b.reshape(start, {})));
  }
  Tensor steps = b.unary(UnaryKind::ceil, b.div(b.sub(limit, start), delta));
  const Sizes *count = b.elements(b.cast(steps, i64));
  if (!count)
    return (void)b.fail("expects a length that follows from constants and dimensions");
  Tensor positions = b.cast(b.iota(zero, b.index.max(count->front(), zero), i64), type);
  n.yield(b.add(b.mul(positions, b.reshape(delta, {})), b.reshape(start, {})));
}

// [rows, columns] of i1: column - row compared with k.
static Tensor diagonalMask(TensorBuilder &b, OpFoldResult rows, OpFoldResult columns,
                           CompareKind kind, Tensor k) {
  Type i64 = b.builder.getI64Type();
  OpFoldResult zero = b.index.constant(0);
  Tensor row = b.unsqueeze(b.iota(zero, rows, i64), {1}), column = b.iota(zero, columns, i64);
  return b.compare(kind, column, b.add(row, k));
}

// upper keeps j >= i + k, lower keeps j <= i + k.
static void convertTrilu(Node &n, TensorBuilder &b) {
  Tensor x = n.tensor(0), k = n.optional(1);
  bool upper = n.flag("upper", true);
  if (!n.ok())
    return;
  if (x.rank() < 2)
    return (void)b.fail("expects a matrix or a batch of matrices, got rank " + Twine(x.rank()));
  k = k ? b.reshape(k, {}) : b.integer(0, b.builder.getI64Type());
  Tensor keep = diagonalMask(b, b.size(x, x.rank() - 2), b.size(x, x.rank() - 1),
                             upper ? CompareKind::ge : CompareKind::le, k);
  n.yield(b.select(keep, x, b.scalar(0, x.elementType())));
}

static void convertEyeLike(Node &n, TensorBuilder &b) {
  Tensor x = n.tensor(0);
  Type type = n.has("dtype") ? n.elementType(n.integer("dtype")) : x ? x.elementType() : Type();
  int64_t k = n.integer("k", 0);
  if (!n.ok())
    return;
  if (x.rank() != 2)
    return (void)b.fail("expects a matrix, got rank " + Twine(x.rank()));
  Tensor diagonal = b.integer(k, b.builder.getI64Type());
  n.yield(b.cast(diagonalMask(b, b.size(x, 0), b.size(x, 1), CompareKind::eq, diagonal), type));
}

// on where index (counted from the end if negative) == position along the new axis, else off.
static void convertOneHot(Node &n, TensorBuilder &b) {
  Tensor indices = n.tensor(0), depth = n.tensor(1), values = n.tensor(2);
  int64_t axis = n.integer("axis", -1);
  // Indices and depth may be of any type.
  Type i64 = b.builder.getI64Type();
  const Sizes *count = b.elements(b.cast(depth, i64));
  if (!n.ok() || !count || count->size() != 1)
    return (void)b.fail("expects a depth that follows from constants and dimensions" +
                        n.constantHint(1));
  OpFoldResult classes = count->front();
  int64_t rank = indices.rank() + 1;
  axis = n.normalizeAxis(axis, rank);
  if (!n.ok())
    return;
  Tensor wanted = b.unsqueeze(b.wrapIndices(b.cast(indices, i64), classes), {axis});
  Tensor position = b.along(b.iota(b.index.constant(0), classes, i64), axis, rank);
  Tensor hit = b.compare(CompareKind::eq, wanted, position);
  auto choice = [&](int64_t i) {
    return b.reshape(b.slice(values, 0, b.index.constant(i), b.index.constant(1)), {});
  };
  n.yield(b.select(hit, choice(1), choice(0)));
}

static const Recipe recipes[] = {
    {"", "Constant", 1, convertConstant},
    {"", "ConstantOfShape", 9, convertConstantOfShape},
    {"", "EyeLike", 9, convertEyeLike},
    {"", "OneHot", 9, convertOneHot},
    {"", "Range", 11, convertRange},
    {"", "Shape", 1, convertShape},
    {"", "Size", 1, convertSize},
    {"", "Trilu", 14, convertTrilu},
    {"com.microsoft", "Trilu", 1, convertTrilu},
};

ArrayRef<Recipe> constantRecipes() {
  return recipes;
}

} // namespace tilewright
