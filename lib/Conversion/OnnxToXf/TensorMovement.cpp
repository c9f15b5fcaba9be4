//===- TensorMovement.cpp - reshaping, slicing, gathering and their evaluation -===//
//
// Part of Tilewright, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "dialects/Xf/IR/Shapes.h"
#include "lib/Conversion/OnnxToXf/TensorMake.h"
#include "mlir/Dialect/Utils/IndexingUtils.h"
#include "llvm/Support/ScopedPrinter.h"

using namespace mlir;

namespace tilewright {

// Row-major strides of a static shape.
static SmallVector<int64_t> stridesOf(ArrayRef<int64_t> shape) {
  SmallVector<int64_t> strides(shape.size(), 1);
  for (int64_t i = static_cast<int64_t>(shape.size()) - 2; i >= 0; --i)
    strides[i] = strides[i + 1] * shape[i + 1];
  return strides;
}

static int64_t linearize(ArrayRef<int64_t> coordinates, ArrayRef<int64_t> strides) {
  int64_t position = 0;
  for (auto [coordinate, stride] : llvm::zip_equal(coordinates, strides))
    position += coordinate * stride;
  return position;
}

bool TensorBuilder::hasDimension(Tensor x, int64_t axis) {
  if (x && (axis < 0 || axis >= x.rank()))
    fail("expects a tensor of rank " + Twine(std::max<int64_t>(axis, 0) + 1) + " or more, got " +
         Twine(x.rank()));
  return x && axis >= 0 && axis < x.rank();
}

Tensor TensorBuilder::rearranged(Tensor x, ArrayRef<int64_t> shape,
                                 function_ref<int64_t(ArrayRef<int64_t>)> source) {
  const Sizes &inputs = *elements(x);
  SmallVector<int64_t> strides = stridesOf(shape), coordinates(shape.size());
  Sizes results;
  for (int64_t position = 0, n = ShapedType::getNumElements(shape); position < n; ++position) {
    for (size_t i = 0; i < shape.size(); ++i)
      coordinates[i] = position / strides[i] % shape[i];
    results.push_back(inputs[source(coordinates)]);
  }
  return known(x.elementType(), shape, std::move(results));
}

Tensor TensorBuilder::iota(OpFoldResult start, OpFoldResult size, Type elementType) {
  if (!areSizes(size))
    return {};
  std::optional<int64_t> count = constantInteger(size);
  if (count && evaluable({}, {*count})) {
    Sizes elements;
    for (int64_t i = 0; i < *count; ++i)
      elements.push_back(index.add(start, index.constant(i)));
    return known(elementType, {*count}, std::move(elements));
  }
  auto type = RankedTensorType::get({count.value_or(ShapedType::kDynamic)}, elementType);
  Value vector =
      xf::IotaOp::create(builder, loc, type, index.materialize(start), index.materialize(size));
  return adopt(vector, Sizes{size});
}

Tensor TensorBuilder::coordinates(Tensor x, int64_t axis, Type elementType) {
  return x ? along(iota(index.constant(0), size(x, axis), elementType), axis, x.rank()) : Tensor();
}

Tensor TensorBuilder::reshape(Tensor x, ArrayRef<OpFoldResult> wanted, bool fits) {
  if (!x)
    return {};
  Sizes target =
      llvm::map_to_vector(wanted, [&](OpFoldResult size) { return index.normalize(size); });
  if (!areSizes(target))
    return {};
  SmallVector<int64_t> shape = xf::staticShape(target);
  if (x.shape() == ArrayRef(shape) && sizes(x) == target)
    return x;
  if (evaluable(x, shape) && ShapedType::getNumElements(shape) == x.type().getNumElements())
    return known(x.elementType(), shape, *elements(x));
  if (!fits)
    require(index.product(sizes(x)), index.product(target));
  OperationState state(loc, xf::ReshapeOp::getOperationName());
  xf::ReshapeOp::build(builder, state, value(x), target);
  return finish(state, target);
}

Tensor TensorBuilder::unsqueeze(Tensor x, ArrayRef<int64_t> axes) {
  if (!x)
    return {};
  Sizes target = sizes(x);
  for (int64_t axis : axes) {
    if (axis > static_cast<int64_t>(target.size()))
      return fail("expects a tensor of rank " + Twine(axis) + " or more, got " + Twine(x.rank()));
    target.insert(target.begin() + axis, index.constant(1));
  }
  return reshape(x, target);
}

Tensor TensorBuilder::squeeze(Tensor x, ArrayRef<int64_t> axes) {
  if (!x)
    return {};
  Sizes target;
  for (auto [i, size] : llvm::enumerate(sizes(x)))
    if (!llvm::is_contained(axes, static_cast<int64_t>(i)))
      target.push_back(size);
  return reshape(x, target);
}

Tensor TensorBuilder::along(Tensor vector, int64_t axis, int64_t rank) {
  if (!vector || vector.rank() != 1 || axis >= rank)
    return fail("expects a vector along dimension " + Twine(axis) + " of a tensor of rank " +
                Twine(rank));
  return unsqueeze(vector, llvm::to_vector(llvm::seq<int64_t>(1, rank - axis)));
}

Tensor TensorBuilder::broadcast(Tensor x, ArrayRef<OpFoldResult> wanted) {
  if (!x)
    return {};
  Sizes target =
      llvm::map_to_vector(wanted, [&](OpFoldResult size) { return index.normalize(size); });
  if (!areSizes(target))
    return {};
  SmallVector<int64_t> shape = xf::staticShape(target);
  if (x.shape() == ArrayRef(shape) && sizes(x) == target)
    return x;
  if (evaluable(x, shape)) {
    Sizes results;
    for (int64_t i = 0, n = ShapedType::getNumElements(shape); i < n; ++i)
      results.push_back(broadcastElement(x, shape, i));
    return known(x.elementType(), shape, std::move(results));
  }
  for (int64_t i = 0, lead = static_cast<int64_t>(target.size()) - x.rank(); i < x.rank(); ++i)
    if (lead >= 0 && x.dim(i) != 1)
      require(size(x, i), target[lead + i]);
  OperationState state(loc, xf::BroadcastOp::getOperationName());
  xf::BroadcastOp::build(builder, state, value(x), target);
  return finish(state, target);
}

Tensor TensorBuilder::transpose(Tensor x, ArrayRef<int64_t> perm) {
  if (!x || llvm::equal(perm, llvm::seq<int64_t>(0, x.rank())))
    return x;
  if (static_cast<int64_t>(perm.size()) != x.rank() || !isPermutationVector(perm))
    return fail("expects perm to be a permutation of " + Twine(x.rank()) + " dimensions");
  auto shape = llvm::map_to_vector(perm, [&](int64_t dim) { return x.dim(dim); });
  if (evaluable(x, shape)) {
    SmallVector<int64_t> strides = stridesOf(x.shape());
    auto permuted = llvm::map_to_vector(perm, [&](int64_t dim) { return strides[dim]; });
    return rearranged(x, shape, [&](ArrayRef<int64_t> at) { return linearize(at, permuted); });
  }
  auto target = llvm::map_to_vector(perm, [&](int64_t dim) { return size(x, dim); });
  return make<xf::TransposeOp>(Sizes(target), value(x), perm);
}

Tensor TensorBuilder::gather(Tensor x, Tensor indices, int64_t axis) {
  if (!indices || !hasDimension(x, axis))
    return {};
  auto spliced = [&](auto input, auto middle) {
    auto result = llvm::to_vector(ArrayRef(input).take_front(axis));
    llvm::append_range(result, middle);
    llvm::append_range(result, ArrayRef(input).drop_front(axis + 1));
    return result;
  };
  SmallVector<int64_t> shape = spliced(x.shape(), indices.shape());
  bool constantIndices = elements(indices) && llvm::all_of(*elements(indices), constantInteger);
  int64_t extent = x.dim(axis), width = indices.rank();
  if (constantIndices && !ShapedType::isDynamic(extent))
    for (OpFoldResult element : *elements(indices))
      if (*constantInteger(element) < -extent || *constantInteger(element) >= extent)
        return fail("expects indices in [-" + Twine(extent) + ", " + Twine(extent) + "), got " +
                    Twine(*constantInteger(element)));
  if (constantIndices && evaluable(x, shape)) {
    SmallVector<int64_t> strides = stridesOf(x.shape()), steps = stridesOf(indices.shape());
    return rearranged(x, shape, [&](ArrayRef<int64_t> at) {
      int64_t chosen =
          *constantInteger((*elements(indices))[linearize(at.slice(axis, width), steps)]);
      int64_t position = (chosen < 0 ? chosen + extent : chosen) * strides[axis];
      for (int64_t i = 0; i < x.rank(); ++i)
        if (i != axis)
          position += at[i < axis ? i : i + width - 1] * strides[i];
      return position;
    });
  }
  return make<xf::GatherOp>(Sizes(spliced(sizes(x), sizes(indices))), value(x), value(indices),
                            axis);
}

Tensor TensorBuilder::slice(Tensor x, int64_t axis, OpFoldResult offset, OpFoldResult count,
                            int64_t stride) {
  if (!hasDimension(x, axis))
    return {};
  if (stride == 1 && constantInteger(offset) == 0 && index.alwaysEqual(count, size(x, axis)))
    return x;
  std::optional<int64_t> first = constantInteger(offset), n = constantInteger(count);
  // No elements, from anywhere: the offset of an upstream slice lies inside.
  if (n == 0)
    first = 0, offset = index.constant(0);
  if (first && n && !x.type().isDynamicDim(axis) &&
      (*first < 0 || *n < 0 || (*n > 0 && *first + (*n - 1) * stride >= x.dim(axis))))
    return fail("expects elements within a dimension of " + Twine(x.dim(axis)) + ", got " +
                Twine(*n) + " from " + Twine(*first) + " on");
  if (first && n && elements(x)) {
    SmallVector<int64_t> shape(x.shape()), strides = stridesOf(x.shape());
    shape[axis] = *n;
    return rearranged(x, shape, [&](ArrayRef<int64_t> at) {
      return linearize(at, strides) + (*first + at[axis] * (stride - 1)) * strides[axis];
    });
  }
  Sizes target = sizes(x), offsets(x.rank(), index.constant(0)), steps(x.rank(), index.constant(1));
  // A slice of a slice along another axis is one slice.
  if (auto inner = value(x).getDefiningOp<tensor::ExtractSliceOp>()) {
    Tensor source = wrap(inner.getSource());
    if (source.rank() == x.rank() && constantInteger(inner.getMixedOffsets()[axis]) == 0 &&
        constantInteger(inner.getMixedStrides()[axis]) == 1 &&
        index.alwaysEqual(size(source, axis), size(x, axis))) {
      offsets = inner.getMixedOffsets();
      steps = inner.getMixedStrides();
      x = source;
    }
  }
  offsets[axis] = index.normalize(offset);
  target[axis] = index.normalize(count);
  steps[axis] = index.constant(stride);
  // The type follows from the sizes, which are constants where they can be.
  auto op = tensor::ExtractSliceOp::create(builder, loc, value(x), offsets, target, steps);
  return adopt(op, target);
}

Tensor TensorBuilder::reverse(Tensor x, int64_t axis) {
  if (!hasDimension(x, axis))
    return {};
  OpFoldResult count = size(x, axis), last = index.sub(count, index.constant(1));
  Type i64 = builder.getI64Type();
  Tensor from = sub(known(i64, {}, {last}), iota(index.constant(0), count, i64));
  return gather(x, from, axis);
}

Tensor TensorBuilder::concat(ArrayRef<Tensor> parts, int64_t axis) {
  if (llvm::any_of(parts, [](Tensor part) { return !part; }) || !hasDimension(parts.front(), axis))
    return {};
  if (parts.size() == 1)
    return parts.front();
  SmallVector<int64_t> shape(parts.front().shape());
  for (Tensor part : parts.drop_front()) {
    if (part.rank() != parts.front().rank() || part.elementType() != parts.front().elementType())
      return fail("expects inputs of one rank and element type, got " +
                  llvm::to_string(parts.front().type()) + " and " + llvm::to_string(part.type()));
    shape[axis] = ShapedType::isDynamic(shape[axis]) || ShapedType::isDynamic(part.dim(axis))
                      ? ShapedType::kDynamic
                      : shape[axis] + part.dim(axis);
  }
  if (parts.front().rank() == 1 && evaluable(parts, shape)) {
    Sizes results;
    for (Tensor part : parts)
      llvm::append_range(results, *elements(part));
    return known(parts.front().elementType(), shape, std::move(results));
  }
  Sizes target = sizes(parts.front());
  for (Tensor part : parts.drop_front())
    for (int64_t i = 0; i < part.rank(); ++i) {
      if (i == axis)
        target[i] = index.add(target[i], size(part, i));
      else
        target[i] = equalSize(target[i], size(part, i));
    }
  SmallVector<Value> values = llvm::map_to_vector(parts, [&](Tensor part) { return value(part); });
  OperationState state(loc, tensor::ConcatOp::getOperationName());
  tensor::ConcatOp::build(builder, state,
                          tensor::ConcatOp::inferResultType(axis, ValueRange(values).getTypes()),
                          axis, values);
  return finish(state, target);
}

Tensor TensorBuilder::pad(Tensor x, ArrayRef<OpFoldResult> low, ArrayRef<OpFoldResult> high,
                          Tensor filler) {
  if (!x || !filler)
    return {};
  const Sizes *constant = elements(filler);
  if (!constant)
    return fail("expects a padding value known at compile time");
  Sizes target = sizes(x);
  for (int64_t i = 0; i < x.rank(); ++i)
    target[i] = index.add(target[i], index.add(low[i], high[i]));
  if (!areSizes(target))
    return {};
  auto type = RankedTensorType::get(xf::staticShape(target), x.elementType());
  // No scalar constant is unsigned.
  Value element = x.elementType().isUnsignedInteger()
                      ? tensor::ExtractOp::create(builder, loc, value(filler), ValueRange())
                      : scalars.materialize(constant->front(), x.elementType());
  return adopt(
      tensor::PadOp::create(builder, loc, type, value(x), low, high, element, /*nofold=*/false),
      target);
}

} // namespace tilewright
