//===- Views.cpp - slices, transposes and reshapes, looked through and built -===//
//
// Part of Tilewright, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "dialects/Xf/Transforms/Views.h"
#include "dialects/Xf/IR/Shapes.h"

namespace mlir::xf {

std::optional<LastSlice> lastSliceOf(OpBuilder &builder, Value value) {
  auto slice = value.getDefiningOp<tensor::ExtractSliceOp>();
  if (!slice || slice.getSourceType().getRank() != slice.getType().getRank() ||
      slice.getType().getRank() == 0)
    return std::nullopt;
  int64_t last = slice.getType().getRank() - 1;
  for (int64_t i = 0; i < last; ++i) {
    if (getConstantIntValue(slice.getMixedOffsets()[i]) != 0 ||
        getConstantIntValue(slice.getMixedStrides()[i]) != 1)
      return std::nullopt;
    if (!areEqualSizes(slice.getMixedSizes()[i],
                       dimOf(builder, value.getLoc(), slice.getSource(), i)))
      return std::nullopt;
  }
  std::optional<int64_t> offset = getConstantIntValue(slice.getMixedOffsets()[last]),
                         size = getConstantIntValue(slice.getMixedSizes()[last]),
                         stride = getConstantIntValue(slice.getMixedStrides()[last]);
  if (!offset || !size || !stride)
    return std::nullopt;
  return LastSlice{slice.getSource(), *offset, *size, *stride};
}

Value sliceLast(OpBuilder &builder, Location loc, Value source, int64_t offset, int64_t size) {
  SmallVector<OpFoldResult> sizes = dimsOf(builder, loc, source),
                            offsets(sizes.size(), builder.getIndexAttr(0)),
                            strides(sizes.size(), builder.getIndexAttr(1));
  if (getConstantIntValue(sizes.back()) == size)
    return source;
  offsets.back() = builder.getIndexAttr(offset);
  sizes.back() = builder.getIndexAttr(size);
  return tensor::ExtractSliceOp::create(builder, loc, source, offsets, sizes, strides);
}

Value reshaped(OpBuilder &builder, Location loc, Value value, ArrayRef<OpFoldResult> sizes) {
  if (haveEqualSizes(value, sizes))
    return value;
  while (auto reshape = value.getDefiningOp<ReshapeOp>()) {
    value = reshape.getInput();
    if (haveEqualSizes(value, sizes))
      return value;
  }
  return ReshapeOp::create(builder, loc, value, sizes);
}

Value transposed(OpBuilder &builder, Location loc, Value value, ArrayRef<int64_t> perm) {
  SmallVector<int64_t> composed(perm);
  if (auto transpose = value.getDefiningOp<TransposeOp>()) {
    for (int64_t &dim : composed)
      dim = transpose.getPerm()[dim];
    value = transpose.getInput();
  }
  if (llvm::equal(composed, llvm::seq<int64_t>(0, composed.size())))
    return value;
  return TransposeOp::create(builder, loc, value, composed);
}

Value transposedLast(OpBuilder &builder, Location loc, Value value) {
  auto perm = llvm::to_vector(llvm::seq<int64_t>(0, shapeOf(value).size()));
  std::swap(perm[perm.size() - 1], perm[perm.size() - 2]);
  return transposed(builder, loc, value, perm);
}

} // namespace mlir::xf
