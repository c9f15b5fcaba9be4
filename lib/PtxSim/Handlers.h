//===- Handlers.h - loops over the lanes of a warp ------------------------===//
//
// Part of Tilewright, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef TILEWRIGHT_LIB_PTXSIM_HANDLERS_H
#define TILEWRIGHT_LIB_PTXSIM_HANDLERS_H

#include "lib/PtxSim/Machine.h"
#include "lib/PtxSim/Numbers.h"
#include "lib/PtxSim/Table.h"

namespace tilewright::ptx {

// F is a captureless lambda. All lanes are computed, whether active or not, so F must be harmless
// on any bits; only results of active lanes are kept.

template <class R, class A, class F>
void unary(Warp &warp, const Op &op) {
  const A *a = warp.lanes<A>(op.operand(0));
  alignas(64) R results[WarpSize];
  for (unsigned lane = 0; lane < WarpSize; ++lane)
    results[lane] = static_cast<R>(F()(a[lane]));
  warp.set(op.result(), results);
}

template <class R, class A, class B, class F>
void binary(Warp &warp, const Op &op) {
  const A *a = warp.lanes<A>(op.operand(0));
  const B *b = warp.lanes<B>(op.operand(1));
  alignas(64) R results[WarpSize];
  for (unsigned lane = 0; lane < WarpSize; ++lane)
    results[lane] = static_cast<R>(F()(a[lane], b[lane]));
  warp.set(op.result(), results);
}

template <class R, class A, class B, class C, class F>
void ternary(Warp &warp, const Op &op) {
  const A *a = warp.lanes<A>(op.operand(0));
  const B *b = warp.lanes<B>(op.operand(1));
  const C *c = warp.lanes<C>(op.operand(2));
  alignas(64) R results[WarpSize];
  for (unsigned lane = 0; lane < WarpSize; ++lane)
    results[lane] = static_cast<R>(F()(a[lane], b[lane], c[lane]));
  warp.set(op.result(), results);
}

/// The letter of a signature for a size, and its capital for a result.
constexpr char widthLetter(unsigned bits) {
  return bits == 1 ? 'p' : bits == 16 ? 'h' : bits == 32 ? 'w' : 'l';
}

/// A result and `sources` sources of one size: "Wwww".
inline std::string sameWidth(unsigned bits, unsigned sources) {
  char letter = widthLetter(bits);
  return static_cast<char>(letter - 'a' + 'A') + std::string(sources, letter);
}

} // namespace tilewright::ptx

#endif // TILEWRIGHT_LIB_PTXSIM_HANDLERS_H
