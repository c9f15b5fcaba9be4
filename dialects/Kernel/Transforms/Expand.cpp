//===- Expand.cpp - register tiles to vector code -===//
//
// Part of Tilewright, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "dialects/Kernel/IR/Kernel.h"
#include "dialects/Kernel/Transforms/MicroKernel/CodeBuilder.h"
#include "dialects/Kernel/Transforms/Passes.h"
#include "mlir/Dialect/AMX/AMXDialect.h"
#include "mlir/Dialect/X86Vector/X86VectorDialect.h"

namespace mlir::kernel {
#define GEN_PASS_DEF_EXPAND
#include "dialects/Kernel/Transforms/Passes.h.inc"

namespace {
struct Expand : impl::ExpandBase<Expand> {
  void runOnOperation() override {
    SmallVector<Operation *> tiles;
    getOperation()->walk([&](Operation *op) {
      if (isa<ContractOp, AttentionOp>(op))
        tiles.push_back(op);
    });
    for (Operation *op : tiles) {
      auto contract = dyn_cast<ContractOp>(op);
      auto attention = dyn_cast<AttentionOp>(op);
      bool scheduled =
          contract ? contract.getSchedule().has_value() : attention.getSchedule().has_value();
      if (!isa<MemRefType>(op->getOperand(0).getType()) || !scheduled) {
        op->emitOpError("expects memrefs and a schedule: tile and bufferize before");
        return signalPassFailure();
      }
      if (contract)
        expandContract(contract);
      else
        expandAttention(attention);
    }
  }
};
} // namespace
} // namespace mlir::kernel
