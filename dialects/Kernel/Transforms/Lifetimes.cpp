//===- Lifetimes.cpp - when buffers are in use -===//
//
// Part of Tilewright, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "dialects/Kernel/Transforms/Lifetimes.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Interfaces/LoopLikeInterface.h"

namespace mlir::kernel {

Lifetimes::Lifetimes(func::FuncOp function) {
  int64_t position = 0;
  function.walk<WalkOrder::PreOrder>([&](Operation *op) { begin[op] = position++; });
  // Post-order: an op ends where the last op inside ends.
  function.walk([&](Operation *op) {
    int64_t last = begin[op];
    for (Region &region : op->getRegions())
      for (Block &block : region)
        for (Operation &inner : block)
          last = std::max(last, end[&inner]);
    end[op] = last;
  });
}

// Values that may be the same memory as `value` because of `use`.
static SmallVector<Value> aliasesThrough(OpOperand &use) {
  Operation *user = use.getOwner();
  if (auto loop = dyn_cast<LoopLikeOpInterface>(user)) {
    SmallVector<Value> aliases;
    if (BlockArgument inside = loop.getTiedLoopRegionIterArg(&use))
      aliases.push_back(inside);
    if (OpResult after = loop.getTiedLoopResult(&use))
      aliases.push_back(after);
    return aliases;
  }
  if (isa<scf::YieldOp>(user)) {
    Operation *parent = user->getParentOp();
    if (auto loop = dyn_cast<scf::ForOp>(parent))
      return {loop.getRegionIterArg(use.getOperandNumber()),
              loop.getResult(use.getOperandNumber())};
    if (isa<scf::IfOp, scf::IndexSwitchOp, scf::ExecuteRegionOp>(parent))
      return {parent->getResult(use.getOperandNumber())};
  }
  // Views, casts, selections: whatever gives a memref may give this one.
  SmallVector<Value> results;
  for (Value result : user->getResults())
    if (isa<BaseMemRefType>(result.getType()))
      results.push_back(result);
  return results;
}

Lifetime Lifetimes::of(memref::AllocOp buffer) const {
  SmallVector<Value> pending{buffer.getResult()};
  llvm::SmallPtrSet<Value, 8> seen(pending.begin(), pending.end());
  Lifetime life{std::numeric_limits<int64_t>::max(), -1};
  while (!pending.empty()) {
    for (OpOperand &use : pending.pop_back_val().getUses()) {
      Operation *user = use.getOwner();
      for (Operation *parent = user->getParentOp(); !isa<func::FuncOp>(parent);
           parent = parent->getParentOp())
        if (isa<LoopLikeOpInterface>(parent) && !parent->isProperAncestor(buffer))
          user = parent;
      Lifetime touched = span(user);
      life.first = std::min(life.first, touched.first);
      life.last = std::max(life.last, touched.last);
      for (Value alias : aliasesThrough(use))
        if (seen.insert(alias).second)
          pending.push_back(alias);
    }
  }
  if (life.last < 0) // never used
    return span(buffer);
  return life;
}

} // namespace mlir::kernel
