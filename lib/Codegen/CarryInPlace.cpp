//===- CarryInPlace.cpp - loops carry their tensors in one buffer -===//
//
// Part of Tilewright, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "lib/Codegen/Passes.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace mlir;

namespace tilewright {
#define GEN_PASS_DEF_CARRYINPLACE
#include "lib/Codegen/Passes.h.inc"

namespace {

// Carries the operand of an expand_shape in place of its result: an op behind a reshape would not
// be found when the writer of the carried buffer is looked for. Returns the loop that stands now.
scf::ForOp carryCollapsed(IRRewriter &rewriter, scf::ForOp loop, unsigned i) {
  auto expand = loop.getYieldedValues()[i].getDefiningOp<tensor::ExpandShapeOp>();
  if (!expand || !llvm::all_of(expand.getOutputShape(),
                               [&](Value size) { return loop.isDefinedOutsideOfLoop(size); }))
    return loop;
  RankedTensorType expanded = expand.getResultType(), collapsed = expand.getSrcType();
  SmallVector<ReassociationIndices> groups = expand.getReassociationIndices();
  SmallVector<OpFoldResult> sizes = expand.getMixedOutputShape();
  auto reshape = [&](OpBuilder &builder, Location loc, Type type, Value value) -> Value {
    if (type == collapsed)
      return builder.createOrFold<tensor::CollapseShapeOp>(loc, type, value, groups);
    return tensor::ExpandShapeOp::create(builder, loc, expanded, value, groups, sizes);
  };
  rewriter.setInsertionPoint(loop);
  OpOperand &init = loop.getInitsMutable()[i];
  Value start = reshape(rewriter, loop.getLoc(), collapsed, init.get());
  SmallVector<Value> results =
      scf::replaceAndCastForOpIterArg(rewriter, loop, init, start, reshape);
  rewriter.replaceOp(loop, results);
  auto after = results[i].getDefiningOp<tensor::ExpandShapeOp>();
  return after.getSrc().getDefiningOp<scf::ForOp>();
}

void writeInPlace(OpBuilder &builder, scf::ForOp loop) {
  auto yield = cast<scf::YieldOp>(loop.getBody()->getTerminator());
  builder.setInsertionPoint(yield);
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
}

struct CarryInPlace : impl::CarryInPlaceBase<CarryInPlace> {
  void runOnOperation() override {
    SmallVector<scf::ForOp> loops;
    getOperation().walk([&](scf::ForOp loop) {
      // Parallel loops and tiles carry slices in place by themselves.
      if (!loop->getParentOfType<scf::ForallOp>())
        loops.push_back(loop);
    });
    IRRewriter rewriter(&getContext());
    for (scf::ForOp loop : loops) {
      for (unsigned i = 0; i < loop.getNumRegionIterArgs(); ++i)
        loop = carryCollapsed(rewriter, loop, i);
      writeInPlace(rewriter, loop);
    }
  }
};
} // namespace
} // namespace tilewright
