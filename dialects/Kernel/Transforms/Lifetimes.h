//===- Lifetimes.h - when buffers are in use -===//
//
// Part of Tilewright, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef TILEWRIGHT_DIALECTS_KERNEL_TRANSFORMS_LIFETIMES_H
#define TILEWRIGHT_DIALECTS_KERNEL_TRANSFORMS_LIFETIMES_H

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"

namespace mlir::kernel {

/// Positions in a function's pre-order, both inclusive.
struct Lifetime {
  int64_t first, last;
  bool overlaps(const Lifetime &other) const { return first <= other.last && other.first <= last; }
};

/// Numbers the ops of a function and finds when its buffers are in use. Valid as long as no op is
/// added or moved.
class Lifetimes {
public:
  explicit Lifetimes(func::FuncOp function);

  /// From the first to the last op that may touch `buffer` or a view of it. An op in a loop that
  /// does not hold the buffer's allocation counts as the whole loop.
  Lifetime of(memref::AllocOp buffer) const;

private:
  Lifetime span(Operation *op) const { return {begin.lookup(op), end.lookup(op)}; }

  llvm::DenseMap<Operation *, int64_t> begin, end;
};

} // namespace mlir::kernel

#endif // TILEWRIGHT_DIALECTS_KERNEL_TRANSFORMS_LIFETIMES_H
