//===- Math.cpp - functions of vectors -===//
//
// Part of Tilewright, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "mlir/Dialect/Math/IR/Math.h"
#include "dialects/Kernel/Transforms/MicroKernel/CodeBuilder.h"

using namespace mlir;
using namespace mlir::kernel;

// t = r + f, |f| ≤ 1/2, r an integer: 2^t = 2^f · 2^r. 2^f is Cephes' polynomial of degree 6
// (https://www.netlib.org/cephes, exp2f.c), 2^r is put together from exponent bits; r = -127 gives
// the bits of 0.
Value kernel::emitExp2(CodeBuilder &b, Value t) {
  static constexpr double coefficients[] = {1.535336188319500e-4,
                                            1.339887440266574e-3,
                                            9.618437357674640e-3,
                                            5.550332471162809e-2,
                                            2.402264791363012e-1,
                                            6.931472028550421e-1,
                                            1.0};
  Type i32 = b.getI32Type();
  t = b.max(b.splat(-127), t); // the second one if NaN
  Value r = math::RoundEvenOp::create(b, t), f = b.sub(t, r);
  Value p = b.splat(coefficients[0]);
  for (double coefficient : ArrayRef<double>(coefficients).drop_front())
    p = b.fma(p, f, b.splat(coefficient));
  Value exponent = arith::FPToSIOp::create(b, b.vectorType(i32), r);
  exponent = arith::AddIOp::create(b, exponent, b.splatInt(i32, 127));
  exponent = arith::ShLIOp::create(b, exponent, b.splatInt(i32, 23));
  return b.mul(p, arith::BitcastOp::create(b, b.vectorType(), exponent));
}

// Lanes with bit `s` clear of x and y side by side, then those with the bit set: (x[l], y[l - s])
// and (x[l + s], y[l]).
static std::pair<Value, Value> exchange(CodeBuilder &b, Value x, Value y, int64_t s) {
  int64_t n = b.getLanes();
  SmallVector<int64_t> clear, set;
  for (int64_t lane = 0; lane < n; ++lane) {
    clear.push_back(lane & s ? n + lane - s : lane);
    set.push_back(lane & s ? n + lane : lane + s);
  }
  return {vector::ShuffleOp::create(b, x, y, clear), vector::ShuffleOp::create(b, x, y, set)};
}

void kernel::emitTranspose(CodeBuilder &b, MutableArrayRef<Value> rows) {
  // Step s exchanges the bit s of row number and lane number.
  for (int64_t s = 1; s < b.getLanes(); s *= 2)
    for (int64_t i = 0; i < b.getLanes(); ++i)
      if (!(i & s))
        std::tie(rows[i], rows[i + s]) = exchange(b, rows[i], rows[i + s], s);
}

Value kernel::emitRowSums(CodeBuilder &b, MutableArrayRef<Value> rows) {
  // After step s, lanes that differ in the bits up to s belong to different rows.
  for (int64_t s = 1; s < b.getLanes(); s *= 2)
    for (int64_t i = 0; i < b.getLanes(); i += 2 * s) {
      auto [clear, set] = exchange(b, rows[i], rows[i + s], s);
      rows[i] = b.add(clear, set);
    }
  return rows[0];
}
