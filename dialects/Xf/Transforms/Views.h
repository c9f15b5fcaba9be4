//===- Views.h - slices, transposes and reshapes, looked through and built -===//
//
// Part of Tilewright, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Proving that a slice spans a dimension, or that a reshape changes nothing, compares sizes, and
// sizes are SSA values which the comparison may have to build. These functions therefore take a
// builder even where they only look; what they build for nothing is dead index arithmetic.
//
//===----------------------------------------------------------------------===//
#ifndef TILEWRIGHT_DIALECTS_XF_TRANSFORMS_VIEWS_H
#define TILEWRIGHT_DIALECTS_XF_TRANSFORMS_VIEWS_H

#include "dialects/Xf/Transforms/Match.h"

namespace mlir::xf {

/// source[.., offset : offset + size * stride : stride], all other dimensions whole; all numbers
/// static.
struct LastSlice {
  Value source;
  int64_t offset, size, stride;
};
std::optional<LastSlice> lastSliceOf(OpBuilder &builder, Value value);

/// source[.., offset : offset + size] as an op.
Value sliceLast(OpBuilder &builder, Location loc, Value source, int64_t offset, int64_t size);

/// `value` under other sizes; reshapes in front of it are looked through, and one that undoes it
/// gives its input.
Value reshaped(OpBuilder &builder, Location loc, Value value, ArrayRef<OpFoldResult> sizes);

/// Transpose, composed with one in front of it; an identity gives the input.
Value transposed(OpBuilder &builder, Location loc, Value value, ArrayRef<int64_t> perm);

/// The last two dimensions exchanged.
Value transposedLast(OpBuilder &builder, Location loc, Value value);

} // namespace mlir::xf

#endif // TILEWRIGHT_DIALECTS_XF_TRANSFORMS_VIEWS_H
