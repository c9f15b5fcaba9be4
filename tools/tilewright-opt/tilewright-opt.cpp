//===- tilewright-opt.cpp - mlir-opt with Tilewright's dialects, passes and stages -===//
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
#include "mlir/InitAllDialects.h"
#include "mlir/InitAllExtensions.h"
#include "mlir/InitAllPasses.h"
#include "mlir/Tools/mlir-opt/MlirOptMain.h"

int main(int argc, char **argv) {
  mlir::DialectRegistry registry;
  mlir::registerAllDialects(registry);
  mlir::registerAllExtensions(registry);
  mlir::registerAllPasses();
  registry.insert<mlir::onnx::OnnxDialect, mlir::xf::XfDialect, mlir::kernel::KernelDialect,
                  mlir::target::TargetDialect>();
  mlir::kernel::registerBufferizableOpInterfaceExternalModels(registry);
  mlir::xf::registerXfPasses();
  mlir::xf::registerModelPipeline();
  mlir::kernel::registerKernelPasses();
  tilewright::registerCodegenPasses();
  tilewright::registerRowPipelines();
  tilewright::registerConversionPasses();
  return mlir::asMainReturnCode(
      mlir::MlirOptMain(argc, argv, "Tilewright optimizer driver\n", registry));
}
