//===- tilewright-opt.cpp - mlir-opt with Tilewright's dialects, passes and stages -===//
//
// Part of Tilewright, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "dialects/Kernel/Transforms/Passes.h"
#include "dialects/Xf/Transforms/Passes.h"
#include "lib/Codegen/Passes.h"
#include "lib/Codegen/RowPipeline.h"
#include "lib/Conversion/Passes.h"
#include "lib/Pipeline/Passes.h"
#include "lib/Pipeline/Pipeline.h"
#include "mlir/InitAllPasses.h"
#include "mlir/Tools/mlir-opt/MlirOptMain.h"

int main(int argc, char **argv) {
  mlir::DialectRegistry registry;
  tilewright::registerCompilerDialects(registry);
  mlir::registerAllPasses();
  mlir::xf::registerXfPasses();
  mlir::xf::registerModelPipeline();
  mlir::kernel::registerKernelPasses();
  tilewright::registerCodegenPasses();
  tilewright::registerRowPipelines();
  tilewright::registerConversionPasses();
  tilewright::registerPipelinePasses();
  tilewright::registerStagePipelines();
  return mlir::asMainReturnCode(
      mlir::MlirOptMain(argc, argv, "Tilewright optimizer driver\n", registry));
}
