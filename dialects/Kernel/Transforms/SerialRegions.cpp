//===- SerialRegions.cpp - what is not parallel runs in regions of one iteration -===//
//
// Part of Tilewright, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "dialects/Kernel/IR/MachineFunction.h"
#include "dialects/Kernel/Transforms/Passes.h"

namespace mlir::kernel {
#define GEN_PASS_DEF_SERIALREGIONS
#include "dialects/Kernel/Transforms/Passes.h.inc"

namespace {

bool holdsForall(Operation *op) {
  return op->walk([](scf::ForallOp) { return WalkResult::interrupt(); }).wasInterrupted();
}

struct SerialRegions : impl::SerialRegionsBase<SerialRegions> {
  void runOnOperation() override {
    if (auto machine = MachineFunction::get(getOperation()))
      visit(getOperation().getBody().front(), *machine);
  }

  void visit(Block &block, const MachineFunction &machine) {
    SmallVector<Operation *> group;
    for (Operation &op : llvm::make_early_inc_range(block)) {
      bool depends = llvm::any_of(op.getOperands(), [&](Value operand) {
        return llvm::is_contained(group, operand.getDefiningOp());
      });
      if (op.hasTrait<OpTrait::IsTerminator>() || holdsForall(&op)) {
        wrap(group);
        if (!isa<scf::ForallOp>(op))
          for (Region &region : op.getRegions())
            for (Block &inner : region)
              visit(inner, machine);
      } else if (depends ||
                 !(isMemoryEffectFree(&op) || isa<memref::AllocOp, memref::AllocaOp>(op) ||
                   machine.onlyReadsInputs(&op))) {
        group.push_back(&op);
      }
    }
    wrap(group);
    for (memref::AllocaOp scratch : llvm::make_early_inc_range(block.getOps<memref::AllocaOp>()))
      moveScratch(scratch);
  }

  // The scratch memory of a region belongs to each of its threads. It stands in front of a region
  // that had a single iteration, which upstream's folding has dissolved.
  static void moveScratch(memref::AllocaOp scratch) {
    Operation *region = nullptr;
    for (Operation *user : scratch->getUsers()) {
      Operation *ancestor = scratch->getBlock()->findAncestorOpInBlock(*user);
      if (!isa<scf::ForallOp>(ancestor) || (region && ancestor != region))
        return;
      region = ancestor;
    }
    if (region)
      scratch->moveBefore(&cast<scf::ForallOp>(region).getBody()->front());
  }

  static void wrap(SmallVectorImpl<Operation *> &group) {
    // A value that is needed outside cannot leave a region; kernel-verify-launches explains what is
    // left.
    auto escapes = [&](Operation *op) {
      return llvm::any_of(op->getUsers(), [&](Operation *user) {
        return llvm::none_of(group, [&](Operation *member) { return member->isAncestor(user); });
      });
    };
    for (auto *op = llvm::find_if(group, escapes); op != group.end();
         op = llvm::find_if(group, escapes))
      group.erase(op);
    if (group.empty())
      return;
    OpBuilder builder(group.back()->getContext());
    builder.setInsertionPointAfter(group.back());
    OpFoldResult once = builder.getIndexAttr(1);
    auto forall = scf::ForallOp::create(builder, group.front()->getLoc(), ArrayRef(once),
                                        ValueRange(), std::nullopt);
    for (Operation *op : group)
      op->moveBefore(forall.getBody()->getTerminator());
    group.clear();
  }
};
} // namespace
} // namespace mlir::kernel
