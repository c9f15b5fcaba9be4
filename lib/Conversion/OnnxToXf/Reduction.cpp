//===- Reduction.cpp - recipes of reductions, softmax, running sums -===//
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

//===----------------------------------------------------------------------===//
// Reduce*
//===----------------------------------------------------------------------===//

namespace {
struct Reduction {
  Tensor input;
  SmallVector<int64_t> axes;
  bool keepDims = true;
};
} // namespace

// Axes were an attribute first, then an input; none means all, unless noop_with_empty_axes.
static Reduction readReduction(Node &n, TensorBuilder &b, bool axesAreInput) {
  Reduction r;
  r.input = n.tensor(0);
  r.keepDims = n.flag("keepdims", true);
  bool noop = axesAreInput && n.flag("noop_with_empty_axes", false);
  if (axesAreInput && n.optional(1))
    r.axes = n.integersAt(1);
  else if (!axesAreInput)
    r.axes = n.integers("axes").value_or(SmallVector<int64_t>());
  if (!n.ok())
    return r;
  r.axes = r.axes.empty() && !noop ? llvm::to_vector(llvm::seq<int64_t>(0, r.input.rank()))
                                   : n.normalizeAxes(r.axes, r.input.rank());
  return r;
}

static Tensor reduce(TensorBuilder &b, ReduceKind kind, Tensor x, ArrayRef<int64_t> axes,
                     bool keepDims) {
  if (!x)
    return {};
  if (axes.empty()) // what stands around the reduction remains
    return kind == ReduceKind::l1 || kind == ReduceKind::l2 ? b.unary(UnaryKind::abs, x)
           : kind == ReduceKind::sum_square                 ? b.mul(x, x)
                                                            : x;
  return b.reduce(kind, x, axes, keepDims);
}

template <ReduceKind kind, bool axesAreInput>
static void convertReduce(Node &n, TensorBuilder &b) {
  Reduction r = readReduction(n, b, axesAreInput);
  if (n.ok())
    n.yield(reduce(b, kind, r.input, r.axes, r.keepDims));
}

template <bool axesAreInput>
static void convertReduceLogSum(Node &n, TensorBuilder &b) {
  Reduction r = readReduction(n, b, axesAreInput);
  if (n.ok())
    n.yield(b.unary(UnaryKind::log, reduce(b, ReduceKind::sum, r.input, r.axes, r.keepDims)));
}

// max + log(sum(exp(x - max)))
static Tensor logSumExp(TensorBuilder &b, Tensor x, ArrayRef<int64_t> axes) {
  Tensor max = b.reduce(ReduceKind::max, x, axes, /*keepDims=*/true);
  if (!max)
    return {};
  // Infinities are not subtracted from each other.
  max = b.select(b.unary(UnaryKind::is_inf, max), b.scalar(0, x.elementType()), max);
  Tensor sum =
      b.reduce(ReduceKind::sum, b.unary(UnaryKind::exp, b.sub(x, max)), axes, /*keepDims=*/true);
  return b.add(max, b.unary(UnaryKind::log, sum));
}

template <bool axesAreInput>
static void convertReduceLogSumExp(Node &n, TensorBuilder &b) {
  Reduction r = readReduction(n, b, axesAreInput);
  if (!n.ok())
    return;
  Tensor result = r.axes.empty() ? r.input : logSumExp(b, r.input, r.axes);
  n.yield(r.keepDims ? result : b.squeeze(result, r.axes));
}

template <ReduceKind kind>
static void convertArg(Node &n, TensorBuilder &b) {
  bool last = n.flag("select_last_index", false), keepDims = n.flag("keepdims", true);
  Tensor x = n.tensor(0);
  int64_t axis = n.axis(x, "axis", 0);
  if (!n.ok())
    return;
  if (!last)
    return n.yield(b.reduce(kind, x, {axis}, keepDims));
  // The first one from the end.
  Type i64 = b.builder.getI64Type();
  OpFoldResult count = b.size(x, axis);
  Tensor end = b.known(i64, {}, {b.index.sub(count, b.index.constant(1))});
  Tensor backwards = b.gather(x, b.sub(end, b.iota(b.index.constant(0), count, i64)), axis);
  n.yield(b.sub(end, b.reduce(kind, backwards, {axis}, keepDims)));
}

//===----------------------------------------------------------------------===//
// Softmax
//===----------------------------------------------------------------------===//

static Tensor logSoftmax(TensorBuilder &b, Tensor x, int64_t axis) {
  return b.sub(x, logSumExp(b, x, {axis}));
}

template <Tensor (*formula)(TensorBuilder &, Tensor, int64_t)>
static void convertSoftmax13(Node &n, TensorBuilder &b) {
  Tensor x = n.tensor(0);
  int64_t axis = n.axis(x, "axis", -1);
  if (n.ok())
    n.yield(formula(b, x, axis));
}

// Before opset 13 everything from the axis on was one dimension.
template <Tensor (*formula)(TensorBuilder &, Tensor, int64_t)>
static void convertSoftmax1(Node &n, TensorBuilder &b) {
  Tensor x = n.tensor(0);
  int64_t axis = n.axis(x, "axis", 1);
  if (!n.ok())
    return;
  if (axis == x.rank() - 1)
    return n.yield(formula(b, x, axis));
  Sizes sizes = b.sizes(x), flat(sizes.begin(), sizes.begin() + axis);
  flat.push_back(b.index.product(ArrayRef(sizes).drop_front(axis)));
  n.yield(b.reshape(formula(b, b.reshape(x, flat), axis), sizes));
}

static Tensor softmax(TensorBuilder &b, Tensor x, int64_t axis) {
  return b.softmax(x, axis);
}

