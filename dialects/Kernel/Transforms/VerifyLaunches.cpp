//===- VerifyLaunches.cpp - what all threads run has no side effects --------===//
//
// Part of Tilewright, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "dialects/Kernel/IR/Kernel.h"
#include "dialects/Kernel/IR/MachineFunction.h"
#include "dialects/Kernel/Transforms/Passes.h"

namespace mlir::kernel {
#define GEN_PASS_DEF_VERIFYLAUNCHES
#include "dialects/Kernel/Transforms/Passes.h.inc"

namespace {
struct VerifyLaunches : impl::VerifyLaunchesBase<VerifyLaunches> {
  void runOnOperation() override {
    std::optional<MachineFunction> machine = MachineFunction::get(getOperation());
    if (!machine)
      return;
    WalkResult result = getOperation().walk<WalkOrder::PreOrder>([&](Operation *op) {
      if (op == getOperation() || isa<LaunchOp>(op) || op->hasTrait<OpTrait::IsTerminator>() ||
          op->hasTrait<OpTrait::HasRecursiveMemoryEffects>() || isMemoryEffectFree(op) ||
          machine->onlyReadsInputs(op))
        return WalkResult::advance();
      op->emitOpError("stands outside every region, where all threads run it; expects only "
                      "sizes, addresses, launches and reads of inputs and weights there");
      return WalkResult::interrupt();
    });
    if (result.wasInterrupted())
      signalPassFailure();
  }
};
} // namespace
} // namespace mlir::kernel
