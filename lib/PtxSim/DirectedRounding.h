//===- DirectedRounding.h - arithmetic in the other rounding modes --------===//
//
// Part of Tilewright, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef TILEWRIGHT_LIB_PTXSIM_DIRECTEDROUNDING_H
#define TILEWRIGHT_LIB_PTXSIM_DIRECTEDROUNDING_H

#include "lib/PtxSim/Machine.h"

namespace tilewright::ptx {

enum class Directed : uint8_t { Add, Subtract, Multiply, Divide, Root, Reciprocal, Fused };

/// One operation on f32 or f64 (op.type) in op.rounding, by the host's rounding mode (7.7.1).
void computeDirected(Warp &warp, const Op &op, Directed which);

} // namespace tilewright::ptx

#endif // TILEWRIGHT_LIB_PTXSIM_DIRECTEDROUNDING_H
