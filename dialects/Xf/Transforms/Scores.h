//===- Scores.h - what stands between q kᵀ and the softmax -===//
//
// Part of Tilewright, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef TILEWRIGHT_DIALECTS_XF_TRANSFORMS_SCORES_H
#define TILEWRIGHT_DIALECTS_XF_TRANSFORMS_SCORES_H

#include "dialects/Xf/Transforms/Diagonals.h"
#include "dialects/Xf/Transforms/Match.h"

namespace mlir::xf {

/// scores = mask(softcap(scale · q kᵀ)), taken apart. Masks are those of xf.attention.
struct Scores {
  MatmulOp product;
  double scale = 1, softcap = 0;
  /// Added; and i1 that keep where true (all of them).
  SmallVector<Value> added, kept;
  /// Those of `added` that took the place of the score, with a number too small to absorb it: the
  /// same only in rows that see a key.
  SmallVector<Value> weak;
  /// Sizes [batch, heads] where a product of rank 3 is masked as rank 4.
  std::optional<std::pair<OpFoldResult, OpFoldResult>> batchAndHeads;
};

/// The parts of `value`, the input of a softmax over keys; none, with the reason, when there is
/// anything else in it.
std::optional<Scores> scoresOf(OpBuilder &builder, Value value, StringRef &reason);

/// The masks of `scores`, with what is provably causal (or a causal window) said in that form
/// instead of by a tensor.
struct Visibility {
  bool causal = false;
  /// Null when 0.
  Value offset;
  int64_t window = -1;
  /// Null when nothing remains.
  Value mask;
};
/// None where a row without keys would show that a mask was weak.
std::optional<Visibility> visibilityOf(OpBuilder &builder, const Scores &scores);

} // namespace mlir::xf

#endif // TILEWRIGHT_DIALECTS_XF_TRANSFORMS_SCORES_H