//===----------------------------------------------------------------------===//
// CumSum
//===----------------------------------------------------------------------===//

// y[.., i] = sum over j <= i of x[.., j], j < i where exclusive, from the other end where reverse:
// a product with a triangle of zeros and ones for integers. Of floats the terms are selected, as
// infinity times zero is no zero.
static void convertCumSum(Node &n, TensorBuilder &b) {
  Tensor x = n.tensor(0);
  bool exclusive = n.flag("exclusive", false), reverse = n.flag("reverse", false);
  SmallVector<int64_t> given = n.integersAt(1);
  if (!n.ok() || given.size() != 1)
    return (void)b.fail("expects one axis");
  int64_t axis = n.normalizeAxis(given.front(), x.rank()), last = x.rank() - 1;
  if (!n.ok())
    return;
  Type i64 = b.builder.getI64Type();
  Tensor position = b.iota(b.index.constant(0), b.size(x, axis), i64);
  CompareKind kind = reverse ? (exclusive ? CompareKind::gt : CompareKind::ge)
                             : (exclusive ? CompareKind::lt : CompareKind::le);
  Tensor counts = b.compare(kind, position, b.unsqueeze(position, {1})); // [i, j]
  SmallVector<int64_t> perm = llvm::to_vector(llvm::seq<int64_t>(0, x.rank()));
  std::swap(perm[axis], perm[last]);
  Tensor rows = b.transpose(x, perm), sums;
  if (isa<IntegerType>(x.elementType())) {
    sums = b.matmul(rows, b.cast(counts, x.elementType()), /*transposeRhs=*/true);
  } else {
    Tensor terms = b.select(counts, b.unsqueeze(rows, {last}), b.scalar(0, x.elementType()));
    sums = b.reduce(ReduceKind::sum, terms, {last + 1}, /*keepDims=*/false);
  }
  n.yield(b.transpose(sums, perm));
}

// Doubling: after step d each element is the product of the 2d elements up to it.
static void convertCumProd(Node &n, TensorBuilder &b) {
  Tensor x = n.tensor(0);
  bool exclusive = n.flag("exclusive", false), reverse = n.flag("reverse", false);
  SmallVector<int64_t> given = n.integersAt(1);
  if (!n.ok() || given.size() != 1)
    return (void)b.fail("expects one axis");
  int64_t axis = n.normalizeAxis(given.front(), x.rank());
  if (!n.ok())
    return;
  int64_t count = x.dim(axis);
  if (ShapedType::isDynamic(count))
    return (void)b.fail("expects a static size of the axis; --dim fixes it");
  // x moved by `step` along the axis, with ones where nothing came from.
  auto moved = [&](Tensor y, int64_t step) {
    OpFoldResult zero = b.index.constant(0), gap = b.index.constant(step),
                 kept = b.index.constant(count - step);
    Sizes low(x.rank(), zero), high = low;
    (reverse ? high : low)[axis] = gap;
    return b.pad(b.slice(y, axis, reverse ? gap : zero, kept), low, high,
                 b.scalar(1, x.elementType()));
  };
  if (exclusive && count > 0)
    x = moved(x, 1);
  for (int64_t step = 1; step < count; step *= 2)
    x = b.mul(x, moved(x, step));
  n.yield(x);
}

static const Recipe recipes[] = {
    {"", "ArgMax", 1, convertArg<ReduceKind::argmax>},
    {"", "ArgMin", 1, convertArg<ReduceKind::argmin>},
    {"", "CumProd", 26, convertCumProd},
    {"", "CumSum", 11, convertCumSum},
    {"", "LogSoftmax", 1, convertSoftmax1<logSoftmax>},
    {"", "LogSoftmax", 13, convertSoftmax13<logSoftmax>},
    {"", "ReduceL1", 1, convertReduce<ReduceKind::l1, false>},
    {"", "ReduceL1", 18, convertReduce<ReduceKind::l1, true>},
    {"", "ReduceL2", 1, convertReduce<ReduceKind::l2, false>},
    {"", "ReduceL2", 18, convertReduce<ReduceKind::l2, true>},
    {"", "ReduceLogSum", 1, convertReduceLogSum<false>},
    {"", "ReduceLogSum", 18, convertReduceLogSum<true>},
    {"", "ReduceLogSumExp", 1, convertReduceLogSumExp<false>},
    {"", "ReduceLogSumExp", 18, convertReduceLogSumExp<true>},
    {"", "ReduceMax", 1, convertReduce<ReduceKind::max, false>},
    {"", "ReduceMax", 18, convertReduce<ReduceKind::max, true>},
    {"", "ReduceMean", 1, convertReduce<ReduceKind::mean, false>},
    {"", "ReduceMean", 18, convertReduce<ReduceKind::mean, true>},
    {"", "ReduceMin", 1, convertReduce<ReduceKind::min, false>},
    {"", "ReduceMin", 18, convertReduce<ReduceKind::min, true>},
    {"", "ReduceProd", 1, convertReduce<ReduceKind::prod, false>},
    {"", "ReduceProd", 18, convertReduce<ReduceKind::prod, true>},
    {"", "ReduceSum", 1, convertReduce<ReduceKind::sum, false>},
    {"", "ReduceSum", 13, convertReduce<ReduceKind::sum, true>},
    {"", "ReduceSumSquare", 1, convertReduce<ReduceKind::sum_square, false>},
    {"", "ReduceSumSquare", 18, convertReduce<ReduceKind::sum_square, true>},
    {"", "Softmax", 1, convertSoftmax1<softmax>},
    {"", "Softmax", 13, convertSoftmax13<softmax>},
};

ArrayRef<Recipe> reductionRecipes() {
  return recipes;
}

} // namespace tilewright
