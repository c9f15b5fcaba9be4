//===- DirectedRounding.cpp - arithmetic in the other rounding modes ------===//
//
// Part of Tilewright, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "lib/PtxSim/DirectedRounding.h"
#include "lib/PtxSim/Numbers.h"
#include <cfenv>

// The compiler must not move arithmetic across changes of the rounding mode. Such code is slow, so
// it has a file of its own.
#pragma STDC FENV_ACCESS ON

using namespace tilewright::ptx;

namespace {

int hostMode(Rounding rounding) {
  return rounding == Rounding::Zero   ? FE_TOWARDZERO
         : rounding == Rounding::Down ? FE_DOWNWARD
         : rounding == Rounding::Up   ? FE_UPWARD
                                      : FE_TONEAREST;
}

template <class V>
V compute(Directed which, V a, V b, V c) {
  switch (which) {
  case Directed::Add:
    return a + b;
  case Directed::Subtract:
    return a - b;
  case Directed::Multiply:
    return a * b;
  case Directed::Divide:
    return a / b;
  case Directed::Root:
    return std::sqrt(a);
  case Directed::Reciprocal:
    return V(1) / a;
  case Directed::Fused:
    return std::fma(a, b, c);
  }
  return a;
}

template <class E>
void computeLanes(Warp &warp, const Op &op, Directed which) {
  using S = typename E::Storage;
  using V = typename E::Value;
  V sources[3][WarpSize] = {};
  bool flushes = op.has(FlushToZero);
  for (unsigned i = 0; i < op.numOperands(); ++i)
    for (unsigned lane = 0; lane < WarpSize; ++lane) {
      V value = E::load(warp.lanes<S>(op.operand(i))[lane]);
      sources[i][lane] = flushes ? flush(value) : value;
    }
  S results[WarpSize];
  fesetround(hostMode(op.rounding));
  for (unsigned lane = 0; lane < WarpSize; ++lane) {
    V value = compute(which, sources[0][lane], sources[1][lane], sources[2][lane]);
    if (flushes)
      value = flush(value);
    if (op.has(Saturate))
      value = value > 0 ? std::min(value, V(1)) : V(0);
    results[lane] = E::store(value);
  }
  fesetround(FE_TONEAREST);
  warp.set(op.result(), results);
}

} // namespace

void tilewright::ptx::computeDirected(Warp &warp, const Op &op, Directed which) {
  if (op.type.bits == 64)
    computeLanes<F64>(warp, op, which);
  else
    computeLanes<F32>(warp, op, which);
}
