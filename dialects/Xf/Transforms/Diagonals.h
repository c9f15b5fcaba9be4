//===- Diagonals.h - masks that depend on column minus row -===//
//
// Part of Tilewright, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Exporters build a causal mask in many steps: Range, Less, Where, Trilu, Cast, 1 − x, x · −1e4,
// Concat with zeros for the past. What all the steps have in common is that the element at row i
// and column j depends on d = j − i only, and takes few values:
//
//   arange(past, past + seq)[:, None] >= arange(total)     1 where d <= past, else 0        limits
//   [past], values [1, 0] where(that, 0, -inf) limits [past], values [0, -inf] a window of 4 keys
//   limits [past - 4, past], values [0, 1, 0]
//
// Elementwise operations act on the values, slices move the limits. Whatever remains at the end is
// compared with the masks that xf.attention knows.
//
//===----------------------------------------------------------------------===//
#ifndef TILEWRIGHT_DIALECTS_XF_TRANSFORMS_DIAGONALS_H
#define TILEWRIGHT_DIALECTS_XF_TRANSFORMS_DIAGONALS_H

#include "dialects/Xf/IR/SizeForms.h"

namespace mlir::xf {

/// Element (i, j) of the last two dimensions is values[k], k the number of limits below j − i.
/// Limits ascend; neighbouring values differ. Booleans are 0 and 1. Without limits it is a splat.
struct Diagonals {
  SmallVector<SizeForm> limits;
  SmallVector<double> values;
};

/// `value` as a function of its diagonals, when that is known for all values of the symbolic
/// dimensions: limits are forms of `sizes`. What `builder` creates is dead index arithmetic.
std::optional<Diagonals> diagonalsOf(OpBuilder &builder, SizeForms &sizes, Value value);

} // namespace mlir::xf

#endif // TILEWRIGHT_DIALECTS_XF_TRANSFORMS_DIAGONALS_H
