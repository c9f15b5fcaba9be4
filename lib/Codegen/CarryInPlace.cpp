//===- CarryInPlace.cpp - loops carry their tensors in one buffer -===//
//
// Part of Tilewright, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "lib/Codegen/Passes.h"

using namespace mlir;

namespace tilewright {
#define GEN_PASS_DEF_CARRYINPLACE
#include "lib/Codegen/Passes.h.inc"

namespace {
struct CarryInPlace : impl::CarryInPlaceBase<CarryInPlace> {
  void runOnOperation() override {
    getOperation().walk([](scf::ForOp loop) {
      // Parallel loops and tiles carry slices in place by themselves.
      if (loop->getParentOfType<scf::ForallOp>())
        return;
      auto yield = cast<scf::YieldOp>(loop.getBody()->getTerminator());
      OpBuilder builder(yield);
      for (auto [value, carried] : llvm::zip(yield->getOpOperands(), loop.getRegionIterArgs())) {
        if (!isa<RankedTensorType>(carried.getType()) || value.get() == carried)
          continue;
        // A slice of what is carried is in place already.
        if (auto insert = value.get().getDefiningOp<tensor::InsertSliceOp>();
            insert && insert.getDest() == carried)
          continue;
        auto written = bufferization::MaterializeInDestinationOp::create(
            builder, yield.getLoc(), carried.getType(), value.get(), carried);
        value.set(written.getResult());
      }
    });
  }
};
} // namespace
} // namespace tilewright
