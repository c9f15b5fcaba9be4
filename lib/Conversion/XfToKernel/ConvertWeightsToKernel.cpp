//===- ConvertWeightsToKernel.cpp - weights as handles of the kernel level -===//
//
// Part of Tilewright, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "dialects/Xf/IR/Xf.h"
#include "lib/Conversion/Passes.h"

using namespace mlir;

namespace tilewright {
#define GEN_PASS_DEF_CONVERTWEIGHTSTOKERNEL
#include "lib/Conversion/Passes.h.inc"

namespace {
struct ConvertWeightsToKernel : impl::ConvertWeightsToKernelBase<ConvertWeightsToKernel> {
  void runOnOperation() override {
    getOperation().walk([](xf::WeightOp op) {
      OpBuilder builder(op);
      auto handle = kernel::WeightOp::create(builder, op.getLoc(), op.getType(), op.getWeightAttr(),
                                             op.getLayer());
      op.replaceAllUsesWith(handle.getResult());
      op.erase();
    });
  }
};
} // namespace
} // namespace tilewright
