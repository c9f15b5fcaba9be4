//===- RopeTables.h - cos and sin tables in the form of xf.rope -===//
//
// Part of Tilewright, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef TILEWRIGHT_DIALECTS_XF_TRANSFORMS_ROPETABLES_H
#define TILEWRIGHT_DIALECTS_XF_TRANSFORMS_ROPETABLES_H

#include "dialects/Xf/Transforms/Match.h"

namespace mlir::xf {

/// The table [.., r] of which `table` [.., 2r] holds each entry twice: as two equal halves, or side
/// by side when interleaved. The computation of the table is followed back to where the entries
/// were doubled (usually concat(f, f) in front of cos) and built again for one half. Null when no
/// doubling is found.
Value onePerPair(OpBuilder &builder, Value table, bool interleaved);

/// `table`, which broadcasts against [b, h, s, d] (or [b, s, h, d] with `headsLast`), as [b or 1,
/// s, r]; null when it differs by head, or does not have `rows` (s) and `r` entries.
Value tableOf(OpBuilder &builder, Value table, bool headsLast, int64_t rows, int64_t r);

} // namespace mlir::xf

#endif // TILEWRIGHT_DIALECTS_XF_TRANSFORMS_ROPETABLES_H
