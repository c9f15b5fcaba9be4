//===- Stages.cpp - the passes of each stage -===//
//
// Part of Tilewright, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "dialects/Kernel/IR/Kernel.h"
#include "dialects/Kernel/Transforms/Bufferization.h"
#include "dialects/Kernel/Transforms/Passes.h"
#include "dialects/Onnx/IR/Onnx.h"
#include "dialects/Target/IR/Target.h"
#include "dialects/Xf/IR/Xf.h"
#include "dialects/Xf/Transforms/Passes.h"
#include "lib/Codegen/Passes.h"
#include "lib/Codegen/RowPipeline.h"
#include "lib/Conversion/Passes.h"
#include "lib/Pipeline/Passes.h"
#include "lib/Pipeline/Pipeline.h"
#include "mlir/Conversion/AffineToStandard/AffineToStandard.h"
#include "mlir/Conversion/ReconcileUnrealizedCasts/ReconcileUnrealizedCasts.h"
#include "mlir/Conversion/SCFToControlFlow/SCFToControlFlow.h"
#include "mlir/Conversion/VectorToLLVM/ConvertVectorToLLVMPass.h"
#include "mlir/Dialect/Arith/Transforms/Passes.h"
#include "mlir/Dialect/Bufferization/Transforms/Passes.h"
#include "mlir/Dialect/Linalg/Passes.h"
#include "mlir/Dialect/MemRef/Transforms/Passes.h"
#include "mlir/InitAllDialects.h"
#include "mlir/InitAllExtensions.h"
#include "mlir/Target/LLVMIR/Dialect/All.h"
#include "mlir/Transforms/Passes.h"

using namespace mlir;

