//===- tilewright-translate.cpp - ONNX to onnx.node IR, for tests and debugging -===//
//
// Part of Tilewright, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "dialects/Onnx/IR/Onnx.h"
#include "dialects/Xf/IR/Xf.h"
#include "lib/Onnx/Importer.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Tools/mlir-translate/MlirTranslateMain.h"
#include "mlir/Tools/mlir-translate/Translation.h"
#include "llvm/Support/SourceMgr.h"

int main(int argc, char **argv) {
  mlir::TranslateToMLIRRegistration registration(
      "import-onnx", "an ONNX file as onnx.node IR",
      // The importer reads the file itself, since weights are located by path and offset.
      [](llvm::SourceMgr &source,
         mlir::MLIRContext *context) -> mlir::OwningOpRef<mlir::Operation *> {
        llvm::StringRef path =
            source.getMemoryBuffer(source.getMainFileID())->getBufferIdentifier();
        return tilewright::importOnnx(path, *context, tilewright::ImportOptions())
            .release()
            .getOperation();
      },
      [](mlir::DialectRegistry &registry) {
        registry.insert<mlir::onnx::OnnxDialect, mlir::xf::XfDialect, mlir::func::FuncDialect>();
      });
  return failed(mlir::mlirTranslateMain(argc, argv, "Tilewright translation driver"));
}
