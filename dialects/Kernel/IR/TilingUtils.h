//===- TilingUtils.h - index arithmetic and slices for TilingInterface -===//
//
// Part of Tilewright, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef TILEWRIGHT_DIALECTS_KERNEL_IR_TILINGUTILS_H
#define TILEWRIGHT_DIALECTS_KERNEL_IR_TILINGUTILS_H

#include "mlir/Dialect/Arith/Utils/Utils.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "mlir/Interfaces/TilingInterface.h"

namespace mlir::kernel {

/// Index arithmetic in `arith` with constants folded. Not affine.apply: operands need not be valid
/// affine symbols.
template <class Op>
OpFoldResult foldIndex(OpBuilder &b, Location loc, OpFoldResult x, OpFoldResult y) {
  return getAsOpFoldResult(b.createOrFold<Op>(loc, getValueOrCreateConstantIndexOp(b, loc, x),
                                              getValueOrCreateConstantIndexOp(b, loc, y)));
}
inline OpFoldResult addIndex(OpBuilder &b, Location loc, OpFoldResult x, OpFoldResult y) {
  return foldIndex<arith::AddIOp>(b, loc, x, y);
}
inline OpFoldResult subIndex(OpBuilder &b, Location loc, OpFoldResult x, OpFoldResult y) {
  return foldIndex<arith::SubIOp>(b, loc, x, y);
}
inline OpFoldResult mulIndex(OpBuilder &b, Location loc, OpFoldResult x, OpFoldResult y) {
  return foldIndex<arith::MulIOp>(b, loc, x, y);
}
inline OpFoldResult minIndex(OpBuilder &b, Location loc, OpFoldResult x, OpFoldResult y) {
  return foldIndex<arith::MinSIOp>(b, loc, x, y);
}
/// ⌈x / y⌉ for x ≥ 0, y > 0.
inline OpFoldResult ceilDivIndex(OpBuilder &b, Location loc, OpFoldResult x, OpFoldResult y) {
  return foldIndex<arith::CeilDivUIOp>(b, loc, x, y);
}

/// The slice of `source` with unit strides; appended to `slices` for TilingResult.
Value takeSlice(OpBuilder &b, Location loc, Value source, ArrayRef<OpFoldResult> offsets,
                ArrayRef<OpFoldResult> sizes, SmallVectorImpl<Operation *> &slices);

/// Loop ranges [0, size) with step 1.
inline SmallVector<Range> rangesOf(OpBuilder &b, ArrayRef<OpFoldResult> sizes) {
  return llvm::map_to_vector(
      sizes, [&](OpFoldResult size) { return Range{b.getIndexAttr(0), size, b.getIndexAttr(1)}; });
}

/// `op` on other operands, its results typed like `inits`.
TilingResult cloneTile(OpBuilder &b, Operation *op, ValueRange operands, ValueRange inits,
                       ArrayRef<Operation *> slices);

/// Memory effects of a destination-style op that overwrites its inits: none on tensors, so that CSE
/// may merge copies; on memrefs inputs are read, inits written.
void addTileEffects(Operation *op,
                    SmallVectorImpl<SideEffects::EffectInstance<MemoryEffects::Effect>> &effects);

/// Whether a tensor or memref of this type has no elements whatever its dynamic sizes are.
inline bool isEmpty(Type type) {
  return llvm::is_contained(cast<ShapedType>(type).getShape(), 0);
}

/// Two sizes of which both are known and that are not equal.
inline bool differ(int64_t a, int64_t b) {
  return !ShapedType::isDynamic(a) && !ShapedType::isDynamic(b) && a != b;
}

} // namespace mlir::kernel

#endif // TILEWRIGHT_DIALECTS_KERNEL_IR_TILINGUTILS_H
