//===- Heads.h - what attention operators share -===//
//
// Part of Tilewright, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef TILEWRIGHT_LIB_CONVERSION_ONNXTOXF_HEADS_H
#define TILEWRIGHT_LIB_CONVERSION_ONNXTOXF_HEADS_H

#include "lib/Conversion/OnnxToXf/TensorBuilder.h"

namespace tilewright {

/// [b, s, h d] as [b, h, s, d].
Tensor splitHeads(TensorBuilder &b, Tensor x, int64_t heads);

/// [b, h, s, d] as [b, s, h d].
Tensor mergeHeads(TensorBuilder &b, Tensor x);

/// The cache: `past` (may be null) followed by `fresh`, both [b, h, s, d].
Tensor appendCache(TensorBuilder &b, Tensor past, Tensor fresh);

/// The number of keys in `past`, null without one: the offset of a causal mask.
mlir::OpFoldResult pastLength(TensorBuilder &b, Tensor past);

/// `scale`, or 1 / sqrt(head size) where it is 0.
double attentionScale(TensorBuilder &b, double scale, Tensor query);

/// `size` columns of the last dimension from `offset`.
Tensor columns(TensorBuilder &b, Tensor x, mlir::OpFoldResult offset, mlir::OpFoldResult size);

/// What query i of row r may see, as a mask [b, 1, q, k]: j <= i + starts[r], and with a window w
/// >= 0 only the w keys before that one, too. `starts` is [b].
Tensor causalMask(TensorBuilder &b, Tensor starts, mlir::OpFoldResult queries,
                  mlir::OpFoldResult keys, int64_t window);

/// `mask` (null, booleans or added floats) where `visible`, else hidden.
Tensor combineMasks(TensorBuilder &b, Tensor mask, Tensor visible);

/// `past` [b, .., n, ..] with `update` [b, .., s, ..] written at starts[r] of dimension `axis` in
/// row r. What would stand outside is left out; `circular` counts modulo n. `starts` is [b].
Tensor writeRows(TensorBuilder &b, Tensor past, Tensor update, Tensor starts, int64_t axis,
                 bool circular);

} // namespace tilewright

#endif // TILEWRIGHT_LIB_CONVERSION_ONNXTOXF_HEADS_H
