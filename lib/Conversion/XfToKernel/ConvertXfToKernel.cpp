//===- ConvertXfToKernel.cpp - what has a kernel becomes a kernel op -===//
//
// Part of Tilewright, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "lib/Conversion/Passes.h"
#include "lib/Conversion/XfToKernel/XfToKernel.h"

using namespace mlir;

namespace tilewright {
#define GEN_PASS_DEF_CONVERTXFTOKERNEL
#include "lib/Conversion/Passes.h.inc"

namespace {
struct ConvertXfToKernel : impl::ConvertXfToKernelBase<ConvertXfToKernel> {
  using ConvertXfToKernelBase::ConvertXfToKernelBase;

  void runOnOperation() override {
    IRRewriter rewriter(&getContext());
    SymbolTable symbols(getOperation());
    target::CpuAttr cpu = target::cpuOf(getOperation());
    SmallVector<Operation *> roots;
    getOperation().walk<WalkOrder::PreOrder>([&](Operation *op) {
      // Initialisers of weights are evaluated at emission, not compiled.
      if (isa<xf::WeightDataOp>(op))
        return WalkResult::skip();
      if (isa<xf::MatmulOp, xf::AttentionOp>(op))
        roots.push_back(op);
      return WalkResult::advance();
    });
    for (Operation *op : roots) {
      rewriter.setInsertionPoint(op);
      if (auto matmul = dyn_cast<xf::MatmulOp>(op))
        (void)convertMatmul(rewriter, matmul, symbols, cpu, compute);
      else
        (void)convertAttention(rewriter, cast<xf::AttentionOp>(op));
    }
  }
};
} // namespace
} // namespace tilewright
