//===- WeightArithmetic.h - elementwise operations on weights --------------===//
//
// Part of Tilewright, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef TILEWRIGHT_LIB_EMIT_WEIGHTARITHMETIC_H
#define TILEWRIGHT_LIB_EMIT_WEIGHTARITHMETIC_H

#include "lib/Emit/StridedView.h"

namespace tilewright {

/// Whether elements of this type can be computed with: integers of 1 to 64 bits in whole bytes (and
/// booleans), f16, bf16, f32, f64.
bool isComputable(mlir::Type type);

/// Integer `index` of a view, read with its own width and sign.
int64_t integerAt(const StridedView &view, int64_t offset);

/// Writes the result of `op`, an xf.unary, xf.binary, xf.compare, xf.select or xf.cast, to `out`
/// (dense, of the op's result type). Floats are computed in double precision and rounded once,
/// integers in 64 bits and wrapped. Fails for a kind that has no meaning on the element type.
llvm::LogicalResult computeElementwise(mlir::Operation *op, llvm::ArrayRef<StridedView> operands,
                                       char *out);

} // namespace tilewright

#endif // TILEWRIGHT_LIB_EMIT_WEIGHTARITHMETIC_H
