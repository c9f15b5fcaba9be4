//===- Fma.cpp - the register-tiled product -===//
//
// Part of Tilewright, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "dialects/Kernel/Transforms/MicroKernel/CodeBuilder.h"

using namespace mlir;
using namespace mlir::kernel;

namespace {
// One k. The shorter side is held in registers, the longer one is streamed; the other order spills.
void emitStep(CodeBuilder &b, int64_t mr, int64_t nv, Value k, MutableArrayRef<Value> acc,
              const ProductOperands &operands) {
  bool holdA = mr < nv;
  const ProductOperands::Load &load = holdA ? operands.loadA : operands.loadB;
  const ProductOperands::Load &stream = holdA ? operands.loadB : operands.loadA;
  int64_t shorter = holdA ? mr : nv, longer = holdA ? nv : mr, parts = operands.parts;
  SmallVector<Value> held;
  for (int64_t i = 0; i < shorter; ++i)
    for (int64_t part = 0; part < parts; ++part)
      held.push_back(load(k, i, part));
  for (int64_t j = 0; j < longer; ++j)
    for (int64_t part = 0; part < parts; ++part) {
      Value x = stream(k, j, part);
      for (int64_t i = 0; i < shorter; ++i) {
        Value &sum = acc[holdA ? i * nv + j : j * nv + i];
        Value other = held[i * parts + part];
        sum = operands.multiplyAdd(holdA ? other : x, holdA ? x : other, sum);
      }
    }
}
} // namespace

SmallVector<Value> kernel::emitProductLoop(CodeBuilder &b, int64_t mr, int64_t nv, Value kEnd,
                                           int64_t unroll, ValueRange init,
                                           const ProductOperands &operands,
                                           function_ref<void(Value k)> prefetch) {
  auto emit = [&](Value from, Value to, int64_t step, ValueRange acc) {
    return b.loop(from, to, step, acc, [&](Value k, ValueRange carried) {
      SmallVector<Value> next(carried);
      for (int64_t u = 0; u < step; ++u) {
        Value at = b.addIndex(k, u);
        if (prefetch)
          prefetch(at);
        emitStep(b, mr, nv, at, next, operands);
      }
      return next;
    });
  };
  std::optional<int64_t> known = getConstantIntValue(kEnd);
  if (unroll == 1 || (known && *known % unroll == 0))
    return emit(b.index(0), kEnd, unroll, init);
  Value rest = b.createOrFold<arith::RemUIOp>(kEnd, b.index(unroll));
  Value whole = b.subIndex(kEnd, rest);
  SmallVector<Value> acc = emit(b.index(0), whole, unroll, init);
  return emit(whole, kEnd, 1, acc);
}

SmallVector<Value> kernel::emitFmaLoop(CodeBuilder &b, int64_t mr, int64_t nv, Value kEnd,
                                       int64_t unroll, ValueRange init, LoadOperand loadA,
                                       LoadOperand loadB) {
  ProductOperands operands;
  operands.loadA = [&](Value k, int64_t i, int64_t) { return loadA(k, i); };
  operands.loadB = [&](Value k, int64_t j, int64_t) { return loadB(k, j); };
  operands.multiplyAdd = [&](Value x, Value y, Value sum) { return b.fma(x, y, sum); };
  return emitProductLoop(b, mr, nv, kEnd, unroll, init, operands);
}
