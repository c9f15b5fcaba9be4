//===- LowerVectors.cpp - vector ops with a direct LLVM counterpart -===//
//
// Part of Tilewright, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "lib/Codegen/Passes.h"
#include "mlir/Dialect/Vector/Transforms/LoweringPatterns.h"
#include "mlir/Dialect/Vector/Transforms/VectorRewritePatterns.h"

using namespace mlir;

namespace tilewright {
#define GEN_PASS_DEF_LOWERVECTORS
#include "lib/Codegen/Passes.h.inc"

namespace {
struct LowerVectors : impl::LowerVectorsBase<LowerVectors> {
  void runOnOperation() override {
    RewritePatternSet shapes(&getContext());
    vector::populateVectorMultiReductionLoweringPatterns(
        shapes, vector::VectorMultiReductionLowering::InnerReduction);
    vector::populateVectorTransferPermutationMapLoweringPatterns(shapes);
    vector::populateVectorTransposeLoweringPatterns(shapes,
                                                    vector::VectorTransposeLowering::Shuffle16x16);
    vector::populateVectorMaskLoweringPatternsForSideEffectingOps(shapes);
    if (failed(applyPatternsGreedily(getOperation(), std::move(shapes))))
      return signalPassFailure();
    RewritePatternSet ops(&getContext());
    vector::populateVectorTransferLoweringPatterns(ops, /*maxTransferRank=*/1);
    vector::populateVectorMaskOpLoweringPatterns(ops);
    vector::populateVectorShapeCastLoweringPatterns(ops);
    vector::populateVectorBroadcastLoweringPatterns(ops);
    vector::populateVectorMaskMaterializationPatterns(ops, /*force32BitVectorIndices=*/true);
    if (failed(applyPatternsGreedily(getOperation(), std::move(ops))))
      signalPassFailure();
  }
};
} // namespace
} // namespace tilewright
