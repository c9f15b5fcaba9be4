//===- RowPipeline.cpp - the steps from linalg on tensors to vector code -===//
//
// Part of Tilewright, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "lib/Codegen/RowPipeline.h"

#include "lib/Codegen/Passes.h"
#include "mlir/Conversion/AffineToStandard/AffineToStandard.h"
#include "mlir/Conversion/VectorToSCF/VectorToSCF.h"
#include "mlir/Dialect/Bufferization/Transforms/Passes.h"
#include "mlir/Dialect/Linalg/Passes.h"
#include "mlir/Dialect/MemRef/Transforms/Passes.h"
#include "mlir/Pass/PassRegistry.h"
#include "mlir/Transforms/Passes.h"

using namespace mlir;

namespace tilewright {

// Passes run on functions only: the module also holds initialisers of weights, which are evaluated
// at emission and stay as they are.
static void clean(OpPassManager &pm) {
  pm.addNestedPass<func::FuncOp>(createCanonicalizerPass());
  pm.addNestedPass<func::FuncOp>(createCSEPass());
}

void buildRowRegions(OpPassManager &pm) {
  clean(pm);
  pm.addNestedPass<func::FuncOp>(createFuseRows());
  clean(pm);
}

void buildBufferize(OpPassManager &pm) {
  pm.addNestedPass<func::FuncOp>(createResultsToOuts());
  pm.addNestedPass<func::FuncOp>(createCarryInPlace());
  pm.addNestedPass<func::FuncOp>(createPrivatize());
  pm.addNestedPass<func::FuncOp>(bufferization::createEmptyTensorEliminationPass());
  pm.addNestedPass<func::FuncOp>(createBufferizeModel());
  // Copies that bufferization inserts are sized by memref.dim of whatever they copy.
  pm.addNestedPass<func::FuncOp>(memref::createResolveRankedShapeTypeResultDimsPass());
  clean(pm);
  // Views of one tile are equal only after CSE; their copies onto themselves go now.
  pm.addNestedPass<func::FuncOp>(createCanonicalizerPass());
  pm.addNestedPass<func::FuncOp>(createCopiesToRows());
}

void buildRowLoops(OpPassManager &pm, const RowOptions &options) {
  pm.addNestedPass<func::FuncOp>(createLowerAffinePass());
  clean(pm);
  RowsToVectorLoopsOptions loops;
  loops.lanes = options.lanes;
  loops.unroll = options.unroll;
  pm.addNestedPass<func::FuncOp>(createRowsToVectorLoops(loops));
  pm.addNestedPass<func::FuncOp>(createConvertLinalgToLoopsPass());
  pm.addNestedPass<func::FuncOp>(createLowerAffinePass());
  clean(pm);
}

void buildVectorLowering(OpPassManager &pm, const RowOptions &options) {
  pm.addNestedPass<func::FuncOp>(createPolynomials());
  pm.addNestedPass<func::FuncOp>(createLowerVectors());
  pm.addNestedPass<func::FuncOp>(
      createConvertVectorToSCFPass(VectorTransferToSCFOptions().enableFullUnroll()));
  clean(pm);
}

void registerRowPipelines() {
  PassPipelineRegistration<>("codegen-rows", "linalg on tensors to vector code, all steps",
                             [](OpPassManager &pm) {
                               buildRowRegions(pm);
                               buildBufferize(pm);
                               buildRowLoops(pm);
                               buildVectorLowering(pm);
                             });
}

} // namespace tilewright
