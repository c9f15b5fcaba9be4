//===- ModelPipeline.cpp - from what an exporter wrote to the canonical model -===//
//
// Part of Tilewright, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "dialects/Xf/Transforms/Passes.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Pass/PassRegistry.h"
#include "mlir/Transforms/Passes.h"

namespace mlir::xf {

void buildModelPipeline(OpPassManager &pm, bool optimized) {
  if (optimized)
    pm.addNestedPass<func::FuncOp>(createWidenFloats());
  // Equal subexpressions are compared by SSA value from here on.
  pm.addPass(createCanonicalizerPass());
  pm.addPass(createCSEPass());
  // Small patterns first: attention is found around rotary embeddings, and its scale and masks in
  // plain arithmetic.
  pm.addPass(createRaiseNorms());
  pm.addPass(createRaiseActivations());
  pm.addPass(createRaiseRope());
  pm.addPass(createRaiseAttention());
  // Removes what the raised ops no longer read, and the views that meet at them.
  pm.addPass(createCanonicalizerPass());
  pm.addPass(createCSEPass());
  // Behind raising, which knows the exporters' order of dimensions.
  if (optimized)
    pm.addNestedPass<func::FuncOp>(createUnfoldConvolutions());
  // Groups of projections end at attentions, which have to be raised by now; their concatenated
  // weights are folded.
  pm.addNestedPass<func::FuncOp>(createMergeProjections());
  pm.addPass(createFoldWeights());
  pm.addPass(createCanonicalizerPass());
  pm.addPass(createCSEPass());
}

void registerModelPipeline() {
  PassPipelineRegistration<>("xf-model", "The model stage: raise, merge, fold",
                             [](OpPassManager &pm) { buildModelPipeline(pm); });
}

} // namespace mlir::xf
