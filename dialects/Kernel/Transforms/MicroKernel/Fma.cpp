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
              LoadOperand loadA, LoadOperand loadB) {
  SmallVector<Value> held;
  if (mr < nv) {
    for (int64_t i = 0; i < mr; ++i)
      held.push_back(loadA(k, i));
    for (int64_t j = 0; j < nv; ++j) {
      Value x = loadB(k, j);
      for (int64_t i = 0; i < mr; ++i)
        acc[i * nv + j] = b.fma(held[i], x, acc[i * nv + j]);
    }
    return;
  }
  for (int64_t j = 0; j < nv; ++j)
    held.push_back(loadB(k, j));
  for (int64_t i = 0; i < mr; ++i) {
    Value a = loadA(k, i);
    for (int64_t j = 0; j < nv; ++j)
      acc[i * nv + j] = b.fma(a, held[j], acc[i * nv + j]);
  }
}
} // namespace

SmallVector<Value> kernel::emitFmaLoop(CodeBuilder &b, int64_t mr, int64_t nv, Value kEnd,
                                       int64_t unroll, ValueRange init, LoadOperand loadA,
                                       LoadOperand loadB, function_ref<void(Value k)> prefetch) {
  auto emit = [&](Value from, Value to, int64_t step, ValueRange acc) {
    return b.loop(from, to, step, acc, [&](Value k, ValueRange carried) {
      SmallVector<Value> next(carried);
      for (int64_t u = 0; u < step; ++u) {
        Value at = b.addIndex(k, u);
        if (prefetch)
          prefetch(at);
        emitStep(b, mr, nv, at, next, loadA, loadB);
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