namespace tilewright {

void registerCompilerDialects(DialectRegistry &registry) {
  registerAllDialects(registry);
  registerAllExtensions(registry);
  registerAllToLLVMIRTranslations(registry);
  registry.insert<onnx::OnnxDialect, xf::XfDialect, kernel::KernelDialect, target::TargetDialect>();
  kernel::registerBufferizableOpInterfaceExternalModels(registry);
  registerCollapsedSizes(registry);
}

static void cleanUp(OpPassManager &functions) {
  functions.addPass(createCanonicalizerPass());
  functions.addPass(createCSEPass());
}

static bool isReference(const CompileOptions &options) {
  return options.pipeline == PipelineKind::reference;
}

static void buildModel(OpPassManager &passes, const CompileOptions &options) {
  passes.addNestedPass<func::FuncOp>(createConvertOnnxToXf());
  xf::buildModelPipeline(passes, /*optimized=*/!isReference(options));
  // In front of rolling, which stacks the caches of layers that callers see one by one.
  passes.addPass(xf::createExportInterface());
  // Last: a layer is found by comparing ops, which have to be canonical and few.
  passes.addPass(xf::createRollLayers());
  passes.addNestedPass<func::FuncOp>(createCanonicalizerPass());
  passes.addNestedPass<func::FuncOp>(createCSEPass());
}

static void buildRegions(OpPassManager &passes, const CompileOptions &options) {
  if (!isReference(options)) {
    ConvertXfToKernelOptions convert;
    convert.compute = options.compute;
    passes.addPass(createConvertXfToKernel(convert));
  }
  OpPassManager &functions = passes.nest<func::FuncOp>();
  functions.addPass(xf::createDecompose());
  functions.addPass(createConvertWeightsToKernel());
  functions.addPass(createStripSignedness());
  cleanUp(functions);
  if (isReference(options))
    return;
  functions.addPass(kernel::createFuseEpilogues());
  cleanUp(functions);
  functions.addPass(kernel::createFormRegions());
}

static void buildSchedule(OpPassManager &passes, const CompileOptions &options) {
  if (!isReference(options))
    passes.addPass(createSelectSchedule());
}

static void buildTile(OpPassManager &passes, const CompileOptions &options) {
  if (isReference(options))
    return;
  passes.addNestedPass<func::FuncOp>(kernel::createTile());
  buildRowRegions(passes);
}

static void buildBuffer(OpPassManager &passes, const CompileOptions &options) {
  if (!isReference(options)) {
    buildBufferize(passes);
    passes.addNestedPass<func::FuncOp>(kernel::createCountWork());
    // Sizes that were asked for: of collapsed dimensions, too.
    passes.addNestedPass<func::FuncOp>(memref::createResolveRankedShapeTypeResultDimsPass());
    passes.addNestedPass<func::FuncOp>(kernel::createPadRows());
    return;
  }
  OpPassManager &functions = passes.nest<func::FuncOp>();
  functions.addPass(createResultsToOuts());
  functions.addPass(createCarryInPlace());
  // Two results that begin as one filled tensor must not become one buffer.
  functions.addPass(createPrivatize());
  functions.addPass(bufferization::createEmptyTensorEliminationPass());
  functions.addPass(createBufferizeModel());
  functions.addPass(memref::createResolveRankedShapeTypeResultDimsPass());
  cleanUp(functions);
}

static void buildVector(OpPassManager &passes, const CompileOptions &options) {
  if (!isReference(options)) {
    buildRowLoops(passes);
    // After the rows' clean-ups: expanded tiles are long, and final.
    passes.addNestedPass<func::FuncOp>(kernel::createExpand());
    return buildVectorLowering(passes);
  }
  OpPassManager &functions = passes.nest<func::FuncOp>();
  functions.addPass(createCopiesToLinalg());
  functions.addPass(createConvertLinalgToLoopsPass());
  functions.addPass(createLowerAffinePass());
  functions.addPass(createPolynomials());
  cleanUp(functions);
}

static void buildLaunch(OpPassManager &passes, const CompileOptions &options) {
  passes.addPass(createBindSymbols());
  cleanUp(passes.nest<func::FuncOp>());
  passes.addPass(kernel::createLayoutWeights());
  passes.addNestedPass<func::FuncOp>(kernel::createSerialRegions());
  passes.addPass(kernel::createExportWork());
  // Before outlining, while the whole life of each buffer is in one function.
  passes.addPass(kernel::createPlanArena());
  passes.addPass(kernel::createOutlineRegions());
  passes.addNestedPass<func::FuncOp>(kernel::createVerifyLaunches());
  cleanUp(passes.nest<func::FuncOp>());
}

static void buildMachine(OpPassManager &passes, const CompileOptions &options) {
  OpPassManager &functions = passes.nest<func::FuncOp>();
  functions.addPass(createExpandDynamicShapes());
  functions.addPass(memref::createExpandStridedMetadataPass());
  functions.addPass(createLowerAffinePass());
  functions.addPass(arith::createArithExpandOpsPass());
  functions.addPass(createSCFToControlFlowPass());
  ConvertVectorToLLVMPassOptions vectors;
  vectors.reassociateFPReductions = true; // a tree; the order of a sum is not part of the semantics
  vectors.force32BitVectorIndices = true; // masks of tails compare 32-bit lanes
  vectors.x86Vector = true;
  functions.addPass(createConvertVectorToLLVMPass(vectors));
  passes.addPass(createConvertLaunchesToLLVM());
  passes.addPass(createConvertMachineToLLVM());
  passes.addPass(createReconcileUnrealizedCastsPass());
}

void buildStage(OpPassManager &passes, Stage stage, const CompileOptions &options) {
  switch (stage) {
  case Stage::import:
    break; // done by the importer, lib/Onnx
  case Stage::model:
    buildModel(passes, options);
    break;
  case Stage::regions:
    buildRegions(passes, options);
    break;
  case Stage::schedule:
    buildSchedule(passes, options);
    break;
  case Stage::tile:
    buildTile(passes, options);
    break;
  case Stage::buffer:
    buildBuffer(passes, options);
    break;
  case Stage::vector:
    buildVector(passes, options);
    break;
  case Stage::launch:
    buildLaunch(passes, options);
    break;
  case Stage::machine:
    buildMachine(passes, options);
    break;
  }
  VerifyStageOptions verify;
  verify.stage = allStages()[static_cast<size_t>(stage)].name.str();
  passes.addPass(createVerifyStage(verify));
}

} // namespace tilewright
