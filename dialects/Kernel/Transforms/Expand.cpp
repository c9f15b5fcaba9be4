//===- Expand.cpp - register tiles to vector code -===//
//
// Part of Tilewright, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "dialects/Kernel/IR/Kernel.h"
#include "dialects/Kernel/Transforms/MicroKernel/CodeBuilder.h"
#include "dialects/Kernel/Transforms/Passes.h"

namespace mlir::kernel {
#define GEN_PASS_DEF_EXPAND
#include "dialects/Kernel/Transforms/Passes.h.inc"

namespace {
struct Expand : impl::ExpandBase<Expand> {
  void runOnOperation() override {
    SmallVector<ContractOp> contracts;
    getOperation()->walk([&](ContractOp op) { contracts.push_back(op); });
    for (ContractOp op : contracts) {
      if (!isa<MemRefType>(op.getLhs().getType()) || !op.getSchedule()) {
        op.emitOpError("expects memrefs and a schedule: tile and bufferize before");
        return signalPassFailure();
      }
      expandContract(op);
    }
  }
};
} // namespace
} // namespace mlir::kernel
