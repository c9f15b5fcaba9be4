//===- VectorTarget.h - what vector code needs to know about the machine -===//
//
// Part of Tilewright, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef TILEWRIGHT_LIB_CODEGEN_VECTORTARGET_H
#define TILEWRIGHT_LIB_CODEGEN_VECTORTARGET_H

#include "mlir/IR/Operation.h"
#include "mlir/IR/Types.h"

namespace tilewright {

struct VectorTarget {
  int64_t lanes = 16; ///< f32 elements of a vector register
  int64_t unroll = 4; ///< registers per step of a light main loop
  bool fusedMultiplyAdd = true;

  /// Has the machine masked loads and stores for elements of `bits`? AVX-512 has them all, AVX2
  /// from 32 bits on, and narrower machines none: there LLVM makes a branch per element of each.
  bool hasMaskedMoves(unsigned bits) const { return lanes >= 16 || (lanes == 8 && bits >= 32); }
};

/// The target of the module around `op` (attribute `target.cpu`), 16 lanes without one. A positive
/// `lanes` wins.
VectorTarget vectorTargetOf(mlir::Operation *op, int64_t lanes = 0, int64_t unroll = 4);

} // namespace tilewright

#endif // TILEWRIGHT_LIB_CODEGEN_VECTORTARGET_H
